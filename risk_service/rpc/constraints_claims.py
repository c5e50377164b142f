"""What requests about claims, promotion actions and real names may hold.

Rows as in ``constraints``; ``docs/api.md`` is made from them too.
"""

from risk_service.domain.benefit import BenefitType, SubsidyKind
from risk_service.domain.verification import PhoneCodeResult
from risk_service.domain.vocabulary import EventReason, VerificationLevel
from risk_service.rpc.constraints import (
    MONEY_MINOR_MAX,
    REQUEST_ID,
    Constraint,
    Kind,
    enum_field,
    id_field,
    number_field,
    section,
    text_field,
)

CLAIM_LINES_MAX = 200
COUNT_MAX = 1_000_000
POINTS_MAX = 10**12


SCORE_REFUND = (
    REQUEST_ID,
    Constraint(field="claim", kind=Kind.PRESENT),
    id_field("claim.order_id", 1, 64),
    id_field("claim.claim_id", 1, 64),
    Constraint(field="claim.claimed_at", kind=Kind.ORDER_TIME),
    number_field("claim.amount_minor", MONEY_MINOR_MAX, 1),
    enum_field("claim.reason", EventReason),
    Constraint(field="claim.lines", kind=Kind.COUNT, low=0, high=CLAIM_LINES_MAX),
    id_field("claim.lines[].sku", 1),
    number_field("claim.lines[].quantity", 10_000, 1),
    number_field("claim.weight_ratio", 1000),
    number_field("claim.spend_and_save_threshold_minor", MONEY_MINOR_MAX),
)

_ACTION = (
    REQUEST_ID,
    Constraint(field="action_id", kind=Kind.ASCII_ID, low=1, high=64),
    enum_field("type", BenefitType, 1),
    Constraint(field="occurred_at", kind=Kind.ORDER_TIME),
)
CUSTOMER_ACTION = (
    *_ACTION,
    Constraint(field="customer.action", kind=Kind.PRESENT),
    id_field("customer.action.account_id", 1),
    id_field("customer.action.device_id", 0, 256),
    Constraint(field="customer.action.ip", kind=Kind.IP_IF_KNOWN),
    id_field("customer.action.campaign_id", 0),
    id_field("customer.action.related_account_id", 0),
    Constraint(field="customer.account_registered_at", kind=Kind.PAST_TIME),
    enum_field("customer.verification_level", VerificationLevel),
    number_field("customer.benefit_minor", MONEY_MINOR_MAX),
    number_field("customer.points", POINTS_MAX),
    number_field("customer.coupon_threshold_minor", MONEY_MINOR_MAX),
    Constraint(field="customer.related_registered_at", kind=Kind.PAST_TIME),
    number_field("customer.group.size", COUNT_MAX),
    number_field("customer.group.devices", COUNT_MAX),
    number_field("customer.group.ips", COUNT_MAX),
    number_field("customer.group.overlap_share", 1),
    number_field("customer.draws_30d", COUNT_MAX),
    number_field("customer.wins_30d", COUNT_MAX),
    number_field("customer.points_refunded_30d", POINTS_MAX),
)
SELLER_ACTION = (
    *_ACTION,
    id_field("seller.seller_id", 1),
    id_field("seller.campaign_id", 0),
    enum_field("seller.kind", SubsidyKind, 1),
    Constraint(field="seller.currency_code", kind=Kind.CURRENCY),
    number_field("seller.amount_minor", MONEY_MINOR_MAX, 1),
    number_field("seller.seller_rating", 5),
    number_field("seller.seller_violations_90d", COUNT_MAX),
)

VERIFY_REAL_NAME = (
    REQUEST_ID,
    id_field("account_id", 1),
    text_field("name", 128),
    text_field("real_name_id", 64),
    enum_field("phone_code_result", PhoneCodeResult),
    id_field("face_token", 0, 512),
)


def markdown() -> str:
    """Return the tables of ``docs/api.md``, one per request."""
    return "\n".join(
        [
            section("ScoreRefundRequest", SCORE_REFUND),
            section("AssessPromotionActionRequest with a customer", CUSTOMER_ACTION),
            section("AssessPromotionActionRequest with a seller", SELLER_ACTION[len(_ACTION) :]),
            section("VerifyRealNameRequest", VERIFY_REAL_NAME),
        ]
    )
