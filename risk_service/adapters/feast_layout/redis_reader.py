"""Reader of Feast's Redis online store: all views of a group of orders in one pipelined trip.

Feast keeps one hash per entity, with a field per feature and one for the event time. The fields
are asked for in the schema's order, so a row needs no sorting. Rows of entities read before are
kept packed, at most for ``KEEP_S``: whoever fills the store writes ``serving.json`` anew when it
is done, upon which a new reader is opened; but it may be filled by others.

Several processes may read one store; a reader belongs to one thread.
"""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import cast

from risk_service.adapters.feast_layout.encoding import (
    DOUBLE,
    DOUBLE_BYTES,
    DOUBLE_TAG,
    decode_value,
    key_prefix,
    shared_field,
    shared_key,
    shared_stamp,
    timestamp_us,
)
from risk_service.adapters.feast_layout.kept_rows import (
    CACHED_ROWS,
    NEVER_US,
    KeptRows,
    Row,
    side_by_side,
)
from risk_service.adapters.feast_layout.manifest import ServedView, ServingManifest, check_schema
from risk_service.adapters.feast_layout.marks import check, mark_keys, questions
from risk_service.adapters.redis.addresses import Login, parse_addresses
from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.node import Reply, pack, require_hiredis
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.order import Order
from risk_service.feature_ports import StoredFeatures
from risk_service.features.entities import ENTITIES, entity_keys
from risk_service.features.schema import load_schema

KEEP_S = 300.0
_HMGET = b"HMGET\r\n"
_NO_LOGIN = Login()


class FeastRedisReader:
    """Stored features from Feast's Redis online store, a single server or a cluster.

    Parameters
    ----------
    serving
        What was materialised and where; see ``manifest.load_manifest``.
    timeout_s
        Longest wait of one read.
    clock
        Seconds, monotonic.

    Raises
    ------
    ConfigFault
        The store was filled under another schema, its address is none, or hiredis is missing.
    """

    def __init__(
        self,
        serving: ServingManifest,
        *,
        login: Login = _NO_LOGIN,
        timeout_s: float,
        cached_rows: int = CACHED_ROWS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        require_hiredis()
        schema = load_schema()
        check_schema(serving, schema)
        self.materialized_until_us = serving.materialized_until_us
        self._width = len(schema.stored)
        addresses = parse_addresses(serving.online_store)
        self._cluster = Cluster(addresses, scripts=(), login=login, timeout_s=timeout_s)
        served = {view.join_key: view for view in serving.views}
        # In the order of ENTITIES, as in the schema: side by side they are a row of the answer.
        self._views = [_View(serving.project, served[entity], cached_rows) for entity in ENTITIES]
        self._marks = mark_keys(serving.project)
        self._questions = questions(self._marks)
        self._clock = clock
        self._forget_at_s = clock() + KEEP_S

    def read(self, orders: Sequence[Order], now_us: int) -> StoredFeatures:
        """Return one row of stored features per order, NaN where missing or expired.

        Raises
        ------
        StoreUnavailable
            Not every answer came in time, or one was none of Feast's.
        """
        if self._clock() >= self._forget_at_s:
            self._forget_at_s = self._clock() + KEEP_S
            for view in self._views:
                view.kept.forget()
        keys = list(zip(*map(entity_keys, orders), strict=True))
        self._fetch(keys)
        columns = [
            view.kept.rows(of_view, now_us)
            for view, of_view in zip(self._views, keys, strict=False)
        ]
        return StoredFeatures(
            values=side_by_side(columns, (len(orders), self._width)),
            materialized_until_us=self.materialized_until_us,
        )

    def close(self) -> None:
        """Close the connections."""
        self._cluster.close()

    def _fetch(self, keys: Sequence[Sequence[str]]) -> None:
        """Bring the rows that are not in memory, all in one trip that also asks for the marks."""
        wanted = [
            (view, key)
            for view, of_view in zip(self._views, keys, strict=False)
            for key in view.kept.lacking(of_view)
        ]
        if not wanted:
            return
        stored = [view.stored_key(key) for view, key in wanted]
        commands = [view.command(place) for (view, _), place in zip(wanted, stored, strict=True)]
        # On one server all marks are there or none.
        marks = 1 if self._cluster.is_single else len(self._marks)
        asked = ([*self._marks[:marks], *stored], [*self._questions[:marks], *commands])
        found: list[Row | None] = [None] * len(wanted)
        # Closed whatever happens: a connection that still owes replies is of no more use.
        with closing(self._cluster.run(*asked)) as replies:
            for place, reply in replies:
                if place < marks:
                    check(reply, self.materialized_until_us)
                else:
                    found[place - marks] = wanted[place - marks][0].row(reply)
        # Only once all marks are seen: what a server that lost them lacks may be lost, too.
        for (view, key), row in zip(wanted, found, strict=True):
            view.kept.keep({key: row or view.kept.absent})


class _View:
    """How the rows of one view are asked for and read."""

    def __init__(self, project: str, view: ServedView, cached_rows: int) -> None:
        self._project = project
        self._prefix = key_prefix(view.join_key)
        self.kept = KeptRows(view, cached_rows)
        self.fields = [shared_field(view.name, feature) for feature in view.features]
        self.fields.append(shared_stamp(view.name))
        # The command but for its key, which stands second.
        packed = pack("HMGET", *self.fields)
        self._head = b"*%d\r\n$5\r\nHMGET\r\n" % (2 + len(self.fields))
        self._tail = packed[packed.index(_HMGET) + len(_HMGET) :]
        self._tags = bytes([DOUBLE_TAG]) * len(view.features)
        # All rows of a night have the time of that night.
        self._stamp: tuple[bytes, int] = (b"", NEVER_US)

    def stored_key(self, key: str) -> bytes:
        return shared_key(self._prefix, key, self._project)

    def command(self, stored: bytes) -> bytes:
        return b"%b$%d\r\n%b\r\n%b" % (self._head, len(stored), stored, self._tail)

    def row(self, reply: Reply) -> Row:
        """Return an answer to ``fields`` as a row; without a time the store has none."""
        if not isinstance(reply, list) or len(reply) != len(self.fields):
            raise StoreUnavailable("the online store holds something else where Feast has a hash")
        stamp = reply.pop()
        if not isinstance(stamp, bytes):
            return self.kept.absent
        if stamp != self._stamp[0]:
            self._stamp = (stamp, timestamp_us(stamp))
        return self._stamp[1], self._packed(cast(list[bytes | None], reply))

    def _packed(self, cells: list[bytes | None]) -> bytes:
        """Return stored values as little-endian doubles; NaN for none."""
        try:
            joined = b"".join(cast(list[bytes], cells))
        except TypeError:  # a value is missing
            joined = b""
        is_plain = len(joined) == DOUBLE_BYTES * len(cells) and joined[::DOUBLE_BYTES] == self._tags
        if is_plain and all(len(cell or b"") == DOUBLE_BYTES for cell in cells):
            return b"".join([cell[1:] for cell in cast(list[bytes], cells)])
        return b"".join([DOUBLE.pack(decode_value(cell or b"")) for cell in cells])
