"""The text of one decision: whole, in two languages, and readable from a log on the disk."""

import json
import re
from pathlib import Path
from unicodedata import east_asian_width

import click
import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from risk_service.adapters.sqlite.decisions import SqliteDecisionStore
from risk_service.adapters.sqlite.read_only import read_record
from risk_service.cli.explain import explain
from risk_service.cli.explain_data import as_data, thresholds_of
from risk_service.cli.explain_format import time_text
from risk_service.cli.explain_text import explained
from risk_service.domain.decision import Cause, DecisionRecord, Step
from risk_service.domain.errors import ConfigFault, DecisionNotFound
from risk_service.domain.grant import GrantedLine, LimitUse, Measure
from risk_service.domain.hits import ListHit, MatchedValue, RuleHit
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import Outcome, VerificationLevel
from tests.fixtures.desk import Desk, attempt
from tests.fixtures.records import record as stored_record

TEXT = LocalizedText(zh="规则说明", en="what the rule says")
HEADS = {"en": ("THE ORDER", "HOW IT CAME ABOUT"), "zh": ("订单", "决策过程")}


def decided(units: int) -> DecisionRecord:
    """Return the record of a decision on so many units."""
    desk = Desk()
    (answer,) = desk.pipeline().decide([attempt("r", units=units)])
    record = desk.store.by_decision_id(answer.decision_id)  # type: ignore[union-attr]  # a decision
    assert record is not None
    return record


def rule(rule_id: str, outcome: Outcome, *, shadow: bool = False, fault: str = "") -> RuleHit:
    """Return a hit with one value of each kind."""
    values = (
        MatchedValue(name="account__attempts_1h", number=12.0, text=""),
        MatchedValue(name="entry_path", number=None, text="DIRECT_LINK"),
        MatchedValue(name="device__age", number=None, text=""),
    )
    return RuleHit(
        rule_id=rule_id,
        outcome=outcome,
        shadow=shadow,
        values=values,
        customer_text=TEXT,
        analyst_text=TEXT,
        fault=fault,
    )


def rich_record() -> DecisionRecord:
    """Return a record in which every step found something."""
    record = decided(60)
    use = LimitUse(
        policy_id="two-each",
        version="1",
        subject="identity_cluster",
        scope="sku-1",
        measure=Measure.UNITS,
        window="session",
        cap=2,
        used=1,
        requested=60,
        granted=1,
        remaining=0,
        blocking=True,
        shadow=False,
        resets_at_us=record.clock_us,
    )
    decision = replace(
        record.decision,
        causes=(
            Cause(step=Step.RULE, ref="hard", outcome=Outcome.DENY),
            Cause(step=Step.RULE, ref="soft", outcome=Outcome.REVIEW, suppressed_by="vip"),
        ),
        rule_hits=(
            rule("hard", Outcome.DENY),
            rule("soft", Outcome.REVIEW),
            rule("idea", Outcome.DENY, shadow=True),
            rule("broken", Outcome.DENY, fault="MISSING_VALUE"),
        ),
        list_hits=tuple(
            ListHit(list_id=f"the-{kind}", kind=kind, entity="device", entry_id="1", reason="why")
            for kind in ("allow", "deny", "grey")
        ),
        limit_uses=(use, replace(use, shadow=True, policy_id="idea-limit")),
        blocking="identity_cluster",
        granted=(GrantedLine(sku="sku-1", requested=60, granted=1),),
        held_until_us=record.clock_us,
        required_level=VerificationLevel.L2,
    )
    return replace(record, decision=decision)


@pytest.mark.parametrize("language", ["en", "zh"])
def test_every_finding_is_told(language: str) -> None:
    """Rules with values, faults and what was suppressed, lists, limits, and what is held."""
    text = click.unstyle(explained(rich_record(), language))
    for words in (
        *HEADS[language], "hard", "soft", "idea", "broken", "MISSING_VALUE", "vip", "the-deny",
        "the-allow", "the-grey", "account__attempts_1h = 12", "entry_path = DIRECT_LINK",
        "two-each", "idea-limit", "L2", "sku-1", "DENY",
    ):  # fmt: skip
        assert words in text, words


def test_both_languages_say_the_same() -> None:
    """Line for line there is as much in Chinese as in English."""
    record = rich_record()
    english, chinese = explained(record, "en"), explained(record, "zh")
    assert len(english.splitlines()) == len(chinese.splitlines())
    assert any("\u4e00" <= char <= "\u9fff" for char in chinese)
    assert not any("\u4e00" <= char <= "\u9fff" for char in english)


def test_a_limit_is_told_in_the_language_that_is_spoken() -> None:
    """What is counted and over which time, with what remains and the subject that blocks."""
    english, chinese = (click.unstyle(explained(rich_record(), one)) for one in ("en", "zh"))
    assert (
        "two-each: identity cluster has used 1 of 2 units, asked 60, granted 1, left 0  blocks"
        "  (sku-1 · window timed drop · resets"
    ) in english
    assert (
        "身份簇已用 1 / 2 件，本次申请 60，批准 1，剩余 0  触发  (sku-1 · 窗口 开抢场次" in chinese
    )


def test_amounts_are_told_in_the_currency_of_the_order() -> None:
    """A limit on money, a value that a rule compared, and the order itself: a yen has no cents."""
    rich = rich_record()
    value = MatchedValue(name="account__discount_90d", number=12_345.0, text="")
    hit = replace(rich.decision.rule_hits[0], values=(value,))
    use = replace(rich.decision.limit_uses[0], measure=Measure.AMOUNT, cap=90_000, used=85_000)
    in_yen = replace(
        rich,
        order=replace(rich.order, currency_code="JPY"),
        decision=replace(rich.decision, rule_hits=(hit,), limit_uses=(use,)),
    )
    text = click.unstyle(explained(in_yen, "en"))
    assert "account__discount_90d = 12,345 (12,345 JPY)" in text
    assert "has used 85,000 of 90,000 JPY" in text
    assert "to pay 29,900 JPY" in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_nothing_but_rules_and_versions_is_told_by_internal_names(language: str) -> None:
    """Subjects, kinds of lists' entries and windows are words; rules keep what they compare."""
    text = click.unstyle(explained(rich_record(), language)).partition("VERSIONS")[0]
    text = text.partition("\n版本\n")[0].replace("account__attempts_1h", "")
    assert "identity_cluster" not in text
    assert "address_door" not in text
    assert {"en": "device, entry", "zh": "设备，条目"}[language] in text


def test_columns_stand_under_each_other() -> None:
    """Chinese takes two cells a character: the rules begin in one column all the same."""
    text = click.unstyle(explained(rich_record(), "zh"))
    rules = [
        line for line in text.splitlines() if re.search(r"  (hard|soft|idea|broken)(?= |$)", line)
    ]
    cells = {
        sum(2 if east_asian_width(one) in "WF" else 1 for one in line[: found.start(1)])
        for line in rules
        if (found := re.search(r"  (hard|soft|idea|broken)(?= |$)", line))
    }
    assert len(rules) == 4
    assert len(cells) == 1


def test_an_allowed_order_is_explained_too() -> None:
    """It says that nothing asked for more, and how far the scores were from it."""
    text = click.unstyle(explained(decided(1), "en"))
    assert "ALLOW: nothing asked for more" in text
    assert "challenge from 80" in text
    assert "no limit is about this order" in text


def test_a_line_says_its_product_and_category() -> None:
    """Rules and limits go by them, so whoever asks why must see them; else nothing is said."""
    plain = decided(1)
    line = replace(plain.order.lines[0], spu="shoe-7", category="shoes")
    told = replace(plain, order=replace(plain.order, lines=(line,)))
    assert "product shoe-7 · category shoes" in explained(told, "en")
    assert "商品 shoe-7 · 类目 shoes" in explained(told, "zh")
    assert "category" not in explained(plain, "en")


def test_a_record_of_before_is_explained_without_thresholds() -> None:
    """What an earlier service stored has none; the text says so and does not fail."""
    record = replace(decided(1), thresholds=())
    assert thresholds_of(record) == {}
    assert "thresholds were not stored" in click.unstyle(explained(record, "en"))


def test_as_data_everything_is_named() -> None:
    """Outcomes and measures are words, features stand by name, missing numbers are None."""
    told = as_data(rich_record())
    assert told["decision"]["outcome"] == "DENY"
    assert told["decision"]["rule_hits"][1]["outcome"] == "REVIEW"
    assert told["decision"]["limit_uses"][0]["measure"] == "units"
    assert told["features"]["order__units"] == 60
    assert json.dumps(told, allow_nan=False, ensure_ascii=False)
    assert told["thresholds"]["scalping"]["deny"] == 500


@pytest.mark.parametrize("is_closed", [True, False])
def test_a_record_is_found_in_the_index_and_before_it_is_there(
    tmp_path: Path, is_closed: bool
) -> None:
    """Beside a running store or after it: by decision, request and (the latest of an) order."""
    store = SqliteDecisionStore(tmp_path)
    records = [stored_record("a"), stored_record("b", number=2)]
    store.commit(records[:1])
    store.commit(records[1:])
    if is_closed:
        store.close()
    assert read_record(tmp_path, "decision_id", "dec-a") == records[0]
    assert read_record(tmp_path, "request_id", "b") == records[1]
    assert read_record(tmp_path, "order_id", "o-1") == records[1]
    with pytest.raises(DecisionNotFound, match="dec-z"):
        read_record(tmp_path, "decision_id", "dec-z")
    if not is_closed:
        store.close()


def test_a_terminal_does_not_act_upon_what_a_rule_says(tmp_path: Path) -> None:
    """Whatever an approved text holds is seen, and clears nobody's screen."""
    text = LocalizedText(zh="清屏", en="a\x1b[2Jb\n  7 the worst wins        ALLOW")
    hit = replace(rule("hard", Outcome.DENY), analyst_text=text)
    record = stored_record("a")
    record = replace(record, decision=replace(record.decision, rule_hits=(hit,)))
    store = SqliteDecisionStore(tmp_path)
    store.commit([record])
    store.close()
    ended = CliRunner().invoke(explain, ["dec-a", "--state", str(tmp_path)])
    assert ended.exit_code == 0
    assert "\x1b" not in ended.output
    assert r"a\x1b[2Jb   7 the worst wins" in ended.output


@pytest.mark.parametrize("language", ["en", "zh"])
def test_colours_are_colours_on_a_terminal_and_nothing_in_a_file(
    tmp_path: Path, language: str
) -> None:
    """What marks outcomes and headings is never read as letters, whoever reads it."""
    store = SqliteDecisionStore(tmp_path)
    record = rich_record()
    store.commit([record])
    store.close()
    told = [record.decision.decision_id, "--state", str(tmp_path), "--lang", language]
    filed = CliRunner().invoke(explain, told)
    seen = CliRunner().invoke(explain, told, color=True)
    assert filed.exit_code == seen.exit_code == 0
    assert "\\x1b" not in filed.output + seen.output
    assert "\x1b[31m" in seen.output
    plain = click.unstyle(explained(record, language))
    assert click.unstyle(seen.output) == filed.output == f"{plain}\n"


def test_a_directory_without_decisions_is_said_to_have_none(tmp_path: Path) -> None:
    """The message says which option to give."""
    with pytest.raises(ConfigFault, match="--state"):
        read_record(tmp_path, "decision_id", "dec-a")


def test_the_last_moment_there_is_can_be_told() -> None:
    """A presale that never ends is valid, and no fraction of its last second is a year 10000."""
    assert time_text(253_402_300_799_999_999) == "9999-12-31 23:59:59 UTC"


def test_it_asks_where_all_commands_ask(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a place: the service at RISK_SERVER, else on this machine; of two places none."""
    monkeypatch.delenv("RISK_SERVER", raising=False)
    asked: list[str] = []

    def refused(
        _named: tuple[str, str], server: str, _state: Path | None, _lang: str
    ) -> DecisionRecord:
        asked.append(server)
        raise ConfigFault("nobody there")

    monkeypatch.setattr("risk_service.cli.explain._record", refused)
    CliRunner().invoke(explain, ["dec-a"])
    monkeypatch.setenv("RISK_SERVER", "10.0.0.7:50051")
    CliRunner().invoke(explain, ["dec-a"])
    CliRunner().invoke(explain, ["dec-a", "--state", "."])
    assert asked == ["127.0.0.1:50051", "10.0.0.7:50051", "10.0.0.7:50051"]
    both = CliRunner().invoke(explain, ["dec-a", "--state", ".", "--server", "127.0.0.1:1"])
    assert both.exit_code == 2
    assert "give one" in both.output
