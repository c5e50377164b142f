"""A bound on how many counters one order may touch: of the file, and of the order."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_service.domain.errors import InvalidInput
from risk_service.domain.reservation import (
    HoldRequest,
    LedgerAnswer,
    Pay,
    ReservationState,
    Reserve,
)
from risk_service.domain.vocabulary import Outcome
from risk_service.limits.book import parse_limits
from risk_service.limits.crowd import LINE_COUNTERS_MAX, ORDER_COUNTERS_MAX, _counters, _most
from tests.fixtures.ledgers import SECOND_US, START_US, SqliteHouse, demand, line
from tests.fixtures.limit_texts import policy, shipped_limits

FOUR = '{ any_of = ["account", "device", "phone", "payment"] }'
SHARED = {"device": "d", "phone": "p", "payment": "y"}


def text(*policies: str) -> str:
    """Return a file of policies."""
    return "format = 1\n" + "".join(policies)


def fault(content: str) -> tuple[int, str, str]:
    """Return line and words, English and Chinese, of the one fault of a file."""
    with pytest.raises(InvalidInput) as caught:
        parse_limits(content, "f.toml")
    (one,) = caught.value.violations
    return int(one.field.removeprefix("f.toml:")), one.description, one.description_zh


def test_file_over_the_bound_is_refused_with_its_line() -> None:
    """The policy with which there are too many is named; one less passes."""
    policies = [policy(f"p{n:02}", subject=FOUR) for n in range(17)]
    parse_limits(text(*policies[:16]), "f.toml")
    at, words, chinese = fault(text(*policies))
    assert text(*policies).splitlines()[at - 1] == "[[policy]]"
    assert 'id = "p16"' in text(*policies).splitlines()[at]
    assert "would be counted in 68 counters by 17 policies; at most 64" in words
    assert "将被 17 条策略计入 68 个计数器，最多 64 个" in chinese


def test_policies_that_never_meet_are_not_added_up() -> None:
    """A thousand campaigns, SKUs or times are fine; what counts nothing is none."""
    apart = [
        policy(f"c{n}") + f'include = {{ campaigns = ["c-{n}"] }}\n'
        for n in range(LINE_COUNTERS_MAX)
    ]
    apart += [policy(f"s{n}") + f'include = {{ skus = ["s-{n}"] }}\n' for n in range(900)]
    assert len(parse_limits(text(*apart), "f.toml").policies) == len(apart)
    years = [
        policy(f"y{n}") + f"valid_from = {2000 + n}-01-01T00:00:00Z\n"
        f"valid_to = {2001 + n}-01-01T00:00:00Z\n"
        for n in range(LINE_COUNTERS_MAX + 1)
    ]
    assert len(parse_limits(text(*years), "f.toml").policies) == len(years)
    retired = [policy(f"r{n}", state="retired") for n in range(LINE_COUNTERS_MAX + 1)]
    assert len(parse_limits(text(*retired), "f.toml").policies) == len(retired)


def test_fault_names_where_they_meet() -> None:
    """Too many for one campaign: the words say for which."""
    met = [policy(f"m{n}") + 'include = { campaigns = ["cmp-11"] }\n' for n in range(64)]
    _, words, chinese = fault(text(*met, policy("all")))
    assert "(campaign cmp-11)" in words
    assert "（活动 cmp-11）" in chinese


WORDS = st.sampled_from(["", 'campaigns = ["c-1"]', 'skus = ["sku-1", "b"]', 'sellers = ["x"]'])


@given(st.lists(st.tuples(WORDS, WORDS), max_size=8))
def test_bound_is_never_too_low(filters: list[tuple[str, str]]) -> None:
    """Whatever the filters, a line is counted in no more counters than the bound says."""
    policies = [
        policy(f"p{n}") + f"include = {{ {', '.join(dict.fromkeys(filter(None, both)))} }}\n"
        for n, both in enumerate(filters)
    ]
    book = parse_limits(text(*policies), "f.toml")
    claims = book.claims(demand("o"), START_US)
    assert claims.counters <= _counters(_most(book.policies).policies)


def test_shipped_policies_leave_room() -> None:
    """The file that analysts copy is far from the bound."""
    claims = shipped_limits().claims(demand("o", **SHARED), START_US)
    assert 0 < claims.counters < LINE_COUNTERS_MAX // 2


def test_order_over_the_bound_is_refused_whole(tmp_path: Path) -> None:
    """It holds nothing and says why; a part of it is granted, and paid it is charged whole."""
    book = parse_limits(text(*[policy(f"p{n}", subject=FOUR, cap=500) for n in range(6)]), "f.toml")
    house = SqliteHouse(tmp_path, book)
    lines = [line(f"sku-{n}") for n in range(200)]
    large = demand("o-1", *lines, **SHARED)
    assert book.claims(large, START_US).counters == 4_800 > ORDER_COUNTERS_MAX
    call = Reserve(hold=HoldRequest(demand=large, ttl_us=600 * SECOND_US, partial=True))
    (answer,) = house.ledger.run([call], START_US)
    assert isinstance(answer, LedgerAnswer)
    assert answer.grant is not None
    assert (answer.grant.outcome, answer.grant.codes) == (Outcome.DENY, ("LIMIT_ORDER_TOO_LARGE",))
    assert answer.grant.uses == answer.grant.lines == ()
    assert house.ledger.usage("account", "a1", START_US) == []
    part = demand("o-2", *lines[:170], **SHARED)
    hold = house.ledger.hold([HoldRequest(demand=part, ttl_us=SECOND_US)], START_US)
    assert hold.grants[0].outcome is Outcome.ALLOW
    hold.dropped()
    (paid,) = house.ledger.run([Pay(demand=large)], START_US)
    assert isinstance(paid, LedgerAnswer)
    assert (paid.state, paid.late) == (ReservationState.CONFIRMED, True)
    assert len(house.ledger.usage("account", "a1", START_US)) == 1_200
    assert house.ledger.reconcile(repair=False, now_us=START_US) == []
    house.close()
