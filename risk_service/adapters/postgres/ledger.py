"""The reservation ledger on PostgreSQL: several processes, one truth.

Every call is run, by the same pure moves as in the embedded ledger, on a reading of the
rows that it needs; what it came to is written by one statement that looks again whether
everything the grants rested on still holds, and grants by that alone. Where it does not,
another process was faster, and the call is run again. So a group costs two trips, holds
locks for one of them, and makes progress whenever any process does.
"""

import logging
from collections.abc import Callable, Sequence

from risk_service.adapters.postgres.admission import Admission
from risk_service.adapters.postgres.bounded import BoundedDraft, Change
from risk_service.adapters.postgres.connection import Session
from risk_service.adapters.postgres.optimistic import OptimisticWrites
from risk_service.adapters.postgres.prefetch import Prefetch
from risk_service.adapters.postgres.pruning import drop_cells, drop_rows, look
from risk_service.adapters.postgres.reading import ask
from risk_service.adapters.postgres.reconcile import reconcile
from risk_service.adapters.postgres.reserved import PostgresReserved, let_go
from risk_service.domain.errors import RiskError, StoreUnavailable
from risk_service.domain.grant import Demand, Grant
from risk_service.domain.reservation import (
    Adjust,
    CounterUse,
    Drift,
    HoldRequest,
    LedgerAnswer,
    LedgerCall,
    Reserve,
)
from risk_service.limits import holding
from risk_service.limits.book import LimitBook
from risk_service.limits.calls import do, reservation_id_of, usage
from risk_service.limits.policy import CLUSTER
from risk_service.limits.pruning import prune

log = logging.getLogger(__name__)


class PostgresLedger:
    """Implements ``ports.ReservationLedger``. Used by one thread; each process has its own.

    Parameters
    ----------
    book
        Returns the limit policies in force.
    admission
        Counters elsewhere that may refuse what is hopeless.
    met
        Told of the session once it has opened the tables.
    """

    def __init__(
        self,
        session: Session,
        book: Callable[[], LimitBook],
        admission: Admission | None = None,
        met: Callable[[Session], None] = lambda _: None,
    ) -> None:
        self._session = session
        self._book = book
        self._admission = admission
        self._writes = OptimisticWrites(session, book, admission, met)
        self._expected: Prefetch | None = None
        # The reservation up to which the round of forgetting has come.
        self._pruned = ""

    def check(self, demands: Sequence[Demand], now_us: int) -> list[Grant]:
        """Return what each demand by itself would be granted; changes nothing."""
        book = self._book()

        def move(draft: BoundedDraft, at_us: int) -> list[Grant]:
            # Each on a draft of its own: none sees another one's.
            drafts = [draft.fresh() for _ in demands]
            pairs = zip(drafts, demands, strict=True)
            return [holding.check(one, book, demand, at_us) for one, demand in pairs]

        with self._session.together():
            return self._writes.run(move, self._writes.no_prefetch(), now_us)[0]

    def expect(self, demands: Sequence[Demand], now_us: int) -> None:
        """Ask ahead what holds for some orders will rest on; PostgreSQL reads it meanwhile.

        Not while Redis may refuse some of them, so that PostgreSQL is spared.
        """
        admission, at_us = self._admission, self._writes.at(now_us)
        self._expected = None
        if not self._writes.is_open or (admission is not None and admission.is_asking):
            return
        names = [demand.reservation_id for demand in demands]
        prefetch = Prefetch(names, demands, self._book(), at_us)
        if prefetch.wanted.is_empty:
            return
        try:
            with self._session.together():
                prefetch.question = ask(self._session, prefetch.wanted, at_us)
        except StoreUnavailable as error:
            # The hold meets the same fault, and the order is decided by it.
            log.debug("ledger_not_asked_ahead", extra={"error": str(error)})
            return
        self._expected = prefetch

    def hold(self, requests: Sequence[HoldRequest], now_us: int) -> PostgresReserved:
        """Hold for the orders of a group, each seeing those before; durable on return.

        Raises
        ------
        StoreUnavailable
            Nothing is held; or, when the connection was lost in the middle, the holds are
            there until they expire or the same orders ask again.
        """
        book, admission = self._book(), self._admission
        at_us = self._writes.at(now_us)
        hopeless = {} if admission is None else admission.hopeless(requests, book, at_us)
        swept = self._writes.swept

        def move(draft: BoundedDraft, at_us: int) -> list[Grant]:
            grants = []
            for place, request in enumerate(requests):
                # What has just ended may have made room again.
                grant = hopeless.get(place) if self._writes.swept == swept else None
                # An order that the ledger knows may hold something already: it says so itself.
                if grant is None or draft.reservation(request.demand.reservation_id) is not None:
                    grant = holding.hold(draft, book, request, at_us)
                grants.append(grant)
            return grants

        names = [request.demand.reservation_id for request in requests]
        prefetch, self._expected = self._expected, None
        if prefetch is None or prefetch.at_us != at_us or not prefetch.names.issuperset(names):
            weighed = [
                request.demand
                for place, request in enumerate(requests)
                if place not in hopeless and request.ttl_us > 0
            ]
            prefetch = Prefetch(names, weighed, book, at_us)
        with self._session.together():
            grants, draft, moment = self._writes.write(move, now_us, prefetch)
        if admission is not None:
            admission.answered(grants, moment)
        return PostgresReserved(grants, draft.changes(), self._let_go)

    def run(self, calls: Sequence[LedgerCall], now_us: int) -> list[LedgerAnswer | RiskError]:
        """Do the calls one after the other; all answers are durable when this returns.

        Raises
        ------
        StoreUnavailable
            None of the calls counts; or, when the connection was lost in the middle, all
            do, and the same calls again get the same answers.
        """
        book = self._book()

        def move(draft: BoundedDraft, at_us: int) -> list[LedgerAnswer | RiskError]:
            return [do(draft, book, call, at_us) for call in calls]

        demands = [call.hold.demand for call in calls if isinstance(call, Reserve)]
        names = [reservation_id_of(call) for call in calls if not isinstance(call, Adjust)]
        prefetch = Prefetch(names, demands, book, self._writes.at(now_us))
        with self._session.together():
            return self._writes.write(move, now_us, prefetch)[0]

    def expire(self, now_us: int) -> int:
        """End some holds whose time is over, durably; return how many, 0 when none is left."""
        with self._session.together():
            return self._writes.expire(now_us)

    def prune(self, before_us: int, now_us: int) -> int | None:
        """Look at some reservations and forget those that are over since before a time, durably."""
        with self._session.together():
            return self._prune(before_us, now_us)

    def usage(self, subject: str, token: str, now_us: int) -> list[CounterUse]:
        """Return the counters of a subject, such as ``account`` and its token, in use now."""

        def move(draft: BoundedDraft, at_us: int) -> list[CounterUse]:
            owner = draft.root(token) if subject == CLUSTER else token
            counters = draft.counters_of(f"{subject}={owner}")
            return usage(self._book(), subject, counters, at_us)

        with self._session.together():
            return self._writes.run(move, self._writes.no_prefetch(), now_us)[0]

    def reconcile(self, *, repair: bool, now_us: int) -> list[Drift]:
        """Add the ledger up, return the counters that differ, and set them right if asked.

        A repair keeps all others waiting while it adds up.
        """
        self.open()
        while self.expire(now_us):
            pass
        return reconcile(self._session, repair=repair)

    def close(self) -> None:
        """Give back what the ledger holds open."""
        if self._admission is not None:
            self._admission.close()
        self._session.close()

    def open(self) -> None:
        """Connect and bring the tables to this version; every call does so when needed.

        Raises
        ------
        ConfigFault
            The tables belong to a newer version of the service.
        StoreUnavailable
            The server does not answer.
        """
        self._writes.open()

    def _let_go(self, changes: Sequence[Change]) -> None:
        def move(draft: BoundedDraft, at_us: int) -> None:
            for change in changes:
                let_go(draft, change, at_us)

        with self._session.together():
            self._writes.write(move, self._writes.last_us)

    def _prune(self, before_us: int, now_us: int) -> int | None:
        self._writes.open()
        found = look(self._session, self._pruned, before_us, self._writes.at(now_us))
        if found is None:
            self._pruned = ""
            return None
        drop_rows(self._session, found.empty)

        def move(draft: BoundedDraft, at_us: int) -> int:
            return prune(draft, found.names, before_us, at_us)

        count, draft, _ = self._writes.write(move, now_us, sweep=False)
        drop_cells(self._session, draft)
        self._pruned = found.last
        return count
