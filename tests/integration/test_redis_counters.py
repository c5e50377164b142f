"""What Redis says of counters that follow the ledger; refusing by it is tested with the ledger."""

from collections.abc import Iterator
from itertools import count

import pytest

from risk_service.adapters.redis.addresses import parse_addresses
from risk_service.adapters.redis.admission import KEEP_S, Figure, RedisAdmission
from tests.fixtures.redis_server import RedisServer, redis_server
from tests.fixtures.waiting import wait_until

LONG_S = 3600.0
NOW_S = 50_000.0
NUMBERS = count()


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """Return a running server."""
    with redis_server() as running:
        yield running


@pytest.fixture
def counters(server: RedisServer) -> Iterator[RedisAdmission]:
    """Return counters of which nothing is known."""
    opened = RedisAdmission(
        parse_addresses(server.address),
        prefix=f"counters{next(NUMBERS)}",
        trust_s=LONG_S,
        timeout_s=20.0,
        clock=lambda: NOW_S,
    )
    yield opened
    opened.close()


def test_a_figure_that_has_not_changed_is_trusted_anew(counters: RedisAdmission) -> None:
    """In a drop that is sold out nothing changes: what is read again must go on refusing."""
    read_long_ago = Figure("sku-1", 7, 3, NOW_S - LONG_S + 0.005)
    counters.follow([read_long_ago])
    counters.settle()
    wait_until(lambda: not counters.used(["sku-1"]), "the figure to be trusted no more")
    counters.follow([read_long_ago._replace(asked_s=NOW_S)])
    assert counters.used(["sku-1"]) == {"sku-1": 3}


def test_an_older_figure_takes_the_place_of_none(counters: RedisAdmission) -> None:
    """Processes tell Redis in any order; the last change counts, and goes when nobody needs it."""
    for figure in (Figure("sku-1", 7, 3, NOW_S), Figure("sku-1", 6, 9, NOW_S)):
        counters.follow([figure])
        counters.settle()
    assert counters.used(["sku-1"]) == {"sku-1": 3}


def test_a_figure_goes_by_itself(counters: RedisAdmission, server: RedisServer) -> None:
    """A counter of a campaign that is over takes no room for ever."""
    counters.follow([Figure("sku-1", 7, 3, NOW_S)])
    counters.settle()
    left_ms = server.call("PTTL", counters.key_of("sku-1"))
    assert isinstance(left_ms, int)
    assert 0 < left_ms <= KEEP_S * 1000


def test_what_is_no_figure_hides_none(counters: RedisAdmission, server: RedisServer) -> None:
    """One counter that is unknown, or written over, leaves the others known, and is told anew."""
    server.call("SET", counters.key_of("sku-1"), "no figure")
    counters.follow([Figure("sku-2", 1, 5, NOW_S)])
    assert counters.used(["sku-1", "sku-2", "sku-3"]) == {"sku-2": 5}
    counters.follow([Figure("sku-1", 7, 3, NOW_S)])
    assert counters.used(["sku-1"]) == {"sku-1": 3}
