"""What is told of each record of a person. Times are microseconds since 1970 UTC."""

from msgspec import Struct

from risk_service.domain.decision import Reason
from risk_service.domain.order import Tokens
from risk_service.domain.reservation import ReservationState
from risk_service.domain.verification import RealNameResult
from risk_service.domain.vocabulary import Outcome, VerificationLevel

# ``by`` names the identifiers that a record shows, ``order`` where it belongs to an order.


class DecisionRow(Struct, frozen=True, kw_only=True, gc=False):
    """A decision on an order; ``tokens`` are those of the order."""

    at_us: int
    order_id: str
    decision_id: str
    request_id: str
    number: int
    outcome: Outcome
    reasons: tuple[Reason, ...]
    tokens: Tokens
    by: tuple[str, ...]


class ClaimRow(Struct, frozen=True, kw_only=True, gc=False):
    """A decision on a claim for a refund."""

    at_us: int
    order_id: str
    claim_id: str
    decision_id: str
    number: int
    amount_minor: int
    outcome: Outcome
    reasons: tuple[Reason, ...]
    by: tuple[str, ...]


class ActionRow(Struct, frozen=True, kw_only=True, gc=False):
    """A decision on a promotion action."""

    at_us: int
    action_id: str
    kind: str
    decision_id: str
    number: int
    outcome: Outcome
    reasons: tuple[Reason, ...]
    by: tuple[str, ...]


class EventRow(Struct, frozen=True, kw_only=True, gc=False):
    """A reported event; ``order_id`` is empty for a promotion action."""

    at_us: int
    event_id: str
    kind: str
    order_id: str
    amount_minor: int | None
    reason: str
    claim_id: str
    by: tuple[str, ...]


class PastOrderRow(Struct, frozen=True, kw_only=True, gc=False):
    """An order from before the service; its time is not kept."""

    order_id: str
    by: tuple[str, ...]


class LineRow(Struct, frozen=True, kw_only=True, gc=False):
    """Units of one SKU of a reservation; ``left`` are held or paid now."""

    sku: str
    requested: int
    granted: int
    left: int


class ReservationRow(Struct, frozen=True, kw_only=True, gc=False):
    """Where a reservation stands since ``at_us``."""

    at_us: int
    reservation_id: str
    state: ReservationState
    expires_at_us: int
    lines: tuple[LineRow, ...]
    policies: tuple[str, ...]
    note: str
    by: tuple[str, ...]


class VerificationRow(Struct, frozen=True, kw_only=True, gc=False):
    """A verification of a real name, or an attempt at one."""

    at_us: int
    request_id: str
    result: RealNameResult
    level: VerificationLevel
    expires_at_us: int
    provider: str
    account: str
    by: tuple[str, ...]
