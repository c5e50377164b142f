"""What an order is worth once claimed goods are taken out of it.

A spend-and-save reduction holds from a threshold of goods value on. A partial refund that
drops the rest below it leaves the customer a reduction that the rest would not have got: the
refund is worked out again as if the rest alone had been bought. Whole minor units, rounded in
the shop's favour; other reductions go with the goods in proportion.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from risk_service.domain.order import Order
from risk_service.domain.refund import ClaimedLine, Recalculation, RefundClaim
from risk_service.domain.vocabulary import PromotionType


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """What was claimed of the order before: goods value, and money granted for it."""

    goods_minor: int = 0
    granted_minor: int = 0


def recalculated(order: Order, claim: RefundClaim, before: Before) -> Recalculation:
    """Return what the claim comes to.

    Parameters
    ----------
    before
        Of claims on the order before this one, those that were denied left out.
    """
    goods_minor = order.goods_minor
    gone_minor = min(goods_minor, before.goods_minor + claimed_goods_minor(order, claim))
    rest_minor = goods_minor - gone_minor
    reduced_minor = _spend_and_save_minor(order)
    is_partial = rest_minor > 0
    if not is_partial or not reduced_minor:
        below: bool | None = False
    else:
        below = None if claim.threshold_minor is None else rest_minor < claim.threshold_minor
    if below is None:
        return Recalculation(
            is_partial=is_partial,
            rest_goods_minor=rest_minor,
            below_threshold=None,
            recalculated_minor=None,
            excess_minor=0,
        )
    paid_minor = goods_minor - order.discount_minor
    most_minor = paid_minor - _price_minor(order, rest_minor, 0 if below else reduced_minor)
    if not is_partial:
        most_minor += order.shipping_minor
    most_minor = max(0, most_minor - before.granted_minor)
    return Recalculation(
        is_partial=is_partial,
        rest_goods_minor=rest_minor,
        below_threshold=below,
        recalculated_minor=most_minor,
        excess_minor=max(0, claim.amount_minor - most_minor),
    )


def claimed_goods_minor(order: Order, claim: RefundClaim) -> int:
    """Return the goods value of a claim, estimated from the money where no line is told."""
    if claim.lines:
        return lines_minor(order, claim.lines)
    paid_minor = order.goods_minor - order.discount_minor
    if claim.amount_minor >= paid_minor or paid_minor <= 0:
        return order.goods_minor
    # Rounded up: an estimate must not leave a rest that the money does not cover.
    return -(-claim.amount_minor * order.goods_minor // paid_minor)


def lines_minor(order: Order, lines: Sequence[ClaimedLine]) -> int:
    """Return the goods value of units, the dearest units of a SKU first."""
    total = 0
    for claimed in lines:
        left = claimed.quantity
        of_sku = [line for line in order.lines if line.sku == claimed.sku]
        for line in sorted(of_sku, key=lambda one: -one.unit_price_minor):
            units = min(left, line.quantity)
            total += units * line.unit_price_minor
            left -= units
    return total


def units_of(order: Order, sku: str) -> int:
    """Return how many units of a SKU the order has; 0 for a SKU that it has not."""
    return sum(line.quantity for line in order.lines if line.sku == sku)


def _spend_and_save_minor(order: Order) -> int:
    return sum(
        discount.amount_minor
        for discount in order.discounts
        if discount.promotion_type is PromotionType.SPEND_AND_SAVE
    )


def _price_minor(order: Order, rest_minor: int, reduced_minor: int) -> int:
    """Return what the rest alone costs with its share of the reductions that it keeps."""
    goods_minor = order.goods_minor
    if not rest_minor or not goods_minor:
        return 0
    other_minor = order.discount_minor - _spend_and_save_minor(order)
    kept_minor = (other_minor + reduced_minor) * rest_minor // goods_minor
    return rest_minor - kept_minor
