"""Readings: what an analyst reads instead of a bare number."""

import math
from enum import IntEnum

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_service.decisions.readings import Readings, load_readings
from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import (
    EntryPath,
    PhonePrefixClass,
    PromotionType,
    VerificationLevel,
)
from risk_service.features.schema import load_schema

SCHEMA = load_schema()
READINGS = load_readings(SCHEMA)


@pytest.mark.parametrize(
    ("feature", "value", "english", "chinese"),
    [
        ("order__discount_share", 0.249804, "25.0 %", "25.0%"),
        ("order__is_drop", 1.0, "yes", "是"),
        ("order__is_drop", 0.0, "no", "否"),
        ("order__page_open_ms", 812.0, "812 ms", "812 毫秒"),
        ("order__page_open_ms", 51_000.0, "51.0 s", "51.0 秒"),
        ("order__page_open_ms", 600_000.0, "10.0 minutes", "10.0 分钟"),
        ("order__seconds_after_hour", 12.4, "12 s", "12 秒"),
        ("order__seconds_after_hour", 1_800.0, "30.0 minutes", "30.0 分钟"),
        ("order__account_age_days", 0.125, "3.0 hours", "3.0 小时"),
        ("order__account_age_days", 3.21, "3.2 days", "3.2 天"),
        ("order__account_age_days", 412.7, "413 days", "413 天"),
        ("account__claim_hours_180d", 5.25, "5.2 hours", "5.2 小时"),
        ("order__goods_minor", 123_450.0, "1,234.50 CNY", "1,234.50 CNY"),
        ("order__units", 4.0, "4 units", "4 件"),
        ("order__units", 1.0, "1 unit", "1 件"),
        ("account__refund_requests_90d", 1.0, "once", "1 次"),
        ("derived__units_per_line", 2.667, "2.7 units", "2.7 件"),
        ("derived__account_basket_ratio", 3.14159, "3.14", "3.14"),
        ("order__hour", 8.0, "8:00", "8 点"),
        ("order__weekday", 6.0, "Sunday", "周日"),
        ("order__lead_promotion", 2.0, "flash sale", "限时秒杀"),
        ("order__entry_path", 7.0, "direct link", "直链"),
        ("order__entry_path", 42.0, "42", "42"),
    ],
)
def test_values_are_read_by_their_unit(
    feature: str, value: float, english: str, chinese: str
) -> None:
    """Each unit has its words, its rounding, and its Chinese."""
    assert READINGS.read(feature, value, "CNY") == (english, chinese)


@pytest.mark.parametrize(
    ("currency", "told"),
    [("CNY", "1,234.50 CNY"), ("JPY", "123,450 JPY"), ("KWD", "123.450 KWD")],
)
@pytest.mark.parametrize("feature", ["order__payable_minor", "account__discount_90d"])
def test_money_is_read_in_the_currency_of_the_order(feature: str, currency: str, told: str) -> None:
    """A yen has no hundredths and a dinar has thousandths; both languages say it alike."""
    assert READINGS.read(feature, 123_450.0, currency) == (told, told)


def test_every_feature_of_money_is_read_as_money() -> None:
    """No unit of money is left that would be divided by a hundred whatever the currency."""
    money = {one.name for one in SCHEMA.features if one.unit == "minor"}
    assert money == {name for name in SCHEMA.names if READINGS.of[name].money}


@pytest.mark.parametrize("value", [math.nan, -1.0, -0.5])
def test_what_is_unknown_is_missing(value: float) -> None:
    """Neither NaN nor a mark below zero is shown as a number."""
    assert READINGS.read("order__page_open_ms", value, "CNY") == ("missing", "缺失")


@pytest.mark.parametrize(
    ("feature", "vocabulary"),
    [
        ("order__lead_promotion", PromotionType),
        ("order__entry_path", EntryPath),
        ("order__verification_level", VerificationLevel),
        ("order__phone_prefix_class", PhonePrefixClass),
    ],
)
def test_every_word_of_a_vocabulary_has_a_name(feature: str, vocabulary: type[IntEnum]) -> None:
    """A number of a closed vocabulary is never shown bare."""
    assert READINGS.of[feature].names.keys() == {member.value for member in vocabulary}


@given(value=st.floats(min_value=0.0, max_value=1e12), feature=st.sampled_from(SCHEMA.names))
def test_every_value_of_every_feature_can_be_read(value: float, feature: str) -> None:
    """Nothing that a vector can hold fails, and English needs no Chinese letter."""
    english, chinese = READINGS.read(feature, value, "CNY")
    assert english.isascii()
    assert chinese


def test_chinese_has_its_own_unit_words() -> None:
    """Every unit with a word in English has one in Chinese; SKU and IPv4 are both."""
    for name in SCHEMA.names:
        for step in READINGS.of[name].steps:
            if step.en not in ("{}", "{} %"):
                assert any("\u4e00" <= char <= "\u9fff" for char in step.zh), name


def test_unit_without_a_reading_is_refused_at_start() -> None:
    """A schema that grew a unit stops the start, with the name of the feature."""
    with pytest.raises(ConfigFault, match="unit share of order__discount_share"):
        Readings(READINGS.text.replace("\nshare = ", "\nshares = "), SCHEMA)


@pytest.mark.parametrize("start", ["0", "10000000"])
def test_steps_that_do_not_rise_are_refused(start: str) -> None:
    """A slip in the order of steps is refused, not read wrongly."""
    with pytest.raises(ConfigFault, match="begin at 0 and rise"):
        Readings(READINGS.text.replace("from = 9999.5", f"from = {start}"), SCHEMA)
