"""Reasons: complete, in two languages, and silent about thresholds."""

import math
import re
import string
from importlib.resources import files

import pytest

from risk_service.decisions.cause_reasons import (
    DENY_LISTED,
    DIMENSION_MISSING,
    GRANT_CODES,
    LARGE_AMOUNT,
    LIMIT_CODES,
    LIMIT_REACHED,
    LIMITS_UNAVAILABLE,
    LIMITS_UNAVAILABLE_DENIED,
    VERIFICATION_REQUIRED,
)
from risk_service.decisions.readings import load_readings
from risk_service.decisions.reasons import CHALLENGE_FAILED, COMBINED, Reasons, Told, load_reasons
from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Abuse, Outcome
from risk_service.features.schema import load_schema

SCHEMA = load_schema()
REASONS = load_reasons(SCHEMA)
VALUES = dict.fromkeys(SCHEMA.names, 3.0)


def told(outcome: Outcome) -> Told:
    """Return that reasons are told of an order in yuan."""
    return Told(outcome=outcome, currency_code="CNY")


def explain(*row: tuple[str, float]) -> list[tuple[str, str]]:
    """Return (code, feature) of the reasons for one abuse."""
    found = REASONS.explain({Abuse.SCALPING: row}, VALUES, told(Outcome.REVIEW))
    return [(reason.code, reason.feature) for reason in found]


def test_every_model_input_has_a_code() -> None:
    """No feature can speak against an order without words for it."""
    assert REASONS.code_of.keys() == set(SCHEMA.names)
    assert set(REASONS.code_of.values()) <= REASONS.by_code.keys()


def test_every_code_is_used() -> None:
    """Each code covers a feature, but for those that stand for none."""
    of_no_feature = {COMBINED, CHALLENGE_FAILED, DENY_LISTED, LARGE_AMOUNT}
    of_no_feature |= {LIMIT_REACHED, *LIMIT_CODES.values(), *GRANT_CODES}
    of_no_feature |= {VERIFICATION_REQUIRED, DIMENSION_MISSING}
    of_no_feature |= {LIMITS_UNAVAILABLE, LIMITS_UNAVAILABLE_DENIED}
    assert REASONS.by_code.keys() - set(REASONS.code_of.values()) == of_no_feature


@pytest.mark.parametrize("code", sorted(REASONS.by_code))
def test_texts_exist_in_both_languages(code: str) -> None:
    """Each code has customer and analyst text in Chinese and English."""
    entry = REASONS.by_code[code]
    for chinese in (entry.customer_zh, entry.analyst_zh):
        assert any("\u4e00" <= char <= "\u9fff" for char in chinese)
    for english in (entry.customer_en, entry.analyst_en):
        assert english.isascii()


@pytest.mark.parametrize("code", sorted(REASONS.by_code))
def test_customer_text_tells_no_threshold(code: str) -> None:
    """What a customer reads holds no number and no place for one."""
    entry = REASONS.by_code[code]
    for text in (entry.customer_zh, entry.customer_en):
        assert not any(char.isdigit() or char in "{}" for char in text)


@pytest.mark.parametrize("code", sorted(set(REASONS.code_of.values())))
def test_analyst_text_tells_the_value(code: str) -> None:
    """What an analyst reads names the feature and its value."""
    entry = REASONS.by_code[code]
    for text in (entry.analyst_zh, entry.analyst_en):
        fields = {name for _, name, _, _ in string.Formatter().parse(text) if name}
        assert fields == {"feature", "value"}


def test_strongest_come_first_and_each_code_once() -> None:
    """Features of one code are one reason, told by the strongest of them."""
    found = explain(
        ("order__units", 0.4), ("order__max_line_units", 0.9), ("device__accounts_7d", 2.0)
    )
    assert found == [
        ("DEVICE_SHARING", "device__accounts_7d"),
        ("ORDER_QUANTITY", "order__max_line_units"),
    ]


def test_only_what_speaks_against_the_order_is_told() -> None:
    """Features that lower the score, or add next to nothing, are left out."""
    assert explain(("order__units", 1.0), ("order__hour", -3.0), ("order__is_drop", 0.01)) == [
        ("ORDER_QUANTITY", "order__units")
    ]


def test_at_most_five_reasons() -> None:
    """A reader gets the five strongest reasons."""
    assert len(explain(*[(name, 1.0) for name in SCHEMA.names])) == 5


def test_without_a_single_cause_the_combination_is_the_reason() -> None:
    """An outcome never stands without any reason."""
    assert explain(("order__hour", -1.0)) == [(COMBINED, "")]


def test_unknown_value_is_left_unset() -> None:
    """A missing feature value does not travel as NaN."""
    values = VALUES | {"order__units": math.nan}
    (reason,) = REASONS.explain(
        {Abuse.SCALPING: [("order__units", 1.0)]}, values, told(Outcome.REVIEW)
    )
    assert reason.feature_value is None


def test_feature_without_a_code_is_refused_at_start() -> None:
    """A schema that grew past the texts stops the start, with the feature's name."""
    text = files("risk_service.decisions").joinpath("reasons.toml").read_text("utf-8")
    with pytest.raises(ConfigFault, match="order__hour"):
        Reasons(text.replace('"order__hour", ', ""), SCHEMA, load_readings(SCHEMA))


def test_confirmed_history_that_is_no_feature_is_refused_at_start() -> None:
    """A slip in the list of confirmed history stops the start, with the name."""
    text = files("risk_service.decisions").joinpath("reasons.toml").read_text("utf-8")
    broken = text.replace('"account__scalping_found", "', '"account__scalped", "', 1)
    with pytest.raises(ConfigFault, match="account__scalped"):
        Reasons(broken, SCHEMA, load_readings(SCHEMA))


def test_confirmed_history_comes_before_a_comparable_order_column() -> None:
    """What was found out before is told first, unless the column weighs much more."""
    found, column = "account__scalping_found", "order__page_open_ms"
    assert explain((column, 1.0), (found, 0.6))[0] == ("CONFIRMED_ABUSE", found)
    assert explain((column, 1.0), (found, 0.4))[0] == ("CHECKOUT_TIME", column)


def test_nothing_found_is_no_confirmed_history() -> None:
    """A count of zero gets no advantage, though the model may credit it."""
    found, column = "account__scalping_found", "order__page_open_ms"
    row = [(column, 1.0), (found, 0.9)]
    first, _ = REASONS.explain({Abuse.SCALPING: row}, VALUES | {found: 0.0}, told(Outcome.REVIEW))
    assert (first.code, first.contribution) == ("CHECKOUT_TIME", 1.0)


def test_contribution_is_told_unweighted() -> None:
    """The advantage of confirmed history orders the reasons and changes no figure."""
    (reason,) = REASONS.explain(
        {Abuse.SCALPING: [("account__scalping_found", 0.7)]}, VALUES, told(Outcome.REVIEW)
    )
    assert reason.contribution == 0.7


def test_analyst_reads_the_value_in_words() -> None:
    """A value comes by its unit, in the language of the sentence."""
    values = VALUES | {"order__discount_share": 0.249804}
    (reason,) = REASONS.explain(
        {Abuse.SCALPING: [("order__discount_share", 1.0)]}, values, told(Outcome.REVIEW)
    )
    assert reason.analyst_text.en == "Use of discounts: Discount over goods value = 25.0 %."
    assert reason.analyst_text.zh == "优惠使用：优惠占商品原价比例 = 25.0%。"


def test_an_amount_is_told_in_the_currency_of_the_order() -> None:
    """A basket of 123,450 yen is no 1,234.50 of anything."""
    row = [("order__goods_minor", 1.0)]
    in_yen = Told(outcome=Outcome.REVIEW, currency_code="JPY")
    (reason,) = REASONS.explain(
        {Abuse.SCALPING: row}, VALUES | {"order__goods_minor": 123_450.0}, in_yen
    )
    assert reason.analyst_text.en.endswith("Value of the goods before discounts = 123,450 JPY.")
    assert reason.analyst_text.zh.endswith("商品原价总额 = 123,450 JPY。")
    assert reason.feature_value == 123_450.0


@pytest.mark.parametrize("code", sorted(set(REASONS.code_of.values()) | {COMBINED}))
def test_a_score_asks_the_customer_for_nothing(code: str) -> None:
    """A score's reason comes with a review or any challenge: its text demands neither."""
    entry = REASONS.by_code[code]
    assert not re.search("(^|[，。])请", entry.customer_zh)
    assert "lease" not in entry.customer_en


@pytest.mark.parametrize("row", [[("order__units", 1.0)], [("order__units", -1.0)]])
def test_who_is_refused_reads_of_no_further_check(row: list[tuple[str, float]]) -> None:
    """A refusal by score reads like one by a deny list; codes and analysts' texts stay."""
    denied, reviewed = (
        REASONS.explain({Abuse.SCALPING: row}, VALUES, told(outcome))
        for outcome in (Outcome.DENY, Outcome.REVIEW)
    )
    listed = REASONS.plain(DENY_LISTED, None, list="l", entity="e", why="w")
    assert {reason.customer_text for reason in denied} == {listed.customer_text}
    assert [(reason.code, reason.analyst_text) for reason in denied] == [
        (reason.code, reason.analyst_text) for reason in reviewed
    ]


def test_who_gets_fewer_units_reads_of_the_quantity() -> None:
    """A score that cuts the quantity says so."""
    row = [("order__units", 1.0)]
    (reason,) = REASONS.explain({Abuse.SCALPING: row}, VALUES, told(Outcome.LIMIT_QUANTITY))
    assert "数量已调整" in reason.customer_text.zh
    assert "adjusted" in reason.customer_text.en
