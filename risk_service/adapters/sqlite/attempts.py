"""Reads back of the decision log what the windows need: each attempt, in the order of the log.

Decodes a record in part: scores, reasons and vector stay bytes.
"""

import sqlite3
from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from risk_service.domain.decision import ChallengeCompletion
from risk_service.domain.order import Order

# A group has at most 500 orders; among so many newest rows lies the greatest stamp.
NEWEST_ROWS = 1000


class LogPosition(NamedTuple):
    """The last row of the log, its decision, and the greatest stamp in it; 0 for none."""

    seq: int
    decision_id: str
    stamp_us: int


class Attempt(NamedTuple):
    """An order attempt as the windows count it."""

    seq: int
    stamp_us: int
    decision_id: str
    order: Order


class _DecisionPart(msgspec.Struct, gc=False):
    decision_id: str


class _RecordPart(msgspec.Struct, gc=False):
    decision: _DecisionPart
    order: Order
    stamp_us: int = 0
    completion: ChallengeCompletion | None = None


_decode = msgspec.msgpack.Decoder(_RecordPart).decode


def position(db: sqlite3.Connection) -> LogPosition:
    """Return where the log ends."""
    rows = db.execute(
        "SELECT seq, record FROM decisions ORDER BY seq DESC LIMIT ?", (NEWEST_ROWS,)
    ).fetchall()
    if not rows:
        return LogPosition(0, "", 0)
    parts = [_decode(record) for _, record in rows]
    return LogPosition(
        rows[0][0], parts[0].decision.decision_id, max(part.stamp_us for part in parts)
    )


def order_of(record: bytes) -> tuple[str, Order]:
    """Return decision id and order of a stored record."""
    part = _decode(record)
    return part.decision.decision_id, part.order


def attempts_after(db: sqlite3.Connection, seq: int) -> Iterator[Attempt]:
    """Yield the attempts that count, from the row after ``seq`` on, as the log has them.

    Decisions made before there were windows have no stamp and count in none.
    """
    rows = db.execute("SELECT seq, record FROM decisions WHERE seq > ? ORDER BY seq", (seq,))
    for row, record in rows:
        part = _decode(record)
        if part.stamp_us and part.completion is None:
            yield Attempt(row, part.stamp_us, part.decision.decision_id, part.order)


def last_row_before(db: sqlite3.Connection, since_us: int) -> int:
    """Return the last row with a stamp before a time, 0 when there is none.

    Stamps rise from row to row, also when the clock went back over a restart, so that a few
    rows tell.
    """
    low = 0
    high: int = db.execute("SELECT coalesce(max(seq), 0) FROM decisions").fetchone()[0]
    while low < high:
        middle = (low + high + 1) // 2
        row = db.execute("SELECT record FROM decisions WHERE seq = ?", (middle,)).fetchone()
        if _decode(row[0]).stamp_us < since_us:
            low = middle
        else:
            high = middle - 1
    return low
