"""What a group has decided and not yet made durable, beside what the stores know.

Each item of a group sees those before it: two claims on one order, two actions of one id.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from risk_service.domain.assessment import AssessmentRecord, BenefitEntry
from risk_service.domain.event import Event
from risk_service.domain.reported import EventRecord
from risk_service.ports import AssessmentStore, EventLog


@dataclass(frozen=True, slots=True, kw_only=True)
class Drafted:
    """One decision before it is durable, and how it comes to count.

    ``event`` is None when the claim or action counted before, or no window counts it;
    ``reported`` is what the log keeps of it, with ``same_as`` set when it counted before.
    """

    record: AssessmentRecord
    event: Event | None = None
    reported: EventRecord | None = None
    entries: tuple[BenefitEntry, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The items of a group that were drafted so far."""

    store: AssessmentStore
    log: EventLog
    drafted: list[Drafted] = field(default_factory=list)

    def latest_of(self, subject: str) -> AssessmentRecord | None:
        """Return the latest decision on a claim or action."""
        for one in reversed(self.drafted):
            if one.record.subject == subject:
                return one.record
        return self.store.latest_of([subject]).get(subject)

    def events_of(self, order_id: str) -> tuple[EventRecord, ...]:
        """Return the known events of an order."""
        known = self.log.of_orders([order_id]).get(order_id, ())
        mine = [one.reported for one in self.drafted if one.reported is not None]
        return (*known, *[one for one in mine if one.life and one.life.order_id == order_id])

    def is_reported(self, event_id: str) -> bool:
        """Tell whether an event of that id counts already."""
        mine = any(one.reported and one.reported.event_id == event_id for one in self.drafted)
        return mine or bool(self.log.fingerprints([event_id]))

    def entries_since(self, owner: str, since_us: int) -> Sequence[BenefitEntry]:
        """Return what an owner claimed from a time on."""
        drafted = [entry for one in self.drafted for entry in one.entries]
        mine = [entry for entry in drafted if entry.owner == owner and entry.at_us >= since_us]
        return (*mine, *self.store.entries_since(owner, since_us))
