"""Records of a person out of a real log, beside the process that writes it."""

import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from msgspec.structs import replace

from risk_service.adapters.sqlite import paging, person_log, read_only
from risk_service.adapters.sqlite.decisions import FILE_NAME, SqliteDecisionStore
from risk_service.adapters.sqlite.events import SqliteEventLog
from risk_service.adapters.sqlite.person_log import SqlitePersonLog
from risk_service.adapters.sqlite.schema import DECISION_LOG
from risk_service.adapters.sqlite.small_wal import start_afresh
from risk_service.domain.decision import DecisionRecord
from risk_service.domain.errors import ConfigFault
from risk_service.domain.reported import EventRecord, LifeEvent
from risk_service.domain.vocabulary import EventType
from tests.fixtures.records import record
from tests.fixtures.stored import write_log_of_before
from tests.fixtures.waiting import wait_until

ANN, BOB = (f"k1:{digit * 32}" for digit in "ab")


def of(name: str, account: str) -> DecisionRecord:
    """Return the record of an order of an account."""
    kept = record(name, order_id=f"o-{name}")
    tokens = replace(kept.order.tokens, account=account)
    return replace(kept, order=replace(kept.order, order_id=f"o-{name}", tokens=tokens))


def paid(stamp_us: int, order_id: str) -> EventRecord:
    """Return the record of an event of an order."""
    told = LifeEvent(
        event_id=f"e-{stamp_us}", event_type=EventType.PAID, at_us=stamp_us, order_id=order_id
    )
    return EventRecord(event_id=f"e-{stamp_us}", fingerprint=b"", stamp_us=stamp_us, life=told)


def silent(_table: str, _done: int, _whole: int) -> None:
    """Take no notice of how far it is."""


def found(directory: Path, token: str = ANN) -> list[str]:
    """Return the orders of a token."""
    log = SqlitePersonLog(directory, silent)
    return [one.order.order_id for one in log.decisions([token], ())]


def test_every_decision_is_found_and_no_other(tmp_path: Path) -> None:
    """In groups of any size, of services of before and of now, in the order of the log."""
    write_log_of_before(tmp_path, [of(f"old{n}", ANN if n % 2 else BOB) for n in range(5)], 4)
    assert found(tmp_path) == ["o-old1", "o-old3"]
    store = SqliteDecisionStore(tmp_path)
    for size in (1, 8, 9):
        store.commit([of(f"{size}-{n}", ANN if n == size - 1 else BOB) for n in range(size)])
    expected = ["o-old1", "o-old3", "o-1-0", "o-8-7", "o-9-8"]
    assert found(tmp_path) == expected  # while the writer has it open
    store.close()
    assert found(tmp_path) == expected
    log = SqlitePersonLog(tmp_path, silent)
    assert [one.order.order_id for one in log.decisions((), ["o-8-3"])] == ["o-8-3"]


def test_a_reader_that_dawdles_holds_up_no_writer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of a table the writer commits and its WAL starts afresh."""
    pages = person_log.GROUPED
    monkeypatch.setattr(person_log, "GROUPED", replace(pages, rows=1))
    store = SqliteDecisionStore(tmp_path)
    for n in range(4):
        store.commit([of(f"{n}", ANN)])
    reading = SqlitePersonLog(tmp_path, silent).decisions([ANN], ())
    seen = [next(reading).order.order_id]
    store.commit([of("late", ANN)])
    # The store's own thread may be copying just then; a reader in its way would stay there.
    wait_until(lambda: start_afresh(store._db), "the WAL starts afresh")
    # What came after the reading began is left to the next one.
    assert [*seen, *(one.order.order_id for one in reading)] == [f"o-{n}" for n in range(4)]
    store.close()


def test_events_are_found_by_their_order(tmp_path: Path) -> None:
    """Whether the index of events has got to them or not."""
    SqliteDecisionStore(tmp_path).close()
    log = SqliteEventLog(tmp_path)
    log.append([paid(n, f"o-{n % 2}") for n in range(1, 7)])
    reading = SqlitePersonLog(tmp_path, silent).events((), {"o-1"})
    assert [one.stamp_us for one in reading if one.life] == [
        one.stamp_us for one in log.of_orders(["o-1"])["o-1"]
    ]
    log.close()


KILLED = """
import os, signal, sys
from pathlib import Path
from risk_service.adapters.sqlite.decisions import SqliteDecisionStore
from tests.contract.test_person_log import ANN, of
store = SqliteDecisionStore(Path(sys.argv[1]))
for n in range(30):
    store.commit([of(f"{n}", ANN)])
    print(n, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_writer_has_acknowledged_is_found(tmp_path: Path) -> None:
    """Its WAL was never copied back; reading leaves log and WAL as they are."""
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(tmp_path)], capture_output=True, text=True, check=False
    )
    acknowledged = len(done.stdout.splitlines())
    assert acknowledged == 30
    files = [tmp_path / name for name in (FILE_NAME, f"{FILE_NAME}-wal")]
    before = [file.read_bytes() for file in files]
    assert len(found(tmp_path)) == acknowledged
    assert [file.read_bytes() for file in files] == before


def test_a_copy_on_a_medium_that_cannot_be_written_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is made beside it; a service that begins to write it meanwhile is noticed."""
    store = SqliteDecisionStore(tmp_path)
    store.commit([of("a", ANN)])
    store.close()
    monkeypatch.setattr(read_only.os, "access", lambda *_asked: False)
    before = sorted(tmp_path.iterdir())
    reading = SqlitePersonLog(tmp_path, silent).decisions([ANN], ())
    assert next(reading).order.order_id == "o-a"
    assert sorted(tmp_path.iterdir()) == before
    (tmp_path / f"{FILE_NAME}-wal").touch()
    assert found(tmp_path) == ["o-a"]
    monkeypatch.setattr(read_only, "is_left_alone", lambda _path: True)
    answers = iter([True, True, False])  # an empty table, one with a row, and after it
    monkeypatch.setattr(paging, "is_left_alone", lambda _path: next(answers, False))
    with pytest.raises(ConfigFault, match="ask again"):
        found(tmp_path)


def test_a_log_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    """None, a foreign file, one of a newer service, a cut one, and a damaged record."""
    with pytest.raises(ConfigFault, match="no log of decisions"):
        SqlitePersonLog(tmp_path, silent)
    (tmp_path / FILE_NAME).write_bytes(b"no database at all" * 100)
    with pytest.raises(ConfigFault, match="cannot be read"):
        SqlitePersonLog(tmp_path, silent)
    (tmp_path / FILE_NAME).unlink()
    SqliteDecisionStore(tmp_path).close()
    sound = tmp_path / "sound"
    shutil.copyfile(tmp_path / FILE_NAME, sound)
    db = sqlite3.connect(tmp_path / FILE_NAME)
    db.execute(f"PRAGMA user_version = {DECISION_LOG.version + 1}")
    db.close()
    with pytest.raises(ConfigFault, match="of this version"):
        SqlitePersonLog(tmp_path, silent)
    shutil.copyfile(sound, tmp_path / FILE_NAME)
    db = sqlite3.connect(tmp_path / FILE_NAME)
    with db:
        db.execute("INSERT INTO decision_rows VALUES (1, ?)", (b"\x91\xc1" + ANN.encode(),))
    db.close()
    with pytest.raises(ConfigFault, match=r"decisions\.sqlite3: cannot be read"):
        found(tmp_path)
