"""Reader = Feast SDK = offline join = trainer's vector, to the last bit."""

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from risk_service.adapters.feast_layout.reader import FeastSqliteReader
from risk_service.domain.order import Order
from risk_service.features.entities import ENTITIES, entity_keys
from risk_service.features.order_columns import order_columns
from risk_service.features.schema import load_schema
from risk_service.features.vector import VectorBuilder
from tests.parity.conftest import Served, World
from training.frames.vectors import Vectors, build_vectors, frame_path

SCHEMA = load_schema()
STORED = [feature.name for feature in SCHEMA.stored]
LIVE = [feature.name for feature in SCHEMA.live]


def bits(values: NDArray[np.float64]) -> bytes:
    """Return the bits of a matrix, all NaNs being one."""
    return np.where(np.isnan(values), np.nan, values).tobytes()


@pytest.fixture(scope="session")
def trained(world: World) -> Vectors:
    """Form the trainer's vectors of all orders."""
    return build_vectors(world.warehouse)


def read_in_groups(reader: FeastSqliteReader, orders: list[Order]) -> NDArray[np.float64]:
    """Read as the service does: group by group, each order at its own time."""
    groups = [
        reader.read([order], order.ordered_at_us).values
        if number % 5
        else reader.read([order, order], order.ordered_at_us).values[:1]
        for number, order in enumerate(orders)
    ]
    return np.concatenate(groups)


def test_enough_orders(world: World) -> None:
    """The three days together hold at least 1,000 orders."""
    assert sum(len(world.orders_of(day)) for day in (40, 47, 55)) >= 1_000


def test_reader_is_the_sdk(world: World, served: Served) -> None:
    """The reader gives what get_online_features gives; no value is expired yet."""
    orders = world.orders_of(served.day)
    rows = [dict(zip(ENTITIES, entity_keys(order), strict=True)) for order in orders]
    answer = served.store.get_online_features(
        features=served.store.get_feature_service("online_v1"), entity_rows=rows
    ).to_dict()
    columns = [np.array(answer[name], dtype=np.float64) for name in STORED]
    sdk = np.column_stack(columns)
    reader = FeastSqliteReader(served.manifest)
    together = reader.read(orders, max(order.ordered_at_us for order in orders)).values
    reader.close()
    assert bits(together) == bits(sdk)
    assert 0.3 < np.isfinite(sdk).mean() < 1


def test_reader_is_the_offline_join(world: World, served: Served, trained: Vectors) -> None:
    """The reader gives what the point-in-time join gave for the same orders."""
    orders = world.orders_of(served.day)
    frame = pq.read_table(frame_path(world.warehouse)).to_pandas().set_index("order_id")
    offline = frame.loc[[order.order_id for order in orders], STORED].to_numpy(np.float64)
    reader = FeastSqliteReader(served.manifest)
    online = read_in_groups(reader, orders)
    reader.close()
    assert bits(online) == bits(offline)
    assert len(trained.order_ids) == len(world.orders)


def test_served_vector_is_the_trainers(world: World, served: Served, trained: Vectors) -> None:
    """Order columns and stored values of the service form the very vector of training."""
    orders = world.orders_of(served.day)
    frame = pq.read_table(frame_path(world.warehouse)).to_pandas().set_index("order_id")
    reader = FeastSqliteReader(served.manifest)
    builder = VectorBuilder(SCHEMA)
    vectors = [
        builder.build(
            np.array([order_columns(order)]),
            reader.read([order], order.ordered_at_us).values,
            frame.loc[[order.order_id], LIVE].to_numpy(np.float64),
        )
        for order in orders
    ]
    reader.close()
    place = {order_id: row for row, order_id in enumerate(trained.order_ids.to_pylist())}
    expected = trained.matrix[[place[order.order_id] for order in orders]]
    assert np.concatenate(vectors).tobytes() == expected.tobytes()
    assert np.isfinite(expected).all()


def test_midnight_order_sees_its_midnight_and_nothing_of_its_day(
    world: World, served: Served
) -> None:
    """An order at exactly midnight reads the row of that midnight, without its own day."""
    start_us = served.manifest.materialized_until_us
    at_midnight = [o for o in world.orders_of(served.day) if o.ordered_at_us == start_us]
    yesterday = world.orders_of(served.day - 1)
    assert at_midnight
    reader = FeastSqliteReader(served.manifest)
    column = STORED.index("account__attempts_1d")
    for order in at_midnight:
        value = reader.read([order], order.ordered_at_us).values[0, column]
        attempts = sum(other.tokens.account == order.tokens.account for other in yesterday)
        assert (0 if np.isnan(value) else value) == attempts
    reader.close()


def test_store_is_where_the_manifest_says(served: Served, online: Path) -> None:
    """serving.json names the store relative to itself, so that both can be moved together."""
    assert Path(served.manifest.online_store) == online.resolve()
