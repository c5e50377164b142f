"""A draft that notes what its grants rest on, and the statement that writes it.

A move is run on a reading that may be out of date when it is written. So each new charge
of a counter notes what the counter may have come to before; PostgreSQL looks again, under
its locks, and writes all or nothing.
"""

from collections.abc import Sequence
from typing import LiteralString, NamedTuple

from risk_service.adapters.postgres.arrays import binaries, numbers, texts
from risk_service.adapters.postgres.base import (
    AFTER_SEPARATOR,
    RESERVATION,
    ROOT,
    Moment,
    encode,
)
from risk_service.adapters.postgres.connection import Rows, Session
from risk_service.domain.reservation import ReservationState as State
from risk_service.limits.adjusting import ADJUSTMENT
from risk_service.limits.claims import SEPARATOR
from risk_service.limits.draft import OF_CLUSTER, Draft
from risk_service.limits.reservation import Entry, Reservation
from risk_service.limits.used import Cells
from risk_service.limits.windows import EVERYTHING, rolling_since_us

# Locks a rolling window, whose cells are many rows, for those who charge it.
HEAD_CELL = -1
CHARGING = (State.HELD, State.CONFIRMED)


class Change(NamedTuple):
    """A reservation that was written: as it was before, and the version it has now."""

    reservation_id: str
    before: Reservation | None
    version: int


_WRITE: LiteralString = """SELECT counter, confirmed + held, sequence FROM ledger_write(
    $1::text[], $2::boolean[], $3::text[], $4::text[],
    $5::text[], $6::bigint[], $7::bigint[], $8::bytea[],
    $9::text[], $10::bigint[], $11::bigint[], $12::bigint[],
    $13::text[], $14::bigint[], $15::bigint[], $16::text[], $17::bigint[], $18::bigint)"""


class BoundedDraft(Draft):
    """Notes, for each counter that is charged, up to what it may have been used before."""

    def __init__(self, moment: Moment, now_us: int) -> None:
        super().__init__(moment)
        self._moment = moment
        self._now_us = now_us
        # Of each window that was charged, how much room was left at the tightest grant.
        self._rooms: dict[tuple[str, int], int] = {}
        self._floors: set[tuple[str, int]] = set()

    @property
    def is_empty(self) -> bool:
        """Return whether there is nothing to write."""
        return not (self.changed or self.roots)

    def fresh(self) -> "BoundedDraft":
        """Return another draft over the same reading."""
        return BoundedDraft(self._moment, self._now_us)

    def counters_of(self, owner: str) -> dict[str, Cells]:
        """Return the counters of a subject and its token, as they were read."""
        return self._moment.counters_of(owner)

    def version(self, reservation_id: str) -> int:
        """Return how often a reservation was written before this draft; 0 when it is absent."""
        return self._moment.version(RESERVATION + reservation_id)

    def fits(self, reservation: Reservation) -> bool:
        """Tell whether all counters are within the caps, with this reservation put."""
        windows = [(self._window(one), one.cap) for one in reservation.entries if one.needed]
        return all(self.used(*window).total <= cap for window, cap in windows)

    def put(self, reservation: Reservation) -> None:
        """Let a reservation be as given; note what its charges rest on."""
        if reservation.reservation_id.startswith(ADJUSTMENT):
            taken = [one for one in reservation.kept if one.charged < 0]
            self._floors |= {(self.pinned(one.counter), one.cell_us) for one in taken}
        if reservation.state not in CHARGING:
            super().put(reservation)
            return
        windows = [(self._window(one), one.cap) for one in reservation.entries if one.needed]
        before = [self.used(*window).total for window, _ in windows]
        super().put(reservation)
        for (window, cap), used_before in zip(windows, before, strict=True):
            used = self.used(*window).total
            # What another counter of the claim had room for, or what is paid, may lie above.
            if used_before < used <= cap:
                self._rooms[window] = min(cap - used, self._rooms.get(window, cap))

    def write(self, session: Session, at_us: int) -> Rows:
        """Write it all, or nothing.

        Returns
        -------
        Rows
            (counter, used, sequence) of the counters with a single cell.

        Raises
        ------
        Overtaken
            What it rests on has changed.
        """
        cells = self._charged()
        bounds = self._bounds()
        floors = sorted(self._floors)
        emptied = [f"{OF_CLUSTER}{account}" for account in sorted(self.roots)]
        records = self._records()
        session.ask(
            _WRITE,
            (
                *self._guards([counter for (counter, _), _ in cells]),
                texts([owner + SEPARATOR for owner in emptied]),
                texts([owner + AFTER_SEPARATOR for owner in emptied]),
                texts([key for key, _, _, _ in records]),
                numbers([version for _, version, _, _ in records]),
                numbers([due_us for _, _, due_us, _ in records]),
                binaries([record for _, _, _, record in records]),
                texts([counter for (counter, _), _ in cells]),
                numbers([cell_us for (_, cell_us), _ in cells]),
                numbers([change[0] for _, change in cells]),
                numbers([change[1] for _, change in cells]),
                texts([counter for counter, _, _ in bounds]),
                numbers([since_us for _, since_us, _ in bounds]),
                numbers([allowed for _, _, allowed in bounds]),
                texts([counter for counter, _ in floors]),
                numbers([cell_us for _, cell_us in floors]),
                str(at_us),
            ),
        )
        return session.answer() or []

    def changes(self) -> list[Change]:
        """Return the reservations that were written."""
        moment = self._moment
        return [
            Change(name, moment.reservation(name), self.version(name) + 1) for name in self.changed
        ]

    def tells(self, counter: str, used: int) -> bool:
        """Tell whether a counter that was written is of use to whoever refuses early."""
        change = self.cells.get(counter, {}).get(0, (0, 0))
        room = self._rooms.get((counter, EVERYTHING))
        is_full = room is not None and used >= room + self.used(counter, EVERYTHING).total
        return is_full or sum(change) < 0

    def _window(self, entry: Entry) -> tuple[str, int]:
        since_us = EVERYTHING
        if entry.span_us:
            since_us = rolling_since_us(entry.span_us, entry.tile_us, self._now_us)
        return self.pinned(entry.counter), since_us

    def _charged(self) -> list[tuple[tuple[str, int], Sequence[int]]]:
        """Return counter, cell and changes; rolling windows with their head."""
        cells: dict[tuple[str, int], Sequence[int]] = {
            (counter, cell_us): change
            for counter, more in self.cells.items()
            for cell_us, change in more.items()
            if any(change)
        }
        for counter, since_us in self._rooms:
            if since_us != EVERYTHING:
                cells[counter, HEAD_CELL] = (0, 0)
        return sorted(cells.items())

    def _bounds(self) -> list[tuple[str, int, int]]:
        """Return counter, time and what the cells after it may come to in the end."""
        return [
            (*window, room + self.used(*window).total)
            for window, room in sorted(self._rooms.items())
        ]

    def _records(self) -> list[tuple[str, int, int | None, bytes]]:
        """Return key, version, due time and bytes of each record, by key."""
        moment = self._moment
        found: list[tuple[str, int, int | None, bytes]] = []
        for reservation in self.changed.values():
            key = RESERVATION + reservation.reservation_id
            due_us = reservation.expires_at_us or None
            found.append((key, moment.version(key) + 1, due_us, encode(reservation)))
        for account, root in self.roots.items():
            key = ROOT + account
            found.append((key, moment.version(key) + 1, None, root.encode()))
        return sorted(found)

    def _guards(self, counters: Sequence[str]) -> tuple[str, str]:
        """Return the roots that no other cluster may have swallowed, and whether we do so."""
        charged = {
            counter[len(OF_CLUSTER) :].split(SEPARATOR, 1)[0]
            for counter in counters
            if counter.startswith(OF_CLUSTER)
        }
        accounts = sorted(charged | set(self.roots))
        alone = [int(one in self.roots) for one in accounts]
        return texts([ROOT + one for one in accounts]), numbers(alone)
