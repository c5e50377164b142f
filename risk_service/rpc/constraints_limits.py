"""What requests about reservations may hold.

Rows as in ``constraints``; ``docs/api.md`` is made from them too.
"""

from risk_service.domain.reservation import ReleaseReason
from risk_service.domain.vocabulary import PromotionType, VerificationLevel
from risk_service.rpc.constraints import MONEY_MINOR_MAX, Constraint, Kind, section

TTL_S_MAX = 365 * 86_400
DELTA_MAX = 10**12


def _id(field: str, low: int, high: int = 128) -> Constraint:
    return Constraint(field=field, kind=Kind.ID, low=low, high=high)


def _number(field: str, high: int, low: int = 0) -> Constraint:
    return Constraint(field=field, kind=Kind.NUMBER, low=low, high=high)


def _enum(field: str, high: int, low: int = 0) -> Constraint:
    return Constraint(field=field, kind=Kind.ENUM, low=low, high=high)


def _text(field: str, high: int, low: int = 0) -> Constraint:
    return Constraint(field=field, kind=Kind.TEXT, low=low, high=high)


def _subjects(prefix: str) -> tuple[Constraint, ...]:
    return (
        _id(f"{prefix}subjects.account_id", 0),
        _id(f"{prefix}subjects.device_id", 0, 256),
        _id(f"{prefix}subjects.payment_instrument_id", 0),
        _text(f"{prefix}subjects.phone", 64),
        _text(f"{prefix}subjects.real_name_id", 64),
        _text(f"{prefix}subjects.address.region", 128),
        _text(f"{prefix}subjects.address.city", 128),
        _text(f"{prefix}subjects.address.district", 128),
        _text(f"{prefix}subjects.address.detail", 512),
        _text(f"{prefix}subjects.address.postcode", 32),
        Constraint(field=f"{prefix}subjects.ip", kind=Kind.IP_IF_KNOWN),
    )


RESERVATION_ID = _id("reservation_id", 1, 64)

CHECK = (
    Constraint(field="demand", kind=Kind.PRESENT),
    _id("demand.reservation_id", 1, 64),
    *_subjects("demand."),
    Constraint(field="demand.lines", kind=Kind.COUNT, low=0, high=200),
    _id("demand.lines[].sku", 1),
    _number("demand.lines[].quantity", 10_000, 1),
    _number("demand.lines[].unit_price_minor", MONEY_MINOR_MAX),
    _id("demand.lines[].seller_id", 0),
    _id("demand.lines[].campaign_id", 0),
    _id("demand.lines[].spu", 0),
    _id("demand.lines[].category", 0),
    _enum("demand.lines[].promotion_type", max(PromotionType)),
    Constraint(field="demand.discounts", kind=Kind.COUNT, low=0, high=50),
    _id("demand.discounts[].coupon_id", 0),
    _enum("demand.discounts[].promotion_type", max(PromotionType)),
    _number("demand.discounts[].amount_minor", MONEY_MINOR_MAX),
    Constraint(field="demand.benefits", kind=Kind.COUNT, low=0, high=50),
    _id("demand.benefits[].campaign_id", 0),
    _enum("demand.benefits[].promotion_type", max(PromotionType), 1),
    _number("demand.benefits[].quantity", 10_000, 1),
    _id("demand.currency_code", 0, 3),
    _enum("demand.verification_level", max(VerificationLevel)),
    _id("demand.drop_id", 0),
    Constraint(field="demand.account_registered_at", kind=Kind.PAST_TIME),
    _id("demand.member_level", 0, 64),
)
RESERVE = (*CHECK, _number("ttl_s", TTL_S_MAX, 1))
CONFIRM = (RESERVATION_ID,)
CANCEL = (RESERVATION_ID, _enum("reason", max(ReleaseReason)))
EXTEND = (RESERVATION_ID, Constraint(field="expires_at", kind=Kind.EVENT_TIME))
RELEASE = (
    RESERVATION_ID,
    _id("release_id", 1, 64),
    _enum("reason", max(ReleaseReason), 1),
    Constraint(field="lines", kind=Kind.COUNT, low=0, high=200),
    _id("lines[].sku", 1),
    _number("lines[].quantity", 10_000, 1),
)
GET_USAGE = (Constraint(field="subjects", kind=Kind.PRESENT), *_subjects(""))
ADJUST = (
    _id("adjustment_id", 1, 64),
    _id("policy_id", 1, 64),
    _id("subject", 1),
    *_subjects(""),
    _text("scope", 300),
    _number("delta", DELTA_MAX, -DELTA_MAX),
    _text("reason", 500, 1),
)
REJECT_ADJUSTMENT = (_text("note", 500, 1),)


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
