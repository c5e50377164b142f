"""Rule sets: read whole or not at all, indexed, evaluated as if rule by rule."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from risk_service.domain.errors import ConfigFault
from risk_service.domain.hits import MatchedValue
from risk_service.domain.vocabulary import Outcome, PromotionType
from risk_service.rules import rule_set
from risk_service.rules.faults import RuleFileFault
from risk_service.rules.language import Kind
from risk_service.rules.rule_set import load_rule_set
from risk_service.rules.values import Values
from risk_service.rules.variables import Subject, variables_of
from tests.fixtures.rule_texts import HEAD, file_text, rule_text

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
    more = {subject: {**variables_of(subject), "extra": Kind.NUMBER} for subject in Subject}
    assert version != load_rule_set(texts, more).version


def test_a_set_can_be_built_again_from_its_texts() -> None:
    """What is stored of a published set is enough to serve it."""
    rules = load_rule_set({"a.toml": file_text(rule_text())})
    assert load_rule_set(rules.texts).version == rules.version


REFUSED = [
    ({"when": "order__page_openms < 300"}, 10, "no variable order__page_openms", "open_ms?"),
    ({"outcome": "ALLOW"}, 7, "'ALLOW' is not among the choices", "CHALLENGE, REVIEW, DENY"),
    ({"state": "live"}, 8, "'live' is not among the choices", "shadow, active"),
    ({"state": "shdow"}, 8, "'shdow' is not among the choices", "did you mean shadow?"),
    ({"subject": "cart"}, 6, "'cart' is not among the choices", "order, refund, action"),
    ({"id": "Fast Submit"}, 4, "'Fast Submit' has another form", "small letters"),
    ({"owner": None}, 3, "owner: the key is missing", ""),
    ({"ownr": "me"}, 19, "there is no such key", "did you mean owner"),
    ({"customer_en": "At most 3 per day."}, 14, "tells a number", "thresholds"),
    ({"customer_zh": "{order__units} 件"}, 13, "tells a number", "thresholds"),
    ({"analyst_en": "{order__unit} units"}, 16, "no variable order__unit", "order__units"),
    ({"analyst_en": "{order__units"}, 16, "expected '}'", ""),
    ({"when": "a" * 5000}, 10, "characters", "split"),
    ({"tables": "[rule.scope]\npromotions = ['FLASHSALE']"}, 20, "'FLASHSALE'", "FLASH_SALE"),
    ({"tables": "[rule.scope]\nsellers = []"}, 20, "the list is empty", "leave the key out"),
    ({"tables": "[rule.scope]\nseller = ['s']"}, 20, "no such key", "did you mean sellers?"),
    ({"tables": "[rule.scope]\npromotions = 'COUPON'"}, 20, "is no list", '["a", "b"]'),
    ({"tables": "[rule.schedule]\ndays = ['MON']"}, 20, "need a time zone", ""),
    ({"tables": "[rule.schedule]\nhours = ['8-9']\nzone = 'UTC'"}, 20, "20:00-22:30", ""),
    ({"tables": "[rule.schedule]\nzone = 'UTC'\nhours = ['25:00-26:00']"}, 21, "no span", ""),
    ({"tables": "[rule.schedule]\ndays = ['Friday']\nzone = 'UTC'"}, 20, "choices", "MON, TUE"),
    ({"tables": "[rule.schedule]\nform = 2026-01-01"}, 20, "no such key", "did you mean from?"),
    ({"tables": "[rule.schedule]\nzone = 'Asia/Peking'"}, 20, "no time zone", ""),
    ({"tables": "[rule.schedule]\nfrom = 2026-01-01T00:00:00"}, 20, "says no offset", "+08:00"),
    ({"known": "order__page_openms = 1"}, 20, "no variable order__page_openms", "open_ms"),
    ({"known": "order__page_open_ms = 'fast'"}, 20, "is a number", ""),
    ({"known": "skus = [1]"}, 20, "is a texts", ""),
]


@pytest.mark.parametrize(
    ("keys", "line", "message", "hint"), REFUSED, ids=[str(i) for i in range(len(REFUSED))]
)
def test_refuses_with_line_and_hint(
    keys: dict[str, str | None], line: int, message: str, hint: str
) -> None:
    """A file that cannot be used is refused whole, with the line and what would be right."""
    texts = {"good.toml": file_text(rule_text(id="good")), "bad.toml": file_text(rule_text(**keys))}  # type: ignore[arg-type]
    with pytest.raises(RuleFileFault) as refused:
        load_rule_set(texts)
    found = refused.value
    assert (found.file, found.line) == ("bad.toml", line)
    assert message in found.message.en
    assert hint in found.hint.en
    assert str(found).startswith(f"bad.toml:{line}:")


@pytest.mark.parametrize(
    ("before", "after", "line", "message", "hint"),
    [
        ('topic = "test"', "topic = test", 2, "no TOML: Invalid value", "texts stand in quotes"),
        ('topic = "test"', 'topic = "test', 2, "no TOML: Illegal", "no closing quote"),
        ("format = 1", "format = 1\nformat = 1", 2, "Cannot overwrite", "stands here twice"),
        ("format = 1", "format = 2", 1, "format: 2 cannot stand here", "write format = 1"),
        ("[[rule]]", "[rule]", 3, "rule: {...} is no list", "[[rule]]"),
        ("topic", "topics", 2, "topics: there is no such key", "did you mean topic?"),
    ],
)
def test_a_file_that_is_none_says_where(
    before: str, after: str, line: int, message: str, hint: str
) -> None:
    """Also in Chinese: nothing of it speaks of the parser's types."""
    text = file_text(rule_text(known="order__page_open_ms = 200")).replace(before, after, 1)
    with pytest.raises(RuleFileFault) as refused:
        load_rule_set({"bad.toml": text})
    found = refused.value
    assert found.line == line
    assert message in found.message.en
    assert hint in found.hint.en
    assert found.hint.zh
    assert "Input should" not in found.message.zh


def test_points_into_an_expression_of_several_lines() -> None:
    """Line, column and length are those of the file, also in the middle of a text."""
    when = "\norder__is_drop == 1\n  && order__untis > 3\n"
    with pytest.raises(RuleFileFault) as refused:
        load_rule_set({"a.toml": file_text(rule_text(when=when))})
    found = refused.value
    assert (found.line, found.column, found.length) == (12, 6, 12)
    assert found.source_line == "  && order__untis > 3"
    assert "order__units" in found.hint.en
    assert "order__units" in found.hint.zh


def test_refuses_text_that_is_no_toml() -> None:
    """A slip in TOML itself has a line too."""
    with pytest.raises(RuleFileFault, match=r"a\.toml:3:9: no TOML"):
        load_rule_set({"a.toml": HEAD + "state = \n"})


@pytest.mark.parametrize("missing", ["matches = true", "matches = false"])
def test_refuses_a_rule_without_examples_of_both_kinds(missing: str) -> None:
    """Every rule shows what it matches and what it does not."""
    other = "matches = false" if missing == "matches = true" else "matches = true"
    with pytest.raises(RuleFileFault, match="there is no example"):
        load_rule_set({"a.toml": file_text(rule_text()).replace(missing, other)})


def test_refuses_an_id_twice() -> None:
    """Ids are unique over all files, so that a hit names one rule."""
    texts = {"a.toml": file_text(rule_text()), "b.toml": file_text(rule_text())}
    with pytest.raises(RuleFileFault, match=r"b\.toml:3.*taken by a\.toml:3"):
        load_rule_set(texts)


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


def test_refuses_more_rules_than_an_order_could_pay_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is a greatest number of rules in a set."""
    monkeypatch.setattr(rule_set, "RULES_MAX", 1)
    with pytest.raises(ConfigFault, match="at most 1 can be in force"):
        load_rule_set({"a.toml": file_text(rule_text(), rule_text(id="another"))})


def test_refuses_files_that_cannot_be_read(tmp_path: Path) -> None:
    """Nothing there, or no UTF-8: one clear line."""
    with pytest.raises(ConfigFault, match="no rule files"):
        load_rule_set(tmp_path)
    (tmp_path / "a.toml").write_bytes(b"\xff")
    with pytest.raises(ConfigFault, match="not UTF-8"):
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


@pytest.mark.parametrize(
    "text",
    [
        HEAD + "x = " + "9" * 5000,
        HEAD + "x = " + "[" * 50_000,
        file_text(rule_text(known="order__page_open_ms = " + "9" * 400)),
        file_text(rule_text(known="order__page_open_ms = 9223372036854775808")),
    ],
    ids=["digits", "brackets", "float", "int64"],
)
def test_what_no_parser_takes_is_a_fault_of_the_file(text: str) -> None:
    """Numbers and brackets without end are told with the file, like every other fault."""
    with pytest.raises(RuleFileFault, match=r"^a\.toml:\d+: "):
        load_rule_set({"a.toml": text})
