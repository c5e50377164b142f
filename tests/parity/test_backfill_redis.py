"""History that is filled into Redis: as in the state directory, and never over what is there."""

import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from msgspec import structs

from risk_service.adapters.live.clusters_file import FILE_NAME as CLUSTERS_FILE
from risk_service.adapters.live.flat.records import FlatRecords
from risk_service.adapters.live.records_file import FILE_NAME as WINDOWS_FILE
from risk_service.adapters.live.records_file import RecordsFile, Row
from risk_service.adapters.live.store import EmbeddedWindowStore
from risk_service.adapters.redis.addresses import parse_addresses
from risk_service.adapters.redis.flat import FlatEntities
from risk_service.adapters.redis.history import (
    Existing,
    Filled,
    RedisHistory,
    filled_key,
    read_filled,
)
from risk_service.adapters.redis.plain import PlainEntities
from risk_service.adapters.redis.store import RedisWindowStore
from risk_service.adapters.sqlite.past_orders import FILE_NAME as PAST_ORDERS_FILE
from risk_service.domain.errors import ConfigFault
from risk_service.domain.event import Event
from risk_service.domain.stamps import Stamps
from risk_service.features.windows.order_event import ATTEMPT
from risk_service.features.windows.plan import compile_windows
from tests.fixtures.backfilled import WINDOWS, until
from tests.fixtures.redis_server import RedisServer, redis_cluster, redis_server
from tests.fixtures.waiting import wait_until
from training.live import backfill as backfilling
from training.live.backfill import backfill
from training.live.sinks import Shared
from training.windows.warehouse_log import log_of_warehouse

COMPILED = compile_windows(WINDOWS)
# A fill may be done before it is killed; so often it is tried again.
KILLS = 5
# Orders and events of the world after its history that are compared one by one.
LATER = 400


def shared(servers: Sequence[RedisServer], existing: Existing = Existing.REFUSE) -> Shared:
    """Return Redis as the place of windows."""
    addresses = parse_addresses(",".join(server.address for server in servers))
    return Shared(
        open_history=lambda compiled: RedisHistory(compiled, addresses, notice_s=0.0),
        existing=existing,
    )


@pytest.fixture(params=["node", "cluster"])
def servers(request: pytest.FixtureRequest) -> Iterator[Sequence[RedisServer]]:
    """Run one server, or a cluster."""
    with ExitStack() as running:
        if request.param == "cluster":
            yield running.enter_context(redis_cluster())
        else:
            yield [running.enter_context(redis_server())]


@pytest.fixture
def node() -> Iterator[RedisServer]:
    """Run one server."""
    with redis_server() as server:
        yield server


def test_redis_answers_as_the_state_directory_does(
    warehouse: Path, tmp_path: Path, servers: Sequence[RedisServer]
) -> None:
    """Every later order reads the same from both, to the last digit, and counts in both."""
    moment = until(warehouse)
    from_us = int(moment.timestamp()) * 1_000_000
    done = backfill(warehouse, moment, tmp_path / "file")
    same = backfill(warehouse, moment, tmp_path / "redis", shared=shared(servers))
    assert same == done
    assert not (tmp_path / "redis" / WINDOWS_FILE).exists()
    stamps, file = Stamps(0), RecordsFile(tmp_path / "file")
    embedded = EmbeddedWindowStore(
        COMPILED, file, stamps, lambda: stamps.last_us, keeper=FlatRecords
    )
    addresses = parse_addresses(",".join(server.address for server in servers))
    with closing(file), ExitStack() as opened:
        stores = [
            RedisWindowStore(COMPILED, addresses, timeout_s=20.0, entities=entities)
            for entities in (FlatEntities, PlainEntities)
        ]
        for store in stores:
            opened.callback(store.close)
        full = 0
        for place, event in enumerate(_later(warehouse, moment)):
            now_us = from_us + place * 3_600_000_000 // 4
            # Both clients read the same Redis, in turns: one decodes what the other has left.
            redis = stores[place % 2]
            if event.kind != ATTEMPT:
                embedded.apply([event], now_us)
                redis.apply([event], now_us)
                continue
            want, got = embedded.observe([event], now_us), redis.observe([event], now_us)
            np.testing.assert_array_equal(got.values, want.values)
            full += int((want.values > 0).mean() > 0.1)
        assert full > LATER // 10


def _later(warehouse: Path, moment: datetime) -> list[Event]:
    """Return what happened after the history."""
    one = backfilling._Backfill(log_of_warehouse(warehouse), warehouse, moment)
    chosen = np.flatnonzero(one._log.a_us >= one._until_us)[:LATER]
    return [
        structs.replace(event, event_id=f"later-{n}")
        for n, (_, event) in enumerate(one._chosen(chosen))
    ]


def test_windows_that_are_there_are_not_touched_unless_told(
    warehouse: Path, tmp_path: Path, node: RedisServer
) -> None:
    """Redis with windows is refused with what to do; kept for a further service; or replaced."""
    moment = until(warehouse)
    first = backfill(warehouse, moment, tmp_path / "first", shared=shared([node]))
    before = node.call("DBSIZE")
    with pytest.raises(ConfigFault, match=r"--existing keep .* --existing replace"):
        backfill(warehouse, moment, tmp_path / "refused", shared=shared([node]))
    kept = shared([node], Existing.KEEP)
    second = backfill(warehouse, moment, tmp_path / "second", shared=kept)
    assert (second.accounts, second.orders, second.records) == (first.accounts, first.orders, 0)
    earlier = datetime.fromtimestamp(moment.timestamp() - 86_400, UTC)
    with pytest.raises(ConfigFault, match="does not hold the history up to this time"):
        backfill(warehouse, earlier, tmp_path / "other", shared=kept)
    assert node.call("DBSIZE") == before
    replaced = shared([node], Existing.REPLACE)
    third = backfill(warehouse, earlier, tmp_path / "third", shared=replaced)
    # The records, and the word about them.
    assert node.call("DBSIZE") == third.records + 1 != before


def test_live_windows_without_history_are_refused(
    warehouse: Path, tmp_path: Path, node: RedisServer
) -> None:
    """What services have counted is not written over, also where nobody ever filled."""
    store = RedisWindowStore(COMPILED, parse_addresses(node.address), timeout_s=20.0)
    moment = until(warehouse)
    store.observe(_later(warehouse, moment)[:1], int(moment.timestamp()) * 1_000_000)
    store.close()
    with pytest.raises(ConfigFault, match="holds windows of this declaration already"):
        backfill(warehouse, moment, tmp_path / "state", shared=shared([node]))


def filled(node: RedisServer) -> Filled:
    """Return the word about the history that Redis holds."""
    word = read_filled(node.call("GET", filled_key("w", WINDOWS.version)))  # type: ignore[arg-type]  # a reply
    assert word is not None
    return word


def killed_fill(warehouse: Path, moment: datetime, state: Path, node: RedisServer) -> None:
    """Kill the command that fills once it has begun to write."""
    command = [sys.executable, "-m", "risk_service.cli", "live", "backfill"]
    command += ["--warehouse", str(warehouse), "--until", moment.isoformat()]
    command += ["--state", str(state), "--windows", f"redis://{node.address}"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, stdout=quiet, stderr=quiet) as running:

        def writes() -> bool:
            written = node.call("DBSIZE")
            assert isinstance(written, int)
            return written >= 2 or running.poll() is not None

        try:
            wait_until(writes, "the fill has begun", within_s=120.0, pause_s=0.001)
        finally:
            running.kill()


def test_a_fill_that_was_killed_is_not_taken_for_whole(
    warehouse: Path, tmp_path: Path, node: RedisServer
) -> None:
    """The word stays on filling; the same command, on the same directory, begins anew."""
    moment = until(warehouse)
    state = tmp_path / "state"
    for _ in range(KILLS):
        killed_fill(warehouse, moment, state, node)
        if not filled(node).whole:
            break
        # It was done before the signal came.
        shutil.rmtree(state)
        node.call("FLUSHALL")
    assert not filled(node).whole
    with pytest.raises(ConfigFault, match="does not hold the history"):
        backfill(warehouse, moment, tmp_path / "kept", shared=shared([node], Existing.KEEP))
    done = backfill(warehouse, moment, state, shared=shared([node]))
    assert {one.name for one in state.iterdir()} == {"lock", CLUSTERS_FILE, PAST_ORDERS_FILE}
    assert node.call("DBSIZE") == done.records + 1
    assert filled(node).whole


def test_two_fills_at_once_do_not_mix(node: RedisServer) -> None:
    """The one that began first finds that another has begun, and stops."""
    one, other = (shared([node]).open_history(COMPILED) for _ in range(2))
    assert one.begin(1, Existing.REFUSE)
    assert other.begin(1, Existing.REFUSE)
    with pytest.raises(ConfigFault, match="another backfill has begun"):
        one.fill([Row(bytes(16), 2, b"")], {bytes(16): (0, "a")})
    with pytest.raises(ConfigFault, match="another backfill has begun"):
        one.finish()
    other.finish()
    one.close()
    other.close()
