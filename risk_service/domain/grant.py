"""What purchase limits say to one order: the demand, and the grant that answers it.

Times are microseconds since 1970 UTC, money is in minor units of the order's currency. The
decision path builds these by position, which costs half as much; everybody else names fields.
"""

from enum import IntEnum

from msgspec import Struct

from risk_service.domain.positional import Positional
from risk_service.domain.vocabulary import Outcome, PromotionType, VerificationLevel


class Measure(IntEnum):
    """What a limit counts."""

    UNITS = 1
    ORDERS = 2
    AMOUNT = 3
    DISCOUNT = 4
    REDEMPTIONS = 5
    DRAWS = 6
    REWARDS = 7


class DemandLine(Struct, frozen=True, gc=False):
    """What one line asks for.

    Goods have a SKU. ``is_benefit`` tells a draw, a reward or a coupon that is handed out from
    what an order redeems: the same coupon comes by twice.
    """

    sku: str
    seller_id: str
    campaign_id: str
    promotion_type: PromotionType
    quantity: int
    amount_minor: int
    discount_minor: int = 0
    spu: str = ""
    category: str = ""
    is_benefit: bool = False


class Demand(Struct, frozen=True, gc=False):
    """What an order, or a promotion action, asks of the limits.

    ``reservation_id`` is the order id: a later decision on the order takes over its hold.
    ``subjects`` holds tokens by subject name (account, device, payment, phone, real_name,
    address_door, address_building, ip, ip_block, identity_cluster); empty where missing.
    ``traits`` are what tiers may ask about, such as ``is_new_account`` or ``address_region``;
    ``currency`` must be among them where a limit on money may be in scope.
    ``cluster`` names accounts of the order's identity cluster, the one that names it first:
    the ledger adds up what all of them used. A line without a SKU is a redemption or a benefit.
    """

    reservation_id: str
    fingerprint: bytes
    at_us: int
    subjects: dict[str, str]
    lines: tuple[DemandLine, ...]
    verification_level: VerificationLevel
    traits: dict[str, str]
    drop_id: str = ""
    cluster: tuple[str, ...] = ()


class LimitUse(Positional, frozen=True, gc=False):
    """One limit as one order met it. ``used`` counts confirmed and held, before this order."""

    policy_id: str
    version: str
    subject: str
    scope: str
    measure: Measure
    window: str
    cap: int
    used: int
    requested: int
    granted: int
    remaining: int
    blocking: bool
    shadow: bool
    resets_at_us: int = 0


class GrantedLine(Positional, frozen=True, gc=False):
    """Units of one SKU that are held for the order."""

    sku: str
    requested: int
    granted: int


class Grant(Struct, frozen=True, gc=False):
    """What the limits answer.

    ``outcome`` is ALLOW when all of it is held, LIMIT_QUANTITY when a part is, else what the
    blocking policy asks for; nothing is held then. ``codes`` are stable reason codes.
    ``required_level`` is above the demand's when the customer must verify first.
    """

    outcome: Outcome
    uses: tuple[LimitUse, ...] = ()
    lines: tuple[GrantedLine, ...] = ()
    codes: tuple[str, ...] = ()
    required_level: VerificationLevel = VerificationLevel.UNSPECIFIED
    missing: tuple[str, ...] = ()
    expires_at_us: int = 0
    versions: str = ""
