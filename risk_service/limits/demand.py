"""What an order asks of the limits: one reading for decisions, payments and late charges."""

from collections.abc import Sequence

from risk_service.domain.grant import Demand, DemandLine
from risk_service.domain.order import Discount, Order, OrderLine
from risk_service.domain.vocabulary import PromotionType
from risk_service.limits.policy import CLUSTER

# Younger accounts are new for a tier that asks.
NEW_ACCOUNT_US = 7 * 86_400 * 1_000_000
TRUE, FALSE = "true", "false"


def demand_of_order(
    order: Order,
    fingerprint: bytes,
    *,
    now_us: int,
    passed: bool = False,
    cluster: Sequence[str] = (),
) -> Demand:
    """Return the demand of a whole order: its lines, then a redemption for every discount.

    Parameters
    ----------
    passed
        Whether the customer has just passed a challenge.
    cluster
        Accounts of the order's identity cluster, the one that names it first; may be empty.
    """
    traits = {
        "is_new_account": _is_new(order, now_us),
        "member_level": order.member_level,
        "address_region": order.traits.address_region,
        "phone_region": order.traits.phone_region,
        "currency": order.currency_code,
        "entry_path": order.entry_path.name,
        "challenge_passed": TRUE if passed else FALSE,
    }
    lines = [_goods(line) for line in order.lines]
    lines += [_redemption(discount) for discount in order.discounts]
    return Demand(
        order.order_id,
        fingerprint,
        now_us,
        _subjects(order, cluster),
        tuple(lines),
        order.verification_level,
        traits,
        order.drop_id,
        tuple(cluster),
    )


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


def _goods(line: OrderLine) -> DemandLine:
    return DemandLine(
        line.sku,
        line.seller_id,
        line.campaign_id,
        line.promotion_type,
        line.quantity,
        line.quantity * line.unit_price_minor,
        0,
        line.spu,
        line.category,
    )


def _redemption(discount: Discount) -> DemandLine:
    kind = discount.promotion_type
    if discount.coupon_id and kind is PromotionType.UNSPECIFIED:
        kind = PromotionType.COUPON
    return DemandLine(
        sku="",
        seller_id="",
        campaign_id=discount.coupon_id,
        promotion_type=kind,
        quantity=1,
        amount_minor=0,
        discount_minor=discount.amount_minor,
    )


def _is_new(order: Order, now_us: int) -> str:
    registered_us = order.account_registered_at_us
    if registered_us is None:
        return ""
    return TRUE if now_us - registered_us < NEW_ACCOUNT_US else FALSE
