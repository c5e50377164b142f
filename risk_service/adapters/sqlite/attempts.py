"""Reads back of the decision log what the windows need: each attempt, in the order of the log.

Decodes a record in part: scores, reasons and vector stay bytes.
"""

from collections.abc import Iterator
from typing import NamedTuple

import msgspec

from risk_service.adapters.sqlite.decision_rows import DecisionRows, Packed
from risk_service.domain.decision import ChallengeCompletion
from risk_service.domain.order import Order
from risk_service.domain.positional import Positional, reader

# A group has at most 500 orders; within so many of the last places lies the greatest stamp.
NEWEST_PLACES = 1000


class LogPosition(NamedTuple):
    """The last place of the log, its decision, and the greatest stamp in it; 0 for none."""

    seq: int
    decision_id: str
    stamp_us: int


class Attempt(NamedTuple):
    """An order attempt as the windows count it."""

    seq: int
    stamp_us: int
    decision_id: str
    order: Order
    applied_us: tuple[int, ...]


class _DecisionPart(Positional, frozen=True, gc=False):
    """The first fields of a decision."""

    decision_id: str


class _RecordPart(Positional, frozen=True, kw_only=True, gc=False):
    """A record up to its stamp; what windows do not need is passed over."""

    decision: _DecisionPart
    fingerprint: msgspec.Raw
    order: Order
    vector: msgspec.Raw
    clock_us: int
    completion: ChallengeCompletion | None = None
    stamp_us: int = 0
    read_us: tuple[int, ...] = ()
    applied_us: tuple[int, ...] = ()


_read = reader(_RecordPart)


def position(log: DecisionRows) -> LogPosition:
    """Return where the log ends."""
    newest = [(seq, _read(record)) for seq, record in log.after(log.end() - NEWEST_PLACES)]
    if not newest:
        return LogPosition(0, "", 0)
    seq, last = newest[-1]
    return LogPosition(seq, last.decision.decision_id, max(part.stamp_us for _, part in newest))


def order_of(record: Packed) -> tuple[str, Order]:
    """Return decision id and order of a stored record."""
    part = _read(record)
    return part.decision.decision_id, part.order


def attempts_after(log: DecisionRows, seq: int) -> Iterator[Attempt]:
    """Yield the attempts that count, from the place after ``seq`` on, as the log has them.

    Decisions made before there were windows have no stamp and count in none.
    """
    for place, record in log.after(seq):
        part = _read(record)
        if part.stamp_us and part.completion is None:
            decision_id = part.decision.decision_id
            yield Attempt(place, part.stamp_us, decision_id, part.order, part.applied_us)


def last_place_before(log: DecisionRows, since_us: int) -> int:
    """Return the last place with a stamp before a time, 0 when there is none.

    Stamps rise from place to place, also when the clock went back over a restart, so that a
    few of them tell.
    """
    low, high = 0, log.end()
    while low < high:
        middle = (low + high + 1) // 2
        found = next(log.after(middle - 1), None)
        if found is not None and _read(found[1]).stamp_us < since_us:
            low = found[0]
        else:
            high = middle - 1
    return low
