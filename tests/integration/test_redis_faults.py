"""A Redis that is down, slow, cut off or forgetful costs a bounded time and no wrong window."""

import random
import time
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import count

import numpy as np
import pytest
from msgspec.structs import replace

from risk_service.adapters.redis.addresses import Login, parse_addresses
from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.engines import fastest_entities
from risk_service.adapters.redis.node import pack
from risk_service.adapters.redis.store import RedisWindowStore
from risk_service.domain.errors import ConfigFault, StoreUnavailable
from risk_service.domain.event import Event
from risk_service.feature_ports import Observed
from risk_service.features.windows.plan import compile_windows
from tests.fixtures.fault_proxy import fault_proxy
from tests.fixtures.redis_server import (
    RedisServer,
    free_ports,
    redis_cluster,
    redis_server,
    replica_of,
    take_over,
)
from tests.fixtures.waiting import once_back, wait_until
from tests.fixtures.window_replay import FIELDS, START_US, random_windows

COMPILED = compile_windows(random_windows(random.Random(11)))
SECOND_US = 1_000_000
TIMEOUT_S = 0.3
# What a busy machine may add to the wait; far from forever.
SLACK_S = 5.0
PATIENT_S = 20.0
NUMBERS = count()

Group = tuple[Sequence[Event], int]


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """Return a server that all tests of the module share, each under its own prefix."""
    with redis_server() as one:
        yield one


class Opener:
    """Opens stores of one declaration; closes them all."""

    def __init__(self) -> None:
        self._opened = ExitStack()

    def at(
        self, address: str, prefix: str, timeout_s: float = PATIENT_S, password: str = ""
    ) -> RedisWindowStore:
        """Return a store on one server or on some nodes, ``host:port,host:port``."""
        login = Login(password=password)
        store = RedisWindowStore(
            COMPILED,
            parse_addresses(address),
            prefix=prefix,
            timeout_s=timeout_s,
            login=login,
            entities=fastest_entities(),
        )
        self._opened.callback(store.close)
        return store

    def after(self, server: RedisServer, groups: Sequence[Group]) -> Observed:
        """Return what an untroubled store says of the last group."""
        store = self.at(server.address, f"untroubled{next(NUMBERS)}")
        return [store.observe(events, now_us) for events, now_us in groups][-1]

    def close(self) -> None:
        """Close all stores."""
        self._opened.close()


@pytest.fixture
def stores() -> Iterator[Opener]:
    """Return an opener."""
    opener = Opener()
    yield opener
    opener.close()


def orders(start: int, count: int = 4) -> list[Event]:
    """Return attempts of the same entities, with ids of their own."""
    fields = tuple(f"{field}1" for field in FIELDS)
    return [
        Event(event_id=f"o{n}", kind=0, at_us=START_US, fields=fields, columns=(1, 100, 1))
        for n in range(start, start + count)
    ]


def observe_when_back(store: RedisWindowStore, events: Sequence[Event], now_us: int) -> Observed:
    """Return what the store says once it answers again."""
    return once_back(lambda: store.observe(events, now_us))


@pytest.mark.parametrize("fault", ["silent", "slow", "end", "reset", "half a reply"])
def test_fault_in_the_middle_of_a_pipeline_mixes_nothing_up(
    stores: Opener, server: RedisServer, fault: str
) -> None:
    """The call fails within its time; the next call gets its own answers, each event once."""
    with fault_proxy(server.port) as (port, faults):
        store = stores.at(f"127.0.0.1:{port}", fault, TIMEOUT_S)
        store.observe(orders(0), START_US)
        faults.silent = fault == "silent"
        faults.delay_s = 2 * TIMEOUT_S if fault == "slow" else 0.0
        faults.reset = fault == "reset"
        if fault in ("end", "reset"):
            faults.cut_after_bytes = 0
        if fault == "half a reply":
            faults.cut_after_bytes = 100
        started = time.monotonic()
        with pytest.raises(StoreUnavailable, match=r"Redis at 127\.0\.0\.1"):
            store.observe(orders(100), START_US + SECOND_US)
        assert time.monotonic() - started < TIMEOUT_S + SLACK_S
        faults.heal()
        # The group that failed comes again, its entries are there already, or are not.
        again = observe_when_back(store, orders(100), START_US + SECOND_US)
        last = observe_when_back(store, orders(200), START_US + 2 * SECOND_US)
    want = stores.after(
        server,
        [
            (orders(0), START_US),
            (orders(100), START_US + SECOND_US),
            (orders(200), START_US + 2 * SECOND_US),
        ],
    )
    np.testing.assert_array_equal(last.values, want.values)
    assert (again.applied_us <= again.read_us).all()
    assert (again.applied_us[again.applied_us > 0] >= START_US + SECOND_US).all()


def test_server_that_is_down_is_left_alone_for_a_moment(stores: Opener) -> None:
    """Refused connections fail at once, and most calls do not even try."""
    store = stores.at(f"127.0.0.1:{free_ports(1)[0]}", "down", TIMEOUT_S)
    started = time.monotonic()
    for _ in range(50):
        with pytest.raises(StoreUnavailable):
            store.observe(orders(0), START_US)
    assert time.monotonic() - started < SLACK_S


def test_one_silent_server_does_not_make_every_order_wait(
    stores: Opener, server: RedisServer
) -> None:
    """After a timeout calls fail at once until the pause is over."""
    with fault_proxy(server.port) as (port, faults):
        store = stores.at(f"127.0.0.1:{port}", "pause", TIMEOUT_S)
        faults.silent = True
        with pytest.raises(StoreUnavailable, match="no answer in time"):
            store.observe(orders(0), START_US)
        before = faults.connections
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="left alone"):
                store.observe(orders(0), START_US)
        assert faults.connections == before


def test_restart_of_an_empty_server_begins_anew(stores: Opener) -> None:
    """What Redis lost reads as never seen, stamps do not go back, scripts are loaded again."""
    with redis_server() as own:
        store = stores.at(own.address, "restart")
        before = store.observe(orders(0, 200), START_US)
        own.kill()
        with pytest.raises(StoreUnavailable):
            store.observe(orders(300), START_US + SECOND_US)
        own.start()
        after = observe_when_back(store, orders(300), START_US + SECOND_US)
        fresh = stores.after(own, [(orders(300), START_US + SECOND_US)])
        np.testing.assert_array_equal(after.values, fresh.values)
        assert after.read_us.min() > before.read_us.max()


def test_forgotten_scripts_are_loaded_again(stores: Opener, server: RedisServer) -> None:
    """SCRIPT FLUSH between two calls changes no answer."""
    store = stores.at(server.address, "scripts")
    store.observe(orders(0), START_US)
    server.call("SCRIPT", "FLUSH")
    got = store.observe(orders(10), START_US + SECOND_US)
    groups = [(orders(0), START_US), (orders(10), START_US + SECOND_US)]
    np.testing.assert_array_equal(got.values, stores.after(server, groups).values)


def test_an_address_that_went_over_to_the_replica_is_asked_anew(stores: Opener) -> None:
    """A server that was made a replica keeps its connections, and refuses writes on them."""
    with redis_server() as old, redis_server() as new, fault_proxy(old.port) as (port, faults):
        store = stores.at(f"127.0.0.1:{port}", "moved")
        store.observe(orders(0), START_US)
        old.call("REPLICAOF", "127.0.0.1", new.port)
        faults.port = new.port
        with pytest.raises(StoreUnavailable, match="READONLY"):
            store.observe(orders(10), START_US + SECOND_US)
        assert once_back(lambda: store.observe(orders(10), START_US + SECOND_US)).read_us.all()


def test_full_memory_is_reported(stores: Opener) -> None:
    """A server that takes no more writes makes the store unavailable, with its own words."""
    with redis_server("--maxmemory", "1kb") as full:
        store = stores.at(full.address, "full")
        with pytest.raises(StoreUnavailable, match="OOM"):
            store.observe(orders(0), START_US)


def test_wrong_password_is_reported(stores: Opener) -> None:
    """A refused login names the reason; the right one works."""
    with redis_server() as locked:
        locked.call("CONFIG", "SET", "requirepass", "right")
        wrong, right = (stores.at(locked.address, "p", password=word) for word in ("no", "right"))
        with pytest.raises(StoreUnavailable, match="WRONGPASS"):
            wrong.observe(orders(0), START_US)
        assert right.observe(orders(0), START_US).read_us.all()


def test_damaged_record_is_no_window(stores: Opener, server: RedisServer) -> None:
    """Foreign bytes under one of our keys fail the call and name the key."""
    store = stores.at(server.address, "damaged")
    store.observe(orders(0, 200), START_US)
    store.observe(orders(200), START_US + SECOND_US)
    keys = server.call("KEYS", "damaged:*")
    assert isinstance(keys, list)
    for key in keys:
        value = server.call("GET", key)
        assert isinstance(value, bytes)
        head, last = value[:16], value[-8:]
        server.call("SET", key, head + b"\xc1" * (len(value) - 24) + last)
    other = stores.at(server.address, "damaged")
    with pytest.raises(StoreUnavailable, match="damaged:") as failure:
        other.observe(orders(300), START_US + 2 * SECOND_US)
    # The replies that were still to come are no answers to what is asked next.
    fields = tuple(f"{field}2" for field in FIELDS)
    sound = [replace(order, fields=fields) for order in orders(400)]
    got = other.observe(sound, START_US + 3 * SECOND_US)
    want = stores.after(server, [(sound, START_US + 3 * SECOND_US)])
    np.testing.assert_array_equal(got.values, want.values)
    assert failure.value.__cause__ is not None


@pytest.mark.parametrize(
    "text", ["", "host", "host:", ":63", "host:x", "host:0", "a:1,", "a:70000"]
)
def test_bad_address_is_named(text: str) -> None:
    """What is no address is refused with what to write."""
    with pytest.raises(ConfigFault, match="write host:port"):
        parse_addresses(text)


class TestCluster:
    """What only a cluster does."""

    def test_moved_slots_are_followed(self, stores: Opener) -> None:
        """Slots that move while in use: every order is answered, no event counts twice."""
        with redis_cluster() as nodes:
            store = stores.at(nodes[0].address, "m")
            groups = [(orders(100 * n), START_US + n * SECOND_US) for n in range(4)]
            for n, (events, now_us) in enumerate(groups):
                if n:
                    _move_slots_of_keys(nodes, "m:")
                last = store.observe(events, now_us)
            with redis_server() as single:
                want = stores.after(single, groups)
            np.testing.assert_array_equal(last.values, want.values)

    def test_asked_slots_are_followed(self, stores: Opener) -> None:
        """In the middle of a migration, before and after its keys went, answers stay right."""
        with redis_cluster() as nodes:
            store = stores.at(nodes[0].address, "a")
            groups = [(orders(100 * n), START_US + n * SECOND_US) for n in range(3)]
            store.observe(*groups[0])
            moves = _begin_moves(nodes, "a:")
            store.observe(*groups[1])
            for key, source, target in moves:
                source.call("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)
            last = store.observe(*groups[2])
            with redis_server() as single:
                want = stores.after(single, groups)
            np.testing.assert_array_equal(last.values, want.values)

    def test_node_that_is_down_is_no_silent_gap(self, stores: Opener) -> None:
        """With a third of the slots gone the call fails; the others' replies go nowhere."""
        with redis_cluster() as nodes:
            store = stores.at(",".join(node.address for node in nodes), "d", TIMEOUT_S)
            observe_when_back(store, orders(0, 40), START_US)
            nodes[1].kill()
            events = [
                Event(f"x{n}", 0, START_US, tuple(f"{f}{n}" for f in FIELDS), (1, 1, 1))
                for n in range(20)
            ]
            started = time.monotonic()
            with pytest.raises(StoreUnavailable):
                store.observe(events, START_US + SECOND_US)
            assert time.monotonic() - started < TIMEOUT_S + SLACK_S

    def test_a_node_that_took_over_is_found_by_those_who_ask_all(self) -> None:
        """Whoever was told of the dead node before asks again who has its slots."""
        with redis_cluster() as nodes, replica_of(nodes, 1) as replica, ExitStack() as ends:
            addresses = parse_addresses(nodes[0].address)
            cluster = Cluster(addresses, scripts=(), login=Login(), timeout_s=TIMEOUT_S)
            ends.callback(cluster.close)
            ping = pack("PING")
            assert {port for _, port in cluster.ask_each(ping)} == {one.port for one in nodes}
            nodes[1].kill()
            for _ in range(2):
                with pytest.raises(StoreUnavailable):
                    cluster.ask_each(ping)
            living = (nodes[0], nodes[2], replica)
            take_over(replica, living)
            assert {port for _, port in cluster.ask_each(ping)} == {one.port for one in living}

    def test_a_node_that_left_is_not_believed(self) -> None:
        """It answers for ever that no slot has a node; the others know better."""
        with redis_cluster() as nodes, ExitStack() as ends:
            addresses = parse_addresses(",".join(node.address for node in nodes))
            cluster = Cluster(addresses, scripts=(), login=Login(), timeout_s=TIMEOUT_S)
            ends.callback(cluster.close)
            with replica_of(nodes, 0) as replica:
                take_over(replica, [*nodes, replica])
                nodes[0].call("CLUSTER", "RESET")
                assert replica.port in {port for _, port in cluster.ask_each(pack("PING"))}

    def test_several_single_servers_are_refused(self, stores: Opener, server: RedisServer) -> None:
        """Two addresses that are no cluster would each hold half of the truth."""
        with redis_server() as other:
            store = stores.at(f"{server.address},{other.address}", "two")
            with pytest.raises(StoreUnavailable, match="name this one server only"):
                store.observe(orders(0), START_US)


Move = tuple[bytes, RedisServer, RedisServer]


def _begin_moves(nodes: Sequence[RedisServer], prefix: str) -> list[Move]:
    """Open the migration of each key's slot to the next node."""
    moves: list[Move] = []
    opened: set[int] = set()
    ids = [node.call("CLUSTER", "MYID") for node in nodes]
    for number, source in enumerate(nodes):
        keys = source.call("KEYS", f"{prefix}*")
        assert isinstance(keys, list)
        following = (number + 1) % len(nodes)
        for key in keys:
            moves.append((key, source, nodes[following]))
            slot = source.call("CLUSTER", "KEYSLOT", key)
            assert isinstance(slot, int)
            if slot not in opened:
                opened.add(slot)
                nodes[following].call("CLUSTER", "SETSLOT", slot, "IMPORTING", ids[number])
                source.call("CLUSTER", "SETSLOT", slot, "MIGRATING", ids[following])
    return moves


def _move_slots_of_keys(nodes: Sequence[RedisServer], prefix: str) -> None:
    """Move each key's slot to the next node, one after the other, as operators do."""
    for key, source, target in _begin_moves(nodes, prefix):
        slot = source.call("CLUSTER", "KEYSLOT", key)
        assert isinstance(slot, int)
        source.call("MIGRATE", "127.0.0.1", target.port, key, 0, 5000)
        owner = target.call("CLUSTER", "MYID")
        assert isinstance(owner, bytes)
        for node in (target, source):
            node.call("CLUSTER", "SETSLOT", slot, "NODE", owner)
        wait_until(partial(_agree, nodes, slot, owner), "the nodes agree on who has the slot")


def _agree(nodes: Sequence[RedisServer], slot: int, owner: bytes) -> bool:
    return all(_owner_of(node, slot) == owner for node in nodes)


def _owner_of(node: RedisServer, slot: int) -> object:
    ranges = node.call("CLUSTER", "SLOTS")
    assert isinstance(ranges, list)
    return next((one[2][2] for one in ranges if one[0] <= slot <= one[1]), None)


def test_a_clock_behind_applies_after_what_was_read(stores: Opener, server: RedisServer) -> None:
    """A worker whose clock is behind applies after a read that has not seen its event."""
    ahead, behind = stores.at(server.address, "lag"), stores.at(server.address, "lag")
    ahead.observe(orders(0), START_US)
    now_us = START_US + 10 * SECOND_US
    requests = [(group, [key]) for group, key in enumerate(COMPILED.keys(orders(0)[0]))]
    read = ahead.read_many(requests, now_us)
    late = behind.observe(orders(10), START_US + SECOND_US)
    for group, part in enumerate(read):
        assert part.read_us[0] == now_us
        assert late.read_us[0, group] > now_us
    again = ahead.read_many(requests, now_us)
    before = np.concatenate([part.values[0] for part in read])
    after = np.concatenate([part.values[0] for part in again])
    assert not np.array_equal(after, before, equal_nan=True)
