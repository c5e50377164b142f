"""What requests about reservations may hold.

Rows as in ``constraints``; ``docs/api.md`` is made from them too.
"""

from risk_service.domain.reservation import ReleaseReason
from risk_service.domain.vocabulary import PromotionType, VerificationLevel
from risk_service.rpc.constraints import (
    MONEY_MINOR_MAX,
    Constraint,
    Kind,
    enum_field,
    id_field,
    number_field,
    section,
    text_field,
)

TTL_S_MAX = 365 * 86_400
DELTA_MAX = 10**12


def _subjects(prefix: str) -> tuple[Constraint, ...]:
    return (
        id_field(f"{prefix}subjects.account_id", 0),
        id_field(f"{prefix}subjects.device_id", 0, 256),
        id_field(f"{prefix}subjects.payment_instrument_id", 0),
        text_field(f"{prefix}subjects.phone", 64),
        text_field(f"{prefix}subjects.real_name_id", 64),
        text_field(f"{prefix}subjects.address.region", 128),
        text_field(f"{prefix}subjects.address.city", 128),
        text_field(f"{prefix}subjects.address.district", 128),
        text_field(f"{prefix}subjects.address.detail", 512),
        text_field(f"{prefix}subjects.address.postcode", 32),
        Constraint(field=f"{prefix}subjects.ip", kind=Kind.IP_IF_KNOWN),
    )


RESERVATION_ID = id_field("reservation_id", 1, 64)

CHECK = (
    Constraint(field="demand", kind=Kind.PRESENT),
    id_field("demand.reservation_id", 1, 64),
    *_subjects("demand."),
    Constraint(field="demand.lines", kind=Kind.COUNT, low=0, high=200),
    id_field("demand.lines[].sku", 1),
    number_field("demand.lines[].quantity", 10_000, 1),
    number_field("demand.lines[].unit_price_minor", MONEY_MINOR_MAX),
    id_field("demand.lines[].seller_id", 0),
    id_field("demand.lines[].campaign_id", 0),
    id_field("demand.lines[].spu", 0),
    id_field("demand.lines[].category", 0),
    enum_field("demand.lines[].promotion_type", PromotionType),
    Constraint(field="demand.discounts", kind=Kind.COUNT, low=0, high=50),
    id_field("demand.discounts[].coupon_id", 0),
    enum_field("demand.discounts[].promotion_type", PromotionType),
    number_field("demand.discounts[].amount_minor", MONEY_MINOR_MAX),
    Constraint(field="demand.benefits", kind=Kind.COUNT, low=0, high=50),
    id_field("demand.benefits[].campaign_id", 0),
    enum_field("demand.benefits[].promotion_type", PromotionType, 1),
    number_field("demand.benefits[].quantity", 10_000, 1),
    id_field("demand.currency_code", 0, 3),
    enum_field("demand.verification_level", VerificationLevel),
    id_field("demand.drop_id", 0),
    Constraint(field="demand.account_registered_at", kind=Kind.PAST_TIME),
    id_field("demand.member_level", 0, 64),
)
RESERVE = (*CHECK, number_field("ttl_s", TTL_S_MAX, 1))
CONFIRM = (RESERVATION_ID,)
CANCEL = (RESERVATION_ID, enum_field("reason", ReleaseReason))
EXTEND = (RESERVATION_ID, Constraint(field="expires_at", kind=Kind.EVENT_TIME))
RELEASE = (
    RESERVATION_ID,
    id_field("release_id", 1, 64),
    enum_field("reason", ReleaseReason, 1),
    Constraint(field="lines", kind=Kind.COUNT, low=0, high=200),
    id_field("lines[].sku", 1),
    number_field("lines[].quantity", 10_000, 1),
)
GET_USAGE = (Constraint(field="subjects", kind=Kind.PRESENT), *_subjects(""))
ADJUST = (
    id_field("adjustment_id", 1, 64),
    id_field("policy_id", 1, 64),
    id_field("subject", 1),
    *_subjects(""),
    text_field("scope", 300),
    number_field("delta", DELTA_MAX, -DELTA_MAX),
    text_field("reason", 500, 1),
)
REJECT_ADJUSTMENT = (text_field("note", 500, 1),)


def markdown() -> str:
    """Return the tables of ``docs/api.md``, one per request."""
    return "\n".join(
        [
            section("LimitService: CheckRequest", CHECK),
            section("LimitService: ReserveRequest, beside those of CheckRequest", RESERVE[-1:]),
            section("LimitService: ConfirmRequest", CONFIRM),
            section("LimitService: CancelRequest", CANCEL),
            section("LimitService: ExtendRequest", EXTEND),
            section("LimitService: ReleaseRequest", RELEASE),
            section("LimitService: GetUsageRequest", GET_USAGE),
            section("LimitService: AdjustRequest", ADJUST),
            section("LimitService: RejectAdjustmentRequest", REJECT_ADJUSTMENT),
        ]
    )
