"""What a script does with bytes that look like others: it is asked itself, without a store."""

from collections.abc import Iterator

import hiredis
import pytest

from risk_service.adapters.redis.layout import STAMP, VALUE_HEAD
from risk_service.adapters.redis.scripts import NOTHING, Known, Taken, source, take_part, taken
from tests.fixtures.redis_server import RedisServer, redis_server
from tests.fixtures.window_replay import START_US

TAKE = source("take.lua")
FIRST, SECOND, OTHER = (STAMP.pack(number) for number in (11, 12, 13))
NOBODY = bytes(8)
KEY = "entity"
BODY_BYTES, ENTRY_BYTES = 16, 32
LASTING_MS = 90 * 24 * 3_600_000
EMPTY_MS = 3 * 3_600_000
# Bytes of ids and of a record that a head promises, and how many stand behind it.
NO_FORMS = {
    "ids less than none": (-16, 16, 0),
    "an id cut off": (8, 0, 8),
    "a record less than none": (16, -16, 0),
    "a record cut off": (0, ENTRY_BYTES, 0),
    "an entry cut off": (0, 0, 8),
}


@pytest.fixture(scope="module")
def server() -> Iterator[RedisServer]:
    """Return a running server."""
    with redis_server() as running:
        yield running


def take(
    server: RedisServer,
    event_id: bytes,
    body: bytes = bytes(BODY_BYTES),
    *,
    ttl_ms: int = 0,
    known: Known = NOTHING,
) -> Taken:
    """Let an event count, or nobody's read; return what is said to it."""
    entry = event_id + bytes(8) + body
    part = take_part(ttl_ms, known, (len(entry), 1), entry)
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


def test_the_end_of_a_value_is_told_to_who_knows_what_precedes_it(server: RedisServer) -> None:
    """Folded or begun anew by another, or lost in part, it is told from its beginning."""
    head, entries = VALUE_HEAD.pack(START_US, 0, 0), bytes(2 * ENTRY_BYTES)
    value = head + entries
    server.call("SET", KEY, value + STAMP.pack(START_US))
    behind_one = VALUE_HEAD.size + ENTRY_BYTES
    for known, told_from in (
        (Known(head, behind_one), behind_one),
        (Known(VALUE_HEAD.pack(START_US - 1, 0, 0), behind_one), 0),
        (Known(head, len(value) + ENTRY_BYTES), 0),
    ):
        told = take(server, NOBODY, known=known)
        assert (told.from_byte, told.stored) == (told_from, value[told_from:])


@pytest.mark.parametrize("no_form", NO_FORMS)
def test_a_value_without_the_form_is_left_as_it_is(server: RedisServer, no_form: str) -> None:
    """Nothing is read out of it, and nothing added to it."""
    ids_bytes, record_bytes, behind = NO_FORMS[no_form]
    value = (
        VALUE_HEAD.pack(START_US, ids_bytes, record_bytes) + bytes(behind) + STAMP.pack(START_US)
    )
    server.call("SET", KEY, value)
    with pytest.raises(hiredis.ReplyError, match="FOREIGN"):
        take(server, FIRST)
    assert server.call("GET", KEY) == value


def test_a_read_shortens_the_life_of_no_entity(server: RedisServer) -> None:
    """One event, and somebody who looks on: it is kept for its windows, not for the look."""
    server.call("DEL", KEY)
    take(server, NOBODY, ttl_ms=LASTING_MS)
    assert 0 < _left_ms(server) <= EMPTY_MS
    take(server, FIRST, ttl_ms=LASTING_MS)
    take(server, NOBODY, ttl_ms=LASTING_MS)
    assert EMPTY_MS < _left_ms(server) <= LASTING_MS


def test_a_read_shortens_the_life_of_no_history(server: RedisServer) -> None:
    """A record that was filled in, and that no event has met yet, stays for its own windows."""
    head = VALUE_HEAD.pack(START_US, 0, len(OTHER))
    server.call("SET", KEY, head + OTHER + STAMP.pack(START_US), "PX", LASTING_MS)
    take(server, NOBODY, ttl_ms=LASTING_MS)
    assert EMPTY_MS < _left_ms(server) <= LASTING_MS


def _left_ms(server: RedisServer) -> int:
    left = server.call("PTTL", KEY)
    assert isinstance(left, int)
    return left
