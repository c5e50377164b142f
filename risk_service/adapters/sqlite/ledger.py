"""The ledger of reservations in the file of the decision log: one writer, no rule of its own.

Holds of a group are granted from what is durable and the holds before them in the group; they
are written by the decision store's transaction. Everything else is one transaction per list of
calls, flushed before it returns. Nothing in memory changes before that.
"""

import logging
import sqlite3
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from risk_service.adapters.clock import Behind
from risk_service.adapters.sqlite.connection import connect, transaction, unavailable
from risk_service.adapters.sqlite.counters import FILE_NAME as COUNTERS
from risk_service.adapters.sqlite.decisions import FILE_NAME, WAL_BYTES_MAX
from risk_service.adapters.sqlite.ledger_rows import LedgerRows
from risk_service.adapters.sqlite.remaking import Remaking
from risk_service.adapters.sqlite.reserved import SqliteReserved
from risk_service.adapters.sqlite.schema import DECISION_LOG, migrate
from risk_service.adapters.sqlite.small_wal import start_afresh
from risk_service.domain.errors import RiskError, StoreUnavailable
from risk_service.domain.grant import Demand, Grant
from risk_service.domain.reservation import (
    CounterUse,
    Drift,
    HoldRequest,
    LedgerAnswer,
    LedgerCall,
    Reserve,
)
from risk_service.limits.book import LimitBook
from risk_service.limits.calls import do, drifts, reservation_id_of, usage
from risk_service.limits.draft import Draft
from risk_service.limits.holding import check, hold
from risk_service.limits.policy import CLUSTER
from risk_service.limits.pruning import may_go, prune
from risk_service.limits.steps import expire, prefetch

# Work that one call does for holds of others that ran out: an order waits for it.
EXPIRED_PER_CALL = 16
PRUNED_PER_CALL = 64

log = logging.getLogger(__name__)


def _ignore(_seconds: float) -> None:
    """Take no notice of how long a commit took."""


class SqliteLedger:
    """Implements ``ports.ReservationLedger`` in ``<directory>/decisions.sqlite3``.

    Used by one thread, the one that commits decisions; opened after the decision store.

    Parameters
    ----------
    book
        Returns the policies in force.
    on_commit
        Told how long each commit took, in seconds.
    """

    def __init__(
        self,
        directory: Path,
        book: Callable[[], LimitBook],
        *,
        on_commit: Callable[[float], None] = _ignore,
    ) -> None:
        self._book = book
        self._on_commit = on_commit
        self._wal_bytes = 0
        self._path = path = directory / FILE_NAME
        self._remaking: Remaking | None = None
        self._behind = Behind()
        with unavailable():
            self._db = connect(path, "FULL")
            migrate(self._db, str(path), DECISION_LOG)
            self._rows = LedgerRows(self._db, directory)
            self._last_us = self._rows.last_us()
        # The row up to which the round of forgetting has come.
        self._pruned = 0
        # Counts what was written: holds that were granted before are no longer good.
        self._written = 0

    def check(self, demands: Sequence[Demand], now_us: int) -> list[Grant]:
        """Return what each demand by itself would be granted; changes nothing."""
        book = self._book()
        concerned = [demand for demand in demands if book.concerns(demand)]
        self._be_ready()
        if concerned:
            self.expire(now_us)
        now_us = self._now_us(now_us)
        with unavailable():
            self._rows.fetch([demand.reservation_id for demand in concerned])
            together = Draft(self._rows)
            self._prefetch(together, book, concerned, now_us)
            return [check(together.beside(), book, demand, now_us) for demand in demands]

    def expect(self, demands: Sequence[Demand], now_us: int) -> None:
        """Do nothing: what holds rest on is at hand."""

    def hold(self, requests: Sequence[HoldRequest], now_us: int) -> SqliteReserved:
        """Hold for the orders of a group, each seeing those before.

        Raises
        ------
        StoreUnavailable
            The file cannot be read; nothing is held.
        """
        self._be_ready()
        book = self._book()
        now_us = self._now_us(now_us)
        with unavailable():
            draft = self._draft([one.demand.reservation_id for one in requests], now_us)
            self._prefetch(draft, book, [one.demand for one in requests], now_us)
            grants = [hold(draft, book, request, now_us) for request in requests]
        self._written += 1  # an earlier group that has not been written lets go
        ticket = self._written

        def write(db: sqlite3.Connection) -> int:
            self._require(ticket)
            return self._rows.write(db, draft, now_us) if _has_changed(draft) else 0

        def written() -> None:
            if _has_changed(draft):
                self._done(draft, now_us)

        def drop() -> None:
            if self._written == ticket:
                self._written += 1

        return SqliteReserved(grants, write, written, drop)

    def run(self, calls: Sequence[LedgerCall], now_us: int) -> list[LedgerAnswer | RiskError]:
        """Do the calls one after the other; all answers are durable when this returns.

        Raises
        ------
        StoreUnavailable
            The disk is full, locked or broken; none of the calls counts.
        """
        self._be_ready()
        book = self._book()
        now_us = self._now_us(now_us)
        with unavailable():
            draft = self._draft([reservation_id_of(call) for call in calls], now_us)
            reserving = [call.hold.demand for call in calls if isinstance(call, Reserve)]
            self._prefetch(draft, book, reserving, now_us)
            answers = [do(draft, book, call, now_us) for call in calls]
        self._commit(draft, now_us)
        return answers

    def expire(self, now_us: int) -> int:
        """End some holds whose time is over, durably; return how many, 0 when none is left."""
        self._be_ready()
        now_us = self._now_us(now_us)
        with unavailable():
            draft = self._draft([], now_us)
        self._commit(draft, now_us)
        return len(draft.changed)

    def prune(self, before_us: int, now_us: int) -> int | None:
        """Look at some reservations and forget those that are over since before a time, durably.

        They are looked at in the order in which they were made, so a round ends at the first
        that were made, or changed, since.
        """
        self._be_ready()
        now_us = self._now_us(now_us)
        with unavailable():
            found = self._rows.over(self._pruned, PRUNED_PER_CALL)
            if not any(row.changed_us < before_us for _, row in found):
                self._pruned = 0
                return None
            names = [row.reservation_id for _, row in found if may_go(row, before_us)]
            draft = self._draft(names, now_us)
            count = prune(draft, names, before_us, now_us)
        self._commit(draft, now_us)
        self._pruned = found[-1][0]
        return count

    def usage(self, subject: str, token: str, now_us: int) -> list[CounterUse]:
        """Return the counters of a subject, such as ``account`` and its token, in use now."""
        self._be_ready()
        now_us = self._now_us(now_us)
        with unavailable():
            if subject == CLUSTER:
                token = Draft(self._rows).root(token)
            counters = self._rows.counters_of(f"{subject}={token}")
        return usage(self._book(), subject, counters, now_us)

    def reconcile(self, *, repair: bool, now_us: int) -> list[Drift]:
        """Add the ledger up, return the counters that differ, and set them right if asked.

        Reads every reservation: the service answers nothing meanwhile.
        """
        self._be_ready()
        now_us = self._now_us(now_us)
        with unavailable(), transaction(self._db):
            draft = Draft(self._rows)
            found = drifts(self._rows.all_reservations(), self._rows.all_cells(), draft.pinned)
            if repair and found:
                right = [(one.counter, one.cell_us, *one.ledger) for one in found]
                self._rows.write_cells(self._db, right, now_us)
        if repair and found:
            self._done(draft, now_us)
            self._rows.forget()
        return found

    def close(self) -> None:
        """Close the files."""
        if self._remaking is None:
            self._rows.close()
        else:
            self._remaking.close()
        self._db.close()

    def _be_ready(self) -> None:
        """Have counters that can be read; a damaged file of them is made again meanwhile.

        Raises
        ------
        StoreUnavailable
            It is not done yet.
        """
        if self._remaking is None:
            if not self._rows.damaged:
                return
            log.error("limit_counters_damaged", extra={"file": COUNTERS})
            self._written += 1  # holds that were granted from it are no longer good
            self._rows.close()
            with unavailable():
                self._remaking = Remaking(self._path)
        db, rows = self._remaking.remade()
        self._db.close()
        self._db, self._rows, self._remaking = db, rows, None

    def _now_us(self, now_us: int) -> int:
        """Return the ledger's time: it stands still while the clock is behind what it wrote."""
        if now_us < self._last_us:
            self._behind.note(self._last_us - now_us)
            return self._last_us
        return now_us

    def _draft(self, reservation_ids: Sequence[str], now_us: int) -> Draft:
        """Return a draft in which the oldest holds that ran out have ended."""
        self._rows.fetch(reservation_ids)
        draft = Draft(self._rows)
        for reservation in self._rows.expiring(now_us, EXPIRED_PER_CALL):
            expire(draft, reservation, now_us)
        return draft

    def _prefetch(
        self, draft: Draft, book: LimitBook, demands: Sequence[Demand], now_us: int
    ) -> None:
        """Read at once what the demands of a group will most likely read one by one."""
        self._rows.clusters.fetch(
            [
                (*demand.cluster, demand.subjects.get("account", ""))
                for demand in demands
                if demand.cluster and book.reads_cluster(demand)
            ]
        )
        self._rows.fetch_cells(prefetch(draft, book, demands, now_us))

    def _commit(self, draft: Draft, now_us: int) -> None:
        if not _has_changed(draft):
            return
        started = time.perf_counter()
        with unavailable(), transaction(self._db):
            size = self._rows.write(self._db, draft, now_us)
        self._on_commit(time.perf_counter() - started)
        self._done(draft, now_us)
        self._mind_size(size)

    def _require(self, ticket: int) -> None:
        """Stop holds that were granted from what is not there any more."""
        if ticket != self._written:
            raise StoreUnavailable("the ledger has changed since the holds were granted")

    def _done(self, draft: Draft, now_us: int) -> None:
        self._written += 1
        self._last_us = now_us
        self._rows.written(draft)

    def _mind_size(self, size: int) -> None:
        self._wal_bytes += size
        if self._wal_bytes > WAL_BYTES_MAX:
            # Else somebody is copying right now: look again after as much again.
            self._wal_bytes = 0 if start_afresh(self._db) else self._wal_bytes // 2


def _has_changed(draft: Draft) -> bool:
    return bool(draft.changed or draft.roots)
