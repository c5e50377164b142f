"""Cells of counters that their file does not have yet."""

from collections.abc import Collection, Sequence
from hashlib import blake2b
from typing import NamedTuple

from risk_service.limits.claims import SEPARATOR
from risk_service.limits.draft import OF_CLUSTER
from risk_service.limits.used import Cells

MARK_BYTES = 8

CellRow = tuple[str, int, int, int]


class Reached(NamedTuple):
    """A row of the ledger's log, and what tells it from one of another log."""

    seq: int
    mark: bytes


def mark_of(record: bytes) -> bytes:
    """Return what tells a row of the ledger's log from another one."""
    return blake2b(record, digest_size=MARK_BYTES).digest()


class Generation:
    """Cells as they are since the file was written last; an empty one is (0, 0).

    Rows are kept as they come: hardly any is looked at before it is in the file, because caches
    know what was charged lately. Cells by counter are made of them once somebody asks.
    """

    def __init__(self) -> None:
        self.reached = Reached(0, b"")
        # Appended to by the ledger's thread alone, and by none once the generation is written.
        self.rows: list[CellRow] = []
        self._counters: set[str] = set()
        # Counters of identity clusters by their owner, because clusters merge.
        self._clusters: dict[str, set[str]] = {}
        self._cells: dict[str, Cells] = {}
        self._found = 0

    def put(self, rows: Sequence[CellRow]) -> None:
        """Take what cells are from now on."""
        counters = [row[0] for row in rows]
        self.rows += rows
        self._counters.update(counters)
        for counter in counters:
            if counter.startswith(OF_CLUSTER):
                owner = counter.partition(SEPARATOR)[0]
                self._clusters.setdefault(owner, set()).add(counter)

    def cells(self, counters: Collection[str]) -> dict[str, Cells]:
        """Return the cells of those of some counters that changed. For the ledger's thread."""
        changed = self._counters.intersection(counters)
        if not changed:
            return {}
        cells = self._cells
        for counter, cell_us, confirmed, held in self.rows[self._found :]:
            cells.setdefault(counter, {})[cell_us] = (confirmed, held)
        self._found = len(self.rows)
        return {counter: cells[counter] for counter in changed}

    def owned(self, owner: str) -> Collection[str]:
        """Return the counters whose key begins with ``owner`` and a separator."""
        if owner.startswith(OF_CLUSTER):
            return self._clusters.get(owner, ())
        prefix = owner + SEPARATOR
        return [counter for counter in self._counters if counter.startswith(prefix)]
