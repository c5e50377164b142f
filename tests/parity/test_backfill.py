"""A backfilled service knows what the offline kernels know of the same history."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from risk_service.adapters.embedded import open_state
from risk_service.domain.errors import ConfigFault
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.event import field_hash
from risk_service.identity.keys import IdentityKey
from training.datasets.prepare import prepare
from training.live.backfill import backfill
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
