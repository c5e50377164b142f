"""What analysts read of a hit: amounts in their currency, words of closed vocabularies."""

import string

import pytest

from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import PromotionType
from risk_service.rules.faults import RuleFileFault
from risk_service.rules.rule import Rule
from risk_service.rules.rule_set import load_rule_set, shipped_rules
from risk_service.rules.values import Values
from risk_service.rules.variables import Subject, closed_variables, money_variables
from tests.fixtures.rule_texts import file_text, rule_text

FLASH = frozenset({PromotionType.FLASH_SALE})
RULES = tuple(shipped_rules().rules.values())
GOODS = "order__goods_minor"


def told(values: dict[str, object], analyst: str, when: str) -> LocalizedText:
    """Return what analysts read of a rule that matches the values."""
    text = rule_text(when=when, analyst_zh=f"为 {analyst}。", analyst_en=f"It is {analyst}.")
    rules = load_rule_set({"a.toml": file_text(text)})
    (found,) = rules.match(FLASH, 0, Values(values))  # type: ignore[arg-type]  # values of rules
    return found.analyst_text


@pytest.mark.parametrize(
    ("currency", "amount"),
    [("CNY", "1,234.50 CNY"), ("JPY", "123,450 JPY"), ("KWD", "123.450 KWD")],
)
def test_money_is_told_in_the_currency_of_the_order(currency: str, amount: str) -> None:
    """A place that asks for money is filled with an amount, in both languages alike."""
    values = {GOODS: 123_450.0, "currency": currency}
    text = told(values, f"{{{GOODS}:money}}", f"{GOODS} > 0.0")
    assert (text.en, text.zh) == (f"It is {amount}.", f"为 {amount}。")


def test_money_of_no_currency_says_its_unit() -> None:
    """An action that names no currency: the number, and that it is of smallest units."""
    text = told({GOODS: 123_450.0}, f"{{{GOODS}:money}}", f"{GOODS} > 0.0")
    assert text.en == "It is 123450 (minor units)."
    assert text.zh == "为 123450（最小货币单位）。"


def test_missing_money_is_missing() -> None:
    """No amount is made of what nobody knows."""
    text = told({"currency": "CNY"}, f"{{{GOODS}:money}}", f"!known({GOODS})")
    assert (text.en, text.zh) == ("It is (missing).", "为 （缺失）。")


def test_a_place_of_before_tells_the_number() -> None:
    """Rules that were published before say what they said: their texts name the unit themselves."""
    values = {GOODS: 123_450.0, "currency": "JPY"}
    text = told(values, f"{{{GOODS}}} fen", f"{GOODS} > 0.0")
    assert text.en == "It is 123450 fen."


def test_words_of_closed_vocabularies_are_told_in_both_languages() -> None:
    """A way to the order page and kinds of promotions; ids stay as they are."""
    values = {"entry_path": "DIRECT_LINK", "promotion_types": ["COUPON", "FLASH_SALE"],
              "skus": ["COUPON"]}  # fmt: skip
    text = told(values, "{entry_path}, {promotion_types}, {skus}", "entry_path == 'DIRECT_LINK'")
    assert text.en == "It is direct link, coupon, flash sale, COUPON."
    assert text.zh == "为 直链, 优惠券、限时秒杀, COUPON。"


@pytest.mark.parametrize("name", ["entry_path", "order__units"])
def test_only_amounts_can_be_money(name: str) -> None:
    """A slip is refused with its line, in both languages: 3 units are not 0.03 CNY."""
    text = rule_text(analyst_en=f"{{{name}:money}}")
    with pytest.raises(RuleFileFault, match=f"{name} is not an amount of money") as raised:
        load_rule_set({"a.toml": file_text(text)})
    assert "不是金额" in raised.value.message.zh


@pytest.mark.parametrize("text", ["}}", "{{}}", "{{{order__units}}}"])
def test_a_brace_of_a_text_is_written_twice(text: str) -> None:
    """And told once, also where no value is quoted."""
    found = told({"order__units": 3.0}, text, "order__units > 0.0")
    assert found.en == f"It is {text.format(order__units=3)}."


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_shipped_texts_tell_amounts_as_amounts(rule: Rule) -> None:
    """Every place of money asks for it, no other does, and no unit of one currency is written."""
    for text in (rule.analyst.zh, rule.analyst.en):
        for _, name, form, _ in string.Formatter().parse(text):
            if name:
                assert (form == "money") == (name in money_variables()), name
        assert "} 分，" not in text
        assert not any(unit in text for unit in ("} 分。", "} 分；", " fen", "minor units"))


@pytest.mark.parametrize("rule", RULES, ids=[rule.id for rule in RULES])
def test_shipped_texts_tell_only_what_the_rule_knows(rule: Rule) -> None:
    """A feature that the condition does not read would be told as missing."""
    known = {*rule.expression.variables, *rule.expression.asks_known}
    if rule.subject is Subject.ORDER:
        for text in (rule.analyst.zh, rule.analyst.en):
            names = {name for _, name, _, _ in string.Formatter().parse(text) if name}
            assert {name for name in names if "__" in name} <= known


def test_money_and_words_are_known_of_features_and_facts() -> None:
    """Claims, subsidies and the windows; the kinds that rules compare by name."""
    assert {"claim_minor", "account__discount_90d", "cluster__goods_24h"} <= money_variables()
    assert "points" not in money_variables()
    assert {"entry_path", "claim_reason", "order_outcome"} <= closed_variables()
    assert "skus" not in closed_variables()
