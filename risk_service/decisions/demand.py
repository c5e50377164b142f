"""What an order asks of the purchase limits, in their terms."""

from collections.abc import Sequence

from risk_service.domain.decision import QuantityLimit
from risk_service.domain.grant import Demand, DemandLine
from risk_service.domain.order import Order

NEW_ACCOUNT_US = 7 * 86_400 * 1_000_000
CLUSTER = "identity_cluster"
TRUE, FALSE = "true", "false"


def demand_of(
    order: Order, fingerprint: bytes, *, now_us: int, passed: bool, cluster: Sequence[str]
) -> Demand:
    """Return the demand of a whole order.

    Parameters
    ----------
    passed
        Whether the customer has just passed a challenge.
    cluster
        Accounts of the order's identity cluster, the one that names it first; may be empty.
    """
    return Demand(
        reservation_id=order.order_id,
        fingerprint=fingerprint,
        at_us=now_us,
        subjects=_subjects(order, cluster),
        lines=_lines(order),
        verification_level=order.verification_level,
        traits={
            "is_new_account": _is_new(order, now_us),
            "address_region": order.traits.address_region,
            "phone_region": order.traits.phone_region,
            "currency": order.currency_code,
            "entry_path": order.entry_path.name,
            "challenge_passed": TRUE if passed else FALSE,
        },
        drop_id=order.drop_id,
        cluster=tuple(cluster),
    )


def capped(lines: Sequence[DemandLine], limits: Sequence[QuantityLimit]) -> tuple[DemandLine, ...]:
    """Return the lines cut down to what may be sold of each SKU, the first lines first."""
    left = {limit.sku: limit.allowed for limit in limits}
    return tuple(_cut(line, left) for line in lines if left.get(line.sku, 1) > 0)


def _cut(line: DemandLine, left: dict[str, int]) -> DemandLine:
    allowed = left.get(line.sku)
    if allowed is None:
        return line
    quantity = min(line.quantity, allowed)
    left[line.sku] = allowed - quantity
    return DemandLine(
        sku=line.sku,
        seller_id=line.seller_id,
        campaign_id=line.campaign_id,
        promotion_type=line.promotion_type,
        quantity=quantity,
        amount_minor=line.amount_minor * quantity // line.quantity,
        discount_minor=line.discount_minor,
    )


def _lines(order: Order) -> tuple[DemandLine, ...]:
    goods = [
        DemandLine(
            sku=line.sku,
            seller_id=line.seller_id,
            campaign_id=line.campaign_id,
            promotion_type=line.promotion_type,
            quantity=line.quantity,
            amount_minor=line.quantity * line.unit_price_minor,
        )
        for line in order.lines
    ]
    # A line without a SKU is a redemption.
    redeemed = [
        DemandLine(
            sku="",
            seller_id="",
            campaign_id=discount.coupon_id,
            promotion_type=discount.promotion_type,
            quantity=1,
            amount_minor=0,
            discount_minor=discount.amount_minor,
        )
        for discount in order.discounts
    ]
    return (*goods, *redeemed)


def _subjects(order: Order, cluster: Sequence[str]) -> dict[str, str]:
    tokens = order.tokens
    return {
        CLUSTER: cluster[0] if cluster else "",
        "account": tokens.account,
        "device": tokens.device,
        "payment": tokens.payment,
        "phone": tokens.phone,
        "real_name": tokens.real_name,
        "address_door": tokens.address_door,
        "address_building": tokens.address_building,
        "ip": tokens.ip,
        "ip_block": tokens.ip_block,
    }


def _is_new(order: Order, now_us: int) -> str:
    registered_us = order.account_registered_at_us
    if registered_us is None:
        return ""
    return TRUE if now_us - registered_us < NEW_ACCOUNT_US else FALSE
