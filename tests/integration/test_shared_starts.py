"""A service that starts counts what shared windows lack of its log, and nothing else."""

import logging
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from risk_service.adapters.redis.addresses import parse_addresses
from risk_service.adapters.redis.history import Existing, RedisHistory
from risk_service.adapters.shared.followed_file import FILE_NAME, FollowedFile
from risk_service.domain.errors import StoreUnavailable
from tests.fixtures.live_shop import LiveShop
from tests.fixtures.redis_server import RedisServer, redis_server
from tests.fixtures.shared_shop import (
    KEEPING,
    OpenShop,
    check_shared,
    errors_of,
    lived,
    outage,
    wait_whole,
    windows_of,
)


@pytest.mark.parametrize("while_away", [False, True])
def test_a_restart_counts_what_is_missing_and_nothing_twice(
    either: RedisServer, shop_at: OpenShop, while_away: bool
) -> None:
    """Stopped in an outage, or while all was well; Redis may be killed while nobody looks."""
    shop = lived(shop_at("state", [either]))
    if while_away:
        either.kill()
        shop.live_on(5)
    shop.state.close()
    if not while_away:
        either.kill()
    either.start()
    shop.open()
    wait_whole(shop)
    shop.live_on(3)
    assert check_shared(shop)


def test_a_healthy_restart_reads_nothing_of_the_log(
    redis: RedisServer, tmp_path: Path, caplog: pytest.LogCaptureFixture, shop_at: OpenShop
) -> None:
    """All that is logged counts: not even ids that were forgotten meanwhile count twice."""
    shop = lived(shop_at("state", [redis]))
    shop.live_on(10)
    # Killed: what it remembers is what it wrote when it opened.
    shutil.copytree(tmp_path / "state", tmp_path / "killed")
    shop.state.close()
    shop.directory = tmp_path / "killed"
    with caplog.at_level(logging.INFO):
        shop.open()
    healed = [one for one in caplog.records if one.message == "windows_healed"]
    assert [one.events for one in healed] == [0]  # type: ignore[attr-defined]  # our own field
    assert check_shared(shop)


@pytest.mark.parametrize("restarts", [False, True])
def test_a_log_put_back_from_a_backup_lacks_nothing_that_comes_after_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, shop_at: OpenShop, restarts: bool
) -> None:
    """Redis has counted up to a place that the log will only reach again: that is another place."""
    with redis_server(*KEEPING) as server:
        shop = lived(shop_at("state", [server]))
        shutil.copytree(tmp_path / "state", tmp_path / "backup")
        known = [*shop.order_ids]
        shop.live_on(30)
        wait_whole(shop)
        shop.state.close()
        server.kill()
        shop.directory, shop.order_ids = tmp_path / "backup", known
        shop.open()
        end = shop.tail().end()[0]
        shop.live_on(5)
        if restarts:
            shop.live_on(35)
            shop.state.close()
            shop.open()
        server.start()
        with caplog.at_level(logging.INFO):
            wait_whole(shop)
        came = [*shop.tail().after(end)]
        healed = [one for one in caplog.records if one.message == "windows_healed"]
        assert [one.events for one in healed] == [len(came)]  # type: ignore[attr-defined]  # our own field
        assert len(came) > 5


def test_kill_of_the_service_while_it_heals(
    either: RedisServer, tmp_path: Path, shop_at: OpenShop
) -> None:
    """Killed again and again in the middle, it goes on where it was, and counts nothing twice."""
    shop = lived(shop_at("state", [either]))
    outage(shop, either, 40)
    shop.state.close()
    command = [sys.executable, "-m", "tests.fixtures.healing_worker"]
    command += [str(tmp_path / "state"), either.address]
    for _ in range(3):
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as worker:
            assert worker.stdout is not None
            for _ in range(4):
                assert worker.stdout.readline() == "step\n"
            worker.send_signal(signal.SIGKILL)
    shop.open()
    wait_whole(shop)
    assert check_shared(shop)


def test_windows_of_before_are_taken_as_they_are(
    redis: RedisServer, tmp_path: Path, shop_at: OpenShop
) -> None:
    """Services of before left no marks, and counted all that they logged."""
    shop = shop_at("state", [redis])
    shop.live_on(10)
    shop.state.close()
    (tmp_path / "state" / FILE_NAME).unlink()
    marks = redis.call("KEYS", "w:mark:*")
    assert isinstance(marks, list)
    redis.call("DEL", *marks)
    shop.open()
    wait_whole(shop)
    shop.live_on(5)
    assert check_shared(shop)


def test_a_log_of_before_redis_comes_along(
    redis: RedisServer, tmp_path: Path, shop_at: OpenShop
) -> None:
    """A service that kept its windows itself brings its log to a Redis that has none."""
    shop = LiveShop(directory=tmp_path / "state")
    shop.live_on(10)
    shop.state.close()
    moved = shop_at("state", [redis], 2)
    moved.now_us = shop.now_us
    wait_whole(moved)
    assert check_shared(moved)


def test_history_that_is_being_filled_is_left_alone(
    redis: RedisServer, shop_at: OpenShop, caplog: pytest.LogCaptureFixture
) -> None:
    """A service waits for the end of it, then counts what its log has since the history."""
    shop = lived(shop_at("state", [redis]))
    history = RedisHistory(shop.compiled, parse_addresses(redis.address), notice_s=0.0)
    assert history.begin(1, Existing.REPLACE)
    windows_of(shop).step()
    assert not windows_of(shop).is_whole
    shop.live_on(5)
    assert "windows_behind" in caplog.messages
    history.finish()
    history.close()
    wait_whole(shop)
    assert check_shared(shop)


def test_history_that_is_lost_is_told(
    redis: RedisServer, shop_at: OpenShop, caplog: pytest.LogCaptureFixture
) -> None:
    """The log does not have it: the own part counts again, and the rest is asked for loudly."""
    shop = shop_at("state", [redis])
    history = RedisHistory(shop.compiled, parse_addresses(redis.address), notice_s=0.0)
    assert history.begin(shop.now_us, Existing.REPLACE)
    history.finish()
    wait_whole(shop)
    shop.live_on(5)
    caplog.clear()
    redis.call("FLUSHALL")
    windows_of(shop).step()
    assert not windows_of(shop).is_whole
    wait_whole(shop)
    assert errors_of(caplog) == ["windows_lost", "windows_history_lost"]
    assert check_shared(shop)
    assert history.begin(shop.now_us, Existing.REPLACE)
    history.finish()
    history.close()
    caplog.clear()
    windows_of(shop).step()
    assert not windows_of(shop).is_whole
    wait_whole(shop)
    assert "windows_history_lost" not in errors_of(caplog)


def test_what_it_remembers_must_be_readable(redis: RedisServer, shop_at: OpenShop) -> None:
    """A file that is no text, or another's, is named: made anew it would forget what is missing."""
    shop = shop_at("state", [redis])
    shop.state.close()
    file = shop.directory / FILE_NAME
    for content in (b"\xff", b'{"service": "\xff"}', b"[]"):
        file.write_bytes(content)
        with pytest.raises(StoreUnavailable, match=FILE_NAME):
            FollowedFile(shop.directory).read()


def test_another_declaration_begins_with_the_log(
    redis: RedisServer, tmp_path: Path, shop_at: OpenShop, caplog: pytest.LogCaptureFixture
) -> None:
    """Its windows are empty, which is no loss: 90 days of the log count in them."""
    shop = shop_at("state", [redis])
    shop.live_on(10)
    shop.state.close()
    redis.call("FLUSHALL")
    file = tmp_path / "state" / FILE_NAME
    known = msgspec.json.decode(file.read_bytes())
    file.write_bytes(msgspec.json.encode(known | {"windows": "another"}))
    shop.open()
    wait_whole(shop)
    assert errors_of(caplog) == []
    assert check_shared(shop)


def test_a_first_start_without_redis_counts_its_orders_later(
    tmp_path: Path, shop_at: OpenShop
) -> None:
    """Others' windows are there when it first meets Redis, and its log is not taken to count."""
    with redis_server(*KEEPING) as redis:
        other = shop_at("other", [redis], 2)
        other.live_on(5)
        redis.kill()
        shop = shop_at("state", [redis])
        shop.live_on(3)
        shop.state.close()
        shop.open()
        shop.live_on(3)
        redis.start()
        wait_whole(shop, other)
        assert check_shared(shop, other)
    assert (tmp_path / "state" / FILE_NAME).exists()


def test_what_cannot_be_noted_is_noted_before_windows_are_there_again(
    redis: RedisServer,
    shop_at: OpenShop,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A full disk under the file: told, and no window is read until it could be written."""

    def full(*_: object) -> None:
        raise StoreUnavailable("No space left on device")

    shop = shop_at("state", [redis])
    shop.live_on(5)
    wait_whole(shop)
    monkeypatch.setattr(FollowedFile, "write", full)
    outage(shop, redis)
    assert errors_of(caplog) == ["windows_not_noted"]
    for _ in range(3):
        windows_of(shop).step()
    assert not windows_of(shop).is_whole
    monkeypatch.undo()
    wait_whole(shop)
    assert check_shared(shop)
