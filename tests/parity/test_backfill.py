"""A backfilled service knows what the offline kernels know of the same history."""

import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from msgspec import structs

from risk_service.adapters.embedded import EmbeddedState, open_state
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
from risk_service.adapters.sqlite.past_orders import SqlitePastOrders
from risk_service.domain.errors import ConfigFault
from risk_service.domain.event import Event
from risk_service.domain.reported import LifeEvent, Report
from risk_service.domain.stamps import Stamps
from risk_service.domain.vocabulary import EventReason, EventType
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.event import field_hash
from risk_service.features.windows.order_event import ATTEMPT
from risk_service.features.windows.plan import compile_windows
from risk_service.features.windows.tiles import DAY_US
from risk_service.identity.keys import IdentityKey
from risk_service.intake.intake import Taken
from tests.fixtures.live_shop import LiveShop
from tests.fixtures.redis_server import RedisServer, redis_cluster, redis_server
from tests.fixtures.waiting import wait_until
from training.datasets.prepare import prepare
from training.live import backfill as backfilling
from training.live.backfill import backfill
from training.live.sinks import Shared
from training.simulate.settings import WorldSettings
from training.simulate.write import simulate
from training.windows.build import read_at
from training.windows.warehouse_log import log_of_warehouse

KEY = IdentityKey(key_id="k1", secret=bytes(range(32)))
WINDOWS = load_windows()
ACCOUNT = [group.name for group in WINDOWS.groups].index("account")
SELLER = [group.name for group in WINDOWS.groups].index("seller")


@pytest.fixture(scope="module")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare a small world of 200 days."""
    folder = tmp_path_factory.mktemp("backfill")
    simulate(WorldSettings(seed=6, days=200, orders=5_000), folder / "world")
    prepare(folder / "world", KEY, folder / "warehouse", processes=1)
    return folder / "warehouse"


def until(warehouse: Path) -> datetime:
    """Return a time three weeks before the end."""
    last = pq.read_table(warehouse / "orders.parquet", columns=["ordered_at"])["ordered_at"][-1]
    at_us = last.cast("int64").as_py() - 21 * 86_400_000_000
    return datetime.fromtimestamp(at_us // 1_000_000, UTC)


def test_windows_and_clusters_are_the_kernels(warehouse: Path, tmp_path: Path) -> None:
    """Windows of accounts and sellers, and every cluster, are those of the offline replay."""
    moment = until(warehouse)
    at_us = int(moment.timestamp()) * 1_000_000
    done = backfill(warehouse, moment, tmp_path / "state")
    assert done.events > 5_000
    log = log_of_warehouse(warehouse)
    orders = pq.read_table(warehouse / "orders.parquet")
    state = open_state(tmp_path / "state", lambda _: None)
    for group, column in ((ACCOUNT, "account"), (SELLER, "seller")):
        keys = orders[column].unique().to_pylist()
        online = state.windows.store.read_many([(group, keys)], at_us)[0].values
        hashes = np.array([field_hash(key) for key in keys])
        offline = read_at(log, WINDOWS, group, hashes, np.full(len(keys), at_us))
        np.testing.assert_array_equal(online, offline)
        assert (online > 0).mean() > 0.1
    assert state.windows.replayed == 0
    assert not state.windows.rebuilt
    sizes = [len(state.clusters.state.members(a)) for a in orders["account"].unique().to_pylist()]
    assert max(sizes) > 1
    state.close()


def test_a_used_state_is_refused(warehouse: Path, tmp_path: Path) -> None:
    """History never goes into a state that has windows already."""
    backfill(warehouse, until(warehouse), tmp_path / "state")
    with pytest.raises(ConfigFault, match="fresh state directory"):
        backfill(warehouse, until(warehouse), tmp_path / "state")


@dataclass
class Recorded:
    """A clock that shows when the shop recorded an event."""

    us: int = 0

    def now_us(self) -> int:
        """Return that time."""
        return self.us

    def order_seen(self, _at_us: int) -> None:
        """Take no notice of what the event says."""


def later_life(warehouse: Path, from_us: int, to_us: int) -> list[dict[str, Any]]:
    """Return what was recorded within a time of orders that were placed before it."""
    orders = pq.read_table(warehouse / "orders.parquet", columns=["order_id", "ordered_at"])
    times = orders["ordered_at"].cast("int64").to_pylist()
    before = {
        one for one, us in zip(orders["order_id"].to_pylist(), times, strict=True) if us < from_us
    }
    events = pq.read_table(warehouse / "events.parquet")
    for name in ("event_at", "recorded_at"):
        at = events.schema.get_field_index(name)
        events = events.set_column(at, name, events[name].cast("int64"))
    rows = [row for row in events.to_pylist() if from_us <= row["recorded_at"] < to_us]
    return sorted(
        (row for row in rows if row["order_id"] in before), key=lambda row: row["recorded_at"]
    )


def report(row: dict[str, Any]) -> Report:
    """Return a row of the events as a shop reports it."""
    life = LifeEvent(
        event_id=row["event_id"],
        event_type=EventType[row["event_type"]],
        at_us=row["event_at"],
        order_id=row["order_id"],
        amount_minor=row["amount_minor"],
        reason=EventReason[row["reason"] or "UNSPECIFIED"],
        weight_ratio=row["weight_ratio"],
    )
    return Report(fingerprint=row["event_id"].encode(), subject=life)


def test_later_events_of_earlier_orders_count_as_offline(warehouse: Path, tmp_path: Path) -> None:
    """Refunds of orders from before the first day reach accounts and sellers, also after a crash.

    The kernels see the same history and those events; the rebuilt store reads them from the log.
    """
    moment = until(warehouse)
    from_us = int(moment.timestamp()) * 1_000_000
    to_us = from_us + 10 * DAY_US
    backfill(warehouse, moment, tmp_path / "state")
    shop, clock = LiveShop(directory=tmp_path / "state", now_us=from_us), Recorded()
    intake = replace(shop.intake, clock=clock)
    rows = later_life(warehouse, from_us, to_us)
    assert len(rows) > 100
    for row in rows:
        clock.us = row["recorded_at"]
        assert intake.take([[report(row)]]) == [[Taken.ACCEPTED]]
    # Nothing is written down but the log: what was applied is read from it again.
    shutil.copytree(tmp_path / "state", tmp_path / "crashed")
    _same_as_offline(shop.state, warehouse, from_us, to_us)
    shop.state.close()
    crashed = open_state(tmp_path / "crashed", lambda _: None)
    assert crashed.windows.replayed == len(rows)
    _same_as_offline(crashed, warehouse, from_us, to_us)
    crashed.close()


def _same_as_offline(state: EmbeddedState, warehouse: Path, from_us: int, to_us: int) -> None:
    log = log_of_warehouse(warehouse)
    orders = pq.read_table(warehouse / "orders.parquet")
    placed = np.append(
        orders["ordered_at"].cast("int64").to_numpy(),
        # Promotion actions are no order's.
        np.full(int(log.subject.max()) + 1, to_us),
    )
    late = (log.kind != ATTEMPT) & (placed[log.subject] < from_us) & (log.a_us < to_us)
    chosen = np.flatnonzero((log.a_us < from_us) | late)
    parts = {
        name: getattr(log, name)[chosen] for name in ("kind", "a_us", "tau_us", "r_us", "subject")
    }
    own = {name: values[chosen] for name, values in log.own_columns.items()}
    log = replace(log, event_id=log.event_id.take(pa.array(chosen)), own_columns=own, **parts)
    for group, column in ((ACCOUNT, "account"), (SELLER, "seller")):
        keys = orders[column].unique().to_pylist()
        online = state.windows.store.read_many([(group, keys)], to_us)[0].values
        hashes = np.array([field_hash(key) for key in keys])
        offline = read_at(log, WINDOWS, group, hashes, np.full(len(keys), to_us))
        np.testing.assert_array_equal(online, offline)


def test_a_file_of_other_windows_is_told_and_not_used(
    warehouse: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """What stood for other columns is never taken for those of now."""
    backfill(warehouse, until(warehouse), tmp_path / "state")
    known = pq.read_table(warehouse / "orders.parquet", columns=["order_id"])["order_id"][0].as_py()
    orders = SqlitePastOrders(tmp_path / "state")
    assert list(orders.find([known, "never"])) == [known]
    orders.close()
    with closing(sqlite3.connect(tmp_path / "state" / PAST_ORDERS_FILE)) as db:
        db.execute("UPDATE shape SET names = '[]'")
        db.commit()
    assert SqlitePastOrders(tmp_path / "state").find([known]) == {}
    assert "past_orders_of_other_windows" in caplog.messages


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
