"""The record of a claim or a promotion action: as provable as that of an order.

Times are microseconds since 1970 UTC.
"""

from msgspec import Struct

from risk_service.domain.benefit import Benefit
from risk_service.domain.decision import ChallengeCompletion, Decision
from risk_service.domain.evidence import Evidence
from risk_service.domain.refund import Recalculation, RefundClaim

# Between the ids of a subject: a shop's ids hold no control characters.
SEPARATOR = "\x1f"

Value = float | bool | str | tuple[str, ...]


class AssessedRefund(Struct, frozen=True, kw_only=True, gc=False):
    """A claim with the order that it was decided upon.

    ``order_decision_id`` names the order's decision whose record was taken, ``events`` how
    many reported events of the order were known.
    """

    claim: RefundClaim
    order_decision_id: str
    events: int
    recalculation: Recalculation


class AssessmentRecord(Struct, frozen=True, kw_only=True, gc=False):
    """What is made durable before the answer leaves.

    Parameters
    ----------
    subject
        Key of the claim or action; its decisions are numbered.
    counted
        Whether it counts in the windows by this decision; False when it counted before.
    values
        Every variable that rules could read, missing ones left out.
    vector
        Model input of a claim as little-endian float64 bytes; empty for an action.
    stamp_us, read_us
        When the windows were read; of each key group where a shared store gives its own.
    linked_us, others_us
        When clusters and the records of linked accounts were read; 0 and empty for an action.
    """

    decision: Decision
    subject: str
    fingerprint: bytes
    counted: bool
    required: tuple[Evidence, ...]
    values: dict[str, Value]
    clock_us: int
    stamp_us: int
    vector: bytes = b""
    read_us: tuple[int, ...] = ()
    linked_us: int = 0
    others_us: tuple[int, ...] = ()
    refund: AssessedRefund | None = None
    benefit: Benefit | None = None
    completion: ChallengeCompletion | None = None


class BenefitEntry(Struct, frozen=True, kw_only=True, gc=False):
    """One action of an owner: what exact counts and sums over time are made of.

    ``owner`` names what is counted and for whom, such as ``subsidy:<seller>`` or
    ``points:<account token>``; ``amount`` is money, points, 1, or the hash of what is told
    apart. ``at_us`` is the service's own clock, so that nobody dates a claim out of a window.
    """

    owner: str
    at_us: int
    amount: int


def claim_subject(order_id: str, claim_id: str) -> str:
    """Return the key of a claim."""
    return SEPARATOR.join(("refund", order_id, claim_id))


def benefit_subject(action_id: str) -> str:
    """Return the key of a promotion action."""
    return f"action{SEPARATOR}{action_id}"
