"""How long an entity stays in Redis: its longest window after its last event, a look for hours."""

from collections.abc import Iterator

import pytest

from risk_service.adapters.live.records_file import Row, key_of
from risk_service.adapters.redis.addresses import parse_addresses
from risk_service.adapters.redis.engines import fastest_entities
from risk_service.adapters.redis.history import Existing, RedisHistory
from risk_service.adapters.redis.layout import EntryLayout
from risk_service.adapters.redis.store import RedisWindowStore
from risk_service.features.windows.record import Record
from tests.fixtures.redis_server import RedisServer
from tests.fixtures.redis_stores import COMPILED, SECOND_US, orders
from tests.fixtures.window_replay import START_US

# Well within an hour: what happens in the same one must not be taken for renewed.
NOW_US = START_US + 1_200 * SECOND_US
# How long an entity without events bears the stamp of its last read.
READ_ONLY_MS = 3 * 3_600_000
WITHOUT_EXPIRY = -1
PREFIX = "x"


@pytest.fixture
def store(redis: RedisServer) -> Iterator[RedisWindowStore]:
    """Return a store on the redis."""
    opened = RedisWindowStore(
        COMPILED,
        parse_addresses(redis.address),
        prefix=PREFIX,
        timeout_s=20.0,
        entities=fastest_entities(),
    )
    yield opened
    opened.close()


KEYS = COMPILED.keys(orders(0, 1, NOW_US)[0])
LAYOUTS = [EntryLayout(plan, 3, 9) for plan in COMPILED.plans]
PASSING = [group for group, layout in enumerate(LAYOUTS) if layout.ttl_ms]


def left_ms(redis: RedisServer, store: RedisWindowStore, group: int, key: str) -> int:
    """Return for how long Redis keeps an entity."""
    left = redis.call("PTTL", store.key_of(group, key))
    assert isinstance(left, int)
    return left


def check_full_lives(redis: RedisServer, store: RedisWindowStore) -> int:
    """Hold the life of each entity to its longest window; return how many end."""
    for group, layout in enumerate(LAYOUTS):
        left = left_ms(redis, store, group, KEYS[group])
        if layout.ttl_ms == 0:
            assert left == WITHOUT_EXPIRY
        else:
            assert layout.ttl_ms - 60_000 < left <= layout.ttl_ms
    return sum([layout.ttl_ms > 0 for layout in LAYOUTS])


def fill(redis: RedisServer) -> None:
    """Give the entities a history whose windows have all but passed."""
    history = RedisHistory(COMPILED, parse_addresses(redis.address), prefix=PREFIX, notice_s=0.0)
    assert history.begin(NOW_US, Existing.REFUSE)
    names = {key_of(group, KEYS[group]): (group, KEYS[group]) for group in PASSING}
    rows = [
        Row(key, NOW_US + SECOND_US, Record(COMPILED.plans[group]).pack())
        for key, (group, _) in names.items()
    ]
    history.fill(rows, names)
    history.finish()
    history.close()


def test_memory_is_bounded_by_expiry(store: RedisWindowStore, redis: RedisServer) -> None:
    """Every key expires once its longest window has passed; one that was only read, in hours."""
    store.observe(orders(0, 300, NOW_US), NOW_US)
    store.observe(orders(1000, 4, NOW_US), NOW_US + SECOND_US)
    store.read_many([(0, ["never seen"])], NOW_US)
    store.read_many([(0, ["never seen"])], NOW_US + 3_600 * SECOND_US)
    assert 0 < left_ms(redis, store, 0, "never seen") <= READ_ONLY_MS
    assert check_full_lives(redis, store)


@pytest.mark.parametrize("before", ["a look", "history", "history and a look"])
def test_the_first_event_of_an_entity_outlives_its_windows(
    store: RedisWindowStore, redis: RedisServer, before: str
) -> None:
    """Also where a look has left a stamp, or history a record, that goes sooner."""
    if "history" in before:
        fill(redis)
    if "look" in before:
        store.read_many([(group, [key]) for group, key in enumerate(KEYS)], NOW_US)
    for group in PASSING:
        assert 0 < left_ms(redis, store, group, KEYS[group]) <= READ_ONLY_MS + 1000
    store.observe(orders(0, 1, NOW_US), NOW_US + SECOND_US)
    assert check_full_lives(redis, store)


def test_an_event_in_a_later_hour_lets_a_life_begin_anew(
    store: RedisWindowStore, redis: RedisServer
) -> None:
    """Redis is told once an hour, and again as soon as the hour is another."""
    store.observe(orders(0, 1, NOW_US), NOW_US)
    for group in PASSING:
        redis.call("PEXPIRE", store.key_of(group, KEYS[group]), 60_000)
    store.observe(orders(1, 1, NOW_US), NOW_US + 3_600 * SECOND_US)
    assert check_full_lives(redis, store)
