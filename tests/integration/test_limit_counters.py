"""Counters of the embedded ledger after a crash, or when they start without their file."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from risk_service.adapters.sqlite import counters as module
from risk_service.adapters.sqlite.connection import connect, transaction
from risk_service.adapters.sqlite.counters import FILE_NAME, Counters
from risk_service.adapters.sqlite.decisions import FILE_NAME as LOG_NAME
from risk_service.adapters.sqlite.ledger import SqliteLedger
from risk_service.adapters.sqlite.reserved import SqliteReserved
from risk_service.adapters.sqlite.schema import DECISION_LOG, FileKind, migrate
from risk_service.domain.reservation import Confirm, HoldRequest, Reserve
from tests.fixtures.counters import counters_of, opened, take, used
from tests.fixtures.ledger_calls import TTL_US
from tests.fixtures.ledgers import START_US, demand


def crashed(directory: Path, to: Path) -> Path:
    """Return a copy of the files as a killed process leaves them."""
    shutil.copytree(directory, to)
    return to


def test_counters_are_there_after_a_crash_at_any_commit(tmp_path: Path) -> None:
    """Whatever of the counters was in memory only comes back from the log."""
    (tmp_path / "live").mkdir()
    ledger = opened(tmp_path / "live")
    for number in range(12):
        take(ledger, f"o{number}")
        if number == 5:
            counters_of(ledger).settle()
        again = opened(crashed(tmp_path / "live", tmp_path / f"crash-{number}"))
        assert used(again) == used(ledger)
        assert again.reconcile(repair=False, now_us=START_US) == []
        again.close()
    ledger.close()


def test_counters_that_cannot_be_written_at_the_stop_come_from_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The service stops all the same; the next start has what was used."""

    def full(_: Counters) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    ledger = opened(tmp_path)
    for number in range(6):
        take(ledger, f"o{number}")
    right = used(ledger)
    with monkeypatch.context() as disk:
        disk.setattr(Counters, "settle", full)
        ledger.close()
    assert "counters_not_written" in caplog.messages
    again = opened(tmp_path)
    assert used(again) == right
    assert again.reconcile(repair=False, now_us=START_US) == []
    again.close()


def test_failed_commit_leaves_nothing_in_memory(tmp_path: Path) -> None:
    """What was to be written with a commit that failed does not come in with the next one."""
    ledger = opened(tmp_path)
    taken = ledger.hold([HoldRequest(demand=demand("o1"), ttl_us=TTL_US)], START_US)
    with pytest.raises(OSError, match="full"):
        _fail(ledger, taken)
    taken.dropped()
    denied = ledger.hold([HoldRequest(demand=demand("o2"), ttl_us=0)], START_US)
    with transaction(ledger._db):
        denied.write(ledger._db)
    denied.written()
    assert used(ledger) == []
    take(ledger, "o4")
    assert used(ledger) == [(0, 2)]
    assert ledger.reconcile(repair=False, now_us=START_US) == []
    ledger.close()


def _fail(ledger: SqliteLedger, reserved: SqliteReserved) -> None:
    """Write holds in a transaction that fails."""
    with transaction(ledger._db):
        assert reserved.write(ledger._db) > 0
        raise OSError("the disk is full")


def test_calls_that_cannot_be_written_to_the_end_are_not_written_at_all(tmp_path: Path) -> None:
    """No reservation is there whose units do not count, also for the next process."""
    ledger = opened(tmp_path)
    take(ledger, "o2")
    held = Reserve(hold=HoldRequest(demand=demand("o3"), ttl_us=TTL_US))
    ledger._db.execute(
        "CREATE TEMP TRIGGER full BEFORE INSERT ON main.ledger_changes "
        "BEGIN SELECT RAISE(ABORT, 'full'); END"
    )
    with pytest.raises(sqlite3.DatabaseError, match="full"):
        ledger.run([held, Confirm(reservation_id="o2")], START_US)
    ledger._db.execute("DROP TRIGGER full")
    for _ in range(2):
        assert used(ledger) == [(0, 2)]
        assert ledger.reconcile(repair=False, now_us=START_US) == []
        ledger.close()
        ledger = opened(tmp_path)
    ledger.close()


def test_reads_follow_the_connection_that_wrote_last(tmp_path: Path) -> None:
    """Other connections forget all pages with each commit, and would read them once more."""
    ledger = opened(tmp_path)
    held = ledger.hold([HoldRequest(demand=demand("o1"), ttl_us=TTL_US)], START_US)
    with closing(connect(tmp_path / LOG_NAME, "FULL")) as writer:
        with transaction(writer):
            held.write(writer)
        held.written()
        ledger._db.close()
        ledger._rows.fetch(["o1"])
        found = ledger._rows.reservation("o1")
        assert found is not None
        assert found.is_held_at(START_US)
        assert ledger._rows.root("somebody new") == "somebody new"
    ledger.close()


def test_log_forgets_what_the_file_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log of changes stays as short as what is not in the file yet."""
    monkeypatch.setattr(module, "BATCH_CELLS", 10)
    ledger = opened(tmp_path)
    for number in range(200):
        take(ledger, f"o{number}", units=1, account=f"a{number % 40}")
        counters_of(ledger)._write_batch()
    rows = ledger._db.execute("SELECT count(*) FROM ledger_changes").fetchone()[0]
    assert rows < 20
    assert ledger.reconcile(repair=False, now_us=START_US) == []
    ledger.close()
    again = opened(tmp_path)
    assert used(again, "a1") == [(5, 0)]
    again.close()


@pytest.mark.parametrize("what", ["lost", "cut", "of another log"])
def test_counters_are_made_again_from_the_reservations(tmp_path: Path, what: str) -> None:
    """A file that is lost, damaged or belongs to another log is made again, by itself."""
    ledger = opened(tmp_path)
    for number in range(6):
        take(ledger, f"o{number}")
    right = used(ledger)
    ledger.close()
    path = tmp_path / FILE_NAME
    if what == "lost":
        path.unlink()
    elif what == "cut":
        path.write_bytes(path.read_bytes()[:5000])
    else:
        other = tmp_path / "other"
        other.mkdir()
        foreign = opened(other)
        for number in range(6):
            take(foreign, f"o{number}", units=5)
        foreign.close()
        shutil.copy(other / FILE_NAME, path)
    again = opened(tmp_path)
    assert used(again) == right
    assert again.reconcile(repair=False, now_us=START_US) == []
    again.close()


def test_directory_of_the_last_version_opens(tmp_path: Path) -> None:
    """Its table of counters goes, and what its reservations hold still counts."""
    ledger = opened(tmp_path)
    for number in range(6):
        take(ledger, f"o{number}")
    right = used(ledger)
    ledger.close()
    _make_old(tmp_path)
    again = opened(tmp_path)
    assert used(again) == right
    assert again.reconcile(repair=False, now_us=START_US) == []
    take(again, "o7")
    again.close()


def _make_old(directory: Path) -> None:
    """Put the rows of a ledger into the tables of the version before counters had a file."""
    (directory / FILE_NAME).unlink()
    with sqlite3.connect(directory / LOG_NAME) as db:
        rows = db.execute("SELECT * FROM reservations").fetchall()
    db.close()
    for name in (LOG_NAME, f"{LOG_NAME}-wal", f"{LOG_NAME}-shm"):
        (directory / name).unlink(missing_ok=True)
    old = FileKind(
        name=DECISION_LOG.name,
        application_id=DECISION_LOG.application_id,
        steps=DECISION_LOG.steps[:5],
    )
    old_db = connect(directory / LOG_NAME, "FULL")
    migrate(old_db, LOG_NAME, old)
    old_db.executemany("INSERT INTO reservations VALUES (?, ?, ?, ?)", rows)
    old_db.execute("UPDATE ledger_clock SET now_us = ?", (START_US,))
    old_db.close()


def test_reader_sees_cells_while_a_batch_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cell is read as it is before, while and after it goes from memory to the file."""
    ledger = opened(tmp_path)
    take(ledger, "o1")
    counters = counters_of(ledger)
    counters._begin_batch()
    take(ledger, "o2")
    counter = next(row[0] for row in counters._young.rows if row[0].startswith("account="))
    assert counters.read([counter], -1) == {counter: {0: (2, 2)}}
    counters._write_batch()
    assert counters.read([counter], -1) == {counter: {0: (2, 2)}}
    counters.settle()
    assert counters.read([counter], -1) == {counter: {0: (2, 2)}}
    assert set(counters.owned("account=a1")) == {counter}
    ledger.close()
