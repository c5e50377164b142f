"""What requests about claims, promotion actions and real names may hold.

Rows as in ``constraints``; ``docs/api.md`` is made from them too.
"""

from risk_service.domain.benefit import BenefitType, SubsidyKind
from risk_service.domain.verification import PhoneCodeResult
from risk_service.domain.vocabulary import EventReason, VerificationLevel
from risk_service.rpc.constraints import MONEY_MINOR_MAX, REQUEST_ID, Constraint, Kind, section

CLAIM_LINES_MAX = 200
COUNT_MAX = 1_000_000
POINTS_MAX = 10**12


def _id(field: str, low: int, high: int = 128) -> Constraint:
    return Constraint(field=field, kind=Kind.ID, low=low, high=high)


def _number(field: str, high: int, low: int = 0) -> Constraint:
    return Constraint(field=field, kind=Kind.NUMBER, low=low, high=high)


def _enum(field: str, high: int, low: int = 0) -> Constraint:
    return Constraint(field=field, kind=Kind.ENUM, low=low, high=high)


SCORE_REFUND = (
    REQUEST_ID,
    Constraint(field="claim", kind=Kind.PRESENT),
    _id("claim.order_id", 1, 64),
    _id("claim.claim_id", 1, 64),
    Constraint(field="claim.claimed_at", kind=Kind.ORDER_TIME),
    _number("claim.amount_minor", MONEY_MINOR_MAX, 1),
    _enum("claim.reason", max(EventReason)),
    Constraint(field="claim.lines", kind=Kind.COUNT, low=0, high=CLAIM_LINES_MAX),
    _id("claim.lines[].sku", 1),
    _number("claim.lines[].quantity", 10_000, 1),
    _number("claim.weight_ratio", 1000),
    _number("claim.spend_and_save_threshold_minor", MONEY_MINOR_MAX),
)

_ACTION = (
    REQUEST_ID,
    Constraint(field="action_id", kind=Kind.ASCII_ID, low=1, high=64),
    _enum("type", max(BenefitType), 1),
    Constraint(field="occurred_at", kind=Kind.ORDER_TIME),
)
CUSTOMER_ACTION = (
    *_ACTION,
    Constraint(field="customer.action", kind=Kind.PRESENT),
    _id("customer.action.account_id", 1),
    _id("customer.action.device_id", 0, 256),
    Constraint(field="customer.action.ip", kind=Kind.IP_IF_KNOWN),
    _id("customer.action.campaign_id", 0),
    _id("customer.action.related_account_id", 0),
    Constraint(field="customer.account_registered_at", kind=Kind.PAST_TIME),
    _enum("customer.verification_level", max(VerificationLevel)),
    _number("customer.benefit_minor", MONEY_MINOR_MAX),
    _number("customer.points", POINTS_MAX),
    _number("customer.coupon_threshold_minor", MONEY_MINOR_MAX),
    Constraint(field="customer.related_registered_at", kind=Kind.PAST_TIME),
    _number("customer.group.size", COUNT_MAX),
    _number("customer.group.devices", COUNT_MAX),
    _number("customer.group.ips", COUNT_MAX),
    _number("customer.group.overlap_share", 1),
    _number("customer.draws_30d", COUNT_MAX),
    _number("customer.wins_30d", COUNT_MAX),
    _number("customer.points_refunded_30d", POINTS_MAX),
)
SELLER_ACTION = (
    *_ACTION,
    _id("seller.seller_id", 1),
    _id("seller.campaign_id", 0),
    _enum("seller.kind", max(SubsidyKind), 1),
    Constraint(field="seller.currency_code", kind=Kind.CURRENCY),
    _number("seller.amount_minor", MONEY_MINOR_MAX, 1),
    _number("seller.seller_rating", 5),
    _number("seller.seller_violations_90d", COUNT_MAX),
)

VERIFY_REAL_NAME = (
    REQUEST_ID,
    _id("account_id", 1),
    Constraint(field="name", kind=Kind.TEXT, high=128),
    Constraint(field="real_name_id", kind=Kind.TEXT, high=64),
    _enum("phone_code_result", max(PhoneCodeResult)),
    _id("face_token", 0, 512),
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
