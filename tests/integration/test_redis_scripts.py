"""What a script does with bytes that look like others: it is asked itself, without a store."""

from collections.abc import Iterator

import pytest

from risk_service.adapters.redis.layout import STAMP, VALUE_HEAD
from risk_service.adapters.redis.scripts import NOTHING, Taken, source, take_part, taken
from tests.fixtures.redis_server import RedisServer, redis_server
from tests.fixtures.window_replay import START_US

TAKE = source("take.lua")
FIRST, SECOND, OTHER = (STAMP.pack(number) for number in (11, 12, 13))
KEY = "entity"


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """Return a running server."""
    with redis_server() as running:
        yield running


def take(server: RedisServer, event_id: bytes, body: bytes = bytes(16)) -> Taken:
    """Let an event count; return what is said to it."""
    entry = event_id + bytes(8) + body
    part = take_part(0, NOTHING, (len(entry), 1), entry)
    reply = server.call("EVAL", TAKE, 1, KEY, STAMP.pack(START_US) + part)
    assert isinstance(reply, bytes), reply
    return taken(reply, 0, 1)[0]


def test_an_id_is_told_from_what_an_entry_holds(server: RedisServer) -> None:
    """Equal bytes that are no id make no event a repeated one, and hide none behind them."""
    server.call("DEL", KEY)
    take(server, FIRST, SECOND + OTHER)
    counted = take(server, SECOND)
    assert counted.seen_us == (0,)
    assert take(server, SECOND).seen_us == (counted.first_us,)
    assert take(server, STAMP.pack(counted.first_us)).seen_us == (0,)


def test_an_id_is_told_from_what_was_folded(server: RedisServer) -> None:
    """Remembered ids are known; their stamps, and what the record holds, are none."""
    at_us = [START_US - 2, START_US - 1]
    ids = FIRST + STAMP.pack(at_us[0]) + SECOND + STAMP.pack(at_us[1])
    head = VALUE_HEAD.pack(at_us[1], len(ids), len(OTHER))
    server.call("SET", KEY, head + ids + OTHER + STAMP.pack(at_us[1]))
    seen = [take(server, one).seen_us[0] for one in (FIRST, SECOND, STAMP.pack(at_us[0]), OTHER)]
    assert seen == [*at_us, 0, 0]
