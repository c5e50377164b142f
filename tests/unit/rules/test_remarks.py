"""What is told of rules that can be used and may yet not say what their author thinks."""

import pytest

from risk_service.rules.remarks import remarks_of
from risk_service.rules.rule_set import load_rule_set, shipped_rules
from tests.fixtures.rule_texts import file_text, rule_text

GOODS = "{order__goods_minor}"


def test_an_amount_quoted_bare_is_told_with_the_way_out() -> None:
    """199900 is read as nothing by whoever thinks in yuan; the place is that of the sign."""
    plain = rule_text(id="plain_rule")
    bare = rule_text(id="bare_rule", analyst_zh=f"商品 {GOODS} 分，{GOODS}。")
    text = file_text(plain, bare)
    (one,) = remarks_of(load_rule_set({"a.toml": text}))
    place = text.index(GOODS)
    assert (one.file, one.rule_id, one.length) == ("a.toml", "bare_rule", len(GOODS))
    assert one.line == text.count("\n", 0, place) + 1
    assert one.source_line[one.column - 1 :].startswith(GOODS)
    assert one.message.zh == f"analyst_zh：{GOODS} 显示最小货币单位的数值，如 199900"
    assert "{order__goods_minor:money} tells the amount in its currency" in one.hint.en


@pytest.mark.parametrize(
    "text", ["{order__goods_minor:money}", "{order__units}", "{{order__goods_minor}}"]
)
def test_what_says_what_it_seems_to_say_gets_no_remark(text: str) -> None:
    """An amount in its currency, a number that is no money, a name between braces of a text."""
    assert remarks_of(load_rule_set({"a.toml": file_text(rule_text(analyst_en=text))})) == []


def test_shipped_rules_get_none() -> None:
    """They are what others copy from."""
    assert remarks_of(shipped_rules()) == []
