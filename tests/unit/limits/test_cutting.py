"""Orders cut to what several limits leave: no more, hardly less, whatever the order of policies."""

from collections.abc import Sequence
from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.domain.grant import DemandLine
from risk_service.domain.vocabulary import Outcome
from tests.fixtures.ledgers import demand, line
from tests.fixtures.limit_texts import policy
from tests.fixtures.weighing import book, granted, weighed

Limit = tuple[str, str, int]
limits = st.lists(
    st.tuples(
        st.sampled_from(["everything", "sku", "campaign"]),
        st.sampled_from(["units", "units", "amount"]),
        st.integers(1, 8),
    ),
    min_size=1,
    max_size=3,
)
baskets = st.lists(
    st.builds(
        lambda sku, units, price, campaign: line(sku, units, price_minor=price, campaign=campaign),
        st.sampled_from(["a", "b", "c"]),
        st.integers(1, 5),
        st.sampled_from([0, 1, 3]),
        st.sampled_from(["x", "y"]),
    ),
    min_size=1,
    max_size=4,
)


def _texts(some: Sequence[Limit], order: Sequence[int], more: str = "") -> list[str]:
    """Return policies as a file says them, those first in an order with the greater priority."""
    found = []
    for place, number in enumerate(order):
        per, measure, cap = some[number]
        text = policy(f"p{number}", per=per, measure=measure, cap=cap, on_exceed="cap_quantity")
        money = 'currency = "CNY"\n' if measure == "amount" else more
        found.append(f"{text}{money}priority = {100 - place}\n")
    return found


def _fits(some: Sequence[Limit], lines: Sequence[DemandLine], units: Sequence[int]) -> bool:
    """Tell whether so many units of each line are within all limits, each added up by itself."""
    for per, measure, cap in some:
        sums: dict[str, int] = {}
        for one, count in zip(lines, units, strict=True):
            key = {"everything": "", "sku": one.sku, "campaign": one.campaign_id}[per]
            money_minor = -(-one.amount_minor * count // one.quantity)
            sums[key] = sums.get(key, 0) + (count if measure == "units" else money_minor)
        if any(total > cap for total in sums.values()):
            return False
    return True


@settings(max_examples=150)
@given(limits, baskets)
def test_nothing_is_taken_off_that_fits(some: list[Limit], lines: list[DemandLine]) -> None:
    """All limits hold; no line could have one unit more; the order of the policies says nothing."""
    asked = demand("o", *lines)
    found = [
        weighed(book(*_texts(some, order)), asked).grant for order in permutations(range(len(some)))
    ]
    assert len({(one.outcome, *granted(one)) for one in found}) == 1
    units = granted(found[0]) if found[0].outcome is not Outcome.DENY else [0] * len(lines)
    assert _fits(some, lines, units)
    for place, one in enumerate(lines):
        more = [count + (at == place) for at, count in enumerate(units)]
        assert units[place] == one.quantity or not _fits(some, lines, more)


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_narrow_limit_makes_room_in_a_wide_one(order: tuple[int, int]) -> None:
    """Four units in all, one of them of the first campaign: one and three, not one and one."""
    some = [("everything", "units", 4), ("campaign", "units", 1)]
    texts = _texts(some, order)
    narrow = order.index(1)
    texts[narrow] += 'include = { campaigns = ["x"] }\n'
    asked = demand("o", line("a", 3, campaign="x"), line("b", 3, campaign="y"))
    assert granted(weighed(book(*texts), asked).grant) == [1, 3]


def test_what_a_minimum_takes_off_is_room_for_others() -> None:
    """Less than four of the first SKU are not sold; the second has the room instead."""
    texts = (
        policy("all", per="everything", cap=5, on_exceed="cap_quantity"),
        policy("first", cap=9, on_exceed="cap_quantity")
        + 'minimum = 4\ninclude = { skus = ["a"] }\n',
    )
    asked = demand("o", line("a", 3), line("b", 5))
    grant = weighed(book(*texts), asked).grant
    assert (grant.outcome, granted(grant)) == (Outcome.LIMIT_QUANTITY, [0, 5])
    assert "LIMIT_QUANTITY_STEP" in grant.codes


def test_a_coupon_is_taken_off_whole_or_not_at_all() -> None:
    """One that is worth too much stays off, and leaves its room to the next."""
    text = policy(per="everything", measure="discount", cap=50, on_exceed="cap_quantity")
    coupons = [
        line("", 1, campaign=f"c{minor}", price_minor=0, discount_minor=minor)
        for minor in (80, 30, 30, 20)
    ]
    grant = weighed(book(text + 'currency = "CNY"\n'), demand("o", line("a"), *coupons)).grant
    assert granted(grant) == [1, 0, 1, 0, 1]


@pytest.mark.parametrize("on_exceed", ["cap_quantity", "excess_at_full_price"])
def test_a_coupon_that_is_left_out_is_no_quantity(on_exceed: str) -> None:
    """All goods are sold: what is said is that the coupon must not be taken off, and which."""
    text = policy(per="everything", measure="redemptions", cap=1, on_exceed=on_exceed)
    coupon = line("", 1, campaign="c", price_minor=0, discount_minor=80)
    grant = weighed(book(text), demand("o", line("a"), coupon, coupon)).grant
    assert grant.outcome is Outcome.LIMIT_QUANTITY
    assert (grant.codes, granted(grant)) == (("LIMIT_REDUCTION_LEFT_OUT",), [1, 1, 0])
    fewer = policy("units", cap=2, on_exceed=on_exceed)
    both = weighed(book(text, fewer), demand("o", line("a", 3), coupon, coupon)).grant
    goods = {
        "cap_quantity": "LIMIT_QUANTITY_REDUCED",
        "excess_at_full_price": "LIMIT_EXCESS_AT_FULL_PRICE",
    }
    assert both.codes == (goods[on_exceed], "LIMIT_REDUCTION_LEFT_OUT")
    assert granted(both) == [2, 1, 0]
