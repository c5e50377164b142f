"""The whole chain on the promotion world: raw orders served against the trainer's rows.

Serving tokenises each raw order, computes its columns, reads the online store and
builds the vector; training prepared the same orders in bulk, with the same key.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from risk_service.adapters.feast_layout.manifest import load_manifest
from risk_service.adapters.feast_layout.reader import FeastSqliteReader
from risk_service.domain.order import Order
from risk_service.features.entities import ENTITIES, entity_keys
from risk_service.features.order_columns import order_columns
from risk_service.features.schema import load_schema
from risk_service.features.vector import VectorBuilder
from risk_service.identity.keys import new_identity_key
from risk_service.identity.tokenise import Tokeniser
from tests.unit.frames.random_world import DAY_US
from training.datasets.prepare import prepare
from training.datasets.raw_orders import raw_order
from training.frames.build import build_views
from training.frames.feast_repo import apply_repo, open_repo
from training.frames.live import build_live
from training.frames.materialize import manifest_path, materialize
from training.frames.vectors import Vectors, build_vectors, frame_path
from training.simulate.settings import WorldSettings
from training.simulate.write import simulate

WANTED = 1_000
GROUP = 16
SCHEMA = load_schema()
STORED = [feature.name for feature in SCHEMA.stored]
LIVE = [feature.name for feature in SCHEMA.live]
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """Orders as served, day by day, beside what training made of the same data set."""

    warehouse: Path
    days: list[tuple[int, list[Order]]]
    vectors: Vectors


@pytest.fixture(scope="module")
def chain(tmp_path_factory: pytest.TempPathFactory) -> Chain:
    """Simulate a world, prepare it, and tokenise its last days as serving would."""
    folder = tmp_path_factory.mktemp("chain")
    simulate(WorldSettings(seed=1, days=30, orders=12_000), folder / "data")
    key = new_identity_key()
    prepare(folder / "data", key, folder / "warehouse", processes=1)
    build_views(folder / "warehouse")
    build_live(folder / "warehouse")
    apply_repo(folder / "warehouse")
    tokeniser = Tokeniser(key)
    orders = [tokeniser.order(raw_order(row, lines)) for row, lines in _raw(folder / "data")]
    by_day: dict[int, list[Order]] = {}
    for order in orders[-WANTED - 700 :]:
        by_day.setdefault(order.ordered_at_us // DAY_US, []).append(order)
    # The first day may have lost its morning to the cut; it is not needed.
    days = sorted(by_day.items())[1:]
    return Chain(
        warehouse=folder / "warehouse", days=days, vectors=build_vectors(folder / "warehouse")
    )


def _raw(data: Path) -> Iterator[tuple[dict[str, Any], list[dict[str, Any]]]]:
    lines: dict[str, list[dict[str, Any]]] = {}
    for line in pq.read_table(data / "lines.parquet").to_pylist():
        lines.setdefault(line["order_id"], []).append(line)
    table = pq.read_table(data / "orders.parquet")
    for row in _times_as_integers(table).to_pylist():
        yield row, lines[row["order_id"]]


def _times_as_integers(table: pa.Table) -> pa.Table:
    for column in ("ordered_at", "account_registered_at"):
        place = table.schema.get_field_index(column)
        table = table.set_column(place, column, pc.cast(table[column], pa.int64()))
    return table


def bits(values: NDArray[np.float64]) -> bytes:
    """Return the bits of a matrix, all NaNs being one."""
    return np.where(np.isnan(values), np.nan, values).tobytes()


def test_thousand_orders_are_equal_to_the_last_digit(chain: Chain, tmp_path: Path) -> None:
    """Reader = Feast SDK = offline join, and the served vector is the trainer's, bit by bit."""
    online = tmp_path / "online.db"
    frame = pq.read_table(frame_path(chain.warehouse)).to_pandas().set_index("order_id")
    place = {name: row for row, name in enumerate(chain.vectors.order_ids.to_pylist())}
    builder = VectorBuilder(SCHEMA)
    compared = 0
    for day, orders in chain.days:
        materialize(chain.warehouse, EPOCH + timedelta(days=day), online)
        reader = FeastSqliteReader(load_manifest(manifest_path(online)))
        # A group is read at the time of its first order; within a day that changes no row.
        groups = [orders[start : start + GROUP] for start in range(0, len(orders), GROUP)]
        read = [reader.read(group, group[0].ordered_at_us).values for group in groups]
        reader.close()
        served = np.concatenate(read)
        ids = [order.order_id for order in orders]
        live = frame.loc[ids, LIVE].to_numpy(np.float64)
        vectors = [
            builder.build(
                np.array([order_columns(order) for order in group]),
                values,
                live[number * GROUP : (number + 1) * GROUP],
            )
            for number, (group, values) in enumerate(zip(groups, read, strict=True))
        ]
        assert bits(served) == bits(frame.loc[ids, STORED].to_numpy(np.float64))
        assert bits(served) == bits(_through_the_sdk(chain.warehouse, online, orders))
        trained = chain.vectors.matrix[[place[name] for name in ids]]
        assert np.concatenate(vectors).tobytes() == trained.tobytes()
        compared += len(orders)
    assert compared >= WANTED


def _through_the_sdk(warehouse: Path, online: Path, orders: list[Order]) -> NDArray[np.float64]:
    rows = [dict(zip(ENTITIES, entity_keys(order), strict=True)) for order in orders]
    with open_repo(warehouse, online) as store:
        service = store.get_feature_service("online_v1")
        answer = store.get_online_features(features=service, entity_rows=rows).to_dict()
    return np.column_stack([np.array(answer[name], dtype=np.float64) for name in STORED])


def test_history_is_there(chain: Chain) -> None:
    """Most orders of the last days have history of most of their entities."""
    columns = [
        chain.vectors.names.index(name) for name in ("seller__orders_30d", "sku__orders_30d")
    ]
    assert (chain.vectors.matrix[-WANTED:, columns] > 0).mean() > 0.5
