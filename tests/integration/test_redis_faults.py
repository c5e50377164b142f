"""A Redis that is down, slow, cut off or forgetful costs a bounded time and no wrong window."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

from risk_service.adapters.redis.addresses import Login, login_to, parse_addresses
from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.layout import VALUE_HEAD
from risk_service.adapters.redis.mending import set_aside
from risk_service.adapters.redis.node import IDLE_S, PAUSE_MAX_S, PAUSE_S, pack
from risk_service.adapters.redis.scripts import plain_key
from risk_service.adapters.redis.trips import SetAside
from risk_service.domain.errors import ConfigFault, StoreUnavailable
from tests.fixtures.encrypted import make_shop
from tests.fixtures.fault_proxy import fault_proxy
from tests.fixtures.ports import closed_port, free_ports
from tests.fixtures.redis_server import RedisServer, redis_server
from tests.fixtures.redis_stores import (
    COMPILED,
    PATIENT_S,
    SECOND_US,
    TIMEOUT_S,
    Opener,
    observe_when_back,
    orders,
)
from tests.fixtures.waiting import once_back, wait_until
from tests.fixtures.window_replay import FIELDS, START_US

PING = pack("PING")


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """Return a server that all tests of the module share, each under its own prefix."""
    with redis_server() as one:
        yield one


class Clock:
    """A clock that stands still until the test moves it."""

    now_s = 100.0

    def __call__(self) -> float:
        """Return the seconds."""
        return self.now_s


def servers_at(port: int, clock: Clock) -> Cluster:
    """Return what sends commands to a server, with a clock of the test."""
    addresses = parse_addresses(f"127.0.0.1:{port}")
    return Cluster(addresses, scripts=(), login=Login(), timeout_s=TIMEOUT_S, clock=clock)


@pytest.mark.parametrize(
    ("fault", "timeout_s", "reason"),
    [
        ("silent", TIMEOUT_S, "no answer in time"),
        ("slow", TIMEOUT_S, "no answer in time"),
        # Each byte comes in time, and they would go on coming for long.
        ("dripping", TIMEOUT_S, "no answer in time"),
        ("end", PATIENT_S, "closed the connection"),
        ("reset", PATIENT_S, "reset by peer"),
        ("half a reply", PATIENT_S, "closed the connection"),
    ],
)
def test_fault_in_the_middle_of_a_pipeline_mixes_nothing_up(
    stores: Opener, server: RedisServer, fault: str, timeout_s: float, reason: str
) -> None:
    """The call itself gives up, or is told; the next gets its own answers, each event once."""
    with fault_proxy(server.port) as (port, faults):
        store = stores.at(f"127.0.0.1:{port}", fault, timeout_s)
        observe_when_back(store, orders(0), START_US)
        faults.silent = fault == "silent"
        faults.delay_s = {"slow": 2 * TIMEOUT_S, "dripping": TIMEOUT_S / 20}.get(fault, 0.0)
        faults.piece_bytes = 1 if fault == "dripping" else None
        faults.reset = fault == "reset"
        if fault in ("end", "reset"):
            faults.cut_after_bytes = 0
        if fault == "half a reply":
            faults.cut_after_bytes = 100
        with pytest.raises(StoreUnavailable, match=rf"Redis at 127\.0\.0\.1:{port}: .*{reason}"):
            store.observe(orders(100), START_US + SECOND_US)
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


def test_server_that_is_down_is_left_alone_for_a_moment() -> None:
    """After a refused connection nobody tries until the pause is over, and it grows."""
    clock = Clock()
    with closed_port() as port:
        servers = servers_at(port, clock)
        for pause_s in (PAUSE_S, 2 * PAUSE_S, 4 * PAUSE_S):
            with pytest.raises(StoreUnavailable, match="Connection refused"):
                servers.ask_each(PING)
            for _ in range(16):
                with pytest.raises(StoreUnavailable, match=r"left alone .*Connection refused"):
                    servers.ask_each(PING)
                clock.now_s += pause_s / 32
            clock.now_s += pause_s


@pytest.mark.parametrize("encrypted", [False, True])
def test_a_connection_ended_while_idle_is_no_failure(encrypted: bool, tmp_path: Path) -> None:
    """A server ends connections that nobody uses; the next order must not be decided without it."""
    clock, shop, (port,) = Clock(), make_shop(tmp_path), free_ports(1)
    with redis_server(*shop.redis_options(port)) as own:
        login = login_to("rediss:", shop.access("windows")) if encrypted else Login()
        addresses = parse_addresses(f"127.0.0.1:{port if encrypted else own.port}")
        servers = Cluster(addresses, scripts=(), login=login, timeout_s=PATIENT_S, clock=clock)
        assert once_back(lambda: list(servers.ask_each(PING).values())) == [b"PONG"]
        for _ in range(3):
            own.call("CLIENT", "KILL", "TYPE", "normal", "SKIPME", "yes")
            wait_until(lambda: own.info("clients", "connected_clients") == "1", "it is closed")
            clock.now_s += 2 * IDLE_S
            assert list(servers.ask_each(PING).values()) == [b"PONG"]
        servers.close()


def test_one_silent_server_does_not_make_every_order_wait(server: RedisServer) -> None:
    """After a timeout calls fail without a wait until the pause is over."""
    clock = Clock()
    with fault_proxy(server.port) as (port, faults):
        servers = servers_at(port, clock)

        def asked_after_a_pause() -> list[object]:
            # On a busy machine an answer may be late once more, and the pause grows.
            clock.now_s += PAUSE_MAX_S
            return list(servers.ask_each(PING).values())

        faults.silent = True
        with pytest.raises(StoreUnavailable, match="no answer in time"):
            servers.ask_each(PING)
        for _ in range(3):
            with pytest.raises(StoreUnavailable, match="left alone"):
                servers.ask_each(PING)
        wait_until(lambda: faults.connections > 0, "the proxy has met the connection")
        assert faults.connections == 1
        faults.heal()
        assert once_back(asked_after_a_pause) == [b"PONG"]
        servers.close()


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


def test_what_a_server_has_not_got_is_not_folded(stores: Opener, server: RedisServer) -> None:
    """One that took over with fewer entries keeps them, and the stamp behind them."""
    store, now_us, count = stores.at(server.address, "behind"), START_US, 0
    while not store._folds:
        store.observe(orders(count, 1), now_us + count * SECOND_US)
        count += 1
    sizes = {group.prefix.encode(): group.layout.size for group in store._groups}
    for fold in store._folds:
        key = plain_key(fold.key)
        value = server.call("GET", key)
        assert isinstance(value, bytes)
        size = next(size for prefix, size in sizes.items() if key.startswith(prefix))
        server.call("SET", key, value[: -8 - size] + value[-8:])
    now_us += count * SECOND_US
    counted = store.observe(orders(count, 1), now_us).applied_us
    again = stores.at(server.address, "behind").observe(orders(count, 1), now_us + SECOND_US)
    np.testing.assert_array_equal(again.applied_us, counted)
    assert counted.any()


@pytest.mark.parametrize("held", [b"7", VALUE_HEAD.pack(START_US, 0, 0) + bytes(8)])
def test_what_the_server_does_not_show_stays(stores: Opener, held: bytes) -> None:
    """An error that is no word on a value makes windows unavailable, and drops nothing."""
    with redis_server("--rename-command", "GET", "HIDDEN") as server:
        store = stores.at(server.address, "hidden")
        group, key = next(one for one in enumerate(COMPILED.keys(orders(0)[0])) if one[1])
        server.call("SET", store.key_of(group, key), held)
        with pytest.raises(StoreUnavailable) as told:
            store.observe(orders(0), START_US)
        assert not isinstance(told.value.__cause__, SetAside)
        with pytest.raises(StoreUnavailable):
            list(set_aside(store._cluster, store._groups, [store._groups[group].key(key)]))
        assert server.call("HIDDEN", store.key_of(group, key)) == held


@pytest.mark.parametrize(
    "text", ["", "host", "host:", ":63", "host:x", "host:0", "a:1,", "a:70000"]
)
def test_bad_address_is_named(text: str) -> None:
    """What is no address is refused with what to write."""
    with pytest.raises(ConfigFault, match="write host:port"):
        parse_addresses(text)


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
