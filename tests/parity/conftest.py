"""One world, materialised day by day, shared by the whole suite; a small one for backfills."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from feast import FeatureStore

from risk_service.adapters.feast_layout.manifest import ServingManifest, load_manifest
from risk_service.domain.order import Order
from tests.fixtures.keys import KEY
from tests.unit.frames.random_world import DAY_US, START_US, random_orders, write_warehouse
from training.datasets.prepare import prepare
from training.frames.build import build_views
from training.frames.feast_repo import open_repo
from training.frames.live import build_live
from training.frames.materialize import manifest_path, materialize
from training.simulate.settings import WorldSettings
from training.simulate.write import simulate

DAYS = 60
ORDERS = 21_000
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """Orders in time order and the warehouse made of them."""

    warehouse: Path
    orders: list[Order]
    by_day: dict[int, list[Order]] = field(default_factory=dict)

    def orders_of(self, day: int) -> list[Order]:
        """Return the orders of one UTC day of the world, the first being 0."""
        return self.by_day.get(day, [])


def midnight(day: int) -> datetime:
    """Return the start of one day of the world."""
    return EPOCH + timedelta(microseconds=START_US + day * DAY_US)


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Build the history of a random world in which all identifiers collide."""
    warehouse = tmp_path_factory.mktemp("parity")
    orders = random_orders(seed=11, count=ORDERS, days=DAYS, pool=400)
    write_warehouse(orders, warehouse)
    build_views(warehouse)
    build_live(warehouse)
    by_day: dict[int, list[Order]] = {}
    for order in orders:
        by_day.setdefault((order.ordered_at_us - START_US) // DAY_US, []).append(order)
    return World(warehouse=warehouse, orders=orders, by_day=by_day)


@dataclass(frozen=True, slots=True, kw_only=True)
class Served:
    """An online store as of one midnight, with Feast's own SDK on it."""

    day: int
    manifest: ServingManifest
    store: FeatureStore


@pytest.fixture(scope="session")
def online(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return where the suite's online store lies; it is brought forward, never refilled."""
    return tmp_path_factory.mktemp("online") / "online.db"


@pytest.fixture(scope="session", params=[40, 47, 55])
def served(request: pytest.FixtureRequest, world: World, online: Path) -> Iterator[Served]:
    """Bring the one online store to the next midnight, as a nightly job would."""
    day: int = request.param
    materialize(world.warehouse, midnight(day), online)
    with open_repo(world.warehouse, online) as store:
        manifest = load_manifest(manifest_path(online))
        yield Served(day=day, manifest=manifest, store=store)


@pytest.fixture(scope="session")
def warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Prepare a small world of 200 days."""
    folder = tmp_path_factory.mktemp("backfill")
    simulate(WorldSettings(seed=6, days=200, orders=5_000), folder / "world")
    prepare(folder / "world", KEY, folder / "warehouse", processes=1)
    return folder / "warehouse"
