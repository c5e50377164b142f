"""What rules of the subject "refund" may ask of a claim, by name; what is missing is left out."""

from collections.abc import Iterable, Mapping

from risk_service.decisions.refunds.history import OrderLife
from risk_service.domain.assessment import Value
from risk_service.domain.decision import DecisionRecord
from risk_service.domain.order import Order
from risk_service.domain.refund import Recalculation, RefundClaim
from risk_service.domain.vocabulary import Abuse, VerificationLevel
from risk_service.rules.order_values import OrderFacts, order_fact

HOUR_US = 3_600_000_000
# Told of the order as its own rules are told them.
_OF_LINES = ("spus", "categories", "lines_without_spu", "lines_without_category")
_NOTHING_ELSE = OrderFacts()


def order_facts(order: Order) -> dict[str, Value]:
    """Return what is known of the order that is claimed for."""
    promotions = {line.promotion_type.name for line in order.lines}
    promotions |= {discount.promotion_type.name for discount in order.discounts}
    known: dict[str, Value | None] = {
        "promotion_types": tuple(sorted(promotions)),
        "campaign_ids": _texts(line.campaign_id for line in order.lines),
        "skus": _texts(line.sku for line in order.lines),
        **{name: _of_lines(name, order) for name in _OF_LINES},
        "seller_ids": _texts(line.seller_id for line in order.lines),
        "coupon_ids": _texts(discount.coupon_id for discount in order.discounts),
        "currency": order.currency_code,
        "address_region": order.traits.address_region or None,
        "verified_level": level_value(order.verification_level),
        "discount_minor": float(order.discount_minor),
    }
    return present(known)


def claim_facts(
    record: DecisionRecord,
    claim: RefundClaim,
    life: OrderLife,
    recalculation: Recalculation,
    now_us: int,
) -> dict[str, Value]:
    """Return what is known of the claim itself and of the order's life so far."""
    order = record.order
    asked_minor = claim.amount_minor + life.refunded_minor
    return present(
        {
            "claim_reason": claim.reason.name,
            "claim_minor": float(claim.amount_minor),
            "claim_share": asked_minor / order.payable_minor if order.payable_minor else None,
            "claims_on_order": float(life.claims + 1),
            "since_order_hours": _hours(order.ordered_at_us, now_us),
            "since_delivery_hours": _hours(life.delivered_us, now_us),
            "paid": life.paid_us is not None,
            "stopped": life.stopped_us is not None,
            "delivered": life.delivered_us is not None,
            "shipped": life.shipped_us is not None,
            "refunded_minor": float(life.refunded_minor),
            "rest_goods_minor": recalculation.rest_goods_minor,
            "threshold_minor": claim.threshold_minor,
            "recalculated_minor": recalculation.recalculated_minor,
            "excess_minor": float(recalculation.excess_minor),
            "below_threshold": recalculation.below_threshold,
            "gift_kept": claim.gift_kept,
            "photos_attached": claim.photos_attached,
            "goods_returned": claim.goods_returned,
            "return_weight_ratio": first_told(claim.weight_ratio, life.return_weight_ratio),
            "parcel_weight_ratio": life.parcel_weight_ratio,
            "order_outcome": record.decision.outcome.name,
            "order_refund_score": _refund_score(record),
        }
    )


def present(values: Mapping[str, Value | int | None]) -> dict[str, Value]:
    """Leave out what is missing; whole numbers become float, the one kind of number in rules."""
    return {
        name: float(value) if type(value) is int else value
        for name, value in values.items()
        if value is not None
    }


def level_value(level: VerificationLevel) -> float | None:
    """Return 0 to 3, None when nobody said."""
    return None if level is VerificationLevel.UNSPECIFIED else float(level - 1)


def first_told(*ratios: float | None) -> float | None:
    """Return the first that is known."""
    return next((one for one in ratios if one is not None), None)


def _hours(since_us: int | None, now_us: int) -> float | None:
    return None if since_us is None else max(0, now_us - since_us) / HOUR_US


def _refund_score(record: DecisionRecord) -> float | None:
    scores = [one.score for one in record.decision.scores if one.abuse is Abuse.REFUND]
    return float(scores[0]) if scores else None


def _of_lines(name: str, order: Order) -> Value | None:
    found = order_fact(name, order, _NOTHING_ELSE)
    return tuple(found) if isinstance(found, list) else found


def _texts(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(value for value in values if value))
