"""Opens the counters of the embedded ledger, brought to where its log ends."""

import logging
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path

from risk_service.adapters.sqlite.changes import Changes
from risk_service.adapters.sqlite.connection import is_corrupt
from risk_service.adapters.sqlite.counters import FILE_NAME, Counters
from risk_service.adapters.sqlite.generation import CellRow
from risk_service.limits.reservation import Reservation, charges

# Sums of so many cells stand in memory while the file is made again.
SUMMED_CELLS = 50_000

log = logging.getLogger(__name__)

Pinned = Callable[[str], str]
Ledger = Callable[[], Iterator[Reservation]]


def opened_counters(directory: Path, changes: Changes, ledger: Ledger, pinned: Pinned) -> Counters:
    """Return the counters as the log and the reservations have them.

    Parameters
    ----------
    ledger
        Yields every reservation.
    pinned
        Returns the key under which a charge stands since clusters merged.
    """
    try:
        return _caught_up(Counters(directory), changes, ledger, pinned)
    except sqlite3.DatabaseError as error:
        if not is_corrupt(error):
            raise
    forget_counters(directory)
    return _caught_up(Counters(directory), changes, ledger, pinned)


def forget_counters(directory: Path) -> None:
    """Take the file away, so that it is made again when it is opened; nobody may have it open."""
    for suffix in ("-wal", "-shm", ""):
        (directory / (FILE_NAME + suffix)).unlink(missing_ok=True)


def _caught_up(counters: Counters, changes: Changes, ledger: Ledger, pinned: Pinned) -> Counters:
    try:
        if not changes.has(counters.reached):
            log.info("limit_counters_made")
            counters.remake(_sums(ledger(), pinned), changes.last())
        for reached, cells in changes.after(counters.reached.seq):
            counters.add(reached, cells)
    except BaseException:
        counters.close()
        raise
    return counters


def _sums(ledger: Iterator[Reservation], pinned: Pinned) -> Iterator[list[CellRow]]:
    """Yield what reservations add up to, a part of them at a time."""
    sums: dict[tuple[str, int], tuple[int, int]] = {}
    for reservation in ledger:
        for counter, cell_us, confirmed, held in charges(reservation):
            key = pinned(counter), cell_us
            before = sums.get(key, (0, 0))
            sums[key] = before[0] + confirmed, before[1] + held
        if len(sums) >= SUMMED_CELLS:
            yield [(*key, *cell) for key, cell in sums.items()]
            sums.clear()
    yield [(*key, *cell) for key, cell in sums.items()]
