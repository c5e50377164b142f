"""A value that something else wrote under a key of windows costs one group, and that key only."""

from collections.abc import Iterator
from typing import Any

import pytest
from msgspec.structs import replace

from risk_service.adapters.redis import mending, store
from risk_service.adapters.redis.layout import VALUE_HEAD
from risk_service.adapters.redis.store import RedisWindowStore
from risk_service.adapters.shared.windows import NOBODY
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.event import Event
from risk_service.features.windows.order_event import order_event
from tests.fixtures.live_shop import LiveShop
from tests.fixtures.redis_server import RedisServer, redis_cluster, redis_server
from tests.fixtures.shared_shop import (
    KEEPING,
    OpenShop,
    check_shared,
    errors_of,
    lived,
    outage,
    wait_whole,
    windows_of,
)

SECOND_US = 1_000_000
PROGRAM = "a value of another program, and a long one"
# By name, with which command something else writes what.
FOREIGN: dict[str, tuple[str | bytes, ...]] = {
    "text": ("SET", PROGRAM),
    "short": ("SET", "7"),
    "list": ("RPUSH", "a", "b"),
    "hash": ("HSET", "field", "value"),
    # The form of one of ours, with a record that is none.
    "record": ("SET", VALUE_HEAD.pack(SECOND_US, 0, 4) + b"\xc1" * 4 + bytes(8)),
    "ids": ("SET", VALUE_HEAD.pack(SECOND_US, 8, 0) + bytes(8) + bytes(8)),
    "stamp": ("SET", VALUE_HEAD.pack(SECOND_US, 0, 0) + b"tomorrow"),
}


def attempt(shop: LiveShop, name: str) -> Event:
    """Return a further attempt of whoever ordered last."""
    return order_event(shop.last_order, name, shop.now_us)


def overwrite(shop: LiveShop, server: RedisServer, fault: str, group: int) -> bytes:
    """Let something else write under the key of an entity of the last order; return the key."""
    held = windows_of(shop)._store
    assert isinstance(held, RedisWindowStore)
    key = held.key_of(group, shop.compiled.keys(attempt(shop, "x"))[group])
    server.call("DEL", key)
    verb, *values = FOREIGN[fault]
    server.call(verb, key, *values)
    return key


def told_of(shop: LiveShop) -> list[int]:
    """Return where it is counted how many values were none."""
    counted: list[int] = []
    windows = windows_of(shop)
    windows._told = NOBODY._replace(damaged=counted.append)
    return counted


@pytest.mark.parametrize("fault", FOREIGN)
def test_a_foreign_value_is_met_once(
    redis: RedisServer, shop_at: OpenShop, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    """The first to meet it is without windows, and says so; from then on all is as ever."""
    shop = lived(shop_at("state", [redis]))
    counted, windows = told_of(shop), windows_of(shop)
    event = attempt(shop, "first")
    group = next(n for n, key in enumerate(shop.compiled.keys(event)) if key)
    key = overwrite(shop, redis, fault, group)
    with pytest.raises(StoreUnavailable, match="begins anew") as told:
        windows.observe([event], shop.now_us)
    assert repr(key) in str(told.value)
    assert not windows.is_whole
    assert errors_of(caplog) == ["windows_damaged"]
    assert [one.error for one in caplog.records if one.message == "windows_damaged"] == [  # type: ignore[attr-defined]  # an extra
        f"Redis key {key!r} begins anew"
    ]
    wait_whole(shop)
    for name in ("second", "third"):
        windows.observe([attempt(shop, name)], shop.now_us)
    assert windows.is_whole
    assert sum(counted) == 1
    assert errors_of(caplog) == ["windows_damaged"]


def test_orders_go_on_over_foreign_values_of_a_cluster(
    shop_at: OpenShop, caplog: pytest.LogCaptureFixture
) -> None:
    """Each key is said once; whoever was not overwritten has every event."""
    with redis_cluster() as nodes:
        shop = lived(shop_at("state", nodes))
        counted, event = told_of(shop), attempt(shop, "x")
        keys = shop.compiled.keys(event)
        groups = [group for group, key in enumerate(keys) if key][:3]
        held = windows_of(shop)._store
        for group, fault in zip(groups, ("text", "list", "record"), strict=True):
            key = held.key_of(group, keys[group])
            at = windows_of(shop)._marks.address_of(key)
            node = next(one for one in nodes if one.port == at[1])
            overwrite(shop, node, fault, group)
        requests = [(group, [keys[group]]) for group in groups]
        with pytest.raises(StoreUnavailable, match="begins anew"):
            windows_of(shop).read_many(requests, shop.now_us)
        for _ in range(4):
            wait_whole(shop)
            shop.live_on(2)
        wait_whole(shop)
        assert sum(counted) == 3
        assert errors_of(caplog).count("windows_damaged") == 3
        assert check_shared(shop, but={(group, keys[group]) for group in groups})


def test_what_counts_without_reading_is_not_added_to_a_foreign_value(
    redis: RedisServer, shop_at: OpenShop
) -> None:
    """It would be lost with it later, when somebody reads and finds that it is none."""
    shop = lived(shop_at("state", [redis]))
    windows, event = windows_of(shop), attempt(shop, "life")
    group = next(n for n, key in enumerate(shop.compiled.keys(event)) if key)
    name = overwrite(shop, redis, "text", group)
    kinds = [replace(event, event_id=f"life-{kind}", kind=kind) for kind in range(1, 4)]
    with pytest.raises(StoreUnavailable, match="begins anew"):
        windows.apply(kinds, shop.now_us)
    wait_whole(shop)
    assert windows.apply(kinds, shop.now_us).any()
    value = redis.call("GET", name)
    assert isinstance(value, bytes)
    assert PROGRAM.encode() not in value
    asked = [(group, [shop.compiled.keys(event)[group]])]
    assert windows.read_many(asked, shop.now_us)[0].read_us.all()


def test_events_of_an_outage_count_over_a_foreign_value(
    shop_at: OpenShop, caplog: pytest.LogCaptureFixture
) -> None:
    """Met while the log is counted again, it is dropped and said; the rest is as ever."""
    with redis_server(*KEEPING) as redis:
        shop = lived(shop_at("state", [redis]))
        counted = told_of(shop)
        outage(shop, redis)
        event = attempt(shop, "x")
        group = next(n for n, key in enumerate(shop.compiled.keys(event)) if key)
        overwrite(shop, redis, "text", group)
        wait_whole(shop)
        assert sum(counted) == 1
        assert errors_of(caplog) == ["windows_damaged"]
        assert check_shared(shop, but={(group, shop.compiled.keys(event)[group])})


def test_what_is_gone_is_said_also_where_redis_goes_away(
    redis: RedisServer,
    shop_at: OpenShop,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nobody else would ever say of the first key that it had been dropped."""
    shop = lived(shop_at("state", [redis]))
    counted, event = told_of(shop), attempt(shop, "x")
    group = next(n for n, key in enumerate(shop.compiled.keys(event)) if key)
    key = overwrite(shop, redis, "text", group)

    def set_aside(*asked: Any) -> Iterator[bytes]:
        yield next(mending.set_aside(*asked))
        raise StoreUnavailable("Redis is away")

    with monkeypatch.context() as patched:
        patched.setattr(store, "set_aside", set_aside)
        with pytest.raises(StoreUnavailable, match="away"):
            windows_of(shop).observe([event], shop.now_us)
    assert redis.call("GET", key) is None
    assert sum(counted) == 1
    assert errors_of(caplog) == ["windows_damaged"]
