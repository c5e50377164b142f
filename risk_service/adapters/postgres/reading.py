"""The statements that read the ledger: everything that is wanted, at one moment."""

import time
from typing import LiteralString, NamedTuple

from risk_service.adapters.postgres.arrays import numbers, texts
from risk_service.adapters.postgres.base import AFTER_SEPARATOR, Moment, Row, Wanted
from risk_service.adapters.postgres.connection import Session
from risk_service.limits.claims import SEPARATOR

CLOCK, RECORD = 0, 1

# One statement sees one moment. Cells below 0 are locks, not counts.
_READ: LiteralString = """
SELECT 0, NULL::text, c.now_us,
    EXISTS (SELECT FROM ledger_records r WHERE r.due_at_us <= $1::bigint)::int::bigint,
    NULL::bigint, NULL::bigint, NULL::bytea
FROM ledger_clock c
UNION ALL
SELECT 1, r.key, r.version, NULL, NULL, NULL, r.record
FROM unnest($2::text[]) AS w (key) JOIN ledger_records r ON r.key = w.key
UNION ALL
SELECT 2, c.counter, c.cell_us, c.confirmed, c.held, c.sequence, NULL
FROM unnest($3::text[], $4::bigint[]) AS w (counter, since_us)
JOIN ledger_cells c ON c.counter = w.counter AND c.cell_us > w.since_us AND c.cell_us >= 0
UNION ALL
SELECT 2, c.counter, c.cell_us, c.confirmed, c.held, c.sequence, NULL
FROM unnest($5::text[], $6::text[]) AS o (from_counter, to_counter)
JOIN ledger_cells c ON c.counter >= o.from_counter AND c.counter < o.to_counter AND c.cell_us >= 0
"""
# Rows that another process is just ending are left to it.
_DUE: LiteralString = """
SELECT key FROM ledger_records WHERE due_at_us <= %s::bigint
ORDER BY due_at_us LIMIT %s FOR NO KEY UPDATE SKIP LOCKED
"""


class Question(NamedTuple):
    """What was asked, and when by the monotonic clock."""

    wanted: Wanted
    asked_s: float


def read(session: Session, wanted: Wanted, now_us: int) -> Moment:
    """Return what is wanted, at one moment."""
    question = ask(session, wanted, now_us)
    moment = answered(session, question)
    if moment is None:
        raise RuntimeError("a question was put and its answer dropped in one step")
    return moment


def ask(session: Session, wanted: Wanted, now_us: int) -> Question:
    """Send the question for what is wanted; ``answered`` returns what is said to it."""
    keys, counters, owners = sorted(wanted.keys), sorted(wanted.counters), sorted(wanted.owners)
    asked_s = time.monotonic()
    session.ask(
        _READ,
        (
            str(now_us),
            texts(keys),
            texts(counters),
            numbers([wanted.counters[counter] for counter in counters]),
            texts([owner + SEPARATOR for owner in owners]),
            texts([owner + AFTER_SEPARATOR for owner in owners]),
        ),
    )
    return Question(wanted, asked_s)


def answered(session: Session, question: Question) -> Moment | None:
    """Return the moment of a question; None when another statement has dropped the answer."""
    found = session.answer()
    if found is None:
        return None
    moment = Moment(question.wanted, read=True)
    moment.asked_s = question.asked_s
    for kind, key, one, two, three, four, record in found:
        if kind == CLOCK:
            moment.now_us, moment.due = one, bool(two)
        elif kind == RECORD:
            moment.rows[key] = Row(one, record)
        else:
            moment.put_cell(key, one, two, three, four)
    return moment


def due_keys(session: Session, now_us: int, count: int) -> list[str]:
    """Return the keys of some records whose time has come, the oldest first."""
    return [row[0] for row in session.rows(_DUE, (str(now_us), count))]
