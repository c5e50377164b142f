"""Reader of Feast's sqlite online store: one query per view and group of orders.

Values of entities read before are kept decoded, least recently used ones go first.
They are dropped when another process has written to the store, which costs one
``PRAGMA data_version`` per group. The TTL is checked here with the clock of the
decision, because Feast ignores it online: a row counts while
``now - ttl <= event time <= now``, as in the offline join.

One reader belongs to one thread.
"""

import sqlite3
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray

from risk_service.adapters.feast_layout.encoding import (
    DOUBLE_BYTES,
    DOUBLE_TAG,
    NULL_DOUBLE,
    decode_value,
    entity_key,
    key_prefix,
)
from risk_service.adapters.feast_layout.manifest import (
    ServedView,
    ServingManifest,
    check_schema,
)
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.order import Order
from risk_service.features.entities import ENTITIES, entity_keys
from risk_service.features.schema import load_schema
from risk_service.ports import StoredFeatures

SECOND_US = 1_000_000
# About 250 MiB when full: seven views, some twenty floats and two strings per row.
CACHED_ROWS = 100_000
# sqlite's default bound on parameters is far above; a group is far below.
KEYS_PER_QUERY = 500
MAPPED_BYTES = 4 << 30

# entity_key, feature_name, value, event_ts as sqlite gives them.
Cell = tuple[bytes, str, bytes, int]
# Event time in microseconds and the view's values, or None for an unknown entity.
Row = tuple[int, NDArray[np.float64]] | None


class FeastSqliteReader:
    """Stored features from Feast's sqlite online store.

    Parameters
    ----------
    serving
        What was materialised and where; see ``manifest.load_manifest``.

    Raises
    ------
    ConfigFault
        The store was filled under another schema.
    StoreUnavailable
        The store cannot be opened.
    """

    def __init__(self, serving: ServingManifest, *, cached_rows: int = CACHED_ROWS) -> None:
        schema = load_schema()
        check_schema(serving, schema)
        self.materialized_until_us = serving.materialized_until_us
        self._width = len(schema.stored)
        columns = {feature.name: column for column, feature in enumerate(schema.stored)}
        served = {view.join_key: view for view in serving.views}
        self._connection = _open(serving.online_store)
        self._views = [
            _ViewReader(
                self._connection,
                f"{serving.project}_{served[entity].name}",
                served[entity],
                columns[served[entity].features[0]],
                cached_rows,
            )
            for entity in ENTITIES
        ]
        self._data_version = self._read_version()

    def read(self, orders: Sequence[Order], now_us: int) -> StoredFeatures:
        """Return one row of stored features per order, NaN where missing or expired."""
        values = np.full((len(orders), self._width), np.nan)
        try:
            self._forget_if_written()
            keys = zip(*map(entity_keys, orders), strict=True)
            for view, view_keys in zip(self._views, keys, strict=False):
                view.fill(values, view_keys, now_us)
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the online store cannot be read: {error}") from error
        return StoredFeatures(values=values, materialized_until_us=self.materialized_until_us)

    def close(self) -> None:
        """Close the store."""
        self._connection.close()

    def _forget_if_written(self) -> None:
        version = self._read_version()
        if version != self._data_version:
            self._data_version = version
            for view in self._views:
                view.forget()

    def _read_version(self) -> int:
        try:
            return int(self._connection.execute("PRAGMA data_version").fetchone()[0])
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the online store cannot be read: {error}") from error


def _open(path: str) -> sqlite3.Connection:
    if not Path(path).is_file():
        raise StoreUnavailable(f"there is no online store at {path}")
    try:
        connection = sqlite3.connect(f"file:{quote(path)}?mode=ro", uri=True, isolation_level=None)
        # Reads hit the kernel's pages without a system call each.
        connection.execute(f"PRAGMA mmap_size = {MAPPED_BYTES}")
        return connection
    except sqlite3.Error as error:
        raise StoreUnavailable(f"the online store {path} cannot be opened: {error}") from error


class _ViewReader:
    """Rows of one view: from memory, else from the store."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        table: str,
        view: ServedView,
        column: int,
        cached_rows: int,
    ) -> None:
        self._connection = connection
        self._table = '"' + table.replace('"', '""') + '"'
        self._prefix = key_prefix(view.join_key)
        self._ttl_us = view.ttl_s * SECOND_US
        self._position = {name: place for place, name in enumerate(view.features)}
        self._sorted = tuple(sorted(view.features))
        self._places = np.array([self._sorted.index(name) for name in view.features])
        self._tags = bytes([DOUBLE_TAG]) * len(view.features)
        self._unpack = struct.Struct("<" + "xd" * len(view.features))
        self._columns = slice(column, column + len(view.features))
        self._cached_rows = cached_rows
        self._rows: dict[str, Row] = {}

    def forget(self) -> None:
        self._rows.clear()

    def fill(self, values: NDArray[np.float64], keys: Sequence[str], now_us: int) -> None:
        rows = self._rows
        absent = list({key for key in keys if key and key not in rows})
        for start in range(0, len(absent), KEYS_PER_QUERY):
            rows.update(self._query(absent[start : start + KEYS_PER_QUERY]))
        oldest_us = now_us - self._ttl_us
        for place, key in enumerate(keys):
            if not key:
                continue
            # Taken out and put back: the dict's order is then the order of last use.
            row = rows[key] = rows.pop(key)
            if row is not None and oldest_us <= row[0] <= now_us:
                values[place, self._columns] = row[1]
        # After the group has been answered: what it needs must not be pushed out by itself.
        while len(rows) > self._cached_rows:
            del rows[next(iter(rows))]

    def _query(self, keys: list[str]) -> dict[str, Row]:
        stored = {entity_key(self._prefix, key): key for key in keys}
        marks = ",".join("?" * len(stored))
        answer = self._connection.execute(
            f"SELECT entity_key, feature_name, value, event_ts FROM {self._table} "  # noqa: S608 (table name from the schema, values bound)
            f"WHERE entity_key IN ({marks}) ORDER BY entity_key, feature_name",
            tuple(stored),
        ).fetchall()
        found: dict[str, Row] = dict.fromkeys(keys)
        width = len(self._sorted)
        for start, stop in _entities_in(answer, width):
            cells = answer[start:stop]
            values = self._decode(cells) if stop - start == width else None
            if values is None:
                values = self._decode_one_by_one(cells)
            found[stored[cells[0][0]]] = (cells[0][3] * SECOND_US, values)
        return found

    def _decode(self, cells: list[Cell]) -> NDArray[np.float64] | None:
        """Decode a complete row of doubles and nulls at once; None when it is not one."""
        _, names, data, _ = zip(*cells, strict=True)
        packed = b"".join([value or NULL_DOUBLE for value in data])
        if names != self._sorted or packed[::DOUBLE_BYTES] != self._tags:
            return None
        if len(packed) != self._unpack.size:
            return None
        values: NDArray[np.float64] = np.array(self._unpack.unpack(packed))[self._places]
        return values

    def _decode_one_by_one(self, cells: list[Cell]) -> NDArray[np.float64]:
        values = np.full(len(self._sorted), np.nan)
        for _, name, value, _ in cells:
            place = self._position.get(name)
            if place is not None:
                values[place] = decode_value(value)
        return values


def _entities_in(answer: list[Cell], width: int) -> Iterator[tuple[int, int]]:
    """Yield the span of each entity in an answer sorted by entity; mostly ``width`` rows."""
    start, rows = 0, len(answer)
    while start < rows:
        key = answer[start][0]
        stop = min(start + width, rows)
        while answer[stop - 1][0] != key:
            stop -= 1
        while stop < rows and answer[stop][0] == key:
            stop += 1
        yield start, stop
        start = stop
