"""What shared windows lack of a service's log counts again, once, whatever Redis went through."""

import time

import numpy as np
import pytest

from risk_service.adapters.redis.node import IDLE_S
from risk_service.adapters.shared import windows as shared_windows
from risk_service.adapters.shared.healing import Healing
from risk_service.domain.errors import DataFault
from risk_service.features.windows.order_event import order_event
from risk_service.intake.intake import Taken
from tests.fixtures.redis_server import (
    RedisServer,
    redis_cluster,
    redis_server,
    replica_of,
    take_over,
)
from tests.fixtures.shared_shop import (
    OpenShop,
    check_shared,
    errors_of,
    lived,
    outage,
    wait_whole,
    windows_of,
)
from tests.fixtures.waiting import wait_until

HOUR_US = 3_600_000_000


def test_an_outage_leaves_no_hole(either: RedisServer, shop_at: OpenShop) -> None:
    """Orders and events of before, during and after it all count once, late ones in their time."""
    shop = shop_at("state", [either])
    assert windows_of(shop).is_whole
    for _ in range(3):
        shop.live_on(8)
        wait_whole(shop)
        outage(shop, either)
        wait_whole(shop)
        assert check_shared(shop)


def test_orders_read_what_an_undisturbed_run_reads(either: RedisServer, shop_at: OpenShop) -> None:
    """From the moment on at which windows are there again, every window is the same."""
    with redis_server() as steady:
        shop = shop_at("disturbed", [either])
        calm = shop_at("calm", [steady])
        values = []
        for number in range(60):
            if number == 20:
                either.kill()
            if number == 35:
                either.start()
                wait_whole(shop)
            pair = []
            for one in (shop, calm):
                # One at a time, so that all stamps are those of the clock.
                one.now_us += 600_000_000
                one.decide(1)
                event = order_event(one.last_order, "x", one.now_us)
                keys = enumerate(one.compiled.keys(event))
                if not 20 <= number < 35:
                    one.now_us += 1
                    asked = [(group, [key]) for group, key in keys if key]
                    rows = windows_of(one).read_many(asked, one.now_us)
                    pair.append(np.concatenate([row.values[0] for row in rows]))
            if pair:
                np.testing.assert_array_equal(*pair)
                values.append((pair[0] > 0).mean())
        assert max(values) > 0.2


def test_windows_with_a_hole_are_not_read(redis: RedisServer, shop_at: OpenShop) -> None:
    """Between the outage and its end orders are decided without windows, though Redis answers."""
    shop = shop_at("state", [redis])
    outage(shop, redis)
    taken = shop.report(20)
    assert isinstance(taken, list)
    assert Taken.ACCEPTED in taken
    order = shop.attempts(1)[0]
    assert order.stamp_us
    assert order.read_us == order.applied_us == ()
    wait_whole(shop)
    assert shop.state.stamps.last_us >= order.stamp_us


def test_an_empty_redis_is_not_taken_for_the_one_before(
    redis: RedisServer, shop_at: OpenShop
) -> None:
    """A connection that ended while nobody used it may lead to another run of the server."""
    shop = lived(shop_at("state", [redis]))
    redis.kill()
    redis.start()
    time.sleep(2 * IDLE_S)
    shop.live_on(1)
    assert not windows_of(shop).is_whole
    wait_whole(shop)
    assert check_shared(shop)


def test_two_services_heal_what_is_theirs(either: RedisServer, shop_at: OpenShop) -> None:
    """Each counts its own log; together the windows have both, each event once."""
    one, other = (shop_at(f"{number}", [either], number) for number in (1, 2))
    for _ in range(8):
        one.live_on(1)
        other.live_on(1)
        # So often that what is counted again is recognised: ids are known for a day.
        wait_whole(one, other)
    either.kill()
    one.live_on(5)
    either.start()
    wait_whole(one)
    # The other has not noticed anything yet, and comes to it by an order.
    other.live_on(3)
    one.live_on(3)
    wait_whole(other, one)
    one.live_on(2)
    other.live_on(2)
    assert check_shared(one, other)


def test_redis_that_went_back_in_time_is_caught_up(redis: RedisServer, shop_at: OpenShop) -> None:
    """A server that starts from an older copy of its data lost what came later, and gets it."""
    shop = lived(shop_at("state", [redis]))
    redis.call("SAVE")
    shop.live_on(10)
    wait_whole(shop)
    redis.kill()
    redis.start()
    assert int(redis.call("DBSIZE")) > 50  # type: ignore[call-overload]  # an integer
    wait_whole(shop)
    shop.live_on(3)
    wait_whole(shop)
    assert check_shared(shop)


def test_data_that_went_back_under_a_running_server(shop_at: OpenShop) -> None:
    """As after a resynchronisation with another one: the run is the same, the marks are older."""
    with redis_server("--enable-debug-command", "local") as redis:
        shop = lived(shop_at("state", [redis]))
        redis.call("SAVE")
        shop.live_on(10)
        wait_whole(shop)
        run = redis.info("server", "run_id")
        redis.call("DEBUG", "RELOAD", "NOSAVE")
        windows_of(shop).step()
        assert not windows_of(shop).is_whole
        wait_whole(shop)
        assert redis.info("server", "run_id") == run
        assert check_shared(shop)


def test_what_was_decoded_before_is_not_trusted(redis: RedisServer, shop_at: OpenShop) -> None:
    """Others count first in a Redis that went back: its bytes are not those known by length."""
    one, other, third = (shop_at(f"{number}", [redis], number) for number in (1, 2, 3))
    for shop in (one, other, third):
        shop.live_on(4)
    wait_whole(one, other, third)
    redis.call("SAVE")
    other.live_on(2)
    wait_whole(other)
    # The first knows from here on what the second has counted.
    assert check_shared(one, other, third)
    redis.kill()
    redis.start()
    wait_whole(third)
    third.live_on(8)
    # Who has not noticed anything yet comes to it by an order.
    one.live_on(1)
    wait_whole(third, other, one)
    assert check_shared(one, other, third)


def test_data_lost_without_a_word_is_found_by_the_marks(
    redis: RedisServer, shop_at: OpenShop, caplog: pytest.LogCaptureFixture
) -> None:
    """No connection breaks when everything is deleted: the next look at the marks tells."""
    shop = lived(shop_at("state", [redis]))
    redis.call("FLUSHALL")
    windows_of(shop).step()
    assert not windows_of(shop).is_whole
    wait_whole(shop)
    assert errors_of(caplog) == ["windows_lost"]
    assert check_shared(shop)


def test_one_server_of_a_cluster_that_lost_its_data(shop_at: OpenShop) -> None:
    """Its entities are counted anew, those of the other servers stay as they are."""
    with redis_cluster() as nodes:
        shop = lived(shop_at("state", nodes))
        nodes[1].kill()
        # Alone, so that servers that do answer count it under the stamp that the log gives.
        shop.now_us += HOUR_US
        shop.decide(1)
        shop.live_on(4)
        assert not windows_of(shop).is_whole
        nodes[1].start()
        wait_whole(shop)
        assert check_shared(shop)


def test_windows_heal_when_another_node_of_a_cluster_took_over(shop_at: OpenShop) -> None:
    """Though the service has asked in vain for the node that is gone meanwhile."""
    with redis_cluster() as nodes, replica_of(nodes, 1) as replica:
        shop = lived(shop_at("state", nodes))
        nodes[1].kill()
        shop.now_us += HOUR_US
        shop.decide(1)
        shop.live_on(4)
        for _ in range(3):
            windows_of(shop).step()
        assert not windows_of(shop).is_whole
        take_over(replica, (nodes[0], nodes[2], replica))
        wait_whole(shop)
        assert check_shared(shop)


def test_an_event_without_its_order_is_asked_for_now_and_then(
    redis: RedisServer, shop_at: OpenShop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that lacks something is not read again in every pause between two orders."""
    shop = shop_at("state", [redis])
    outage(shop, redis)
    windows = windows_of(shop)
    asked: list[int] = []

    def damaged(_: Healing, events_max: int) -> int:
        asked.append(events_max)
        raise DataFault("decisions.sqlite3", None, "the event x has no order")

    pauses: list[float] = []

    def has_asked() -> bool:
        known = len(asked)
        pause_s = windows.step()
        pauses.extend([pause_s] * (len(asked) - known))
        return len(asked) == 3

    with monkeypatch.context() as patched:
        patched.setattr(Healing, "step", damaged)
        wait_until(has_asked, "the log was read three times")
    assert not windows.is_whole
    assert pauses == [shared_windows.LOOK_S] * 3
    wait_whole(shop)
    assert check_shared(shop)
