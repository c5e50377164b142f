"""A refund is worked out again below the spend-and-save threshold."""

import random
from itertools import accumulate

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from risk_service.decisions.refunds.recalculation import Before, recalculated
from risk_service.domain.order import Discount, Order, OrderLine
from risk_service.domain.refund import ClaimedLine, RefundClaim
from risk_service.domain.vocabulary import EventReason, PromotionType
from tests.fixtures.records import order

SAVE = PromotionType.SPEND_AND_SAVE


def basket(prices: list[int], *, saved: int, other: int = 0) -> Order:
    """Return an order of one unit per price, reduced by spend-and-save and another discount."""
    lines = tuple(
        OrderLine(sku=f"sku-{n}", quantity=1, unit_price_minor=price, seller_id="s")
        for n, price in enumerate(prices)
    )
    goods = sum(prices)
    discounts = (
        Discount(amount_minor=saved, promotion_type=SAVE),
        Discount(amount_minor=other, coupon_id="c"),
    )
    return replace(
        order(),
        lines=lines,
        discounts=discounts,
        goods_minor=goods,
        discount_minor=saved + other,
        shipping_minor=700,
        payable_minor=goods - saved - other + 700,
    )


def claim(*skus: int, amount: int = 1, threshold: int | None = 30_000) -> RefundClaim:
    """Return a claim for one unit of each of these lines."""
    return RefundClaim(
        order_id="o-1",
        claim_id="c-1",
        at_us=1,
        amount_minor=amount,
        reason=EventReason.CHANGED_MIND,
        lines=tuple(ClaimedLine(sku=f"sku-{n}", quantity=1) for n in skus),
        threshold_minor=threshold,
    )


def test_above_the_threshold_the_reduction_goes_in_proportion() -> None:
    """400.00 less 40.00: a unit of 100.00 comes to 90.00 while 300.00 remain."""
    found = recalculated(basket([10_000] * 4, saved=4_000), claim(0, amount=9_000), Before())
    assert (found.is_partial, found.below_threshold) == (True, False)
    assert (found.rest_goods_minor, found.recalculated_minor, found.excess_minor) == (
        30_000,
        9_000,
        0,
    )


def test_below_the_threshold_the_reduction_is_taken_back() -> None:
    """350.00 less 60.00: the customer paid 290.00 and keeps 250.00 of goods, so 40.00 go back."""
    bought = basket([10_000, 10_000, 10_000, 5_000], saved=6_000)
    found = recalculated(bought, claim(0, amount=10_000), Before())
    assert (found.below_threshold, found.recalculated_minor, found.excess_minor) == (
        True,
        4_000,
        6_000,
    )


def test_the_whole_order_gives_back_what_was_paid_with_shipping() -> None:
    """Nothing remains: payable comes back, and no threshold matters."""
    bought = basket([10_000, 20_000], saved=5_000)
    found = recalculated(bought, claim(0, 1, amount=25_700, threshold=None), Before())
    assert (found.is_partial, found.below_threshold) == (False, False)
    assert (found.recalculated_minor, found.excess_minor) == (25_700, 0)


def test_a_partial_refund_of_unknown_threshold_cannot_be_told() -> None:
    """A reduction without a known threshold: nothing is worked out, and that is said."""
    found = recalculated(basket([10_000, 20_000], saved=5_000), claim(0, threshold=None), Before())
    assert (found.below_threshold, found.recalculated_minor) == (None, None)


def test_an_order_without_the_reduction_needs_no_threshold() -> None:
    """A coupon goes with the goods in proportion."""
    bought = basket([10_000, 20_000], saved=0, other=3_000)
    found = recalculated(bought, claim(0, amount=9_000, threshold=None), Before())
    assert (found.below_threshold, found.recalculated_minor) == (False, 9_000)


def test_goods_are_estimated_from_the_money_when_no_line_is_told() -> None:
    """Leaving the lines out hides no fall below the threshold."""
    bought = basket([10_000, 10_000, 10_000, 5_000], saved=6_000)
    found = recalculated(bought, claim(amount=10_000), Before())
    assert found.below_threshold is True


@given(
    prices=st.lists(st.integers(1, 50_000), min_size=1, max_size=6),
    saved=st.integers(0, 5_000),
    other=st.integers(0, 3_000),
    threshold=st.integers(0, 200_000),
    seed=st.integers(0, 2**32),
)
def test_no_order_of_partial_claims_gets_more_than_was_paid(
    prices: list[int], saved: int, other: int, threshold: int, seed: int
) -> None:
    """Claiming line by line in any order gives back the payable at most, never less than 0."""
    goods = sum(prices)
    saved, other = min(saved, goods // 2), min(other, goods // 4)
    bought = basket(prices, saved=saved, other=other)
    places = list(range(len(prices)))
    random.Random(seed).shuffle(places)
    granted: list[int] = []
    gone = 0
    for place in places:
        asked = claim(place, amount=prices[place], threshold=threshold)
        before = Before(goods_minor=gone, granted_minor=sum(granted))
        most = recalculated(bought, asked, before).recalculated_minor
        assert most is not None
        assert most >= 0
        granted.append(most)
        gone += prices[place]
    assert all(total <= bought.payable_minor for total in accumulate(granted))
    # Whoever gives everything back gets everything back.
    assert sum(granted) == bought.payable_minor
