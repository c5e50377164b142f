"""Windows after a crash, a failed commit, another declaration: always those of the log."""

import shutil
import sqlite3
import threading
from itertools import pairwise
from pathlib import Path

import pytest

from risk_service.adapters.live import checkpoint
from risk_service.adapters.live.checkpoint import Checkpoints, Housekeeper, Rest, without_rest
from risk_service.adapters.live.records_file import FILE_NAME, RecordsFile, Row
from risk_service.adapters.sqlite import decisions
from risk_service.domain.errors import StoreUnavailable
from risk_service.features.windows.tiles import DAY_US
from tests.fixtures.live_shop import LiveShop
from tests.fixtures.waiting import wait_until


@pytest.fixture
def shop(tmp_path: Path) -> LiveShop:
    """Return a shop with some traffic behind it."""
    shop = LiveShop(directory=tmp_path / "state")
    shop.live_on(15)
    return shop


def test_windows_are_those_of_the_log(shop: LiveShop) -> None:
    """While it runs, every window equals the replay of the whole log."""
    assert shop.check()
    shop.state.close()


def test_restart_replays_nothing_after_a_clean_stop(shop: LiveShop) -> None:
    """A stop writes what is dirty: the next start reads no event again."""
    shop.state.close()
    shop.open()
    assert shop.state.windows.replayed == 0
    assert shop.check()
    shop.state.close()


def test_crash_without_a_checkpoint_replays_everything(shop: LiveShop, tmp_path: Path) -> None:
    """Before the first checkpoint the log alone makes the windows."""
    shop.crash(tmp_path / "after")
    assert shop.state.windows.replayed > 30
    assert shop.check()
    shop.state.close()


def test_crash_after_a_checkpoint_replays_the_tail(shop: LiveShop, tmp_path: Path) -> None:
    """Only what came after the checkpoint is read again, and nothing counts twice."""
    shop.state.windows.checkpoints.write()
    shop.live_on(5)
    shop.crash(tmp_path / "after")
    assert 0 < shop.state.windows.replayed < 60
    assert shop.check()
    shop.live_on(5)
    assert shop.check()
    shop.state.close()


def test_what_was_replayed_counts_towards_the_next_checkpoint(
    shop: LiveShop, tmp_path: Path
) -> None:
    """Of a service that is killed again and again, the tail would grow from start to start."""
    shop.crash(tmp_path / "after")
    windows = shop.state.windows
    windows.housekeeper.stop()
    windows.checkpoints._events_between = windows.replayed
    assert windows.checkpoints.is_due()
    shop.state.close()


def test_checkpoint_may_be_overtaken(shop: LiveShop, tmp_path: Path) -> None:
    """Records that move on while the checkpoint is written count nothing twice later."""
    checkpoints, store = shop.state.windows.checkpoints, shop.state.windows.store
    position = checkpoints._position

    def overtaken() -> object:
        # The lock is held here: traffic goes on right after the position was noted.
        found = position()
        checkpoints._position = position
        return found

    checkpoints._position = overtaken  # type: ignore[assignment,method-assign]  # a seam for the test
    pack = checkpoints._pack_slice

    def with_traffic(*arguments: object) -> None:
        store.lock.release()
        shop.live_on(2)
        store.lock.acquire()
        pack(*arguments)  # type: ignore[arg-type]  # passed on as they are

    checkpoints._pack_slice = with_traffic  # type: ignore[assignment,method-assign]  # as above
    checkpoints.write()
    shop.crash(tmp_path / "after")
    assert shop.check()
    shop.state.close()


def test_failed_commit_leaves_no_trace(shop: LiveShop) -> None:
    """Attempts whose decision did not become durable count nowhere, not even in their group."""
    shop.attempts(6)
    shop.decide(2)
    assert shop.check()
    shop.attempts(6)
    assert shop.check()
    shop.state.close()


def test_failed_append_leaves_no_trace(shop: LiveShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Events that could not be written count nowhere; sent again, they are accepted once."""

    def full(_: object) -> None:
        raise StoreUnavailable("disk full")

    reports = shop.reports(6)
    monkeypatch.setattr(shop.state.events, "append", full)
    assert isinstance(shop.intake.take([reports])[0], StoreUnavailable)
    monkeypatch.undo()
    assert shop.check()
    again = shop.intake.take([reports, reports])
    assert {str(one) for one in again[0]} >= {"Taken.ACCEPTED"}  # type: ignore[union-attr]  # no error
    assert "Taken.ACCEPTED" not in {str(one) for one in again[1]}  # type: ignore[union-attr]  # no error
    assert shop.check()
    shop.state.close()


@pytest.mark.parametrize("damage", ["lost", "overwritten", "other declaration", "other log"])
def test_file_that_cannot_be_used_is_made_again(
    shop: LiveShop, tmp_path: Path, damage: str
) -> None:
    """The file is a cache: whatever becomes of it, the log makes it again."""
    shop.state.close()
    path = shop.directory / FILE_NAME
    if damage == "lost":
        RecordsFile.remove(shop.directory)
    elif damage == "overwritten":
        path.write_bytes(b"no database at all" * 1000)
    elif damage == "other declaration":
        with sqlite3.connect(path) as db:
            db.execute("UPDATE reached SET plans = 'ws1-other'")
        db.close()
    else:
        other = LiveShop(directory=tmp_path / "other", seed=9)
        other.live_on(20)
        other.state.close()
        shutil.copy(other.directory / FILE_NAME, path)
    shop.open()
    assert shop.state.windows.rebuilt
    assert shop.check()
    shop.state.close()


def test_log_put_back_from_a_backup_is_followed(shop: LiveShop, tmp_path: Path) -> None:
    """Windows beside an older log forget what that log does not have."""
    backup = tmp_path / "backup"
    shop.state.close()
    shutil.copytree(shop.directory, backup)
    shop.open()
    shop.live_on(6)
    shop.state.close()
    for name in (decisions.FILE_NAME, "decision_keys.sqlite3", "event_keys.sqlite3"):
        shutil.copy(backup / name, shop.directory / name)
    shop.order_ids = shop.order_ids[:10]
    shop.open()
    assert shop.state.windows.rebuilt
    assert shop.check()
    shop.state.close()


def test_stamps_go_on_after_a_restart_with_a_clock_that_went_back(shop: LiveShop) -> None:
    """No stamp comes twice, whatever the clock says after a restart."""
    last_us = shop.state.stamps.last_us
    shop.state.close()
    shop.now_us -= 10**12
    shop.open()
    records = shop.attempts(3)
    assert [one.stamp_us for one in records] == [last_us + 1, last_us + 2, last_us + 3]
    shop.state.store.commit(records)
    shop.now_us += 10**12
    assert shop.check()
    shop.state.close()


def test_memory_holds_so_many_records(tmp_path: Path) -> None:
    """With room for ten records only, windows are the same, read from the file."""
    shop = LiveShop(directory=tmp_path / "state", seed=3)
    store = shop.state.windows.store
    # So little memory makes a checkpoint due at once, and only one thread may write one.
    shop.state.windows.housekeeper.stop()
    store.cache.records_max = 10
    for _ in range(8):
        shop.live_on(5)
        shop.state.windows.checkpoints.write()
        shop.decide(1)
        assert len(store.cache) <= 10 + 18 * 6
    assert shop.check()
    shop.state.close()


def test_damaged_record_stops_windows_until_the_next_start(shop: LiveShop) -> None:
    """A record that cannot be read: no windows rather than wrong ones; a restart heals."""
    shop.state.close()
    with sqlite3.connect(shop.directory / FILE_NAME) as db:
        db.execute("UPDATE records SET record = x'00'")
    db.close()
    shop.open()
    records = shop.attempts(2)
    assert all(one.stamp_us for one in records)
    shop.state.store.commit(records)
    assert shop.state.windows.store.broken
    with pytest.raises(StoreUnavailable, match="restart"):
        shop.state.windows.store.read_many([(0, ["a"])], shop.now_us)
    shop.state.close()
    shop.open()
    assert shop.check()
    shop.state.close()


def test_all_is_counted_again_when_the_clock_went_back(shop: LiveShop) -> None:
    """Decisions of a clock 200 days behind, under stamps that went on, are found in the log."""
    for back_us in (0, 200 * DAY_US, 0):
        shop.state.close()
        shop.now_us -= back_us
        shop.open()
        shop.live_on(8)
        shop.now_us += back_us
    shop.state.close()
    RecordsFile.remove(shop.directory)
    shop.open()
    assert shop.state.windows.rebuilt
    assert shop.check()
    shop.state.close()


def test_a_stop_ends_the_rests_of_a_checkpoint(monkeypatch: pytest.MonkeyPatch) -> None:
    """What gives way to orders while they come would hold up the end of the service."""
    begun, rested = threading.Event(), threading.Event()

    def write(_: Checkpoints, rest: Rest = without_rest) -> None:
        begun.set()
        rest(3600.0)
        rested.set()

    monkeypatch.setattr(Checkpoints, "write", write)
    monkeypatch.setattr(Checkpoints, "is_due", lambda _: True)
    monkeypatch.setattr(Checkpoints, "sweep", lambda _: None)
    monkeypatch.setattr(checkpoint, "LOOK_EVERY_S", 0.0)
    housekeeper = Housekeeper(Checkpoints.__new__(Checkpoints))
    wait_until(begun.is_set, "a checkpoint has begun")
    assert not rested.is_set()
    stopping = threading.Thread(target=housekeeper.stop, daemon=True)
    stopping.start()
    wait_until(lambda: not stopping.is_alive(), "the housekeeper has stopped")
    assert rested.is_set()


def test_what_a_checkpoint_has_packed_is_let_go_with_rests(
    shop: LiveShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Freed at once, so many rows would keep the interpreter from orders for a while."""
    monkeypatch.setattr(checkpoint, "ROWS_LET_GO", 10)
    packed: list[list[Row]] = []
    left: list[int] = []

    def write(_: RecordsFile, rows: list[Row], *_others: object) -> None:
        packed.append(rows)

    monkeypatch.setattr(RecordsFile, "write", write)
    shop.state.windows.checkpoints.write(lambda _: left.append(sum(map(len, packed))))
    after = left[left.index(max(left)) :]
    assert len(after) > 3
    assert after[-1] == 0
    assert all(0 < before - now <= 10 for before, now in pairwise(after))
    monkeypatch.undo()
    shop.state.close()


def test_a_bug_in_a_checkpoint_is_said_and_not_the_last_one(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A thread that ended without a word would let changed records fill the memory."""
    rounds: list[str] = []

    def write(_: Checkpoints, rest: Rest = without_rest) -> None:
        rounds.append("begun")
        if len(rounds) == 1:
            raise RuntimeError("a bug")

    monkeypatch.setattr(Checkpoints, "write", write)
    monkeypatch.setattr(Checkpoints, "is_due", lambda _: True)
    monkeypatch.setattr(Checkpoints, "sweep", lambda _: None)
    monkeypatch.setattr(checkpoint, "LOOK_EVERY_S", 0.01)
    housekeeper = Housekeeper(Checkpoints.__new__(Checkpoints))
    wait_until(lambda: len(rounds) > 1, "another checkpoint was begun")
    housekeeper.stop()
    assert caplog.messages == ["checkpoint_failed"]
