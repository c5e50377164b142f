"""Windows in Redis against a bare pipelined HMGET of the same bytes; memory; the hot seller.

A history of 60 days is fed to the store. The bare read fetches, for the same orders and
keys, hashes with one field per feature whose values are together as long as the stored
records; it decodes nothing. ``read`` fetches and decodes the records. ``observe`` reads and
counts in the same trip, cold when the worker has met none of the entities yet.
"""

import os
import random
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import chain, pairwise
from statistics import median

import hiredis
from hiredis import pack_command as pack
from msgspec.structs import replace

from risk_service.adapters.redis.engines import fastest_entities
from risk_service.adapters.redis.store import RedisWindowStore
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.event import Event
from risk_service.features.windows.plan import CompiledWindows, compile_windows
from tests.bench.figures import Round, Row, number, ratio
from tests.bench.processes import cores
from tests.fixtures.redis_server import RedisServer, redis_server

HISTORY = 6_000
MEASURED = 480
ACCOUNTS = 1_500
SELLERS = 60
DAYS = 60
DAY_US = 86_400_000_000
START_US = 1_760_000_400_000_000
NOW_US = START_US + DAYS * DAY_US
GROUP = 16
HOT_ORDERS = 10_000
PER_MINUTE_US = 60_000_000 // HOT_ORDERS
PATIENT_S = 30.0

ROWS = (
    Row(title="records an order reads", value=number("records"), digits=1),
    Row(title="bytes of a record in Redis, with its key and overhead", value=number("memory")),
    Row(title="bytes of a value that an order reads", value=number("value_bytes")),
    *(
        Row(title=f"{title}, us/order", value=number(name))
        for title, name in (
            ("bare HMGET, one order", "bare_1"),
            ("bare HMGET, groups of 16", "bare_16"),
            ("read, one order", "read_1"),
            ("read, groups of 16", "read_16"),
            ("observe (read and count), one order, cold", "cold_1"),
            ("observe, one order, warm", "warm_1"),
            ("observe, groups of 16, cold", "cold_16"),
            ("observe, groups of 16, warm", "warm_16"),
            ("observe, groups of 16: Redis's own core", "redis_16"),
        )
    ),
    *(
        Row(title=f"read / bare HMGET, {title}", value=ratio(above, below), digits=2, at_most=1.5)
        for title, above, below in (
            ("one order", "read_1", "bare_1"),
            ("groups of 16", "read_16", "bare_16"),
        )
    ),
    Row(
        title="observe, warm / bare HMGET, groups of 16",
        value=ratio("warm_16", "bare_16"),
        digits=2,
    ),
    Row(
        title="an order of a seller with 10,000 in the last minute / of any seller",
        value=ratio("hot", "cold"),
        digits=2,
        at_most=1.2,
    ),
    Row(title="- Redis's own core", value=ratio("hot_redis", "cold_redis"), digits=2),
)


def run_round() -> Round:
    """Measure once, on a server of its own that has the generator's core to itself."""
    draw = random.Random(5)
    compiled = compile_windows(load_windows())
    everywhere, core = os.sched_getaffinity(0), cores()
    os.sched_setaffinity(0, {core.server})
    try:
        with redis_server() as server:
            assert server.process is not None
            os.sched_setaffinity(server.process.pid, {core.generator})
            figures = _fill(server, compiled, draw)
            orders = [_order(compiled, draw, n, NOW_US) for n in range(MEASURED)]
            with closing(_store(server, compiled)) as store:
                bare = Bare(server, compiled, orders, store)
            figures |= _reads(server, compiled, orders, bare)
            bare.close()
            figures |= _hot(server, compiled, draw)
    finally:
        os.sched_setaffinity(0, everywhere)
    return figures


def _fill(server: RedisServer, compiled: CompiledWindows, draw: random.Random) -> Round:
    before = int(server.info("memory", "used_memory"))
    with closing(_store(server, compiled)) as store:
        for start in range(0, HISTORY, GROUP):
            now_us = START_US + start * DAYS * DAY_US // HISTORY
            group = [_order(compiled, draw, -start - n - 1, now_us) for n in range(GROUP)]
            store.observe(group, now_us)
    entities = server.call("DBSIZE")
    assert isinstance(entities, int)
    return {"memory": (int(server.info("memory", "used_memory")) - before) / entities}


def _reads(
    server: RedisServer, compiled: CompiledWindows, orders: Sequence[Event], bare: "Bare"
) -> Round:
    figures: Round = {"records": bare.records / len(orders), "value_bytes": bare.value_bytes}
    for size in (1, GROUP):
        with closing(_store(server, compiled)) as store:

            def read(group: Sequence[Event], store: RedisWindowStore = store) -> None:
                store.read_many(_requests(compiled, group), NOW_US)

            def observe(group: Sequence[Event], store: RedisWindowStore = store) -> None:
                store.observe(group, NOW_US)

            read([orders[0]])  # connects
            figures |= _interleaved({f"bare_{size}": bare.read, f"read_{size}": read}, orders, size)
            for name in ("cold", "warm"):
                fresh = [replace(one, event_id=f"{one.event_id} {name} {size}") for one in orders]
                cpu_s = _cpu_s(server)
                figures |= _interleaved({f"{name}_{size}": observe}, fresh, size)
                figures[f"redis_{size}"] = (_cpu_s(server) - cpu_s) / len(orders) * 1e6
    return figures


def _hot(server: RedisServer, compiled: CompiledWindows, draw: random.Random) -> Round:
    """Measure orders of a seller in its hottest minute, among orders of any seller."""
    place = compiled.window_set.fields.index("seller")
    now_us = NOW_US + DAY_US
    figures: Round = {}
    with closing(_store(server, compiled)) as store:
        for start in range(0, HOT_ORDERS, 2 * GROUP):
            group = [
                _seller(_order(compiled, draw, 10**6 + start + n, now_us), place, "hot")
                for n in range(2 * GROUP)
            ]
            store.observe(group, now_us + start * PER_MINUTE_US)
        at_us = now_us + HOT_ORDERS * PER_MINUTE_US

        def observe(group: Sequence[Event]) -> None:
            store.observe(group, at_us)

        orders = [_order(compiled, draw, 2 * 10**6 + n, at_us) for n in range(MEASURED)]
        for name in ("cold", "hot", "cold", "hot"):
            fresh = [replace(one, event_id=f"{one.event_id} {draw.random()}") for one in orders]
            if name == "hot":
                fresh = [_seller(one, place, "hot") for one in fresh]
            cpu_s = _cpu_s(server)
            figures |= _interleaved({name: observe}, fresh, GROUP)
            figures[f"{name}_redis"] = (_cpu_s(server) - cpu_s) / len(orders) * 1e6
    return figures


class Bare:
    """Reads hashes as long as the records, over a plain socket, and does nothing with them."""

    def __init__(
        self,
        server: RedisServer,
        compiled: CompiledWindows,
        orders: Sequence[Event],
        store: RedisWindowStore,
    ) -> None:
        self._compiled = compiled
        self._line = socket.create_connection(("127.0.0.1", server.port))
        self._reader = hiredis.Reader()
        wanted = list(chain.from_iterable(map(self._keys, orders)))
        values = self._ask([pack(("GET", store.key_of(group, key))) for group, key in wanted])
        for (group, key), value in zip(wanted, values, strict=True):
            stored = value or bytes(24)
            names = compiled.plans[group].names
            cuts = [len(stored) * n // len(names) for n in range(len(names) + 1)]
            parts = [stored[low:high] for low, high in pairwise(cuts)]
            fields = chain.from_iterable(zip(names, parts, strict=True))
            self._ask([pack(("HSET", f"bare:{group}:{key}", *fields))])
        self.records = len(wanted)
        self.value_bytes = sum(len(value or b"") for value in values) / len(values)

    def read(self, group: Sequence[Event]) -> None:
        """Fetch all fields of all keys of the orders, in one trip."""
        names = [plan.names for plan in self._compiled.plans]
        keys = chain.from_iterable(map(self._keys, group))
        self._ask([pack(("HMGET", f"bare:{g}:{key}", *names[g])) for g, key in keys])

    def _ask(self, commands: Sequence[bytes]) -> list[bytes | None]:
        self._line.sendall(b"".join(commands))
        replies = []
        for _ in commands:
            while (reply := self._reader.gets()) is False:
                self._reader.feed(self._line.recv(65_536))
            replies.append(reply)
        return replies

    def close(self) -> None:
        """Close the connection."""
        self._line.close()

    def _keys(self, order: Event) -> Iterator[tuple[int, str]]:
        return ((g, key) for g, key in enumerate(self._compiled.keys(order)) if key)


def _interleaved(
    ways: Mapping[str, Callable[[Sequence[Event]], None]], orders: Sequence[Event], size: int
) -> Round:
    """Return the median microseconds per order of each way, taken in turn group by group."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for start in range(0, len(orders), size):
        group = orders[start : start + size]
        for name, way in ways.items():
            started = time.perf_counter()
            way(group)
            times[name].append((time.perf_counter() - started) / len(group) * 1e6)
    return {name: median(taken) for name, taken in times.items()}


def _requests(compiled: CompiledWindows, group: Sequence[Event]) -> list[tuple[int, Sequence[str]]]:
    keys = [compiled.keys(order) for order in group]
    return list(enumerate(zip(*keys, strict=True)))


def _store(server: RedisServer, compiled: CompiledWindows) -> RedisWindowStore:
    return RedisWindowStore(
        compiled,
        [("127.0.0.1", server.port)],
        timeout_s=PATIENT_S,
        entities=fastest_entities(),
    )


def _cpu_s(server: RedisServer) -> float:
    return sum(float(server.info("cpu", name)) for name in ("used_cpu_user", "used_cpu_sys"))


def _seller(order: Event, place: int, seller: str) -> Event:
    fields = order.fields
    return replace(order, fields=(*fields[:place], seller, *fields[place + 1 :]))


def _order(compiled: CompiledWindows, draw: random.Random, number: int, at_us: int) -> Event:
    """Return an attempt; the busiest tenth of the accounts place a third of the orders."""
    person, sku = int(ACCOUNTS * draw.random() ** 2), int(300 * draw.random() ** 2)
    device = person if draw.random() < 0.9 else draw.randrange(ACCOUNTS)
    fields = {
        "account": person, "device": device, "payment": person, "address": person // 2,
        "building": person // 40, "ip": person // 3, "ip_block": person // 100, "phone": person,
        "real_name": person, "seller": sku % SELLERS, "sku": sku, "campaign": sku % 7,
    }  # fmt: skip
    names = compiled.window_set.fields
    return Event(
        event_id=f"dec_{number:026d}",
        kind=0,
        at_us=at_us,
        # As long as tokens are.
        fields=tuple(f"{name[:3]}_{fields[name]:022d}" if name in fields else "" for name in names),
        columns=tuple(draw.randrange(1, 9_000) for _ in compiled.window_set.columns),
    )
