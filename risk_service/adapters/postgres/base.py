"""What was read of the ledger, as the moves ask for it, and what they asked for in vain.

A move is run on what has been read. What it misses is noted and stands for nothing; then
all of it is read anew in one statement, and the move is run again, until nothing is
missing. So the last run saw one moment of the ledger.
"""

from collections.abc import Mapping
from typing import NamedTuple

import msgspec

from risk_service.domain.positional import reader
from risk_service.limits.claims import SEPARATOR
from risk_service.limits.reservation import Reservation
from risk_service.limits.used import Cells

RESERVATION = "r:"
AFTER_RESERVATIONS = "r;"
ROOT = "root:"
# The character behind the separator: where the keys that begin with it end.
AFTER_SEPARATOR = chr(ord(SEPARATOR) + 1)
NOT_READ_US = 2**62

encode = msgspec.msgpack.Encoder().encode
decode = reader(Reservation)


class Wanted:
    """What a move reads: records, counters with their oldest cell, and whole owners."""

    def __init__(self) -> None:
        self.keys: set[str] = set()
        self.counters: dict[str, int] = {}
        self.owners: set[str] = set()

    @property
    def is_empty(self) -> bool:
        """Return whether nothing is wanted."""
        return not (self.keys or self.counters or self.owners)

    def want_cells(self, counter: str, since_us: int) -> None:
        """Want the cells of a counter after a time."""
        known_us = self.counters.get(counter)
        if known_us is None or since_us < known_us:
            self.counters[counter] = since_us


class Row(NamedTuple):
    """A record as it is stored."""

    version: int
    record: bytes


class Moment:
    """The ledger at one moment, as far as it was wanted. Implements ``limits.draft.Base``.

    Parameters
    ----------
    read
        Whether what is wanted has been read; else nothing is known yet.

    Attributes
    ----------
    wanted
        What was read, and more as a move misses it.
    complete
        Whether nothing has been missed.
    now_us
        The ledger's clock.
    due
        Whether something has become due.
    asked_s
        When the ledger was asked, by the monotonic clock.
    sequences
        Of the cells 0 that were read.
    """

    def __init__(self, wanted: Wanted, *, read: bool) -> None:
        self.wanted = wanted
        self.complete = read
        self.now_us = 0
        self.due = False
        self.asked_s = 0.0
        self.rows: dict[str, Row] = {}
        self.sequences: dict[str, int] = {}
        self._cells: dict[str, Cells] = {}
        known = wanted if read else Wanted()
        self._read_keys = frozenset(known.keys)
        self._read_counters: Mapping[str, int] = dict(known.counters)
        self._read_owners = frozenset(known.owners)
        self._decoded: dict[str, Reservation] = {}

    def put_cell(self, counter: str, cell_us: int, confirmed: int, held: int, seq: int) -> None:
        """Take in a cell that was read."""
        self._cells.setdefault(counter, {})[cell_us] = (confirmed, held)
        if cell_us == 0:
            self.sequences[counter] = seq

    def version(self, key: str) -> int:
        """Return how often a record was written."""
        row = self.rows.get(key)
        return 0 if row is None else row.version

    def reservation(self, reservation_id: str) -> Reservation | None:
        """Return a reservation, or None."""
        row = self._row(RESERVATION + reservation_id)
        if row is None:
            return None
        found = self._decoded.get(reservation_id)
        if found is None:
            found = self._decoded[reservation_id] = decode(row.record)
        return found

    def cells(self, counter: str, since_us: int) -> Cells:
        """Return (confirmed, held) by cell, at least of all cells after ``since_us``."""
        read_us = self._read_counters.get(counter, NOT_READ_US)
        if read_us > since_us and counter.split(SEPARATOR, 1)[0] not in self._read_owners:
            self.complete = False
            self.wanted.want_cells(counter, since_us)
        return self._cells.get(counter, {})

    def counters_of(self, owner: str) -> dict[str, Cells]:
        """Return all cells of the counters whose key begins with ``owner`` and a separator."""
        if owner not in self._read_owners:
            self.complete = False
            self.wanted.owners.add(owner)
            return {}
        prefix = owner + SEPARATOR
        return {key: cells for key, cells in self._cells.items() if key.startswith(prefix)}

    def root(self, account: str) -> str:
        """Return the account that an account's cluster is counted under since it merged."""
        row = self._row(ROOT + account)
        return account if row is None else row.record.decode()

    def single_cells(self) -> list[tuple[str, int, int]]:
        """Return counter, use and sequence of the counters with a single cell."""
        cells = self._cells
        return [(key, sum(cells[key][0]), sequence) for key, sequence in self.sequences.items()]

    def roots(self) -> dict[str, str]:
        """Return the accounts that were read and are counted under another one."""
        return {
            key.removeprefix(ROOT): row.record.decode()
            for key, row in self.rows.items()
            if key.startswith(ROOT)
        }

    def _row(self, key: str) -> Row | None:
        if key not in self._read_keys:
            self.complete = False
            self.wanted.keys.add(key)
        return self.rows.get(key)
