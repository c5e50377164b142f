"""Caches beside the log that cannot be written: told, and a longer start makes up for it."""

import errno
import sqlite3
import threading
from pathlib import Path

import pytest

from risk_service.adapters.live import checkpoint, clusters_file
from risk_service.adapters.live.checkpoint import Housekeeper
from risk_service.adapters.live.clusters_file import FILE_NAME
from risk_service.adapters.live.records_file import RecordsFile
from risk_service.features.clusters.view import ClusterView
from risk_service.features.windows.tiles import DAY_US
from tests.fixtures.live_shop import LiveShop

FULL = OSError(errno.ENOSPC, "No space left on device")


class Failing:
    """Checkpoints of which the first fails and the second is written."""

    def __init__(self) -> None:
        self.tried = 0
        self.swept = threading.Event()

    def is_due(self) -> bool:
        """Be due until one was written."""
        return self.tried < 2

    def write(self, _rest: object) -> None:
        """Fail once."""
        self.tried += 1
        if self.tried == 1:
            raise sqlite3.OperationalError("disk I/O error")

    def sweep(self) -> None:
        """Take note that a whole round is over."""
        self.swept.set()


def seen(shop: LiveShop) -> dict[str, ClusterView[str]]:
    """Return the cluster of every account."""
    state, at_us = shop.state.clusters.state, shop.now_us + DAY_US
    return {account: state.look_at(account, (), at_us) for account in state.accounts.numbers}


def test_checkpoints_go_on_after_one_that_failed(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A thread that ended with the first fault would leave memory to grow until a restart."""
    monkeypatch.setattr(checkpoint, "LOOK_EVERY_S", 0.001)
    failing = Failing()
    housekeeper = Housekeeper(failing)  # type: ignore[arg-type]  # all that it asks for
    assert failing.swept.wait(30)
    housekeeper.stop()
    assert failing.tried == 2
    assert caplog.messages == ["checkpoint_failed"]


def test_windows_that_cannot_be_written_at_the_stop_come_from_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """The service stops all the same; the next start reads all events again."""

    def full(*_: object, **__: object) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    shop = LiveShop(directory=tmp_path / "state")
    shop.live_on(10)
    with monkeypatch.context() as disk:
        disk.setattr(RecordsFile, "write", full)
        shop.state.close()
    assert "checkpoint_failed" in caplog.messages
    shop.open()
    assert shop.state.windows.replayed > 20
    assert shop.check()
    shop.state.close()


def test_clusters_that_cannot_be_saved_stay_in_the_log(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """What failed is told with its reason; the file of before is left, and its tail is read."""

    def full(*_: object) -> None:
        raise FULL

    shop = LiveShop(directory=tmp_path / "state")
    shop.live_on(5)
    keeper = shop.state.clusters
    keeper.save()
    before = (shop.directory / FILE_NAME).read_bytes()
    shop.live_on(5)
    with monkeypatch.context() as disk:
        disk.setattr(clusters_file, "replace_file", full)
        keeper.save()
    (told,) = [one for one in caplog.records if one.message == "clusters_not_saved"]
    assert told.error == FULL.strerror  # type: ignore[attr-defined]  # our own field
    assert (shop.directory / FILE_NAME).read_bytes() == before
    shop.crash(tmp_path / "after")
    tail, known = shop.state.clusters.replayed, seen(shop)
    (shop.directory / FILE_NAME).unlink()
    shop.crash(tmp_path / "from the log alone")
    assert 0 < tail < shop.state.clusters.replayed
    assert seen(shop) == known
    shop.state.close()
