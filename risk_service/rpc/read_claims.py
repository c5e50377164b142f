"""From parsed and valid messages to claims and promotion actions."""

from typing import Any

from risk_service.domain.action import RawAction
from risk_service.domain.benefit import (
    BenefitType,
    CustomerFacts,
    GroupFacts,
    RawBenefit,
    SubsidyClaim,
    SubsidyKind,
)
from risk_service.domain.errors import InvalidInput
from risk_service.domain.refund import ClaimedLine, RefundClaim
from risk_service.domain.vocabulary import EventReason, VerificationLevel
from risk_service.rpc.constraints_claims import CUSTOMER_ACTION, SCORE_REFUND, SELLER_ACTION
from risk_service.rpc.screen_event import RESERVED_PREFIX
from risk_service.rpc.validate import TimeWindow, micros, require


def refund_claim(request: Any, window: TimeWindow) -> RefundClaim:
    """Return the claim of a ``ScoreRefundRequest``.

    Raises
    ------
    InvalidInput
        A constraint is broken; every field at fault is named.
    """
    require(request, SCORE_REFUND, window)
    claim = request.claim
    return RefundClaim(
        order_id=claim.order_id,
        claim_id=claim.claim_id,
        at_us=micros(claim.claimed_at),
        amount_minor=claim.amount_minor,
        reason=EventReason(claim.reason),
        lines=tuple(ClaimedLine(sku=line.sku, quantity=line.quantity) for line in claim.lines),
        weight_ratio=optional(claim, "weight_ratio"),
        photos_attached=claim.photos_attached,
        goods_returned=claim.goods_returned,
        threshold_minor=optional(claim, "spend_and_save_threshold_minor"),
        gift_kept=optional(claim, "gift_kept"),
    )


def raw_benefit(request: Any, window: TimeWindow) -> RawBenefit:
    """Return the action of an ``AssessPromotionActionRequest``.

    Raises
    ------
    InvalidInput
        A constraint is broken, or the type does not go with who acts.
    """
    actor = request.WhichOneof("actor")
    if actor is None:
        raise InvalidInput.at("actor", "either customer or seller must be set")
    require(request, SELLER_ACTION if actor == "seller" else CUSTOMER_ACTION, window)
    benefit_type = BenefitType(request.type)
    if (benefit_type is BenefitType.SUBSIDY_CLAIM) is not (actor == "seller"):
        raise InvalidInput.at("type", f"{benefit_type.name} does not go with {actor}")
    if request.action_id.startswith(RESERVED_PREFIX):
        raise InvalidInput.at("action_id", f"must not begin with {RESERVED_PREFIX}")
    at_us = micros(request.occurred_at)
    if actor == "seller":
        return RawBenefit(
            action_id=request.action_id,
            benefit_type=benefit_type,
            at_us=at_us,
            subsidy=_subsidy(request.seller),
        )
    return RawBenefit(
        action_id=request.action_id,
        benefit_type=benefit_type,
        at_us=at_us,
        action=_action(request, benefit_type, at_us),
        facts=_facts(request.customer),
    )


def optional(message: Any, field: str) -> Any:
    """Return a field's value, None when it is unset."""
    return getattr(message, field) if message.HasField(field) else None


def _action(request: Any, benefit_type: BenefitType, at_us: int) -> RawAction:
    action = request.customer.action
    return RawAction(
        action_id=request.action_id,
        action_type=benefit_type.name,
        at_us=at_us,
        account_id=action.account_id,
        device_id=action.device_id,
        ip=action.ip,
        campaign_id=action.campaign_id,
        related_account_id=action.related_account_id,
    )


def _facts(customer: Any) -> CustomerFacts:
    group = customer.group
    return CustomerFacts(
        account_registered_at_us=_time(customer, "account_registered_at"),
        verification_level=VerificationLevel(customer.verification_level),
        benefit_minor=optional(customer, "benefit_minor"),
        points=optional(customer, "points"),
        coupon_threshold_minor=optional(customer, "coupon_threshold_minor"),
        related_registered_at_us=_time(customer, "related_registered_at"),
        group=GroupFacts(
            size=group.size,
            devices=group.devices,
            ips=group.ips,
            overlap_share=optional(group, "overlap_share"),
        )
        if customer.HasField("group")
        else None,
        draws_30d=optional(customer, "draws_30d"),
        wins_30d=optional(customer, "wins_30d"),
        points_refunded_30d=optional(customer, "points_refunded_30d"),
    )


def _subsidy(seller: Any) -> SubsidyClaim:
    return SubsidyClaim(
        # As an account's: a blank more is no seller with sums of its own.
        seller_id=seller.seller_id.strip(),
        campaign_id=seller.campaign_id,
        kind=SubsidyKind(seller.kind),
        currency_code=seller.currency_code,
        amount_minor=seller.amount_minor,
        seller_rating=optional(seller, "seller_rating"),
        seller_violations_90d=optional(seller, "seller_violations_90d"),
        transaction_proof_attached=seller.transaction_proof_attached,
        shipping_documents_attached=seller.shipping_documents_attached,
    )


def _time(message: Any, field: str) -> int | None:
    return micros(getattr(message, field)) if message.HasField(field) else None
