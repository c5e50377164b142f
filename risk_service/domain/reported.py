"""Events that a shop reports: the life of an order, and promotion actions.

Times are microseconds since 1970 UTC, money is in minor units.
"""

from msgspec import Struct

from risk_service.domain.action import Action, RawAction
from risk_service.domain.vocabulary import EventReason, EventType, RefusalReason

ORDER_LIFE = frozenset(one for one in EventType if one < EventType.COUPON_CLAIMED)


class LifeEvent(Struct, frozen=True, kw_only=True, gc=False):
    """Something that happened to an order; None where nothing was said.

    ``claim_id`` is the shop's id of the claim of a REFUND_REQUESTED, empty where unknown.
    """

    event_id: str
    event_type: EventType
    at_us: int
    order_id: str
    amount_minor: int | None = None
    reason: EventReason = EventReason.UNSPECIFIED
    weight_ratio: float | None = None
    claim_id: str = ""


class Report(Struct, frozen=True, kw_only=True, gc=False):
    """A valid event as it came in; ``fingerprint`` is the keyed digest of its content."""

    fingerprint: bytes
    subject: LifeEvent | RawAction

    @property
    def event_id(self) -> str:
        """Return the id that the caller chose."""
        subject = self.subject
        return subject.event_id if isinstance(subject, LifeEvent) else subject.action_id


class Refusal(Struct, frozen=True, kw_only=True, gc=False):
    """Why an event does not count; ``field`` is empty when no field is at fault."""

    reason: RefusalReason
    field: str = ""
    description: str = ""


class PastOrder(Struct, frozen=True, gc=False):
    """What windows ask of an order that was placed before the service began.

    ``fields`` and ``columns`` as its attempt has them, but for the columns of an order's life.
    """

    fields: tuple[str, ...]
    columns: tuple[int, ...]


class EventRecord(Struct, frozen=True, kw_only=True, gc=False):
    """What is made durable of an event before it is acknowledged.

    Parameters
    ----------
    stamp_us
        Place in the log, together with the decisions': unique and increasing.
    decision_id
        The order's latest decision when the event came; empty for actions and past orders.
    past
        The order, where this service has not decided it.
    applied_us
        Stamp of each key group where the windows' store gives its own; empty: ``stamp_us``.
    same_as
        The event that counts already for what this one reports again; empty: it counts itself.
    """

    event_id: str
    fingerprint: bytes
    stamp_us: int
    life: LifeEvent | None = None
    action: Action | None = None
    decision_id: str = ""
    past: PastOrder | None = None
    applied_us: tuple[int, ...] = ()
    same_as: str = ""
