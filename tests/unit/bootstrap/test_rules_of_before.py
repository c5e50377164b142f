"""Rules that an older version of the service took and that this one does not."""

import pytest

from risk_service.bootstrap.governance import FAULTS_MAX, load_rules
from risk_service.domain.errors import InvalidInput
from risk_service.rules.rule_set import shipped_rules

TEXT = shipped_rules().texts["coupon.toml"]


def test_every_text_with_a_form_of_before_is_told_with_the_way_out() -> None:
    """Who meets one at an upgrade goes back for it: with one fault told at a time, for each."""
    older = TEXT.replace("{device__coupon_accounts_24h}", "{device__coupon_accounts_24h:.2f}")
    with pytest.raises(InvalidInput) as caught:
        load_rules({"coupon.toml": older})
    violations = caught.value.violations
    assert 1 < len(violations) <= FAULTS_MAX
    for one in violations:
        file, line, column = one.field.split(":")
        written = "{device__coupon_accounts_24h:.2f}"
        assert file == "coupon.toml"
        assert older.splitlines()[int(line) - 1][int(column) - 1 :].startswith(written)
        assert f"analyst_zh: values are not told as {written}" in one.description
        assert "(write {device__coupon_accounts_24h}" in one.description
        assert f"analyst_zh：变量值不能写成 {written}" in one.description_zh
        assert "（请改写为 {device__coupon_accounts_24h}" in one.description_zh


def test_a_form_is_found_where_it_stands_in_a_text_of_several_lines() -> None:
    """The line of the key alone sends a reader through the whole text."""
    first = TEXT.index("analyst_en = ")
    start, end = first + len("analyst_en = "), TEXT.index("\n", first)
    text = f'{TEXT[:start]}"""\nOne\ntwo {{claim_minor:,}}."""{TEXT[end:]}'
    with pytest.raises(InvalidInput) as caught:
        load_rules({"coupon.toml": text})
    (one,) = caught.value.violations
    place = text.index("{claim_minor:,}")
    assert one.field == f"coupon.toml:{text.count(chr(10), 0, place) + 1}:5"
    assert "{claim_minor} or {claim_minor:money}" in one.description
