"""The statements that forget reservations, and what they leave behind for a while.

What is forgotten first becomes an empty row: whoever has read it before then fails to write it
and reads again. Empty rows go in a later round, when no call can know them any more.
"""

from collections.abc import Sequence
from typing import LiteralString, NamedTuple

from risk_service.adapters.postgres.arrays import numbers, texts
from risk_service.adapters.postgres.base import AFTER_RESERVATIONS, RESERVATION, decode
from risk_service.adapters.postgres.bounded import BoundedDraft
from risk_service.adapters.postgres.connection import Session
from risk_service.limits.pruning import CARRIED, is_empty, may_go

LOOKED_AT = 200
# No call takes a part of that.
EMPTY_KEPT_US = 3600 * 1_000_000

# What was carried over is no reservation.
_OVER: LiteralString = """
SELECT key, version, record FROM ledger_records
WHERE key > %s AND key < %s AND due_at_us IS NULL AND NOT key BETWEEN %s AND %s
ORDER BY key LIMIT %s
"""
_DROP_ROWS: LiteralString = """
DELETE FROM ledger_records r USING unnest(%s::text[], %s::bigint[]) AS e (key, version)
WHERE r.key = e.key AND r.version = e.version RETURNING 1
"""
_DROP_CELLS: LiteralString = """
DELETE FROM ledger_cells c USING unnest(%s::text[], %s::bigint[]) AS e (counter, cell_us)
WHERE c.counter = e.counter AND c.cell_us = e.cell_us AND c.confirmed = 0 AND c.held = 0
RETURNING 1
"""


class Look(NamedTuple):
    """Some rows that hold nothing: up to which, which may go, and which are empty already."""

    last: str
    names: list[str]
    empty: list[tuple[str, int]]


def look(session: Session, behind: str, before_us: int, now_us: int) -> Look | None:
    """Return what may be forgotten of the next reservations; None when there is none left."""
    carried = RESERVATION + CARRIED
    bounds = RESERVATION + behind, AFTER_RESERVATIONS, carried, carried + chr(0x10FFFF)
    rows = session.rows(_OVER, (*bounds, LOOKED_AT))
    if not rows:
        return None
    found = [(key.removeprefix(RESERVATION), version, decode(row)) for key, version, row in rows]
    left_us = now_us - EMPTY_KEPT_US
    return Look(
        last=found[-1][0],
        names=[name for name, _, row in found if may_go(row, before_us)],
        empty=[
            (name, version)
            for name, version, row in found
            if is_empty(row) and row.changed_us < left_us
        ],
    )


def drop_rows(session: Session, rows: Sequence[tuple[str, int]]) -> None:
    """Delete empty rows, by id and version, where they are still just so."""
    keys = [RESERVATION + name for name, _ in rows]
    session.rows(_DROP_ROWS, (texts(keys), numbers([version for _, version in rows])))


def drop_cells(session: Session, draft: BoundedDraft) -> None:
    """Delete the cells of periods that are over and that nothing is left of."""
    cells = [
        (counter, cell_us)
        for counter, more in draft.cells.items()
        for cell_us, change in more.items()
        if change[0] < 0
    ]
    counters = texts([counter for counter, _ in cells])
    session.rows(_DROP_CELLS, (counters, numbers([cell_us for _, cell_us in cells])))
