"""The readers of Feast's layouts against the Feast SDK, and against a bare read of the bytes.

Groups of 1 and of 16 orders. Cold: orders whose entities the reader has not seen. Warm:
the same orders again.
"""

import sqlite3
from collections.abc import Callable, Sequence

from risk_service.adapters.feast_layout.encoding import entity_key, key_prefix
from risk_service.adapters.feast_layout.manifest import load_manifest
from risk_service.adapters.feast_layout.reader import FeastSqliteReader
from risk_service.domain.order import Order
from risk_service.features.entities import entity_keys
from tests.bench.figures import Round, Row, number, ratio
from tests.bench.shared_feature_read import ROWS as SHARED_ROWS
from tests.bench.shared_feature_read import shared_figures
from tests.bench.store import SERVICE, open_store
from tests.bench.timing import us_per_order
from tests.bench.world import World, distinct_orders, tokenise

ORDERS = 960
SDK_ORDERS = 96

ROWS = (
    Row(title="reader, one order, cold, us", value=number("cold_1")),
    Row(title="reader, one order, warm, us", value=number("warm_1")),
    Row(title="reader, groups of 16, cold, us/order", value=number("cold_16")),
    Row(title="reader, groups of 16, warm, us/order", value=number("warm_16")),
    Row(title="bare SQL of the same rows, groups of 16, us/order", value=number("bare_16")),
    Row(title="Feast SDK, one order, us", value=number("sdk_1")),
    Row(title="Feast SDK / cold reader, one order", value=ratio("sdk_1", "cold_1"), digits=1),
    *SHARED_ROWS,
)


def run_round(world: World, seconds: float, beside: int) -> Round:
    """Measure once; ``seconds`` bounds nothing here, the number of orders is fixed.

    Parameters
    ----------
    beside
        The core that a Redis gets.
    """
    orders = tokenise(world, distinct_orders(world)[:ORDERS])
    figures: Round = {"seconds": seconds}
    for size in (1, 16):
        reader = FeastSqliteReader(load_manifest(world.serving))
        read = _product(reader, orders[-1].ordered_at_us)
        figures[f"cold_{size}"] = us_per_order(read, orders, size)
        figures[f"warm_{size}"] = us_per_order(read, orders, size)
        reader.close()
    figures["bare_16"] = us_per_order(_bare(world), orders, 16)
    figures["sdk_1"] = us_per_order(_sdk(world), orders[:SDK_ORDERS], 1)
    return figures | shared_figures(world, orders, beside)


def _product(reader: FeastSqliteReader, now_us: int) -> Callable[[Sequence[Order]], None]:
    def read(group: Sequence[Order]) -> None:
        reader.read(group, now_us)

    return read


def _bare(world: World) -> Callable[[Sequence[Order]], None]:
    """Return a reader that fetches the same rows and does nothing with them."""
    manifest = load_manifest(world.serving)
    connection = sqlite3.connect(manifest.online_store)
    columns = "SELECT entity_key, feature_name, value, event_ts"
    views = [(f'"{manifest.project}_{v.name}"', key_prefix(v.join_key)) for v in manifest.views]

    def read(group: Sequence[Order]) -> None:
        for (table, prefix), keys in zip(
            views, zip(*map(entity_keys, group), strict=True), strict=True
        ):
            wanted = [entity_key(prefix, key) for key in set(keys)]
            marks = ",".join("?" * len(wanted))
            query = f"{columns} FROM {table} WHERE entity_key IN ({marks})"
            connection.execute(query, wanted).fetchall()

    return read


def _sdk(world: World) -> Callable[[Sequence[Order]], None]:
    store = open_store(world.serving.parent)
    features = store.get_feature_service(SERVICE)
    names = [view.join_key for view in load_manifest(world.serving).views]

    def read(group: Sequence[Order]) -> None:
        rows = [dict(zip(names, entity_keys(order), strict=True)) for order in group]
        store.get_online_features(features=features, entity_rows=rows).to_dict()

    # The first call loads what all later ones use.
    read(tokenise(world, distinct_orders(world)[:1]))
    return read
