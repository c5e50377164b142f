"""``risk rules``: what the commands print, and how they end."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from risk_service.cli.rules import rules
from tests.fixtures.rule_texts import KEYS, file_text, rule_text


def run(*arguments: object) -> Result:
    """Run a command; what it does not expect passes through."""
    return CliRunner().invoke(rules, [str(one) for one in arguments], catch_exceptions=False)


def write(directory: Path, *texts: str) -> Path:
    """Write one rule file into a directory of its own."""
    directory.mkdir()
    (directory / "a.toml").write_text(file_text(*texts), "utf-8")
    return directory


GOOD = rule_text(known="order__page_open_ms = 120").replace(
    "values = {}", "values = { order__page_open_ms = 300 }"
)


def test_shipped_rules_pass_check_and_test() -> None:
    """What ships can be published, and does what its examples say."""
    assert run("check").exit_code == 0
    done = run("test")
    assert done.exit_code == 0
    assert ", 0 wrong" in done.stdout


def test_check_points_at_the_fault(tmp_path: Path) -> None:
    """The line at fault is printed with a caret under it, wide characters counted as two."""
    when = "skus.exists(x, x == '手机') && order__untis > 3"
    done = run("check", write(tmp_path / "bad", rule_text(when=when)))
    assert done.exit_code == 1
    first, line, caret, hint, _ = done.stderr.strip().split("\n")
    assert first == "a.toml:10:40: rule fast_submit: there is no variable order__untis"
    assert line.strip().startswith("when = '''skus.exists")
    assert caret.index("^") == line.index("order__untis") + len("手机")
    assert caret.strip() == "^" * len("order__untis")
    assert hint == "    hint: did you mean order__units or order__coupons?"
    assert "rules in force stay" in done.stderr


def test_check_names_every_rule_that_cannot_be_used(tmp_path: Path) -> None:
    """One broken rule does not hide the next."""
    path = write(
        tmp_path / "bad",
        rule_text(id="one_bad", outcome="ALLOW"),
        rule_text(id="good"),
        rule_text(id="two_bad", when="1 +"),
    )
    done = run("check", path, "--json")
    assert done.exit_code == 1
    found = json.loads(done.stdout)
    assert found["version"] is None
    assert [fault["rule"] for fault in found["faults"]] == ["one_bad", "two_bad"]
    assert found["faults"][1]["hint"]["zh"] == "表达式不完整"


def test_check_finds_an_id_twice(tmp_path: Path) -> None:
    """What is wrong with the set as a whole is found when every rule is right."""
    done = run("check", write(tmp_path / "bad", rule_text(), rule_text()))
    assert done.exit_code == 1
    assert "the id is taken by a.toml:3" in done.stderr


def test_check_speaks_chinese(tmp_path: Path) -> None:
    """Message and hint come in the language of the analyst."""
    done = run("check", write(tmp_path / "bad", rule_text(when="order__unit > 3")), "--lang", "zh")
    assert "没有变量 order__unit" in done.stderr
    assert "提示：是不是 order__units" in done.stderr
    # The place keeps the colon of editors; what is read is Chinese throughout.
    assert re.search(r"a\.toml:\d+:\d+: 规则 \w+：", done.stderr)


def test_test_names_the_example_that_does_not_hold(tmp_path: Path) -> None:
    """A wrong example is printed with its line, what it should give and what is missing."""
    done = run("test", write(tmp_path / "wrong", rule_text()))
    assert done.exit_code == 1
    assert "a.toml:20: rule fast_submit: a script: expected match, found MISSING_VALUE" in (
        done.stderr
    )
    assert "missing: order__page_open_ms" in done.stderr
    right = run("test", write(tmp_path / "right", GOOD), "--json")
    assert right.exit_code == 0
    assert [one["passed"] for one in json.loads(right.stdout)["results"]] == [True, True]


def test_an_example_may_expect_a_fault(tmp_path: Path) -> None:
    """What happens when a value is missing can be an example of its own."""
    text = GOOD + (
        "\n[[rule.example]]\nabout = 'no timing'\nmatches = false\nfault = 'MISSING_VALUE'\n"
    )
    assert run("test", write(tmp_path / "right", text)).exit_code == 0


@pytest.mark.parametrize(
    ("before", "after", "kind", "at_once"),
    [
        ({"state": "shadow"}, {"state": "active"}, "changed", False),
        ({"state": "shadow"}, {"state": "active", "outcome": "DENY"}, "changed", True),
        ({}, {"when": "order__page_open_ms < 400"}, "changed", True),
        ({"state": "shadow"}, {"state": "shadow", "when": "order__units > 3"}, "changed", False),
        ({}, {"customer_en": "Please verify once more."}, "changed", False),
        ({}, {"state": "shadow"}, "changed", False),
    ],
)
def test_diff_says_what_decides_at_once(
    tmp_path: Path, before: dict[str, str], after: dict[str, str], kind: str, *, at_once: bool
) -> None:
    """A change that was never watched in shadow is marked; from shadow to active is not."""
    old = write(tmp_path / "old", rule_text(**before))
    new = write(tmp_path / "new", rule_text(**after))
    (found,) = json.loads(run("diff", old, new, "--json").stdout)
    assert (found["rule"], found["kind"], found["at_once"]) == ("fast_submit", kind, at_once)
    was, now = {**KEYS, **before}, {**KEYS, **after}
    assert {part["key"] for part in found["parts"]} == {key for key in KEYS if was[key] != now[key]}


def test_diff_prints_rule_by_rule(tmp_path: Path) -> None:
    """Added, removed and changed rules, each with what was and what is."""
    weekend = "[rule.schedule]\ndays = ['SAT', 'SUN']\nzone = 'UTC'"
    old = write(tmp_path / "old", rule_text(id="kept"), rule_text(id="gone"))
    new = write(
        tmp_path / "new",
        rule_text(id="kept", when="order__page_open_ms < 400"),
        rule_text(weekend, id="came", state="shadow"),
    )
    lines = run("diff", old, new).stdout.split("\n")
    assert lines[0] == "kept: changed (decides at once: it was not watched in shadow before)"
    assert "  - when: order__page_open_ms < 300" in lines
    assert "  + when: order__page_open_ms < 400" in lines
    assert "came: added" in lines
    assert "  + schedule: days SAT, SUN; zone UTC" in lines
    assert "gone: removed" in lines
    assert run("diff", old, old).stdout == "no rule changes\n"


def test_diff_refuses_a_broken_side(tmp_path: Path) -> None:
    """Nothing is compared with rules that cannot be used."""
    old = write(tmp_path / "old", rule_text())
    new = write(tmp_path / "new", rule_text(when="true &&"))
    done = run("diff", old, new)
    assert done.exit_code == 1
    assert "syntax error" in done.stderr


def test_list_says_whom_a_rule_may_hurt() -> None:
    """Every rule is listed with its honest customer; a subject narrows the list."""
    listed = run("list", "--subject", "refund", "--lang", "zh").stdout
    assert "gift_kept  refund  REVIEW  生效  GIFT" in listed
    assert "正常客户" in listed
    assert "flash_fast_submit" not in listed
    found = json.loads(run("list", "--subject", "refund", "--json").stdout)
    assert all(one["subject"] == "refund" and one["honest"]["zh"] for one in found)


def test_check_remarks_amounts_that_are_told_as_bare_numbers(tmp_path: Path) -> None:
    """The rules can be published as they are: it is no fault, and what was told is still told."""
    text = GOOD.replace("{order__page_open_ms}", "{order__goods_minor}")
    done = run("check", write(tmp_path / "a", text), "--lang", "zh")
    assert done.exit_code == 0
    assert done.stdout.count("显示最小货币单位的数值") == 2
    assert "\n    提示：写 {order__goods_minor:money} 则按订单币种显示金额" in done.stdout
    assert "1 条规则，1 个文件" in done.stdout.splitlines()[-1]
    told = json.loads(run("check", tmp_path / "a", "--json").stdout)
    assert told["faults"] == []
    assert [one["rule"] for one in told["remarks"]] == ["fast_submit"] * 2


def test_variables_that_are_money_say_how_a_text_quotes_them() -> None:
    """Whoever compares one with 100 learns before that these are 100 fen, or 100 yen."""
    listed = run("variables", "--like", "account__goods_90d").stdout
    assert listed.endswith(
        "[smallest units of the currency; {account__goods_90d:money} in texts]\n"
    )
    chinese = run("variables", "--like", "account__goods_90d", "--lang", "zh").stdout
    assert chinese.endswith("[最小货币单位；文本中写 {account__goods_90d:money}]\n")
    told = {one["name"]: one["money"] for one in json.loads(run("variables", "--json").stdout)}
    assert told["order__goods_minor"]
    assert not told["order__units"]


def test_variables_are_listed_with_their_words() -> None:
    """A variable with a closed vocabulary shows it."""
    listed = run("variables", "--subject", "action", "--like", "action_type").stdout
    assert listed.startswith("action_type  text  Kind of action  [COUPON_CLAIMED, DRAW")
    names = {one["name"] for one in json.loads(run("variables", "--json").stdout)}
    assert {"order__units", "promotion_types", "scalping_score"} <= names
    assert "claim_reason" not in names


def test_diff_shows_what_a_terminal_would_swallow(tmp_path: Path) -> None:
    """Whoever approves sees every character: no text may clear a line or turn its direction."""
    old = write(tmp_path / "old", GOOD)
    hidden = GOOD.replace("'''Submitted too fast'''", '"fine\\u001b[2K \\u202e 手机"')
    printed = run("diff", old, write(tmp_path / "new", hidden)).stdout
    assert "+ description_en: fine\\x1b[2K \\u202e 手机" in printed
    assert "\x1b" not in printed
