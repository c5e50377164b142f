"""Adds the whole ledger up and holds the counters to it."""

from collections.abc import Callable, Iterator
from typing import LiteralString

from risk_service.adapters.postgres.base import RESERVATION, ROOT, decode
from risk_service.adapters.postgres.bounded import HEAD_CELL
from risk_service.adapters.postgres.connection import Session
from risk_service.domain.reservation import Drift
from risk_service.limits.calls import drifts
from risk_service.limits.claims import SEPARATOR
from risk_service.limits.draft import OF_CLUSTER
from risk_service.limits.reservation import Reservation

PAGE_ROWS = 2_000

_LOOK: LiteralString = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
_REPAIR: LiteralString = (
    "BEGIN; LOCK TABLE ledger_records, ledger_cells IN SHARE ROW EXCLUSIVE MODE"
)
_RECORDS: LiteralString = """
SELECT key, record FROM ledger_records WHERE key > %s AND key < %s ORDER BY key LIMIT %s
"""
_CELLS: LiteralString = """
SELECT counter, cell_us, confirmed, held FROM ledger_cells
WHERE (counter, cell_us) > (%s, %s) ORDER BY counter, cell_us LIMIT %s
"""
_MEND: LiteralString = """
INSERT INTO ledger_cells AS old (counter, cell_us, confirmed, held, sequence)
VALUES (%s, %s, %s, %s, 1)
ON CONFLICT (counter, cell_us) DO UPDATE SET confirmed = old.confirmed + excluded.confirmed,
    held = old.held + excluded.held, sequence = old.sequence + 1
"""


def reconcile(session: Session, *, repair: bool) -> list[Drift]:
    """Return the counters that differ from the reservations; set them right if asked."""
    with session.transaction(_REPAIR if repair else _LOOK):
        found = drifts(_reservations(session), _cells(session), _pinned(session))
        if repair:
            for drift in found:
                confirmed, held = (drift.ledger[n] - drift.counted[n] for n in (0, 1))
                session.rows(_MEND, (drift.counter, drift.cell_us, confirmed, held))
        return found


def _records(session: Session, prefix: str) -> Iterator[tuple[str, bytes]]:
    """Yield the records of a kind, page by page."""
    last, end = prefix, prefix[:-1] + chr(ord(prefix[-1]) + 1)
    while page := session.rows(_RECORDS, (last, end, PAGE_ROWS)):
        yield from page
        last = page[-1][0]


def _reservations(session: Session) -> Iterator[Reservation]:
    for _, record in _records(session, RESERVATION):
        yield decode(record)


def _cells(session: Session) -> Iterator[tuple[str, int, int, int]]:
    """Yield all cells but the heads of rolling windows, which say nothing."""
    last: tuple[str, int] = ("", 0)
    while page := session.rows(_CELLS, (*last, PAGE_ROWS)):
        for counter, cell_us, confirmed, held in page:
            if cell_us != HEAD_CELL:
                yield counter, cell_us, confirmed, held
        last = page[-1][0], page[-1][1]


def _pinned(session: Session) -> Callable[[str], str]:
    """Return what says under which key a charge stands now; see ``Draft.pinned``."""
    roots = {key.removeprefix(ROOT): root.decode() for key, root in _records(session, ROOT)}

    def pinned(counter: str) -> str:
        if not counter.startswith(OF_CLUSTER):
            return counter
        account, tail = counter[len(OF_CLUSTER) :].split(SEPARATOR, 1)
        while account in roots:
            account = roots[account]
        return f"{OF_CLUSTER}{account}{SEPARATOR}{tail}"

    return pinned
