"""``risk backtest``: options in, figures out; clear faults, nothing half written."""

import io
import json
import tracemalloc
from pathlib import Path
from typing import Any

import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest
from rich.console import Console

from risk_service.domain.errors import ConfigFault, DataFault
from risk_service.rules.faults import RuleFileFault
from tests.fixtures.backtested_shop import EVENTS, run
from tests.fixtures.own_shop import write_shop
from tests.fixtures.rule_texts import file_text, rule_text
from training.cli.backtest import write_json
from training.cli.backtest_report import print_report
from training.cli.words import CommandWords


def figures_of(shop: Path, rule: str, *options: object) -> dict[str, Any]:
    """Run the command and return its JSON."""
    out = shop.parent / "figures.json"
    run(rule, "--data", shop, "--json", out, *options)
    found: dict[str, Any] = json.loads(out.read_text("utf-8"))
    return found


def states(figures: dict[str, Any], whose: str) -> dict[str, int]:
    """Return how many events are in each state."""
    return {state: one["events"] for state, one in figures["split"][whose].items()}


def test_every_event_is_in_one_state(shop: Path) -> None:
    """Abuse comes first, then refunded, then honest; what has no label is unknown."""
    figures = figures_of(shop, "true")
    assert (figures["label"], figures["refund_label"]) == ("fraud", "refunded")
    right = {"abuse": 1, "refunded": 2, "honest": 1, "unknown": 2}
    assert states(figures, "all") == states(figures, "flagged") == right
    listed = [one["state"] for one in figures["events"]["listed"]]
    assert listed == ["abuse", "honest", "refunded", "refunded", "unknown", "unknown"]


def test_labels_that_were_not_known_yet_are_left_out(shop: Path) -> None:
    """As of the fifth day the refunds are known and the frauds are not; the result says so."""
    figures = figures_of(shop, "true", "--as-of", "2024-01-05", "--label-delay", "12h")
    assert figures["label_delay_s"] == 43_200
    assert states(figures, "all") == {"abuse": 0, "refunded": 3, "honest": 0, "unknown": 3}
    assert figures["as_of"] == "2024-01-05T00:00:00Z"


def test_amounts_and_measures(shop: Path) -> None:
    """A rule on amounts: one of two labelled flags is right, 1 of 1 abuse is found."""
    figures = figures_of(shop, "amount >= 2.5 && amount <= 10")
    assert [one["event_id"] for one in figures["events"]["listed"]] == ["e0", "e1", "e3"]
    assert figures["amounts"]["flagged"] == {
        "amount": 16.5, "amount_minor": 1650, "without_amount": 0,
    }  # fmt: skip
    assert figures["amounts"]["all"]["without_amount"] == 1
    abuse = figures["measures"]["abuse"]
    assert abuse["precision"]["value"] == 0.5
    # Wilson's interval of one in two.
    assert abuse["precision"]["low"] == pytest.approx(0.0945, abs=1e-4)
    assert abuse["precision"]["high"] == pytest.approx(0.9055, abs=1e-4)
    assert abuse["recall"]["value"] == 1.0
    assert abuse["false_positive_rate"]["value"] == 0.5
    assert figures["measures"]["refunded"]["true_positives"] == 2
    assert figures["split"]["flagged"]["abuse"]["amount"] == 10.0


def test_what_cannot_be_told_is_counted_and_not_flagged(shop: Path) -> None:
    """e4 has no amount; the fault names the variable and the event."""
    faults = figures_of(shop, "amount > 0")["faults"]
    assert faults["events"] == 1
    assert faults["codes"]["MISSING_VALUE"]["names"] == {"amount": 1}
    assert faults["codes"]["MISSING_VALUE"]["first"] == ["e4"]


def test_entities_tell_when_and_what(shop: Path) -> None:
    """Each with its events, first and last time, and states; events without one are counted."""
    cards = figures_of(shop, "true")["entities"]["card"]
    assert (cards["flagged"], cards["all"], cards["events_without"]) == (2, 2, 1)
    assert cards["split"] == {"abuse": 1, "refunded": 1, "honest": 0, "unknown": 0}
    some = figures_of(shop, "card == 'a' && amount < 5")["entities"]["card"]
    assert some["split"] == {"abuse": 0, "refunded": 0, "honest": 1, "unknown": 0}
    assert some["split_all"] == cards["split"]
    assert cards["listed"][0] == {
        "key": "b", "events": 3, "first": "2024-01-02T00:00:00Z", "last": "2024-01-02T01:00:00Z",
        "abuse": 0, "refunded": 2, "honest": 0, "unknown": 1,
    }  # fmt: skip


def test_days_follow_the_zone(shop: Path) -> None:
    """Midnight in UTC is the evening before in New York, and so is the hour."""
    days = figures_of(shop, "true")["days"]
    assert [(one["day"], one["flagged"]) for one in days] == [
        ("2024-01-01", 2), ("2024-01-02", 3), ("2024-01-03", 1),
    ]  # fmt: skip
    figures = figures_of(shop, "hour == 19 && weekday == 6", "--zone", "America/New_York")
    assert [one["event_id"] for one in figures["events"]["listed"]] == ["e0"]
    assert figures["days"][0]["day"] == "2023-12-31"


def test_the_period_bounds_what_is_flagged_but_not_what_is_seen(shop: Path) -> None:
    """Events before --from still are history."""
    figures = figures_of(
        shop, "shop__count_ever >= 1", "--from", "2024-01-02", "--to", "2024-01-03"
    )
    assert figures["events_read"] == 3
    assert [one["event_id"] for one in figures["events"]["listed"]] == ["e2", "e4"]


def test_the_limit_shortens_lists_and_not_counts(shop: Path) -> None:
    """All flagged events stand in the file of flags, in Parquet and in CSV."""
    for suffix, read in ((".parquet", pq.read_table), (".csv", pa_csv.read_csv)):
        flags = shop.parent / f"flags{suffix}"
        figures = figures_of(shop, "true", "--limit", "1", "--flags", flags)
        assert (figures["events"]["total"], figures["events"]["truncated"]) == (6, True)
        assert len(figures["events"]["listed"]) == 1
        assert figures["entities"]["card"]["truncated"]
        table = read(flags)
        assert table["event_id"].to_pylist() == [f"e{place}" for place in range(6)]
        assert table["state"].to_pylist()[2] == "refunded"
        assert table["label__fraud"].to_pylist()[:4] == [1, 0, 0, None]
        assert table["amount_minor"].to_pylist()[3:5] == [400, None]


def test_flags_hold_what_the_rule_read(shop: Path) -> None:
    """Numbers as numbers, texts as texts, null where missing."""
    flags = shop.parent / "flags.parquet"
    run("known(country) || card__count_ever >= 2", "--data", shop, "--flags", flags)
    table = pq.read_table(flags)
    assert table["value__card__count_ever"].to_pylist() == [2.0, None]
    assert table["value__country"].to_pylist() == [None, "DE"]


def test_no_event_flagged(shop: Path) -> None:
    """Nothing to divide by is null, and the files are there all the same."""
    flags = shop.parent / "flags.parquet"
    figures = figures_of(shop, "amount > 1000000", "--flags", flags)
    assert figures["measures"]["abuse"]["precision"] is None
    assert figures["entities"]["card"]["listed"] == []
    assert pq.read_table(flags).num_rows == 0


@pytest.mark.parametrize(
    ("rule", "options", "message"),
    [
        ("card__cout_1h > 1", [], "did you mean card__count_1h"),
        ("amout > 1", [], r"column 1: there is no variable amout\n  amout > 1\n  \^{5}\n"
         "  did you mean amount"),
        ("amount >", [], "the expression ends too early"),
        ("amount", [], "amount is a number, not a condition"),
        ("'a' in card", [], "line 1"),
        ("my-rule", [], "there is no rule 'my-rule'"),
        ("true", ["--label", "theft"], "no label 'theft'; there are: fraud, refunded"),
        ("true", ["--label", "fraud", "--refund-label", "fraud"], "both name fraud; one event is"),
        ("true", ["--from", "2025-01-01"], "there is no event from 2025-01-01.*the data set goes"),
        ("true", ["--from", "2024-01-02", "--to", "2024-01-01"], "is not before --to"),
        ("true", ["--from", "31.1.2024"], "--from '31.1.2024' is not a date"),
        ("true", ["--zone", "Mars"], "--zone 'Mars' is not a time zone"),
        ("true", ["--define", "x"], "write NAME=CONDITION"),
        ("true", ["--define", "fraud=amount > 1"], "has a label of that name"),
        ("true", ["--define", "x=true", "--define", "x=false"], "is given twice"),
        ("true", ["--define", "x=amount >"], "--define x, line 1.*the expression ends too early"),
        ("", [], "the expression is empty"),
        ("true", ["--flags", "flags.txt"], "ends with .parquet or .csv"),
    ],
)  # fmt: skip
def test_faults_say_what_would_be_right(
    shop: Path, rule: str, options: list[str], message: str
) -> None:
    """And leave nothing behind."""
    before = sorted(shop.parent.iterdir())
    out = shop.parent / "figures.json"
    with pytest.raises(ConfigFault, match=f"(?s){message}"):
        run(rule, "--data", shop, "--json", out, *options)
    assert sorted(shop.parent.iterdir()) == before


def test_several_labels_need_a_choice(tmp_path: Path) -> None:
    """Two labels that both may mean abuse are not guessed at."""
    write_shop(tmp_path / "shop", EVENTS[:1], ("fraud", "theft"))
    with pytest.raises(ConfigFault, match="say with --label which one means abuse: fraud, theft"):
        run("true", "--data", tmp_path / "shop")


def test_a_directory_that_is_no_data_set(tmp_path: Path) -> None:
    """The fault says what makes one."""
    with pytest.raises(DataFault, match=r"dataset.toml: no such file; `risk dataset import`"):
        run("true", "--data", tmp_path)
    (tmp_path / "dataset.toml").write_text('kind = "recipes"\n', "utf-8")
    with pytest.raises(DataFault, match="kind 'recipes' cannot be backtested"):
        run("true", "--data", tmp_path)


def test_variables_are_listed_with_kind_and_what_is_missing(shop: Path) -> None:
    """Of the event exactly, of histories the share without the key."""
    out = shop.parent / "v.json"
    printed = run("--variables", "--data", shop, "--json", out, "--define", "big=amount > 5")
    assert "card__count_24h" in printed
    found = json.loads(out.read_text("utf-8"))
    assert found["event"]["amount"]["missing"] == pytest.approx(1 / 6)
    assert found["event"]["country"]["kind"] == "text"
    assert found["keys"]["card_x_shop"] == pytest.approx(2 / 6)
    for name in ("card__big__count_7d", "card__fraud__rate_30d", "card_x_shop__amount_sum_1h_now"):
        assert found["history"][name]["kind"] == "number"
    assert found["history"]["card__country_last"]["kind"] == "text"


def test_a_rule_of_a_rule_file_over_own_variables(shop: Path, tmp_path: Path) -> None:
    """It is found by its id and told by the data set's variables; others are refused by name."""
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "own.toml").write_text(rules_with("card__count_1h >= 1", "card__count_1h"), "utf-8")
    figures = figures_of(shop, "fast_cards", "--rules", rules)
    assert figures["rule"] == "fast_cards"
    assert [one["event_id"] for one in figures["events"]["listed"]] == ["e1", "e3", "e4"]
    of_orders = rules_with("account__attempts_24h >= 1", "account__attempts_24h")
    (rules / "own.toml").write_text(of_orders, "utf-8")
    with pytest.raises(ConfigFault, match="the data set has no account__attempts_24h"):
        run("fast_cards", "--data", shop, "--rules", rules)


def test_a_rule_is_found_among_rules_over_other_variables(shop: Path, tmp_path: Path) -> None:
    """Only the one that is asked for must be one over this data set; its own fault is told."""
    rules = tmp_path / "rules"
    rules.mkdir()
    of_orders = rules_with("account__attempts_24h >= 1", "account__attempts_24h")
    (rules / "a.toml").write_text(of_orders.replace("fast_cards", "of_orders"), "utf-8")
    (rules / "own.toml").write_text(rules_with("card__count_1h >= 1", "card__count_1h"), "utf-8")
    assert figures_of(shop, "fast_cards", "--rules", rules)["events_flagged"] == 3
    with pytest.raises(ConfigFault, match=r"no rule 'fast_card'.* did you mean fast_cards"):
        run("fast_card", "--data", shop, "--rules", rules)
    (rules / "own.toml").write_text(rules_with("card__cout_1h >= 1", "card__count_1h"), "utf-8")
    with pytest.raises(RuleFileFault, match=r"own\.toml:\d+:\d+: rule fast_cards: there is no"):
        run("fast_cards", "--data", shop, "--rules", rules)
    (rules / "own.toml").write_text("format = ", "utf-8")
    with pytest.raises(RuleFileFault, match=r"own\.toml:1: not TOML"):
        run("fast_cards", "--data", shop, "--rules", rules)


def test_a_rule_that_is_there_twice_is_none_of_the_two(shop: Path, tmp_path: Path) -> None:
    """Over own variables too an id is of one rule: else the file's name would choose."""
    rules = tmp_path / "rules"
    rules.mkdir()
    (rules / "a.toml").write_text(rules_with("card__count_1h >= 1", "card__count_1h"), "utf-8")
    (rules / "b.toml").write_text(rules_with("card__count_1h >= 4", "card__count_1h"), "utf-8")
    with pytest.raises(RuleFileFault, match=r"b\.toml:\d+: .*the id is taken by a\.toml:\d+"):
        run("fast_cards", "--data", shop, "--rules", rules)


@pytest.mark.parametrize(("exponent", "told"), [(0, "1,235"), (2, "1,234.57"), (3, "1,234.567")])
def test_amounts_are_shown_in_the_unit_of_their_currency(
    shop: Path, exponent: int, told: str
) -> None:
    """Yen have no decimals and dinars three, on a terminal as in the file."""
    figures = figures_of(shop, "true")
    figures["amounts"]["exponent"] = exponent
    figures["split"]["flagged"]["abuse"]["amount"] = 1_234.567
    text = io.StringIO()
    print_report(Console(file=text, width=200), figures, CommandWords("en"))
    (line,) = [one for one in text.getvalue().splitlines() if one.startswith("  abuse ")]
    assert line.split()[5] == told


def test_a_result_is_written_piece_by_piece(tmp_path: Path) -> None:
    """The text of a result that lists everything may be larger than memory."""
    content = {"listed": [{"key": "卡" * 1_000, "events": 1}] * 2_000}
    tracemalloc.start()
    try:
        write_json(tmp_path / "f.json", content)
        most_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert json.loads((tmp_path / "f.json").read_text("utf-8")) == content
    assert most_bytes < (tmp_path / "f.json").stat().st_size / 10


def rules_with(condition: str, variable: str) -> str:
    """Return a rule file whose one rule reads one variable."""
    return file_text(
        rule_text(
            id="fast_cards",
            when=condition,
            known=f"{variable} = 5",
            analyst_zh=f"{{{variable}}}",
            analyst_en=f"{{{variable}}}",
        )
    )
