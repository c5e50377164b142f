"""A backfilled service knows what the offline kernels know of the same history."""

import shutil
import sqlite3
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from risk_service.adapters.embedded import EmbeddedState, open_state
from risk_service.adapters.sqlite.past_orders import FILE_NAME as PAST_ORDERS_FILE
from risk_service.adapters.sqlite.past_orders import SqlitePastOrders
from risk_service.domain.errors import ConfigFault
from risk_service.domain.reported import Report
from risk_service.features.windows.event import field_hash
from risk_service.features.windows.order_event import ATTEMPT
from risk_service.features.windows.tiles import DAY_US
from risk_service.intake.intake import Taken
from tests.fixtures.backfilled import WINDOWS, until
from tests.fixtures.live_shop import LiveShop
from tests.fixtures.live_stream import life_of
from training.live.backfill import backfill
from training.windows.build import read_at
from training.windows.warehouse_log import log_of_warehouse

ACCOUNT = [group.name for group in WINDOWS.groups].index("account")
SELLER = [group.name for group in WINDOWS.groups].index("seller")


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


def test_a_state_that_the_history_makes_is_its_owners_alone(
    warehouse: Path, tmp_path: Path
) -> None:
    """As one that the service makes: tokens of all customers lie in it."""
    backfill(warehouse, until(warehouse), tmp_path / "state")
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0


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
    return Report(fingerprint=row["event_id"].encode(), subject=life_of(row))


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
