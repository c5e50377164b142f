"""The reader on stores in Feast's layout, written here by hand (Feast's own: tests/parity)."""

import random
import sqlite3
import struct
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from risk_service.adapters.feast_layout.encoding import decode_value, entity_key, key_prefix
from risk_service.adapters.feast_layout.manifest import (
    ServedView,
    ServingManifest,
    load_manifest,
    save_manifest,
)
from risk_service.adapters.feast_layout.reader import FeastSqliteReader
from risk_service.domain.errors import ConfigFault, StoreUnavailable
from risk_service.domain.order import Order
from risk_service.features.entities import ENTITIES, entity_keys
from risk_service.features.schema import load_schema
from tests.unit.frames.random_world import random_order

SCHEMA = load_schema()
ROW_S = 1_700_006_400
ROW_US = ROW_S * 1_000_000
STORED = [feature.name for feature in SCHEMA.stored]


def order_of(number: int) -> Order:
    """Return an order all of whose identifiers are its own."""
    order = random_order(random.Random(number), number, 5, 1_000_000)
    lead = replace(order.lines[0], quantity=9, unit_price_minor=10**9, sku=f"k{number}")
    return replace(order, lines=(replace(lead, seller_id=f"s{number}"),))


def double(value: float) -> bytes:
    """Return a serialized Feast double."""
    return b"\x29" + struct.pack("<d", value)


class HandStore:
    """A store file that tests write to as another process would."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = sqlite3.connect(path)
        for view in SCHEMA.views.values():
            self.connection.execute(
                f'CREATE TABLE "promoguard_{view.name}" (entity_key BLOB, feature_name TEXT, '
                "value BLOB, value_text TEXT, vector_value BLOB, event_ts timestamp, "
                "created_ts timestamp, PRIMARY KEY(entity_key, feature_name))"
            )
        self.connection.commit()

    def put(self, order: Order, values: Mapping[str, bytes | None], event_s: int = ROW_S) -> None:
        """Write some features of the entities of an order."""
        keys = dict(zip(ENTITIES, entity_keys(order), strict=True))
        for name, value in values.items():
            entity = name.split("__")[0]
            view = SCHEMA.views[entity]
            key = entity_key(key_prefix(view.join_key), keys[entity])
            self.connection.execute(
                f'INSERT OR REPLACE INTO "promoguard_{view.name}" '  # noqa: S608 (own names)
                "(entity_key, feature_name, value, event_ts) VALUES (?, ?, ?, ?)",
                (key, name, value, event_s),
            )
        self.connection.commit()

    def fill(self, order: Order, offset: float = 0.0, event_s: int = ROW_S) -> None:
        """Write every stored feature of an order: its column number plus an offset."""
        values = {name: double(place + offset) for place, name in enumerate(STORED)}
        self.put(order, values, event_s)


@pytest.fixture
def hand(tmp_path: Path) -> Iterator[HandStore]:
    """Open an empty store."""
    store = HandStore(tmp_path / "online.db")
    yield store
    store.connection.close()


def manifest_of(path: Path) -> ServingManifest:
    """Return the manifest that materialisation would write."""
    return ServingManifest(
        project="promoguard",
        online_store=str(path),
        schema_version=SCHEMA.version,
        entity_key_serialization_version=3,
        views=tuple(
            ServedView(name=v.name, join_key=v.join_key, ttl_s=v.ttl_s, features=v.features)
            for v in SCHEMA.views.values()
        ),
        materialized_until_us=ROW_US,
    )


@pytest.fixture
def reader(hand: HandStore) -> Iterator[FeastSqliteReader]:
    """Open the reader on the store."""
    opened = FeastSqliteReader(manifest_of(hand.path))
    yield opened
    opened.close()


def test_values_reach_their_columns(hand: HandStore, reader: FeastSqliteReader) -> None:
    """Each feature lands in its schema column, for every order of the group."""
    orders = [order_of(number) for number in range(5)]
    for number, order in enumerate(orders):
        hand.fill(order, offset=1_000.0 * number)
    read = reader.read(orders, ROW_US)
    expected = [np.arange(len(STORED)) + 1_000.0 * number for number in range(5)]
    assert read.values.tolist() == np.array(expected).tolist()
    assert read.materialized_until_us == ROW_US


def test_unknown_and_unnamed_entities_are_missing(
    hand: HandStore, reader: FeastSqliteReader
) -> None:
    """No row, or no identifier at all, reads as NaN."""
    order = order_of(1)
    hand.fill(order)
    guest = replace(order, tokens=replace(order.tokens, device=""))
    values = reader.read([guest, order_of(2)], ROW_US).values
    device = [place for place, name in enumerate(STORED) if name.startswith("device__")]
    assert np.isnan(values[0, device]).all()
    assert not np.isnan(np.delete(values[0], device)).any()
    assert np.isnan(values[1]).all()


@pytest.mark.parametrize("entity", ENTITIES)
def test_ttl_edges(hand: HandStore, reader: FeastSqliteReader, entity: str) -> None:
    """A row counts from its own time to exactly its TTL later, not a microsecond more."""
    order = order_of(1)
    hand.fill(order)
    ttl_us = SCHEMA.views[entity].ttl_s * 1_000_000
    mine = [place for place, name in enumerate(STORED) if name.startswith(entity + "__")]

    def seen(now_us: int) -> bool:
        return not np.isnan(reader.read([order], now_us).values[0, mine]).any()

    assert seen(ROW_US)
    assert seen(ROW_US + ttl_us)
    assert not seen(ROW_US + ttl_us + 1)
    assert not seen(ROW_US - 1)


def test_late_materialisation_is_seen(hand: HandStore, reader: FeastSqliteReader) -> None:
    """What another process writes after the first read is read next time."""
    order = order_of(1)
    assert np.isnan(reader.read([order], ROW_US).values).all()
    hand.fill(order)
    assert reader.read([order], ROW_US).values[0, 3] == 3
    hand.fill(order, offset=0.5)
    assert reader.read([order], ROW_US).values[0, 3] == 3.5


def test_rows_are_kept_in_memory(hand: HandStore, reader: FeastSqliteReader) -> None:
    """A second read of the same order asks the store for its version only."""
    order = order_of(1)
    hand.fill(order)
    reader.read([order], ROW_US)
    statements: list[str] = []
    reader._connection.set_trace_callback(statements.append)
    reader.read([order], ROW_US)
    assert statements == ["PRAGMA data_version"]


def test_a_small_memory_loses_nothing(hand: HandStore) -> None:
    """A group larger than the memory is still answered whole, also its known entities."""
    orders = [order_of(number) for number in range(6)]
    for number, order in enumerate(orders):
        hand.fill(order, offset=float(number))
    reader = FeastSqliteReader(manifest_of(hand.path), cached_rows=2)
    reader.read(orders[:2], ROW_US)
    for _ in range(3):
        assert reader.read(orders, ROW_US).values[:, 0].tolist() == [0, 1, 2, 3, 4, 5]
    for number in (6, 7):
        reader.read([order_of(number)], ROW_US)
    assert len(_kept(reader)) == 2
    reader.close()


def _kept(reader: FeastSqliteReader) -> set[str]:
    """Return the accounts whose rows are in memory."""
    kept = reader._views[0]._kept
    return {key for key in (*kept._recent, *kept._older) if key}


def test_what_was_used_lately_stays(hand: HandStore) -> None:
    """An entity read again outlives one that was not, and memory stays within its bound."""
    orders = [order_of(number) for number in range(8)]
    reader = FeastSqliteReader(manifest_of(hand.path), cached_rows=4)
    for number in (0, 1, 2, 0, 3, 0, 4, 0):
        reader.read([orders[number]], ROW_US)
        assert len(_kept(reader)) <= 4
    assert orders[0].tokens.account in _kept(reader)
    assert orders[1].tokens.account not in _kept(reader)
    statements: list[str] = []
    reader._connection.set_trace_callback(statements.append)
    reader.read([orders[0]], ROW_US)
    assert statements == ["PRAGMA data_version"]
    reader.close()


def test_nulls_other_kinds_and_partial_rows(hand: HandStore, reader: FeastSqliteReader) -> None:
    """Nulls are NaN, integers and floats are read, features not stored are NaN."""
    order = order_of(1)
    names = [name for name in STORED if name.startswith("account__")]
    hand.fill(order)
    hand.put(
        order, {names[0]: b"", names[1]: b"\x20\x05", names[2]: b"\x35" + struct.pack("<f", 0.5)}
    )
    values = dict(zip(STORED, reader.read([order], ROW_US).values[0].tolist(), strict=True))
    assert np.isnan(values[names[0]])
    assert (values[names[1]], values[names[2]]) == (5, 0.5)
    other = order_of(2)
    hand.put(other, {names[4]: double(7), "account__gone": double(8)})
    row = reader.read([other], ROW_US).values[0]
    assert np.flatnonzero(~np.isnan(row)).tolist() == [STORED.index(names[4])]


def test_any_order_of_rows_is_read(hand: HandStore, reader: FeastSqliteReader) -> None:
    """Features may lie in the store in another order for each entity of a group."""
    orders = [order_of(number) for number in range(4)]
    for number, order in enumerate(orders):
        cells = [(name, double(place + 0.1)) for place, name in enumerate(STORED)]
        random.Random(number).shuffle(cells)
        hand.put(order, dict(cells))
    wanted = [place + 0.1 for place in range(len(STORED))]
    assert reader.read(orders, ROW_US).values.tolist() == [wanted] * 4


def test_a_row_with_nulls_costs_one_query(hand: HandStore, reader: FeastSqliteReader) -> None:
    """Nulls, written as no bytes or as NULL, do not send the reader back to the store."""
    order = order_of(1)
    hand.fill(order)
    hand.put(order, {STORED[0]: b"", STORED[1]: None})
    statements: list[str] = []
    reader._connection.set_trace_callback(statements.append)
    values = reader.read([order], ROW_US).values[0]
    assert np.flatnonzero(np.isnan(values)).tolist() == [0, 1]
    assert len(statements) == 1 + len(ENTITIES)


def test_negative_integer_and_foreign_value() -> None:
    """64-bit two's complement is understood; a text value is refused, not guessed."""
    assert decode_value(b"\x20" + b"\xff" * 9 + b"\x01") == -1
    with pytest.raises(StoreUnavailable, match="unknown kind"):
        decode_value(b"\x12\x01a")


def test_another_schema_is_refused(hand: HandStore) -> None:
    """A store filled under another schema, key layout or set of views is refused."""
    good = manifest_of(hand.path)
    changes = (
        ({"schema_version": "fs1-000000000000"}, "filled under feature schema fs1-0000"),
        ({"entity_key_serialization_version": 2}, "entity key layout 2"),
        ({"views": good.views[1:]}, "other views"),
    )
    for change, message in changes:
        with pytest.raises(ConfigFault, match=message):
            FeastSqliteReader(good.model_copy(update=change))


def test_absent_and_broken_stores(hand: HandStore, tmp_path: Path) -> None:
    """No file, no sqlite file, and a lost table are all StoreUnavailable."""
    with pytest.raises(StoreUnavailable, match="no online store"):
        FeastSqliteReader(manifest_of(tmp_path / "absent.db"))
    broken = tmp_path / "broken.db"
    broken.write_bytes(b"no database at all " * 100)
    with pytest.raises(StoreUnavailable, match="cannot be"):
        FeastSqliteReader(manifest_of(broken))
    reader = FeastSqliteReader(manifest_of(hand.path))
    hand.connection.execute('DROP TABLE "promoguard_ip_daily"')
    hand.connection.commit()
    with pytest.raises(StoreUnavailable, match="no such table"):
        reader.read([order_of(1)], ROW_US)
    reader.close()


def test_manifest_round_trip_and_faults(tmp_path: Path) -> None:
    """The store's path counts from the manifest; absent and foreign files are named."""
    path = tmp_path / "serving.json"
    with pytest.raises(ConfigFault, match="risk features materialize"):
        load_manifest(path)
    save_manifest(manifest_of(Path("online.db")), path)
    assert load_manifest(path).online_store == str((tmp_path / "online.db").resolve())
    assert [file.name for file in tmp_path.iterdir()] == ["serving.json"]
    path.write_text('{"format": 1, "surprise": true}')
    with pytest.raises(ConfigFault, match="no serving manifest"):
        load_manifest(path)
