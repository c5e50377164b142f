"""Runs moves of the ledger on rows read from PostgreSQL, until what they came to is written.

One statement checks again whether everything that a move rested on still holds, and writes by
that alone. Where it does not, another process was faster, and the move is run again.
"""

import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from risk_service.adapters.clock import Behind
from risk_service.adapters.postgres.admission import Admission
from risk_service.adapters.postgres.base import RESERVATION, Moment, Wanted
from risk_service.adapters.postgres.bounded import BoundedDraft
from risk_service.adapters.postgres.connection import Overtaken, Session
from risk_service.adapters.postgres.migrate import migrate
from risk_service.adapters.postgres.prefetch import Prefetch
from risk_service.adapters.postgres.reading import Question, answered, due_keys, read
from risk_service.domain.errors import StoreUnavailable
from risk_service.limits.book import LimitBook
from risk_service.limits.steps import expire

# A move asks for more only as it learns more: a reservation, then its counters, then roots.
ROUNDS_MAX = 50
# Each failed try is another process's success; so many in a row are none of these.
TRIES_MAX = 200
SWEEP_RECORDS = 200

Value = TypeVar("Value")
Move = Callable[[BoundedDraft, int], Value]


class OptimisticWrites:
    """Reads, runs and writes moves of one process, with optimistic concurrency control.

    Attributes
    ----------
    is_open
        Whether the tables are known to be of this version.
    last_us
        The ledger's clock, which never goes back.
    swept
        How many holds that were over have been ended on the way.
    """

    def __init__(
        self,
        session: Session,
        book: Callable[[], LimitBook],
        admission: Admission | None,
        met: Callable[[Session], None],
    ) -> None:
        self._met = met
        self._session = session
        self._book = book
        self._admission = admission
        self._behind = Behind()
        self.is_open = False
        self.last_us = 0
        self.swept = 0

    def open(self) -> None:
        """Connect and bring the tables to this version, as ``PostgresLedger.open`` says."""
        if not self.is_open:
            migrate(self._session)
            self._met(self._session)
            self.is_open = True

    def expire(self, now_us: int) -> int:
        """End some holds whose time is over, durably; return how many, 0 when none is left."""
        self.open()
        ended = 0
        while not ended:
            keys = due_keys(self._session, self.at(now_us), SWEEP_RECORDS)
            if not keys:
                return 0
            names = [key.removeprefix(RESERVATION) for key in keys]

            def move(draft: BoundedDraft, at_us: int, names: Sequence[str] = names) -> int:
                return sum([_expired(draft, name, at_us) for name in names])

            # None when another process has ended them all meanwhile.
            ended = self.write(move, now_us, sweep=False)[0]
        return ended

    def at(self, now_us: int) -> int:
        """Return the ledger's clock, which never goes back."""
        self.last_us = max(self.last_us, now_us)
        return self.last_us

    def no_prefetch(self) -> Prefetch:
        """Return that nothing is known ahead."""
        return Prefetch((), (), self._book(), self.last_us)

    def run(
        self, move: Move[Value], prefetch: Prefetch, now_us: int, *, sweep: bool = True
    ) -> tuple[Value, BoundedDraft, Moment]:
        """Move until nothing is missing; some of what was due is ended first."""
        self.open()
        wanted = prefetch.wanted
        moment = Moment(wanted, read=False)
        if not wanted.is_empty:
            question, prefetch.question = prefetch.question, None
            moment = self._moment(wanted, now_us, question, sweep=sweep)
        for _ in range(ROUNDS_MAX):
            draft = BoundedDraft(moment, self.at(now_us))
            if prefetch.at_us == self.last_us:
                draft.prefetched |= prefetch.claims
            value = move(draft, self.last_us)
            if moment.complete:
                return value, draft, moment
            moment = self._moment(wanted, now_us, sweep=sweep)
        raise RuntimeError("a move does not come to an end of what it asks for")

    def _moment(
        self, wanted: Wanted, now_us: int, question: Question | None = None, *, sweep: bool
    ) -> Moment:
        moment = None if question is None else answered(self._session, question)
        if moment is None:
            moment = read(self._session, wanted, self.at(now_us))
        if sweep and moment.due and self._sweep(now_us):
            moment = read(self._session, wanted, self.last_us)
        self._behind.note(self.at(moment.now_us) - now_us)
        return moment

    def _sweep(self, now_us: int) -> bool:
        """End the oldest that are due and that nobody else is ending; tell whether any were.

        The rest ends beside the orders: after an hour without PostgreSQL it is all holds of that
        hour, for which nobody at a checkout can wait.
        """
        ended = self.expire(now_us)
        self.swept += ended
        return ended > 0

    def write(
        self,
        move: Move[Value],
        now_us: int,
        prefetch: Prefetch | None = None,
        *,
        sweep: bool = True,
    ) -> tuple[Value, BoundedDraft, Moment]:
        """Move and write, again and again until nobody was faster."""
        prefetch = prefetch or self.no_prefetch()
        for _ in range(TRIES_MAX):
            value, draft, moment = self.run(move, prefetch, now_us, sweep=sweep)
            if draft.is_empty or self._wrote(draft):
                return value, draft, moment
        raise StoreUnavailable("PostgreSQL: others were faster again and again")

    def _wrote(self, draft: BoundedDraft) -> bool:
        asked_s = time.monotonic()
        try:
            counters = draft.write(self._session, self.last_us)
        except Overtaken:
            return False
        if self._admission is not None:
            self._admission.wrote(draft, counters, asked_s)
        return True


def _expired(draft: BoundedDraft, reservation_id: str, now_us: int) -> bool:
    """End a reservation if its time is over; tell whether it was."""
    found = draft.reservation(reservation_id)
    if found is None or not 0 < found.expires_at_us <= now_us:
        return False
    expire(draft, found, now_us)
    return True
