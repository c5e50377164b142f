"""The reader of Feast's layout in Redis against a bare pipelined HMGET of the same fields.

The rows are those of the bench's own online store, put into Redis as Feast lays them out. The
bare read sends the same HMGETs over one connection and takes the replies; it decodes nothing.
"""

import os
import socket
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from itertools import groupby
from operator import itemgetter

import hiredis
from google.protobuf.timestamp_pb2 import Timestamp
from hiredis import pack_command as pack

from risk_service.adapters.feast_layout.encoding import (
    key_prefix,
    shared_field,
    shared_key,
    shared_stamp,
)
from risk_service.adapters.feast_layout.manifest import SHARED, ServingManifest, load_manifest
from risk_service.adapters.feast_layout.marks import write_marks
from risk_service.adapters.feast_layout.redis_reader import FeastRedisReader
from risk_service.adapters.redis.addresses import Login, parse_addresses
from risk_service.adapters.redis.cluster import Cluster
from risk_service.domain.order import Order
from risk_service.features.entities import entity_keys
from tests.bench.figures import Round, Row, number, ratio
from tests.bench.timing import us_per_order
from tests.bench.world import World
from tests.fixtures.redis_server import RedisServer, redis_server

PATIENT_S = 30.0
ROWS = (
    Row(title="in Redis: bare HMGET of the fields, one order, us", value=number("bare_redis_1")),
    Row(title="in Redis: reader, one order, cold, us", value=number("redis_1")),
    Row(title="in Redis: bare HMGET, groups of 16, us/order", value=number("bare_redis_16")),
    Row(title="in Redis: reader, groups of 16, cold, us/order", value=number("redis_16")),
    *(
        Row(
            title=f"in Redis: cold reader / bare HMGET, {title}",
            value=ratio(f"redis_{size}", f"bare_redis_{size}"),
            digits=2,
            at_most=1.5,
        )
        for title, size in (("one order", 1), ("groups of 16", 16))
    ),
)


def shared_figures(world: World, orders: Sequence[Order], core: int) -> Round:
    """Measure once, on a server that has a core to itself."""
    manifest = load_manifest(world.serving)
    figures: Round = {}
    with redis_server() as server:
        assert server.process is not None
        os.sched_setaffinity(server.process.pid, {core})
        shared = manifest.model_copy(update={"online_store": SHARED + server.address})
        _fill(server, manifest)
        for size in (1, 16):
            # No more is kept than the last group: the bare read keeps nothing.
            cold = FeastRedisReader(shared, timeout_s=PATIENT_S, cached_rows=0)
            with closing(cold) as reader:
                reader.read(orders[-1:], orders[-1].ordered_at_us)  # connects

                def read(group: Sequence[Order], reader: FeastRedisReader = reader) -> None:
                    reader.read(group, orders[-1].ordered_at_us)

                figures[f"redis_{size}"] = us_per_order(read, orders, size)
            with closing(socket.create_connection(("127.0.0.1", server.port))) as line:
                bare = _bare(line, manifest)
                figures[f"bare_redis_{size}"] = us_per_order(bare, orders, size)
    return figures


def _fill(server: RedisServer, manifest: ServingManifest) -> None:
    """Put every row of the online store into Redis."""
    addresses = parse_addresses(server.address)
    cluster = Cluster(addresses, scripts=(), login=Login(), timeout_s=PATIENT_S)
    store = sqlite3.connect(manifest.online_store)
    for view in manifest.views:
        table = f'"{manifest.project}_{view.name}"'
        rows = store.execute(
            f"SELECT entity_key, feature_name, value, event_ts FROM {table} ORDER BY entity_key"  # noqa: S608 - own names
        )
        for stored, of_entity in groupby(rows, key=itemgetter(0)):
            cells = list(of_entity)
            fields = [one for cell in cells for one in (shared_field(view.name, cell[1]), cell[2])]
            stamp = Timestamp(seconds=cells[0][3]).SerializeToString()
            fields += (shared_stamp(view.name), stamp)
            key = stored + manifest.project.encode()
            list(cluster.run([key], [pack(("HSET", key, *fields))]))
    write_marks(cluster, manifest.project, manifest.materialized_until_us)
    store.close()
    cluster.close()


def _bare(line: socket.socket, manifest: ServingManifest) -> Callable[[Sequence[Order]], None]:
    """Return a reader that asks for the same fields and does nothing with them."""
    views = [
        (
            key_prefix(view.join_key),
            [shared_field(view.name, one) for one in view.features] + [shared_stamp(view.name)],
        )
        for view in manifest.views
    ]
    replies = hiredis.Reader()

    def read(group: Sequence[Order]) -> None:
        commands = [
            pack(("HMGET", shared_key(prefix, key, manifest.project), *fields))
            for (prefix, fields), keys in zip(
                views, zip(*map(entity_keys, group), strict=True), strict=True
            )
            for key in set(keys)
        ]
        line.sendall(b"".join(commands))
        for _ in commands:
            while replies.gets() is False:
                replies.feed(line.recv(1 << 18))

    return read
