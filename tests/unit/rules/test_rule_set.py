"""Rule sets: read whole or not at all, indexed, evaluated as if rule by rule."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from risk_service.domain.hits import MatchedValue
from risk_service.domain.vocabulary import Outcome, PromotionType
from risk_service.rules.expression import Kind, Language
from risk_service.rules.faults import RuleFileFault
from risk_service.rules.parse import parse_rules
from risk_service.rules.rule_set import RuleSet, load_rule_set
from risk_service.rules.values import Values
from risk_service.rules.variables import Subject, variables_of
from tests.fixtures.rule_texts import file_text, rule_text

FLASH = frozenset({PromotionType.FLASH_SALE})
COUPON = frozenset({PromotionType.COUPON})
FAST = Values({"order__page_open_ms": 120})
SLOW = Values({"order__page_open_ms": 5000})


def _us(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1_000_000)


def test_a_match_says_what_it_matched() -> None:
    """A hit carries outcome, texts with the values filled in, and every value read."""
    rules = load_rule_set({"a.toml": file_text(rule_text())})
    (found,) = rules.match(FLASH, 0, FAST)
    assert found.rule_id == "fast_submit"
    assert found.outcome is Outcome.CHALLENGE
    assert not found.shadow
    assert not found.fault
    assert found.values == (MatchedValue(name="order__page_open_ms", number=120.0, text=""),)
    assert found.customer_text.en == "Please verify."
    assert found.analyst_text.en == "120 ms from opening to submitting."
    assert found.analyst_text.zh == "打开到提交 120 毫秒。"
    assert rules.match(FLASH, 0, SLOW) == ()


@pytest.mark.parametrize(
    ("name", "value", "en", "zh"),
    [
        ("order__account_age_days", 3.486111111, "3.486", "3.486"),
        ("order__account_age_days", 12345678901.0, "12345678901", "12345678901"),
        ("order__account_age_days", -2.5, "-2.5", "-2.5"),
        ("order__account_age_days", 0.0416666667, "0.0417", "0.0417"),
        ("challenge_passed", True, "yes", "是"),
        ("challenge_passed", False, "no", "否"),
    ],
)
def test_texts_say_values_as_people_do(name: str, value: object, en: str, zh: str) -> None:
    """An analyst reads three digits of a fraction and no `true`; the hit holds every digit."""
    condition = f"known({name})"
    rule = rule_text(when=condition, analyst_zh=f"值 {{{name}}}。", analyst_en=f"It is {{{name}}}.")
    (found,) = load_rule_set({"a.toml": file_text(rule)}).match(FLASH, 0, Values({name: value}))
    assert found.analyst_text.en == f"It is {en}."
    assert found.analyst_text.zh == f"值 {zh}。"
    assert found.values == (MatchedValue(name=name, number=float(value), text=""),)  # type: ignore[arg-type]  # the table holds numbers and flags


def test_a_missing_value_is_said_and_does_not_match() -> None:
    """A rule that cannot be told is a hit with a fault, and with what was known."""
    rules = load_rule_set({"a.toml": file_text(rule_text())})
    (found,) = rules.match(FLASH, 0, Values())
    assert found.fault == "MISSING_VALUE"
    assert found.values == (MatchedValue(name="order__page_open_ms", number=None, text=""),)
    assert found.analyst_text.en == "(missing) ms from opening to submitting."


def test_a_failure_is_said_and_does_not_match() -> None:
    """So is a division by zero."""
    text = rule_text(when="ratio(account__discount_30d, account__goods_24h) > 0.5")
    rules = load_rule_set({"a.toml": file_text(text)})
    values = Values({"account__discount_30d": 5.0, "account__goods_24h": 0.0})
    (found,) = rules.match(FLASH, 0, values)
    assert found.fault == "EVALUATION_FAILED"


def test_all_matches_are_kept_in_the_order_of_the_files() -> None:
    """No rule hides another; files count by name, rules by place."""
    texts = {
        "b.toml": file_text(rule_text(id="third")),
        "a.toml": file_text(rule_text(id="second_to_none", state="shadow"), rule_text(id="first")),
    }
    found = load_rule_set(texts).match(FLASH, 0, FAST)
    assert [hit.rule_id for hit in found] == ["second_to_none", "first", "third"]
    assert [hit.shadow for hit in found] == [True, False, False]


def test_an_order_meets_only_rules_of_its_promotions() -> None:
    """A rule for flash sales is not in scope of an order with a coupon; one for all is."""
    texts = {
        "a.toml": file_text(
            rule_text("[rule.scope]\npromotions = ['FLASH_SALE', 'GIFT']", id="flash"),
            rule_text(id="everywhere"),
            rule_text(id="claims", subject="refund"),
        )
    }
    rules = load_rule_set(texts)
    assert [rule.id for rule in rules.in_scope(FLASH)] == ["flash", "everywhere"]
    assert [rule.id for rule in rules.in_scope(FLASH | COUPON)] == ["flash", "everywhere"]
    assert [rule.id for rule in rules.in_scope(COUPON)] == ["everywhere"]
    assert [rule.id for rule in rules.in_scope(frozenset())] == ["everywhere"]
    assert [rule.id for rule in rules.in_scope(COUPON, Subject.REFUND)] == ["claims"]


@pytest.mark.parametrize(
    ("table", "name", "there", "elsewhere"),
    [
        ("campaigns = ['c1']", "campaign_ids", ["c0", "c1"], ["c2"]),
        ("sellers = ['s1', 's2']", "seller_ids", ["s2"], []),
        ("regions = ['CN-31']", "address_region", "CN-31", "CN-11"),
    ],
)
def test_scope_narrows_to_what_the_order_names(
    table: str, name: str, there: object, elsewhere: object
) -> None:
    """Campaigns, sellers and regions narrow a rule; an order that names none is not in scope."""
    rules = load_rule_set({"a.toml": file_text(rule_text(f"[rule.scope]\n{table}"))})
    values = {"order__page_open_ms": 120.0}
    assert rules.match(FLASH, 0, Values({**values, name: there}))  # type: ignore[dict-item]
    assert not rules.match(FLASH, 0, Values({**values, name: elsewhere}))  # type: ignore[dict-item]
    assert not rules.match(FLASH, 0, Values(values))


@pytest.mark.parametrize(
    ("table", "at", "covered"),
    [
        ("from = 2026-11-11T00:00:00+08:00", "2026-11-10T15:59:59+00:00", False),
        ("from = 2026-11-11T00:00:00+08:00", "2026-11-10T16:00:00+00:00", True),
        ("until = 2026-11-12T00:00:00+08:00", "2026-11-11T15:59:59+00:00", True),
        ("until = 2026-11-12T00:00:00+08:00", "2026-11-11T16:00:00+00:00", False),
        ("days = ['MON']\nzone = 'Asia/Shanghai'", "2026-11-22T15:59:59+00:00", False),
        ("days = ['MON']\nzone = 'Asia/Shanghai'", "2026-11-22T16:00:00+00:00", True),
        ("hours = ['20:00-22:00']\nzone = 'Asia/Shanghai'", "2026-11-22T12:00:00+00:00", True),
        ("hours = ['20:00-22:00']\nzone = 'Asia/Shanghai'", "2026-11-22T14:00:00+00:00", False),
        ("hours = ['22:00-24:00']\nzone = 'UTC'", "2026-11-22T23:59:59+00:00", True),
        ("hours = ['22:00-24:00']\nzone = 'UTC'", "2026-11-23T00:00:00+00:00", False),
        (
            "days = ['SUN']\nhours = ['23:00-02:00']\nzone = 'UTC'",
            "2026-11-23T01:59:59+00:00",
            True,
        ),
        (
            "days = ['SUN']\nhours = ['23:00-02:00']\nzone = 'UTC'",
            "2026-11-22T01:59:59+00:00",
            False,
        ),
    ],
)
def test_schedule_says_when(table: str, at: str, *, covered: bool) -> None:
    """A schedule is read in its zone, ends before its end, and may run past midnight."""
    rules = load_rule_set({"a.toml": file_text(rule_text(f"[rule.schedule]\n{table}"))})
    assert bool(rules.match(FLASH, _us(at), FAST)) is covered


def test_version_follows_sources_and_variables() -> None:
    """The same rules have the same version; another text or other variables have another."""
    texts = {"a.toml": file_text(rule_text())}
    version = load_rule_set(texts).version
    assert version == load_rule_set(dict(texts)).version
    assert version.startswith("rules-1+")
    assert version != load_rule_set({"a.toml": texts["a.toml"] + "\n"}).version
    more = {
        subject: Language({**variables_of(subject), "extra": Kind.NUMBER}) for subject in Subject
    }
    rules = parse_rules(texts["a.toml"], "a.toml", more)
    assert version != RuleSet(rules, texts, more).version


def test_a_set_can_be_built_again_from_its_texts() -> None:
    """What is stored of a published set is enough to serve it."""
    rules = load_rule_set({"a.toml": file_text(rule_text())})
    assert load_rule_set(rules.texts).version == rules.version


def test_reads_a_directory_and_a_file(tmp_path: Path) -> None:
    """Rules come from a directory, or from one file of it."""
    (tmp_path / "a.toml").write_text(file_text(rule_text(id="one")), "utf-8")
    (tmp_path / "b.toml").write_text(file_text(rule_text(id="two")), "utf-8")
    (tmp_path / "notes.md").write_text("no rules", "utf-8")
    assert set(load_rule_set(tmp_path).rules) == {"one", "two"}
    assert set(load_rule_set(tmp_path / "b.toml").rules) == {"two"}


def test_reads_files_of_other_editors(tmp_path: Path) -> None:
    """A mark at the start and Windows line ends change neither rules nor lines."""
    text = file_text(rule_text(when="order__untis > 3"))
    (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode())
    with pytest.raises(RuleFileFault, match=r"a\.toml:10:\d+: rule fast_submit"):
        load_rule_set(tmp_path)


def test_a_value_of_the_wrong_kind_is_a_fault() -> None:
    """A caller's mistake shows in the decision instead of failing it."""
    rules = load_rule_set({"a.toml": file_text(rule_text())})
    (found,) = rules.match(FLASH, 0, Values({"order__page_open_ms": "fast"}))
    assert found.fault == "EVALUATION_FAILED"


def test_clock_back_changes_only_schedules() -> None:
    """A time before 1970 is a time like any other."""
    table = "[rule.schedule]\nhours = ['20:00-22:00']\nzone = 'UTC'"
    rules = load_rule_set({"a.toml": file_text(rule_text(table))})
    at_us = round(datetime(1969, 12, 31, 21, tzinfo=UTC).timestamp() * 1_000_000)
    assert rules.match(FLASH, at_us, FAST)
