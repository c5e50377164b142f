"""Rules that ask for a region or a currency as no order has it cannot be published."""

import pytest

from risk_service.rules.rule_set import faults_of, load_rule_set
from tests.fixtures.rule_texts import file_text, rule_text

KNOWN = "order__page_open_ms = 1"
REGION = "address_region"
SCOPE = "[rule.scope]\nregions = ['浙江', '{}']"


def text(tables: str = "", known: str = KNOWN, **keys: str) -> str:
    """Return a file of two rules, the second with what is to be looked at."""
    return file_text(rule_text(known=KNOWN, id="other"), rule_text(tables, known, **keys))


@pytest.mark.parametrize(
    ("content", "at", "words", "zh"),
    [
        (text(SCOPE.format("上海市")), (46, 0), "regions; write 上海", "请写 上海"),
        (text(when=f"{REGION} in ['上海', '浙江省']"), (36, 36), "region; write 浙江", "请写 浙江"),
        (text(when="'Shanghai' != phone_region"), (36, 11), "region; write 上海", "请写 上海"),
        (text(when=f"{REGION} == 'Bayern'"), (36, 29), "one of 北京, 天津", "可选：北京"),
        (text(when="currency in ['CNY', 'RMB']"), (36, 31), "of currency; write CNY", "请写 CNY"),
        (text(when="currency != '元宝'"), (36, 23), "its ISO 4217 code", "ISO 4217 代码"),
        (text(when="\"seller_ids\" == 's'"), (36, 11), "stands without quotes", "不加引号"),
        (text(known=f"{REGION} = '内蒙'"), (46, 0), "region; write 内蒙古", "请写 内蒙古"),
    ],
)
def test_a_word_as_no_order_has_it_is_refused(
    content: str, at: tuple[int, int], words: str, zh: str
) -> None:
    """In scope, condition and examples; the fault says what to write."""
    (fault,) = faults_of({"my.toml": content})
    assert (fault.rule_id, fault.line, fault.column) == ("fast_submit", *at)
    assert words in f"{fault.message.en}; {fault.hint.en}"
    assert zh in fault.hint.zh


@pytest.mark.parametrize(
    "content",
    [
        text(SCOPE.format("内蒙古")),
        text(when=f"{REGION} in ['上海'] || {REGION} != ''"),
        text(when=f"{REGION}.startsWith('上海市') || order__page_open_ms == 1.0"),
        text(when="currency == 'JPY' || currency in ['CNY', 'HKD']"),
        text(when="'上海市' in skus || order__page_open_ms < 300"),
    ],
)
def test_what_can_be_met_is_no_fault(content: str) -> None:
    """Short names, other variables, and parts of a text."""
    assert faults_of({"my.toml": content}) == []


def test_what_is_in_force_since_before_can_be_loaded() -> None:
    """An upgrade is not held up by a rule that never matched."""
    assert len(load_rule_set({"my.toml": text(SCOPE.format("上海市"))}).rules) == 2
