"""Decisions on claims and promotion actions: a table beside the log of events.

Written in the transaction of the events by which they count, so that a decision and its
counting are durable together or not at all. Used by the thread that writes the log.
"""

import sqlite3
from collections.abc import Callable, Sequence

import msgspec

from risk_service.adapters.sqlite.connection import marks
from risk_service.adapters.sqlite.events import SqliteEventLog
from risk_service.domain.assessment import AssessmentRecord, BenefitEntry
from risk_service.domain.positional import reader
from risk_service.domain.reported import EventRecord

# Newest entries of one owner that a sum looks at one by one; older ones come as one.
ENTRIES_MAX = 10_000
_NEWEST = (
    "SELECT at_us, amount FROM benefit_entries WHERE owner = ? AND at_us >= ? "
    "ORDER BY at_us DESC LIMIT ? OFFSET ?"
)

_INSERT = (
    "INSERT INTO assessments (decision_id, request_id, subject, number, challenge_id, record) "
    "VALUES (?, ?, ?, ?, ?, ?)"
)
_LATEST = "SELECT record FROM assessments WHERE subject = ? ORDER BY number DESC LIMIT 1"
_encode = msgspec.msgpack.Encoder().encode
_decode = reader(AssessmentRecord)
Write = Callable[[sqlite3.Connection], None]


class SqliteAssessments:
    """Implements ``ports.AssessmentStore`` in the file of the decision store.

    Parameters
    ----------
    log
        The log of events; it opens and closes the file.
    """

    def __init__(self, log: SqliteEventLog) -> None:
        self._log = log

    def by_request_ids(self, request_ids: Sequence[str]) -> dict[str, AssessmentRecord]:
        """Return the records answered to these requests, absent ones left out."""
        sql = f"SELECT record FROM assessments WHERE request_id IN ({marks(request_ids)})"  # noqa: S608 - question marks only
        records = [_decode(record) for (record,) in self._log.select(sql, request_ids)]
        return {record.decision.request_id: record for record in records}

    def by_decision_id(self, decision_id: str) -> AssessmentRecord | None:
        """Return one record, or None."""
        return self._one("SELECT record FROM assessments WHERE decision_id = ?", decision_id)

    def by_challenge_id(self, challenge_id: str) -> AssessmentRecord | None:
        """Return the record that asked for this challenge, or None."""
        return self._one("SELECT record FROM assessments WHERE challenge_id = ?", challenge_id)

    def latest_of(self, subjects: Sequence[str]) -> dict[str, AssessmentRecord]:
        """Return the latest record of each claim or action, absent ones left out."""
        found = {subject: self._one(_LATEST, subject) for subject in subjects}
        return {subject: record for subject, record in found.items() if record is not None}

    def entries_since(self, owner: str, since_us: int) -> Sequence[BenefitEntry]:
        """Return what an owner claimed from a time on, the newest first, at most 10,001.

        Those before the newest 10,000 are added up in one that is dated as the newest of them:
        a flood of small claims pushes no large one out of a sum.
        """
        rows = self._log.select(_NEWEST, (owner, since_us, ENTRIES_MAX, 0))
        if len(rows) == ENTRIES_MAX:
            older = f"SELECT max(at_us), total(amount) FROM ({_NEWEST})"  # noqa: S608 - own words
            ((at_us, amount),) = self._log.select(older, (owner, since_us, -1, ENTRIES_MAX))
            rows += [(at_us, int(amount))] if at_us is not None else []
        return [BenefitEntry(owner=owner, at_us=at_us, amount=n) for at_us, n in rows]

    def commit(
        self,
        records: Sequence[AssessmentRecord],
        events: Sequence[EventRecord],
        entries: Sequence[BenefitEntry],
        also: Write | None = None,
    ) -> None:
        """Write all of it in one transaction and flush it to the disk.

        Parameters
        ----------
        also
            Writes what else must become durable with the decisions.

        Raises
        ------
        risk_service.domain.errors.StoreUnavailable
            Nothing of the group was written.
        sqlite3.IntegrityError
            A request id or a number of a claim is there already; nothing was written.
        """
        rows = [(*_keys(record), _encode(record)) for record in records]

        def write(db: sqlite3.Connection) -> None:
            db.executemany(_INSERT, rows)
            db.executemany(
                "INSERT INTO benefit_entries VALUES (?, ?, ?)",
                [(entry.owner, entry.at_us, entry.amount) for entry in entries],
            )
            if also is not None:
                also(db)

        self._log.append(events, write)

    def _one(self, sql: str, key: str) -> AssessmentRecord | None:
        rows = self._log.select(sql, (key,))
        return _decode(rows[0][0]) if rows else None


def _keys(record: AssessmentRecord) -> tuple[str, str, str, int, str | None]:
    decision = record.decision
    challenge_id = decision.challenge.challenge_id if decision.challenge else None
    return (
        decision.decision_id,
        decision.request_id,
        record.subject,
        decision.number,
        challenge_id,
    )
