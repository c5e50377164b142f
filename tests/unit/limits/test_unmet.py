"""Tiers that would fit nobody are refused before they are published."""

import pytest

from risk_service.domain.errors import InvalidInput
from risk_service.limits.book import parse_limits, read_limits
from tests.fixtures.limit_texts import policy

FILE = "my.toml"


def text(when: str, **changes: object) -> str:
    """Return a file of two policies, the second with a second tier for some."""
    first = "[[policy.tier]]\nwhen = { member_level = 'gold' }\ncap = 3\n"
    second = f"[[policy.tier]]\n{when}\ncap = 4\n"
    return f"format = 1\n{policy('first')}{policy('second', **changes)}{first}{second}"


@pytest.mark.parametrize(
    ("when", "words", "zh"),
    [
        ("is_new_account = 'yes'", "`is_new_account` is `yes`; one of: true, false", "可选：true"),
        ("challenge_passed = 'True'", "is `True`; did you mean `true`?", "是不是 `true`"),
        ("entry_path = ['HOME', 'search']", "is `search`; one of: UNSPECIFIED, HOME", "可选："),
        ("address_region = ['浙江', '上海市']", "is `上海市`; write 上海", "请写 上海"),
        ("phone_region = 'Bayern'", "is `Bayern`; one of 北京", "可选：北京"),
        ("currency = 'cny'", "is `cny`; write CNY", "请写 CNY"),
        ("currency = 'gold'", "is `gold`; write its ISO 4217 code", "ISO 4217 代码"),
    ],
)
def test_a_value_that_no_order_has_is_refused(when: str, words: str, zh: str) -> None:
    """With the line of the tier, and what to write; in force since before it goes on."""
    content = text(f"when = {{ {when} }}")
    with pytest.raises(InvalidInput) as refused:
        parse_limits(content, FILE)
    (fault,) = refused.value.violations
    assert fault.field == f"{FILE}:{content.splitlines().index(f'when = {{ {when} }}') + 1}"
    assert fault.description.startswith("policy `second`, tier 2: ")
    assert words in fault.description
    assert zh in fault.description_zh
    assert len(read_limits(content, FILE).policies) == 2


@pytest.mark.parametrize(
    ("bounds", "tier", "words"),
    [
        ("minimum = 4\nstep = 3", "cap = 9", "no multiple of `step` 3 lies from 4 to `cap` 5"),
        ("step = 6", "cap = 9", "no multiple of `step` 6 lies from 1 to `cap` 5"),
        ("step = 4", "cap = 3", "tier 1: nobody could buy: no multiple of `step` 4 lies from 1 to"),
        ("", "cap = 9\nminimum = 8\nstep = 5", "`step` 5 lies from 8 to `cap` 9"),
    ],
)
def test_bounds_that_no_number_of_units_keeps_are_refused(
    bounds: str, tier: str, words: str
) -> None:
    """Nobody could buy, and no answer would say why."""
    tiers = f"[[policy.tier]]\nwhen = {{ verification = 'L2' }}\n{tier}\n"
    content = f"format = 1\n{policy(cap=5)}{bounds}\n{tiers}"
    with pytest.raises(InvalidInput) as refused:
        parse_limits(content, FILE)
    assert words in refused.value.violations[0].description
    assert "谁也买不了" in refused.value.violations[0].description_zh
    assert read_limits(content, FILE).policies


def test_bounds_that_can_be_kept_are_no_fault() -> None:
    """Whole steps from the minimum to the cap; nothing at all; money, which has no steps."""
    for bounds in ("minimum = 4\nstep = 2", "minimum = 3\nstep = 3", "step = 5"):
        assert parse_limits(f"format = 1\n{policy(cap=5)}{bounds}\n", FILE)
    assert parse_limits(f"format = 1\n{policy(cap=0)}step = 3\n", FILE)
    money = policy(measure="amount", cap=5) + "currency = 'CNY'\nstep = 7\n"
    assert parse_limits(f"format = 1\n{money}", FILE)


def test_money_of_no_currency_is_refused() -> None:
    """Every order would have another one; the line is that of the policy."""
    money = policy(measure="amount", cap=100).replace('measure = "amount"', "@")
    content = "format = 1\n" + money.replace("@", 'measure = "amount"\ncurrency = "RMB"')
    with pytest.raises(InvalidInput, match=r"`currency` is `RMB`; write CNY") as refused:
        parse_limits(content, FILE)
    at = content.splitlines().index('currency = "RMB"') + 1
    assert refused.value.violations[0].field == f"{FILE}:{at}"
    assert read_limits(content, FILE).policies[0].currency == "RMB"


def test_what_orders_have_is_no_fault() -> None:
    """Every word that a tier may ask for; member levels are the shop's own."""
    when = (
        "when = { is_new_account = 'true', challenge_passed = 'false', entry_path = 'SEARCH', "
        "address_region = ['上海'], currency = ['CNY', 'JPY'], member_level = '金卡', "
        "verification = 'L2' }"
    )
    assert parse_limits(text(when), FILE)
    assert parse_limits(text("when = { is_new_account = 'yes' }", state="retired"), FILE)
