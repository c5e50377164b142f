"""Reads the log of a state directory for the records of a person, beside a running service.

A record is only decoded when the bytes of a token or an id are in it: of a log of millions most of
the time goes to reading the file.
"""

import sqlite3
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from risk_service.adapters.sqlite.decision_rows import Packed, numbered, record_of
from risk_service.adapters.sqlite.decisions import FILE_NAME
from risk_service.adapters.sqlite.events import order_of
from risk_service.adapters.sqlite.ledger_rows import stored_reservation
from risk_service.adapters.sqlite.paging import Pages, Tell, readable, rows_of, unreadable
from risk_service.adapters.sqlite.past_orders import FILE_NAME as PAST_ORDERS
from risk_service.adapters.sqlite.read_only import open_read_only, there
from risk_service.adapters.sqlite.record_pages import ASSESSMENTS, GROUPED, SINGLE
from risk_service.adapters.sqlite.schema import DECISION_LOG
from risk_service.adapters.sqlite.shared_verifications import FILE_NAME as VERIFIED
from risk_service.domain.assessment import SEPARATOR, AssessmentRecord
from risk_service.domain.decision import DecisionRecord
from risk_service.domain.positional import reader
from risk_service.domain.reported import EventRecord, PastOrder
from risk_service.domain.verification import Verification
from risk_service.limits.reservation import Reservation

Found = TypeVar("Found")

PAST = Pages(table="past_orders", key="order_id", columns="record")
EVENTS = Pages(table="events", key="stamp_us", columns="record")
VERIFICATIONS = Pages(table="verifications", key="seq", columns="record")
RESERVATIONS = Pages(table="reservations", key="rowid", columns="reservation_id, record")

_assessment_of = reader(AssessmentRecord)
_event_of = msgspec.msgpack.Decoder(EventRecord).decode
_past_of = msgspec.msgpack.Decoder(PastOrder).decode
_verification_of = msgspec.msgpack.Decoder(Verification).decode


class SqlitePersonLog:
    """Implements ``decisions.person.stores.PersonLog`` and its ``ReservationRows``.

    Parameters
    ----------
    directory
        State directory of a service, running or not.
    tell
        Told how far a table was read.

    Raises
    ------
    ConfigFault
        There is no log in it, or one that this version cannot read.
    """

    def __init__(self, directory: Path, tell: Tell) -> None:
        self._directory = directory
        self._tell = tell
        self._path = there(directory / FILE_NAME)
        with readable(self._path), closing(open_read_only(self._path)) as db:
            application = db.execute("PRAGMA application_id").fetchone()[0]
            version = db.execute("PRAGMA user_version").fetchone()[0]
            if application != DECISION_LOG.application_id or version > DECISION_LOG.version:
                raise sqlite3.DatabaseError(f"not a {DECISION_LOG.name} of this version")

    def decisions(self, tokens: Sequence[str], orders: Collection[str]) -> Iterator[DecisionRecord]:
        """Yield decisions on orders, those of services of before first."""
        needles = _needles([*tokens, *orders])
        for _, record in self._rows(self._path, SINGLE):
            if _holds(record, needles):
                yield self._decoded(record_of, record)
        for _, records in self._rows(self._path, GROUPED):
            if _holds(records, needles):
                for one in self._decoded(_split, records):
                    if _holds(one, needles):
                        yield self._decoded(record_of, one)

    def past_orders(
        self, tokens: Sequence[str], orders: Collection[str]
    ) -> Iterator[tuple[str, PastOrder]]:
        """Yield id and record of orders from before the service."""
        needles, path = _needles(tokens), self._directory / PAST_ORDERS
        for order_id, record in self._rows(path, PAST):
            if order_id in orders or _holds(record, needles):
                yield order_id, self._decoded(_past_of, record)

    def assessments(
        self, tokens: Sequence[str], orders: Collection[str]
    ) -> Iterator[AssessmentRecord]:
        """Yield decisions on claims and promotion actions."""
        needles = _needles(tokens)
        for _, subject, record in self._rows(self._path, ASSESSMENTS):
            _, _, of_claim = subject.partition(SEPARATOR)
            if of_claim.partition(SEPARATOR)[0] in orders or _holds(record, needles):
                yield self._decoded(_assessment_of, record)

    def events(self, tokens: Sequence[str], orders: Collection[str]) -> Iterator[EventRecord]:
        """Yield reported events."""
        needles = _needles(tokens)
        for _, record in self._rows(self._path, EVENTS):
            if _holds(record, needles) or self._decoded(order_of, record) in orders:
                yield self._decoded(_event_of, record)

    def verifications(self, tokens: Sequence[str]) -> Iterator[Verification]:
        """Yield verifications of real names, own ones and those of services beside this one."""
        needles, told = _needles(tokens), set()
        for path in (self._path, self._directory / VERIFIED):
            for _, record in self._rows(path, VERIFICATIONS):
                if _holds(record, needles):
                    one = self._decoded(_verification_of, record)
                    if one.request_id not in told:
                        told.add(one.request_id)
                        yield one

    def reservations(self, tokens: Sequence[str], ids: Collection[str]) -> Iterator[Reservation]:
        """Yield reservations of the embedded ledger."""
        needles = _needles(tokens)
        for _, key, record in self._rows(self._path, RESERVATIONS):
            if key in ids or _holds(record, needles):
                yield self._decoded(stored_reservation, record)

    def _decoded(self, decode: Callable[[Any], Found], record: Packed) -> Found:
        # Millions of times: a context manager would cost as much again.
        try:
            return decode(record)
        except msgspec.DecodeError as error:
            raise unreadable(self._path, error) from error

    def _rows(self, path: Path, pages: Pages) -> Iterator[tuple[Any, ...]]:
        return rows_of(path, pages, self._tell)


def _split(records: bytes) -> list[Packed]:
    return [one for _, one in numbered(0, records)]


def _needles(texts: Sequence[str]) -> tuple[bytes, ...]:
    return tuple(text.encode("utf-8", "surrogatepass") for text in texts)


def _holds(record: Packed, needles: tuple[bytes, ...]) -> bool:
    packed = bytes(record)
    for needle in needles:  # noqa: SIM110 - millions of times: a generator costs three times this
        if needle in packed:
            return True
    return False
