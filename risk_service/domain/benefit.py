"""A promotion action that is assessed when it happens: who asks for which benefit.

Money is in minor units, times are microseconds since 1970 UTC. None stands for what the shop
does not know.
"""

from enum import IntEnum

from msgspec import Struct

from risk_service.domain.action import Action, RawAction
from risk_service.domain.vocabulary import VerificationLevel


class BenefitType(IntEnum):
    """What is asked for, numbered as ``AssessedActionType`` in ``proto/risk/v1``."""

    COUPON_CLAIMED = 1
    DRAW = 2
    INVITE = 3
    GROUP_JOINED = 4
    BARGAIN_HELP = 5
    POINTS = 6
    SUBSIDY_CLAIM = 7


class SubsidyKind(IntEnum):
    """What a seller claims a subsidy for."""

    SALES = 1
    ADVERTISING = 2
    SHIPPING = 3


class GroupFacts(Struct, frozen=True, kw_only=True, gc=False):
    """What the shop knows of the group that is joined."""

    size: int
    devices: int
    ips: int
    overlap_share: float | None = None


class CustomerFacts(Struct, frozen=True, kw_only=True, gc=False):
    """What the shop says about a customer's action beside who and where."""

    account_registered_at_us: int | None = None
    verification_level: VerificationLevel = VerificationLevel.UNSPECIFIED
    benefit_minor: int | None = None
    points: int | None = None
    coupon_threshold_minor: int | None = None
    related_registered_at_us: int | None = None
    group: GroupFacts | None = None
    draws_30d: int | None = None
    wins_30d: int | None = None
    points_refunded_30d: int | None = None


class SubsidyClaim(Struct, frozen=True, kw_only=True, gc=False):
    """A seller's claim on the platform; a seller is no person, its id stays as it is."""

    seller_id: str
    campaign_id: str
    kind: SubsidyKind
    currency_code: str
    amount_minor: int
    seller_rating: float | None = None
    seller_violations_90d: int | None = None
    transaction_proof_attached: bool = False
    shipping_documents_attached: bool = False


class RawBenefit(Struct, frozen=True, kw_only=True, gc=False):
    """An action with raw identifiers: either a customer's or a seller's. Never stored."""

    action_id: str
    benefit_type: BenefitType
    at_us: int
    action: RawAction | None = None
    facts: CustomerFacts | None = None
    subsidy: SubsidyClaim | None = None

    def __repr__(self) -> str:
        """Keep raw identifiers out of logs and tracebacks."""
        return f"RawBenefit(action_id={self.action_id!r}, ...)"

    def __rich_repr__(self) -> list[tuple[str, str]]:
        """Keep them out of what rich prints as well: it does not ask ``__repr__``."""
        return [("action_id", self.action_id)]


class Benefit(Struct, frozen=True, kw_only=True, gc=False):
    """A tokenised action: the only form that goes past the identity room."""

    action_id: str
    benefit_type: BenefitType
    at_us: int
    action: Action | None = None
    facts: CustomerFacts | None = None
    subsidy: SubsidyClaim | None = None
