"""Signs of a Chinese keyboard in a condition."""

import pytest

from risk_service.rules.faults import RuleFault
from risk_service.rules.rule_set import shipped_languages
from risk_service.rules.variables import Subject


@pytest.mark.parametrize(
    ("source", "sign", "meant"),
    [
        ("ratio(order__units，order__lines) > 2", "，", ","),
        ("currency in ['CNY'、'USD']", "、", ","),
        ("（order__units > 3）", "（", "("),
        ("order__units ＞ 3", "＞", ">"),
        ("order__units ＝ 3", "＝", "=="),
        ("order__units >= ３", "３", "3"),
        ("order__units > 3 且 order__lines > 1", "且", "&&"),
        ("order__units > 3 或者 order__lines > 1", "或", "||"),
    ],
)
def test_a_sign_of_another_script_is_told_with_what_is_meant(
    source: str, sign: str, meant: str
) -> None:
    """`token recognition error` says nothing to who writes rules, in either language."""
    with pytest.raises(RuleFault) as caught:
        shipped_languages()[Subject.ORDER].compile(source)
    message, hint = caught.value.texts
    assert (message.en, message.zh) == (f"{sign} cannot stand here", f"此处不能写“{sign}”")
    assert meant in hint.en
    assert meant in hint.zh
    assert source[caught.value.column - 1] == sign
