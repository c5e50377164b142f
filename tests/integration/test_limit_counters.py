"""Counters of the embedded ledger after a crash, and when their file is lost or damaged."""

import shutil
import sqlite3
import threading
from pathlib import Path

import grpc
import pytest

from risk_service.adapters.sqlite import counters as module
from risk_service.adapters.sqlite import remaking
from risk_service.adapters.sqlite.connection import connect, transaction
from risk_service.adapters.sqlite.counters import FILE_NAME, Counters
from risk_service.adapters.sqlite.decisions import FILE_NAME as LOG_NAME
from risk_service.adapters.sqlite.ledger import SqliteLedger
from risk_service.adapters.sqlite.reserved import SqliteReserved
from risk_service.adapters.sqlite.schema import DECISION_LOG, FileKind, migrate
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.reservation import Confirm, HoldRequest, LedgerAnswer, Reserve
from risk_service.limits.book import parse_limits
from risk_service.pb.risk.v1 import order_pb2, risk_pb2, risk_pb2_grpc
from tests.fixtures.ledger_calls import TTL_US
from tests.fixtures.ledgers import START_US, demand, line
from tests.fixtures.limit_texts import policy, with_flash_level
from tests.fixtures.service import ServiceFiles, score_request, start_server
from tests.fixtures.waiting import once_back

BOOK = parse_limits(
    "format = 1\n"
    + policy("stock", subject='{ any_of = ["GLOBAL"] }', cap=1000)
    + policy("person", subject='{ any_of = ["account", "identity_cluster"] }', cap=50),
    "test.toml",
)


def opened(directory: Path) -> SqliteLedger:
    """Open the ledger of a directory."""
    return SqliteLedger(directory, lambda: BOOK)


def used(ledger: SqliteLedger, account: str = "a1") -> list[tuple[int, int]]:
    """Return confirmed and held of every counter of an account."""
    found = ledger.usage("account", account, START_US)
    return [(one.confirmed, one.held) for one in found]


def take(ledger: SqliteLedger, name: str, *, units: int = 2, account: str = "a1") -> None:
    """Reserve some units, and confirm every other reservation."""
    hold = HoldRequest(demand=demand(name, line(quantity=units), account=account), ttl_us=TTL_US)
    calls = [Reserve(hold=hold)]
    answers = ledger.run(calls, START_US)
    if int(name[1:]) % 2:
        answers = ledger.run([Confirm(reservation_id=name)], START_US)
    assert isinstance(answers[0], LedgerAnswer), answers


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
            ledger._rows._counters.settle()
        again = opened(crashed(tmp_path / "live", tmp_path / f"crash-{number}"))
        assert used(again) == used(ledger)
        assert again.reconcile(repair=False, now_us=START_US) == []
        again.close()
    ledger.close()


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


def test_log_forgets_what_the_file_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The log of changes stays as short as what is not in the file yet."""
    monkeypatch.setattr(module, "BATCH_CELLS", 10)
    ledger = opened(tmp_path)
    for number in range(200):
        take(ledger, f"o{number}", units=1, account=f"a{number % 40}")
        ledger._rows._counters._write_batch()
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
    counters: Counters = ledger._rows._counters
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


def fill(ledger: SqliteLedger) -> list[tuple[int, int]]:
    """Use some limits, so many that the file has several pages, and return what one used."""
    for number in range(120):
        take(ledger, f"o{number}", units=1, account=f"a{number % 30}")
    ledger._rows._counters.settle()
    return used(ledger, "a1")


def spoil(path: Path, how: str) -> None:
    """Damage a file that is open: its pages, all of it, or its end."""
    size = path.stat().st_size
    with path.open("r+b") as file:
        if how == "cut":
            file.truncate(4096)
        else:
            first = 4096 if how == "pages" else 0
            file.seek(first)
            file.write(b"\xa5" * (size - first))


def reopened_reader(ledger: SqliteLedger) -> None:
    """Let go of the pages that the reader has in memory, as a large file makes it do."""
    counters = ledger._rows._counters
    counters._writer.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    for db in (counters._reader, counters._writer):
        db.execute("PRAGMA cache_size = 1")
        db.execute("PRAGMA shrink_memory")
    ledger._rows.forget()


@pytest.mark.parametrize("how", ["pages", "all of it", "cut"])
def test_damage_while_it_runs_heals_by_itself(
    tmp_path: Path, how: str, caplog: pytest.LogCaptureFixture
) -> None:
    """Nobody is answered from a damaged file; made again, it has every reservation."""
    ledger = opened(tmp_path)
    right = fill(ledger)
    reopened_reader(ledger)
    spoil(tmp_path / FILE_NAME, how)
    with pytest.raises(StoreUnavailable, match=FILE_NAME):
        used(ledger)
    assert once_back(lambda: used(ledger)) == right
    assert ledger.reconcile(repair=False, now_us=START_US) == []
    take(ledger, "o201", units=3)
    after = used(ledger)
    assert after != right
    told = [record.message for record in caplog.records]
    assert told.count("limit_counters_damaged") == 1
    ledger.close()
    again = opened(tmp_path)
    assert used(again) == after
    again.close()


def test_damage_met_by_the_writer_heals_too(tmp_path: Path) -> None:
    """The thread that writes batches ends at it, and the next call has the file made again."""
    ledger = opened(tmp_path)
    right = fill(ledger)
    reopened_reader(ledger)
    spoil(tmp_path / FILE_NAME, "pages")
    take_from_memory = ledger._rows._counters
    take_from_memory._young.put([(f"account=a{n}\x1fx\x1f", 0, 1, 0) for n in range(99)])
    take_from_memory._begin_batch()
    take_from_memory._wake.set()
    take_from_memory._thread.join(timeout=30)
    assert ledger._rows.damaged
    with pytest.raises(StoreUnavailable, match="made again"):
        ledger.expire(START_US)
    assert once_back(lambda: used(ledger)) == right
    assert ledger.reconcile(repair=False, now_us=START_US) == []
    ledger.close()


def test_holds_from_before_the_damage_are_not_written(tmp_path: Path) -> None:
    """A group in flight is decided again: what was read could have been wrong."""
    ledger = opened(tmp_path)
    right = fill(ledger)
    hold = ledger.hold([HoldRequest(demand=demand("o300"), ttl_us=TTL_US)], START_US)
    ledger._rows._counters._noticing.damaged = True
    with pytest.raises(StoreUnavailable):
        ledger.expire(START_US)
    with pytest.raises(StoreUnavailable), transaction(ledger._db):
        hold.write(ledger._db)
    hold.dropped()
    assert once_back(lambda: used(ledger)) == right
    assert ledger.reconcile(repair=False, now_us=START_US) == []
    ledger.close()


def test_stop_while_the_file_is_made_leaves_it_to_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that ends meanwhile has lost nothing."""
    ledger = opened(tmp_path)
    right = fill(ledger)
    slow = threading.Event()

    def held_up(directory: Path) -> None:
        slow.wait(10)
        raise OSError("no such disk")

    monkeypatch.setattr(remaking, "forget_counters", held_up)
    ledger._rows._counters._noticing.damaged = True
    with pytest.raises(StoreUnavailable):
        ledger.expire(START_US)
    slow.set()
    ledger.close()
    again = opened(tmp_path)
    assert used(again) == right
    again.close()


def test_a_running_service_goes_on_by_itself(files: ServiceFiles, tmp_path: Path) -> None:
    """Limited goods are held back while the file is made again; then what was used counts."""
    where = {"RISK_LIMITS": str(with_flash_level(tmp_path))}
    with start_server(files, environment=where) as running:
        with grpc.insecure_channel(running.address) as channel:
            stub = risk_pb2_grpc.RiskServiceStub(channel)
            assert [asked(stub, n).outcome for n in range(2)] == [risk_pb2.OUTCOME_ALLOW] * 2
        assert running.stop() == 0
    path = files.state / FILE_NAME
    with start_server(files, environment=where) as running:
        spoil_cells(path)
        with grpc.insecure_channel(running.address) as channel:
            stub = risk_pb2_grpc.RiskServiceStub(channel)
            first = asked(stub, 2)
            assert first.mode == risk_pb2.MODE_NO_LIMITS
            assert first.outcome == risk_pb2.OUTCOME_REVIEW
            running.wait_for_log("limit_counters_made_again")
            later = asked(stub, 3)
        assert later.mode != risk_pb2.MODE_NO_LIMITS
        assert later.outcome == risk_pb2.OUTCOME_DENY
        assert {cause.step for cause in later.causes} == {"limit"}
        assert running.stop() == 0


def asked(stub: risk_pb2_grpc.RiskServiceStub, number: int) -> risk_pb2.Decision:
    """Order one unit of a drop for one person."""
    request = score_request(f"damage-{number}")
    request.order.session.drop_id = "drop-1"
    line = request.order.lines[0]
    line.promotion_type, line.campaign_id = order_pb2.PROMOTION_TYPE_FLASH_SALE, "campaign-1"
    return stub.ScoreOrder(request).decision


def spoil_cells(path: Path) -> None:
    """Damage the page of a file in use that the service has not read yet."""
    with sqlite3.connect(path) as db:
        (page,) = db.execute(
            "SELECT rootpage FROM sqlite_schema WHERE name = 'limit_cells'"
        ).fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    db.close()
    with path.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)
