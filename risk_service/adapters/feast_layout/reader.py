"""Reader of Feast's sqlite online store: one query per view and group of orders.

Feast keeps one row per feature; sqlite joins an entity's values to one blob, since a row
handed to Python costs more than the rest of its way. Values of entities read before are
kept packed; those that were not used for long go. They are dropped when another process has
written to the store, which costs one ``PRAGMA data_version`` per group.

One reader belongs to one thread.
"""

import sqlite3
import time
from collections.abc import Callable, Sequence
from operator import itemgetter
from pathlib import Path
from urllib.parse import quote

from risk_service.adapters.feast_layout.encoding import (
    DOUBLE,
    DOUBLE_BYTES,
    DOUBLE_TAG,
    NULL_DOUBLE,
    decode_value,
    entity_key,
    key_prefix,
)
from risk_service.adapters.feast_layout.kept_rows import (
    CACHED_ROWS,
    MISSING,
    SECOND_US,
    KeptRows,
    Row,
    side_by_side,
)
from risk_service.adapters.feast_layout.manifest import (
    ServedView,
    ServingManifest,
    check_schema,
)
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.order import Order
from risk_service.feature_ports import StoredFeatures
from risk_service.features.entities import ENTITIES, entity_keys
from risk_service.features.schema import load_schema

# sqlite's default bound on parameters is far above; a group is far below.
KEYS_PER_QUERY = 500
MAPPED_BYTES = 4 << 30

Pick = Callable[[list[bytes]], tuple[bytes, ...]]


class FeastSqliteReader:
    """Stored features from Feast's sqlite online store.

    Parameters
    ----------
    serving
        What was materialised and where; see ``manifest.load_manifest``.
    look_every_s
        How long rows in memory may outlive a write to the store; asking it whether it was
        written costs as much as several orders. By default it is asked at every read.

    Raises
    ------
    ConfigFault
        The store was filled under another schema.
    StoreUnavailable
        The store cannot be opened.
    """

    def __init__(
        self,
        serving: ServingManifest,
        *,
        cached_rows: int = CACHED_ROWS,
        look_every_s: float = 0.0,
    ) -> None:
        schema = load_schema()
        check_schema(serving, schema)
        self.materialized_until_us = serving.materialized_until_us
        self._width = len(schema.stored)
        served = {view.join_key: view for view in serving.views}
        self._connection = _open(serving.online_store)
        # The schema lists stored features entity by entity, so rows of views in the order
        # of ENTITIES, one after the other, are a row of the answer.
        self._views = [
            _ViewReader(
                self._connection,
                f"{serving.project}_{served[entity].name}",
                served[entity],
                cached_rows,
            )
            for entity in ENTITIES
        ]
        self._data_version = self._read_version()
        self._look_every_s = look_every_s
        self._look_at_s = 0.0

    def read(self, orders: Sequence[Order], now_us: int) -> StoredFeatures:
        """Return one row of stored features per order, NaN where missing or expired."""
        try:
            self._forget_if_written()
            keys = zip(*map(entity_keys, orders), strict=True)
            columns = [
                view.rows(view_keys, now_us)
                for view, view_keys in zip(self._views, keys, strict=False)
            ]
        except sqlite3.Error as error:
            raise StoreUnavailable(f"the online store cannot be read: {error}") from error
        values = side_by_side(columns, (len(orders), self._width))
        return StoredFeatures(values=values, materialized_until_us=self.materialized_until_us)

    def close(self) -> None:
        """Close the store."""
        self._connection.close()

    def _forget_if_written(self) -> None:
        now_s = time.monotonic()
        if now_s < self._look_at_s:
            return
        self._look_at_s = now_s + self._look_every_s
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
        # Joined values are no UTF-8, so all text is taken as bytes.
        connection.text_factory = bytes
        return connection
    except sqlite3.Error as error:
        raise StoreUnavailable(f"the online store {path} cannot be opened: {error}") from error


class _ViewReader:
    """Rows of one view: from memory, else from the store."""

    def __init__(
        self, connection: sqlite3.Connection, table: str, view: ServedView, cached_rows: int
    ) -> None:
        self._connection = connection
        self._table = '"' + table.replace('"', '""') + '"'
        self._prefix = key_prefix(view.join_key)
        self._names = [name.encode() for name in view.features]
        self._tags = bytes([DOUBLE_TAG]) * len(self._names)
        self._kept = KeptRows(view, cached_rows)
        # Feast writes the features of a view in one order for all entities: what puts the
        # order seen last into that of the schema is kept.
        self._seen: tuple[bytes, Pick] = (b"", _pick(self._names, self._names))
        self.forget = self._kept.forget

    def rows(self, keys: Sequence[str], now_us: int) -> list[bytes]:
        """Return the packed values of each key, NaN for what is unknown or expired."""
        kept = self._kept
        try:
            return kept.rows(keys, now_us)
        except KeyError:
            absent = kept.lacking(keys)
        for start in range(0, len(absent), KEYS_PER_QUERY):
            kept.keep(self._query(absent[start : start + KEYS_PER_QUERY]))
        return kept.rows(keys, now_us)

    def _query(self, keys: list[str]) -> dict[str, Row]:
        stored = {entity_key(self._prefix, key): key for key in keys}
        marks = ",".join("?" * len(stored))
        # Both lists run over the same rows, whatever their order. A null is stored as no
        # bytes at all, and takes the place of a double here.
        answer = self._connection.execute(
            "SELECT entity_key, min(event_ts), group_concat(feature_name), "  # noqa: S608 (table name from the schema, values bound)
            f"group_concat(iif(length(value), value, x'{NULL_DOUBLE.hex()}'), '') "
            f"FROM {self._table} WHERE entity_key IN ({marks}) GROUP BY entity_key",
            tuple(stored),
        ).fetchall()
        found: dict[str, Row] = dict.fromkeys(keys, self._kept.absent)
        for key, event_s, names, cells in answer:
            values = self._repack(names, cells) or self._one_by_one(key)
            found[stored[key]] = (event_s * SECOND_US, values)
        return found

    def _repack(self, names: bytes, cells: bytes) -> bytes | None:
        """Return a complete row of doubles in the schema's order; None when it is not one."""
        if names != self._seen[0]:
            listed = names.split(b",")
            if sorted(listed) != sorted(self._names):
                return None
            self._seen = (names, _pick(listed, self._names))
        size = DOUBLE_BYTES * len(self._names)
        if len(cells) != size or cells[::DOUBLE_BYTES] != self._tags:
            return None
        doubles = [cells[at : at + DOUBLE.size] for at in range(1, size, DOUBLE_BYTES)]
        return b"".join(self._seen[1](doubles))

    def _one_by_one(self, key: bytes) -> bytes:
        values = dict.fromkeys(self._names, MISSING)
        cells = self._connection.execute(
            f"SELECT feature_name, value FROM {self._table} WHERE entity_key = ?",  # noqa: S608 (table name from the schema)
            (key,),
        )
        for name, value in cells:
            if name in values:
                values[name] = DOUBLE.pack(decode_value(value or b""))
        return b"".join(values.values())


def _pick(listed: list[bytes], wanted: list[bytes]) -> Pick:
    places = [listed.index(name) for name in wanted]
    # A getter of one item would return it bare.
    return itemgetter(*places) if len(places) > 1 else tuple
