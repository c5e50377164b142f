"""What the core needs from outside, as Protocols that adapters implement.

Where features come from is in ``feature_ports``.
"""

from collections.abc import Sequence
from typing import Protocol

from risk_service.domain.assessment import AssessmentRecord, BenefitEntry
from risk_service.domain.audit import AuditFilter, AuditRow, NumberedRow
from risk_service.domain.decision import DecisionRecord
from risk_service.domain.errors import RiskError
from risk_service.domain.grant import Demand, Grant
from risk_service.domain.order import Order
from risk_service.domain.reported import EventRecord
from risk_service.domain.reservation import (
    CounterUse,
    Drift,
    HoldRequest,
    LedgerAnswer,
    LedgerCall,
)
from risk_service.domain.verification import (
    AttemptOf,
    ProviderAnswer,
    RealNameEvidence,
    Verification,
)


class Clock(Protocol):
    """Where the time of a decision comes from."""

    def now_us(self) -> int:
        """Return microseconds since 1970 UTC; never less than the answer before."""

    def order_seen(self, ordered_at_us: int) -> None:
        """Learn of an order's own time; only a clock that replays history moves by it."""


class IdSource(Protocol):
    """Where decision and challenge ids come from."""

    def new_id(self, prefix: str) -> str:
        """Return an id that is unique for ever, such as ``dec_01J...``."""


class Reserved(Protocol):
    """Holds of a group that become durable with its decisions, or not at all."""

    @property
    def grants(self) -> Sequence[Grant]:
        """Return one answer per request, in order."""

    def dropped(self) -> None:
        """Take the holds back: the decisions could not be made durable. May come twice."""


class ReservationLedger(Protocol):
    """Purchase limits and who has used how much of them. The ledger's clock never goes back."""

    def check(self, demands: Sequence[Demand], now_us: int) -> list[Grant]:
        """Return what each demand by itself would be granted; changes nothing."""

    def expect(self, demands: Sequence[Demand], now_us: int) -> None:
        """Be told of the orders of a group ahead of ``hold``; a ledger far away asks for its rows.

        Changes nothing, and a fault is left to ``hold`` to report.
        """

    def hold(self, requests: Sequence[HoldRequest], now_us: int) -> Reserved:
        """Hold for the orders of a group, each seeing those before.

        The holds count for good once ``DecisionStore.commit`` got them. A further ``hold``
        before that lets them go.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            Nothing is held.
        """

    def run(self, calls: Sequence[LedgerCall], now_us: int) -> list[LedgerAnswer | RiskError]:
        """Do the calls one after the other; all answers are durable when this returns.

        An error is the answer of the call that it hits and changes nothing.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            None of the calls counts.
        """

    def expire(self, now_us: int) -> int:
        """End some holds whose time is over, durably; return how many, 0 when none is left."""

    def prune(self, before_us: int, now_us: int) -> int | None:
        """Look at some reservations and forget those that are over since before a time, durably.

        Counters that still count stay as they are. Returns how many were forgotten, and None
        when the next call begins with the first reservation again.
        """

    def usage(self, subject: str, token: str, now_us: int) -> list[CounterUse]:
        """Return the counters of a subject, such as ``account`` and its token, in use now."""

    def reconcile(self, *, repair: bool, now_us: int) -> list[Drift]:
        """Add the ledger up, return the counters that differ, and set them right if asked."""

    def close(self) -> None:
        """Give back what the ledger holds open."""


class DecisionStore(Protocol):
    """Durable decisions. What ``commit`` returned for survives a kill or a power cut."""

    def by_request_ids(self, request_ids: Sequence[str]) -> dict[str, DecisionRecord]:
        """Return the records answered to these requests, absent ones left out."""

    def last_numbers(self, order_ids: Sequence[str]) -> dict[str, int]:
        """Return the number of the latest decision per order, absent ones left out."""

    def by_decision_id(self, decision_id: str) -> DecisionRecord | None:
        """Return one record, or None."""

    def latest_of_order(self, order_id: str) -> DecisionRecord | None:
        """Return the order's latest record, or None."""

    def orders_of(self, order_ids: Sequence[str]) -> dict[str, tuple[str, Order]]:
        """Return decision id and order of each order's latest record, absent ones left out."""

    def by_challenge_id(self, challenge_id: str) -> DecisionRecord | None:
        """Return the record that asked for this challenge, or None."""

    def commit(self, records: Sequence[DecisionRecord], reserved: Reserved | None = None) -> None:
        """Write all records, and the holds of the group, in one transaction; flush it.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            Nothing of the group was written.
        """


class EventLog(Protocol):
    """Durable reported events. What ``append`` returned for survives a kill or a power cut."""

    @property
    def stamp_us(self) -> int:
        """Stamp of the last event, 0 for none."""

    def fingerprints(self, event_ids: Sequence[str]) -> dict[str, bytes]:
        """Return the fingerprints under which these ids are known, absent ones left out."""

    def of_orders(self, order_ids: Sequence[str]) -> dict[str, tuple[EventRecord, ...]]:
        """Return the newest events of each order in their order, absent orders left out."""

    def append(self, records: Sequence[EventRecord]) -> None:
        """Write all records in one transaction and flush it to the disk.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            Nothing of the group was written.
        """


class AssessmentStore(Protocol):
    """Durable decisions on claims and promotion actions, beside those on orders."""

    def by_request_ids(self, request_ids: Sequence[str]) -> dict[str, AssessmentRecord]:
        """Return the records answered to these requests, absent ones left out."""

    def by_decision_id(self, decision_id: str) -> AssessmentRecord | None:
        """Return one record, or None."""

    def by_challenge_id(self, challenge_id: str) -> AssessmentRecord | None:
        """Return the record that asked for this challenge, or None."""

    def latest_of(self, subjects: Sequence[str]) -> dict[str, AssessmentRecord]:
        """Return the latest record of each claim or action, absent ones left out."""

    def entries_since(self, owner: str, since_us: int) -> Sequence[BenefitEntry]:
        """Return what an owner claimed since then, newest first; beyond 10,000 the rest as one."""

    def commit(
        self,
        records: Sequence[AssessmentRecord],
        events: Sequence[EventRecord],
        entries: Sequence[BenefitEntry],
    ) -> None:
        """Write all of it in one transaction and flush it to the disk.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            Nothing of the group was written.
        """


class VerificationStore(Protocol):
    """Durable verifications of real names; a later one never removes an earlier one."""

    def by_request_ids(self, request_ids: Sequence[str]) -> dict[str, Verification]:
        """Return the verifications answered to these requests, absent ones left out."""

    def in_force(self, accounts: Sequence[str], now_us: int) -> dict[str, Verification]:
        """Return each account's highest verification that has not expired, the newest of equals."""

    def accounts_of(self, real_name: str, now_us: int) -> frozenset[str]:
        """Return the accounts with this real name whose verification has not expired."""

    def failed(self, kind: AttemptOf, token: str, after_us: int) -> dict[str, int]:
        """Return the time of each attempt that failed later than this, by its request id."""

    def commit(self, verifications: Sequence[Verification]) -> None:
        """Write all of them in one transaction and flush it to the disk.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            Nothing of the group was written.
        """


class RealNameVerifier(Protocol):
    """The external provider that knows who a name and a number belong to."""

    @property
    def name(self) -> str:
        """Name of the provider as records keep it; a stand-in says that it is one."""

    def verify(self, evidence: RealNameEvidence, timeout_s: float) -> ProviderAnswer:
        """Ask the provider; called off the event loop, by several threads.

        Raises
        ------
        risk_service.domain.errors.ProviderUnavailable
            It gave no answer within the time. That is never taken for a yes.
        """


class AuditTrail(Protocol):
    """The trail of changes; a row is never changed and never deleted."""

    def append(self, row: AuditRow) -> int:
        """Write a row and return its number; durable on return.

        A store that changes something else with it writes both in one transaction.
        """

    def rows(self, wanted: AuditFilter) -> Sequence[NumberedRow]:
        """Return rows in the order of their numbers."""
