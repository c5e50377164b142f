"""Files of rules and limits that were written with a Chinese input method."""

import pytest
from click.testing import CliRunner

from risk_service.cli.main import risk
from risk_service.domain.errors import InvalidInput
from risk_service.domain.wide_signs import WIDE, meant_by
from risk_service.limits.book import parse_limits
from risk_service.rules.faults import RuleFileFault
from risk_service.rules.parse import parse_rules
from risk_service.rules.rule_set import shipped_languages
from tests.fixtures.limit_texts import policy


def test_every_wide_sign_means_a_narrow_one() -> None:
    """No hint says to write what was written."""
    for sign in WIDE:
        assert meant_by(sign).isascii()
        assert meant_by(sign)
    assert (meant_by("a"), meant_by("金"), meant_by("")) == ("", "", "")


@pytest.mark.parametrize(
    ("good", "wrong", "sign", "meant"),
    [
        ("cap = 2", "cap = ２", "２", "2"),
        ('"units"', "“units”", "“", '"'),
        ("cap = 2", "cap ＝ 2", "＝", "="),
        ('["account"]', '["account"，"device"]', "，", ","),
    ],
)
def test_a_wide_sign_in_a_file_is_told_with_what_is_meant(
    good: str, wrong: str, sign: str, meant: str
) -> None:
    """`invalid value; texts stand in quotes` of a number sends an analyst the wrong way."""
    text = "format = 1\n" + policy()
    assert text.count(good) == 1
    with pytest.raises(InvalidInput) as caught:
        parse_limits(text.replace(good, wrong), "f.toml")
    (fault,) = caught.value.violations
    assert f"write {meant} in place of {sign}" in fault.description
    assert f"请将 {sign} 改为 {meant}" in fault.description_zh
    assert "nvalid" not in fault.description_zh


@pytest.mark.parametrize(
    ("text", "en", "zh"),
    [
        ("format ＝ 1", "write = in place of ＝", "请将 ＝ 改为 ="),
        ('{"a": 1}', "write key = value, or [[rule]]", "请写 键 = 值"),
        ("format = 1", 'write topic = "coupon"', '请写 topic = "coupon"'),
        ('format = 1\ntopic = "c"\nwho = 1', "keys here: format, topic, rule", "此处可用的键"),
        ("format = 1\n[[policy]]", "risk limits check", "risk limits check"),
    ],
)
def test_a_rule_file_says_what_to_write(text: str, en: str, zh: str) -> None:
    """A message without a way out is half a message."""
    with pytest.raises(RuleFileFault) as caught:
        parse_rules(text, "f.toml", shipped_languages())
    assert en in caught.value.hint.en
    assert zh in caught.value.hint.zh


@pytest.mark.parametrize(("lang", "begins"), [("en", "Error: "), ("zh", "错误：")])
def test_an_error_begins_in_the_language_of_its_words(lang: str, begins: str) -> None:
    """`Error:` stood before Chinese sentences."""
    asked = ["limits", "usage", "--account", "u", "--server", "127.0.0.1:1", "--lang", lang]
    answer = CliRunner().invoke(risk, asked)
    assert (answer.exit_code, answer.stderr.startswith(begins)) == (1, True)
