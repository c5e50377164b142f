"""The log of reported events: what was appended is known for ever, whatever became of its index."""

import sqlite3
import threading
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from risk_service.adapters.sqlite import events
from risk_service.adapters.sqlite.decisions import FILE_NAME, SqliteDecisionStore
from risk_service.adapters.sqlite.event_keys import BATCH_ROWS, EventKey, EventKeys
from risk_service.adapters.sqlite.event_keys import FILE_NAME as INDEX_NAME
from risk_service.adapters.sqlite.events import SqliteEventLog, events_after
from risk_service.adapters.sqlite.schema import DECISION_LOG
from risk_service.adapters.sqlite.tail import LogTail, Place
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.reported import EventRecord, LifeEvent
from risk_service.domain.vocabulary import EventReason, EventType
from tests.fixtures.records import record
from tests.fixtures.stored import write_log_of_before


@pytest.fixture
def log(tmp_path: Path) -> Iterator[SqliteEventLog]:
    """Return an empty log."""
    opened = SqliteEventLog(tmp_path)
    yield opened
    opened.close()


def event(number: int) -> EventRecord:
    """Return a record, all fields set."""
    life = LifeEvent(
        event_id=f"e-{number}",
        event_type=EventType.REFUND_REQUESTED,
        at_us=number,
        order_id="o-1",
        amount_minor=5,
        reason=EventReason.NOT_RECEIVED,
        weight_ratio=0.25,
    )
    return EventRecord(
        event_id=life.event_id,
        fingerprint=number.to_bytes(4, "big"),
        stamp_us=number,
        life=life,
        decision_id="dec-1",
        applied_us=(1, 2),
    )


def test_every_field_survives(log: SqliteEventLog, tmp_path: Path) -> None:
    """Records come back equal, in the order of their stamps, from any stamp on."""
    log.append([event(1), event(2)])
    log.append([event(5)])
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        assert list(events_after(db, 0)) == [event(1), event(2), event(5)]
        assert list(events_after(db, 2)) == [event(5)]
    db.close()
    assert log.stamp_us == 5


def test_ids_are_known_with_their_fingerprints(log: SqliteEventLog) -> None:
    """What was appended is found by id, before and after its batch went to the file."""
    for start in range(1, 3 * BATCH_ROWS, 500):
        log.append([event(number) for number in range(start, start + 500)])
        asked = [f"e-{start}", "e-1", "e-none"]
        assert log.fingerprints(asked) == {
            f"e-{n}": n.to_bytes(4, "big") for n in dict.fromkeys((start, 1))
        }


def test_stamps_must_rise(log: SqliteEventLog) -> None:
    """A stamp that is not greater than the one before is refused, with its whole group."""
    log.append([event(3)])
    for group in ([event(3)], [event(2)], [event(4), event(4)]):
        with pytest.raises(ValueError, match="rise"):
            log.append(group)
    assert log.fingerprints(["e-4", "e-2"]) == {}
    assert log.stamp_us == 3


def test_an_index_that_cannot_be_written_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The log has the events and memory their ids: repeats are known all the while."""
    write, tried, written = EventKeys.write_batch, count(), threading.Event()

    def full_once(keys: EventKeys) -> None:
        if next(tried) == 0:
            raise sqlite3.OperationalError("database or disk is full")
        write(keys)
        written.set()

    monkeypatch.setattr(events, "HOUSEKEEPING_EVERY_S", 0.01)
    monkeypatch.setattr(EventKeys, "write_batch", full_once)
    log = SqliteEventLog(tmp_path)
    log.append([event(1)])
    assert written.wait(30)
    assert caplog.messages.count("housekeeping_failed") == 1
    assert log.fingerprints(["e-1"]) == {"e-1": (1).to_bytes(4, "big")}
    log.close()


def test_locked_file_is_unavailable_and_half_of_nothing(
    log: SqliteEventLog, tmp_path: Path
) -> None:
    """A group that cannot be written is not there, and can be written later."""
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        log.append([event(1), event(2)])
    other.execute("ROLLBACK")
    other.close()
    assert log.fingerprints(["e-1", "e-2"]) == {}
    assert log.stamp_us == 0
    log.append([event(1), event(2)])
    assert len(log.fingerprints(["e-1", "e-2"])) == 2


@pytest.mark.parametrize("damage", ["none", "lost", "overwritten", "behind"])
def test_ids_outlive_a_restart_and_their_index(tmp_path: Path, damage: str) -> None:
    """Whatever becomes of the index, an id is never taken twice."""
    log = SqliteEventLog(tmp_path)
    log.append([event(number) for number in range(1, 400)])
    log.close()
    index = tmp_path / INDEX_NAME
    if damage == "lost":
        index.unlink()
    elif damage == "overwritten":
        index.write_bytes(b"no database at all" * 1000)
    elif damage == "behind":
        with sqlite3.connect(index) as db:
            db.execute("DELETE FROM event_ids WHERE stamp_us > 200")
            db.execute("UPDATE reached SET stamp_us = 200")
        db.close()
    log = SqliteEventLog(tmp_path)
    assert len(log.fingerprints([f"e-{number}" for number in range(1, 400)])) == 399
    log.close()


def test_file_of_the_version_before_goes_on(tmp_path: Path) -> None:
    """Decisions made before there were events stay, and count in no window."""
    write_log_of_before(tmp_path, [record("r-1")], schema_version=1)
    store, log = SqliteDecisionStore(tmp_path), SqliteEventLog(tmp_path)
    assert "r-1" in store.by_request_ids(["r-1"])
    assert list(LogTail(tmp_path, store, log).after(Place(0, 0))) == []
    assert store.position.stamp_us == 0
    log.close()
    store.close()
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        assert db.execute("PRAGMA user_version").fetchone()[0] == DECISION_LOG.version
    db.close()


def test_events_of_an_order_are_there_while_their_batch_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that gets into the file behind the look there is found in memory."""
    keys = EventKeys(tmp_path)
    keys.add([EventKey("e-1", 1, "o-1")])
    keys.begin_batch()
    reader = keys._reader

    class Overtaken:
        """Looks into the file, then lets the other thread write."""

        def execute(self, *asked: Any) -> list[Any]:
            found = reader.execute(*asked).fetchall()
            keys.write_batch()
            return found

    monkeypatch.setattr(keys, "_reader", Overtaken())
    assert keys.of_orders(["o-1"]) == {"o-1": [1]}
    assert keys.of_orders(["o-1"]) == {"o-1": [1]}
    monkeypatch.undo()
    keys.close()


def test_what_is_durable_is_not_said_to_have_failed(
    log: SqliteEventLog, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What is due behind a commit is done later when it cannot be done now."""

    def full() -> None:
        raise sqlite3.OperationalError("database or disk is full")

    with monkeypatch.context() as patched:
        patched.setattr(log, "_replace_keys", full)
        log._keys.damaged = True
        log.append([event(1)])
    assert caplog.messages == ["housekeeping_failed"]
    assert log.fingerprints(["e-1"]).keys() == {"e-1"}
    log.append([event(2)])
    assert not log._keys.damaged


def test_index_damaged_before_the_end_is_left_to_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A stop that meets the damage is a clean stop, and every event is known after it."""

    def damaged() -> None:
        error = sqlite3.DatabaseError("database disk image is malformed")
        error.sqlite_errorcode = sqlite3.SQLITE_CORRUPT
        raise error

    log = SqliteEventLog(tmp_path)
    log.append([event(1)])
    with monkeypatch.context() as patched:
        patched.setattr(log._keys, "write_batch", damaged)
        log.close()
    again = SqliteEventLog(tmp_path)
    assert again.fingerprints(["e-1"]).keys() == {"e-1"}
    again.close()
