"""Where records of a person are read from. Each source yields candidates, one after another.

A candidate holds one of the tokens or ids that were asked for somewhere; whether it is the
person's is for the use case to say.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Protocol

from risk_service.domain.assessment import AssessmentRecord
from risk_service.domain.decision import DecisionRecord
from risk_service.domain.governed import Adjustment, ListedEntry
from risk_service.domain.person import Identifier
from risk_service.domain.reported import EventRecord, PastOrder
from risk_service.domain.verification import Verification
from risk_service.limits.reservation import Reservation


class PersonLog(Protocol):
    """The log of a state directory."""

    def decisions(self, tokens: Sequence[str], orders: Collection[str]) -> Iterator[DecisionRecord]:
        """Yield decisions on orders."""

    def past_orders(
        self, tokens: Sequence[str], orders: Collection[str]
    ) -> Iterator[tuple[str, PastOrder]]:
        """Yield id and record of orders from before the service."""

    def assessments(
        self, tokens: Sequence[str], orders: Collection[str]
    ) -> Iterator[AssessmentRecord]:
        """Yield decisions on claims and promotion actions."""

    def events(self, tokens: Sequence[str], orders: Collection[str]) -> Iterator[EventRecord]:
        """Yield reported events."""

    def verifications(self, tokens: Sequence[str]) -> Iterator[Verification]:
        """Yield verifications of real names, none twice."""


class ReservationRows(Protocol):
    """A ledger of reservations."""

    def reservations(self, tokens: Sequence[str], ids: Collection[str]) -> Iterator[Reservation]:
        """Yield reservations.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            The ledger does not answer.
        """


class GovernedRows(Protocol):
    """What people have put down about somebody."""

    def entries(self, one: Identifier) -> Iterator[ListedEntry]:
        """Yield entries of lists, those that ended or were taken out too."""

    def adjustments(self, tokens: Sequence[str]) -> Iterator[Adjustment]:
        """Yield changes of counters by hand."""


class ReadingTrail(Protocol):
    """The trail of who looked at whom."""

    def note(self, actor_id: str, subjects: Sequence[str], facts: Mapping[str, object]) -> None:
        """Write a row for each subject; durable on return."""
