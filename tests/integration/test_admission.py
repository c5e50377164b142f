"""Counters in Redis follow the ledger: a newer figure stays, a doubtful one is not trusted."""

import logging
import time
from collections.abc import Callable, Iterator
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.adapters.redis import admission as module
from risk_service.adapters.redis.addresses import parse_addresses
from risk_service.adapters.redis.admission import LOOK_MAX, Figure, RedisAdmission
from tests.fixtures.redis_server import RedisServer, redis_cluster, redis_server
from tests.fixtures.waiting import wait_until

LONG_S = 60.0
PATIENT_S = 20.0
NUMBERS = count()

Open = Callable[..., RedisAdmission]


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """Return a server that the tests of the module share, each under its own prefix."""
    with redis_server() as one:
        yield one


@pytest.fixture
def opened(server: RedisServer) -> Iterator[Open]:
    """Return what opens admissions that share their counters."""
    found: list[RedisAdmission] = []
    prefix = f"test{next(NUMBERS)}"

    def open_(trust_s: float = LONG_S, clock: Callable[[], float] = lambda: 0.0) -> RedisAdmission:
        one = RedisAdmission(
            parse_addresses(server.address),
            prefix=prefix,
            trust_s=trust_s,
            timeout_s=PATIENT_S,
            clock=clock,
        )
        found.append(one)
        return one

    yield open_
    if server.process is None:
        server.start()
    for one in found:
        one.close()


def figure(sequence: int, used: int, counter: str = "c", asked_s: float = 0.0) -> Figure:
    """Return what the ledger said of a counter."""
    return Figure(counter=counter, sequence=sequence, used=used, asked_s=asked_s)


def test_what_one_process_follows_another_one_knows(opened: Open) -> None:
    """A figure rides with the next trip, and is then known to every process."""
    first, second = opened(), opened()
    first.follow([figure(1, 5), figure(1, 7, "d")])
    assert second.used(["c", "d"]) == {}
    first.settle()
    assert second.used(["c", "unknown", "d"]) == {"c": 5, "d": 7}


def test_figures_that_nobody_asks_about_do_not_gather(
    opened: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Beyond a number they are sent by themselves."""
    monkeypatch.setattr(module, "WAITING_MAX", 3)
    first, second = opened(), opened()
    first.follow([figure(1, 5, name) for name in "abc"])
    assert second.used("a") == {}
    first.follow([figure(1, 5, "d")])
    assert second.used("abcd") == dict.fromkeys("abcd", 5)


def test_trip_reads_what_it_has_just_told(opened: Open) -> None:
    """Figures that wait are sent before the counters are asked for."""
    one = opened()
    one.follow([figure(3, 9)])
    assert one.used(["c"]) == {"c": 9}


def test_older_sequence_never_takes_the_place_of_a_newer_one(opened: Open) -> None:
    """Processes that were overtaken change nothing, whatever they bring."""
    first, second = opened(), opened()
    first.follow([figure(8, 3)])
    first.settle()
    second.follow([figure(7, 900)])
    assert second.used(["c"]) == {"c": 3}
    # What a group was weighed by is told behind what it then wrote.
    second.follow([figure(9, 4)])
    second.follow([figure(8, 900)])
    assert second.used(["c"]) == {"c": 4}


@settings(max_examples=25)
@given(st.permutations(range(1, 9)), st.lists(st.integers(0, 2), min_size=8, max_size=8))
def test_newest_figure_is_known_in_whatever_order_they_come(
    server: RedisServer, order: list[int], by: list[int]
) -> None:
    """Three processes tell eight changes in any order: the last change is what is known."""
    prefix = f"order{next(NUMBERS)}"
    addresses = parse_addresses(server.address)
    several = [
        RedisAdmission(addresses, prefix=prefix, trust_s=LONG_S, timeout_s=PATIENT_S)
        for _ in range(3)
    ]
    for sequence, place in zip(order, by, strict=True):
        several[place].follow([figure(sequence, 100 + sequence, asked_s=time.monotonic())])
        several[place].settle()
    assert several[0].used(["c"]) == {"c": 108}
    for one in several:
        one.close()


def test_trust_ends_and_the_sequence_is_still_kept(opened: Open) -> None:
    """A figure that nobody confirmed is not used any more; an older one still stays out."""
    short, later = opened(trust_s=0.2), opened()
    short.follow([figure(8, 3)])
    short.settle()
    wait_until(lambda: not short.used(["c"]), "the figure is trusted no more")
    later.follow([figure(7, 900)])
    assert later.used(["c"]) == {}
    later.follow([figure(8, 3)])
    assert later.used(["c"]) == {"c": 3}


def test_figure_that_waited_too_long_is_not_told(opened: Open) -> None:
    """A process that was stopped between commit and trip does not pass off old news as new."""
    now_s = [0.0]
    one = opened(trust_s=1.0, clock=lambda: now_s[0])
    one.follow([figure(1, 5)])
    now_s[0] = 1.5
    assert one.used(["c"]) == {}


def test_figure_from_before_the_clock_of_redis_went_back_is_not_trusted(
    opened: Open, server: RedisServer
) -> None:
    """No figure is trusted for longer than the caller trusts any."""
    longer, shorter = opened(trust_s=10 * LONG_S), opened()
    longer.follow([figure(1, 5)])
    longer.settle()
    assert longer.used(["c"]) == {"c": 5}
    assert shorter.used(["c"]) == {}


@pytest.mark.parametrize("value", ["", "short", "x" * 25])
def test_foreign_value_is_as_good_as_none(opened: Open, server: RedisServer, value: str) -> None:
    """What is no figure is not known, and gives way to the next one."""
    one = opened()
    server.call("SET", one.key_of("c"), value)
    assert one.used(["c"]) == {}
    one.follow([figure(1, 5)])
    assert one.used(["c"]) == {"c": 5}


def test_key_of_another_kind_is_as_good_as_redis_lost(opened: Open, server: RedisServer) -> None:
    """A list in the place of a counter makes nothing known; nobody is refused by it."""
    one = opened()
    server.call("RPUSH", one.key_of("c"), "x")
    assert one.used(["c"]) == {}
    one.follow([figure(1, 5), figure(1, 6, "d")])
    assert one.used(["c", "d"]) == {}
    server.call("DEL", one.key_of("c"))


def test_redis_killed_emptied_and_back_knows_nothing_until_told(
    opened: Open, server: RedisServer, caplog: pytest.LogCaptureFixture
) -> None:
    """Without Redis nothing is known and nothing fails; it comes back without memories.

    That it is away is said once, however many ask, and so is that it is back.
    """
    caplog.set_level(logging.INFO)
    one = opened(clock=time.monotonic)
    one.follow([figure(5, 5, asked_s=time.monotonic())])
    assert one.used(["c"]) == {"c": 5}
    server.call("FLUSHALL")
    assert one.used(["c"]) == {}
    server.kill()
    for _ in range(3):
        assert one.used(["c"]) == {}
    assert caplog.messages == ["admission_lost"]
    assert "Redis at" in caplog.records[0].error  # type: ignore[attr-defined]  # an extra
    server.start()

    def is_known() -> bool:
        one.follow([figure(6, 6, asked_s=time.monotonic())])
        return one.used(["c"]) == {"c": 6}

    wait_until(is_known, "Redis is used again")
    assert is_known()
    assert caplog.messages == ["admission_lost", "admission_back"]


def test_counters_of_a_cluster_lie_on_one_node() -> None:
    """The same holds in a Redis cluster; more counters than one look takes are looked at too."""
    with redis_cluster() as nodes:
        one = RedisAdmission(
            parse_addresses(",".join(node.address for node in nodes)),
            trust_s=LONG_S,
            timeout_s=PATIENT_S,
        )
        names = [f"counter {number}" for number in range(LOOK_MAX + 60)]
        now_s = time.monotonic()
        one.follow([figure(1, place, name, now_s) for place, name in enumerate(names)])
        assert one.used(names) == {name: place for place, name in enumerate(names)}
        assert sorted(node.call("DBSIZE") != 0 for node in nodes) == [False, False, True]
        one.close()
