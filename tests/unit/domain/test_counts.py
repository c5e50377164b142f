"""Numbers with their nouns."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from risk_service.cli.explain_words import Words
from risk_service.cli.main import risk
from risk_service.cli.remote_words import RemoteWords
from risk_service.cli.rules_text import word
from risk_service.domain.counts import Count
from risk_service.domain.refusals import refusal
from risk_service.rules.rule_set import shipped_rules


@pytest.mark.parametrize(
    ("count", "told"),
    [(0, "0 entries are"), (1, "1 entry is"), (2, "2 entries are"), (1200, "1,200 entries are")],
)
def test_one_is_told_as_one(count: int, told: str) -> None:
    """Of one the noun and the verb are others; every other form is that of a number."""
    number = Count(count)
    assert f"{number:entry is|entries are}" == told
    assert (f"{number}", f"{number:,}", f"{number:>5}") == (
        str(count),
        f"{count:,}",
        f"{count:>5}",
    )


@pytest.mark.parametrize(
    ("told", "words"),
    [
        (RemoteWords("en")("exported", "f.csv", 1), "1 entry"),
        (RemoteWords("en")("list", "ring", "deny", 1, 0), "1 entry in force, 0 proposed"),
        (RemoteWords("en")("wrong_entries", 1), "1 entry is wrong"),
        (RemoteWords("en")("drifted", 1), "1 counter differs"),
        (RemoteWords("en")("change", 7, "add", "ring", "applied", 1, "ann"), "1 entry by ann"),
        (word("faults", "en", 1), "1 rule cannot be used"),
        (word("examples", "en", 1, 0), "1 example, 0 wrong"),
        (word("fine", "en", 1, 1, "v"), "1 rule in 1 file, version"),
        (Words("en")("account_age", 1), "opened 1 day before"),
        (refusal("csv_columns", found=1, header=3).en, "has 1 column, the header has 3"),
    ],
)
def test_no_command_tells_one_as_several(told: str, words: str) -> None:
    """`1 entries` reads as a program's, and makes a reader doubt the number."""
    assert words in told


def test_one_rule_is_one_rule_on_the_screen(tmp_path: Path) -> None:
    """The commands themselves hand numbers on, not texts."""
    text = shipped_rules().texts["coupon.toml"]
    head, _, rest = text.partition("[[rule]]")
    first = rest.partition("[[rule]]")[0]
    (tmp_path / "one.toml").write_text(f"{head}[[rule]]{first}", "utf-8")
    answer = CliRunner().invoke(risk, ["rules", "check", str(tmp_path)])
    assert answer.output.startswith("1 rule in 1 file, version rules-1+")
