"""What a claim meets on its order: its lines, and what other claims took before."""

from risk_service.decisions.assessing.pending import Pending
from risk_service.decisions.refunds.history import OrderLife
from risk_service.decisions.refunds.recalculation import Before, claimed_goods_minor, units_of
from risk_service.domain.assessment import claim_subject
from risk_service.domain.errors import InvalidInput, Violation
from risk_service.domain.order import Order
from risk_service.domain.refund import RefundClaim
from risk_service.domain.vocabulary import Outcome

VIOLATIONS_MAX = 20


def before_claim(order: Order, pending: Pending, life: OrderLife) -> Before:
    """Return what other claims took of the order; reported money counts where it says more."""
    goods_minor = granted_minor = 0
    for claim_id in life.claim_ids:
        other = pending.latest_of(claim_subject(order.order_id, claim_id))
        if other is None or other.refund is None or other.decision.outcome is Outcome.DENY:
            continue
        most = other.refund.recalculation.recalculated_minor
        asked = other.refund.claim.amount_minor
        goods_minor += claimed_goods_minor(order, other.refund.claim)
        granted_minor += asked if most is None else min(asked, most)
    paid_minor = order.goods_minor - order.discount_minor
    if life.refunded_minor > granted_minor and paid_minor > 0:
        granted_minor = life.refunded_minor
        goods_minor = max(goods_minor, life.refunded_minor * order.goods_minor // paid_minor)
    return Before(goods_minor=goods_minor, granted_minor=granted_minor)


def require_lines(order: Order, claim: RefundClaim) -> None:
    """Hold the claim's lines to those of the order.

    Raises
    ------
    InvalidInput
        A line is none of the order, or claims more units than were ordered; names the fields.
    """
    violations = []
    asked: dict[str, int] = {}
    for place, line in enumerate(claim.lines):
        field = f"claim.lines[{place}]"
        ordered = units_of(order, line.sku)
        asked[line.sku] = asked.get(line.sku, 0) + line.quantity
        if not ordered:
            words = "must be a SKU of the order"
            violations.append(Violation(field=f"{field}.sku", description=words))
        elif asked[line.sku] > ordered:
            words = f"must be at most the {ordered} units ordered, is {asked[line.sku]}"
            violations.append(Violation(field=f"{field}.quantity", description=words))
    if violations:
        raise InvalidInput(tuple(violations[:VIOLATIONS_MAX]))
