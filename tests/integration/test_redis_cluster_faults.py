"""Windows in a Redis Cluster whose slots move, whose nodes die, or that is none."""

from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial

import numpy as np
import pytest

from risk_service.adapters.redis.addresses import Login, parse_addresses
from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.node import pack
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.event import Event
from tests.fixtures.redis_server import (
    RedisServer,
    redis_cluster,
    redis_server,
    replica_of,
    take_over,
)
from tests.fixtures.redis_stores import (
    PATIENT_S,
    SECOND_US,
    Opener,
    observe_when_back,
    orders,
)
from tests.fixtures.waiting import wait_until
from tests.fixtures.window_replay import FIELDS, START_US


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
            store = stores.at(",".join(node.address for node in nodes), "d")
            observe_when_back(store, orders(0, 40), START_US)
            nodes[1].kill()
            events = [
                Event(f"x{n}", 0, START_US, tuple(f"{f}{n}" for f in FIELDS), (1, 1, 1))
                for n in range(20)
            ]
            with pytest.raises(StoreUnavailable, match=f"Redis at {nodes[1].address}: "):
                store.observe(events, START_US + SECOND_US)

    def test_a_node_that_took_over_is_found_by_those_who_ask_all(self) -> None:
        """Whoever was told of the dead node before asks again who has its slots."""
        with redis_cluster() as nodes, replica_of(nodes, 1) as replica, ExitStack() as ends:
            addresses = parse_addresses(nodes[0].address)
            cluster = Cluster(addresses, scripts=(), login=Login(), timeout_s=PATIENT_S)
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
            cluster = Cluster(addresses, scripts=(), login=Login(), timeout_s=PATIENT_S)
            ends.callback(cluster.close)
            with replica_of(nodes, 0) as replica:
                take_over(replica, [*nodes, replica])
                nodes[0].call("CLUSTER", "RESET")
                assert replica.port in {port for _, port in cluster.ask_each(pack("PING"))}

    def test_several_single_servers_are_refused(self, stores: Opener, server: RedisServer) -> None:
        """Two addresses that are no cluster would each hold half of the truth."""
        with redis_server() as other:
            store = stores.at(f"{server.address},{other.address}", "two")
            with pytest.raises(StoreUnavailable, match="name this server only"):
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
