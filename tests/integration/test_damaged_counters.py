"""Counters whose file is damaged while the ledger is open are made again from reservations."""

import sqlite3
import threading
from pathlib import Path

import grpc
import pytest

from risk_service.adapters.sqlite import remaking
from risk_service.adapters.sqlite.connection import transaction
from risk_service.adapters.sqlite.counters import FILE_NAME
from risk_service.adapters.sqlite.ledger import SqliteLedger
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.reservation import HoldRequest
from risk_service.pb.risk.v1 import order_pb2, risk_pb2, risk_pb2_grpc
from tests.fixtures.counters import counters_of, fill, opened, take, used
from tests.fixtures.ledger_calls import TTL_US
from tests.fixtures.ledgers import START_US, demand
from tests.fixtures.limit_texts import with_flash_level
from tests.fixtures.service import ServiceFiles, score_request, start_server
from tests.fixtures.waiting import once_back


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
    counters = counters_of(ledger)
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
    take_from_memory = counters_of(ledger)
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


def test_a_remake_that_fails_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A disk that is full for a moment does not end the counting for good; it is told."""
    ledger = opened(tmp_path)
    right = fill(ledger)
    reopened_reader(ledger)
    spoil(tmp_path / FILE_NAME, "pages")
    forget, faults = remaking.forget_counters, [OSError(28, "No space left on device")]

    def full(directory: Path) -> None:
        if faults:
            raise faults.pop()
        forget(directory)

    monkeypatch.setattr(remaking, "RETRY_S", 0.01)
    monkeypatch.setattr(remaking, "forget_counters", full)
    with pytest.raises(StoreUnavailable, match=FILE_NAME):
        used(ledger)
    assert once_back(lambda: used(ledger)) == right
    assert not faults
    assert caplog.messages.count("limit_counters_not_made") == 1
    assert ledger.reconcile(repair=False, now_us=START_US) == []
    ledger.close()


def test_holds_from_before_the_damage_are_not_written(tmp_path: Path) -> None:
    """A group in flight is decided again: what was read could have been wrong."""
    ledger = opened(tmp_path)
    right = fill(ledger)
    hold = ledger.hold([HoldRequest(demand=demand("o300"), ttl_us=TTL_US)], START_US)
    counters_of(ledger)._damage_watch.damaged = True
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
    counters_of(ledger)._damage_watch.damaged = True
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
    return stub.ScoreOrder(request, timeout=10).decision


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
