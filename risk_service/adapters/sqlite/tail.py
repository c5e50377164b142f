"""The log of decisions and events as one stream of stamped events, for what is made from it."""

import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing
from heapq import merge
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import NamedTuple

from risk_service.adapters.sqlite.attempts import attempts_after, last_place_before, order_of
from risk_service.adapters.sqlite.connection import connect, unavailable
from risk_service.adapters.sqlite.decision_rows import DecisionRows
from risk_service.adapters.sqlite.decisions import FILE_NAME, SqliteDecisionStore
from risk_service.adapters.sqlite.events import SqliteEventLog, events_after
from risk_service.domain.errors import DataFault
from risk_service.domain.event import Event
from risk_service.domain.order import Order
from risk_service.domain.reported import EventRecord
from risk_service.features.windows.order_event import (
    action_event,
    life_event,
    order_event,
    past_life_event,
)

# Events whose orders are looked up together.
READ_AHEAD = 1000


class Place(NamedTuple):
    """A place in the log: the last place of the decisions and the last stamp of the events."""

    seq: int
    event_us: int


class Logged(NamedTuple):
    """An event that the log has; ``seq`` is its place among the decisions, 0 for reported ones.

    ``applied_us`` has the stamps under which key groups count it where they are not that of the
    log, 0 for those that do not.
    """

    stamp_us: int
    seq: int
    event: Event
    applied_us: tuple[int, ...] = ()


class LogTail:
    """Reads the log from a place on, and says how far it goes.

    ``end`` and ``logged_us`` may be asked by any thread; the rest belongs to the log's own.
    """

    def __init__(
        self, directory: Path, decisions: SqliteDecisionStore, events: SqliteEventLog
    ) -> None:
        self._path = directory / FILE_NAME
        self._decisions = decisions
        self._events = events

    def end(self) -> tuple[Place, str]:
        """Return where the log ends, and a mark that only this log has there."""
        last, event_us = self._decisions.position, self._events.stamp_us
        return Place(last.seq, event_us), f"{last.seq}:{last.decision_id}:{event_us}"

    def logged_us(self) -> int:
        """Return the greatest stamp of the log."""
        return max(self._decisions.position.stamp_us, self._events.stamp_us)

    def has(self, mark: str) -> bool:
        """Tell whether a mark is one of this log."""
        seq, decision_id, event_us = mark.split(":")
        with unavailable(), closing(connect(self._path, "FULL")) as db:
            known = DecisionRows(db).at([int(seq)]).get(int(seq))
            event = db.execute("SELECT 1 FROM events WHERE stamp_us = ?", (event_us,)).fetchone()
        has_decision = seq == "0" or (known is not None and order_of(known)[0] == decision_id)
        return has_decision and (event_us == "0" or event is not None)

    def place_before(self, since_us: int) -> Place:
        """Return the last place before a time."""
        with unavailable(), closing(connect(self._path, "FULL")) as db:
            return Place(last_place_before(DecisionRows(db), since_us), since_us - 1)

    def after(
        self, place: Place, *, life: bool = True, ahead: int = READ_AHEAD
    ) -> Iterator[Logged]:
        """Yield every event that counts, in the order of the stamps, some rows at a time.

        Parameters
        ----------
        life
            Whether events in the life of an order are wanted: each asks for its order.
        ahead
            Reported events that are read together.
        """
        with unavailable(), closing(connect(self._path, "FULL")) as db:
            records = events_after(db, place.event_us)
            attempts, reported = self._attempts(db, place), self._reported(records, life, ahead)
            yield from merge(attempts, reported, key=itemgetter(0))

    def _attempts(self, db: sqlite3.Connection, place: Place) -> Iterator[Logged]:
        for one in attempts_after(DecisionRows(db), place.seq):
            event = order_event(one.order, one.decision_id, one.stamp_us)
            yield Logged(one.stamp_us, one.seq, event, one.applied_us)

    def _reported(self, records: Iterator[EventRecord], life: bool, ahead: int) -> Iterator[Logged]:
        while rows := list(islice(records, ahead)):
            counting = [one for one in rows if not one.same_as and (life or one.life is None)]
            decided = {one.decision_id for one in counting if one.decision_id}
            orders = self._decisions.orders_decided(list(decided))
            for record in counting:
                yield Logged(record.stamp_us, 0, self._event(record, orders), record.applied_us)

    def _event(self, record: EventRecord, orders: Mapping[str, Order]) -> Event:
        if record.action is not None:
            return action_event(record.action)
        if record.past is not None and record.life is not None:
            return past_life_event(record.past, record.life)
        order = orders.get(record.decision_id)
        if record.life is None or order is None:
            words = f"the event {record.event_id} has no order; restore the file from a backup"
            raise DataFault(str(self._path), None, words)
        return life_event(order, record.life)
