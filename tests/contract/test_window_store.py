"""One suite over every window store: what an order sees is what the formulas say.

A harness hides how a store learns that a group is durable: the embedded one waits for the
log, a shared one counts at once.
"""

import random
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from risk_service.adapters.live.cache import RecordCache
from risk_service.adapters.live.flat.records import FlatRecords
from risk_service.adapters.live.keeper import MakeKeeper
from risk_service.adapters.live.records_file import RecordsFile
from risk_service.adapters.live.store import EmbeddedWindowStore
from risk_service.adapters.redis.addresses import parse_addresses
from risk_service.adapters.redis.flat import FlatEntities
from risk_service.adapters.redis.plain import PlainEntities
from risk_service.adapters.redis.store import RedisWindowStore
from risk_service.adapters.redis.trips import MakeEntities, SetAside
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.event import Event
from risk_service.domain.stamps import CLOCK_END_US, Stamps
from risk_service.feature_ports import WindowStore
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.tiles import DAY_US, MAX_AGE_US
from tests.fixtures.redis_server import redis_cluster, redis_server
from tests.fixtures.stamped_replay import Seen
from tests.fixtures.window_replay import FIELDS, START_US, random_log
from tests.fixtures.window_stores import Harness, Make, redis_stores, windows

SECOND_US = 1_000_000


@pytest.fixture(
    params=["embedded", "plain", "redis", "redis plain", "redis cluster"], scope="module"
)
def make(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Make]:
    """Return a maker of empty stores of each kind."""
    if request.param == "redis cluster":
        with redis_cluster() as nodes:
            addresses = [node.address for node in nodes]
            with redis_stores(addresses, FlatEntities) as redis:
                yield redis
        return
    if request.param.startswith("redis"):
        entities = PlainEntities if request.param == "redis plain" else FlatEntities
        with redis_server() as server, redis_stores([server.address], entities) as redis:
            yield redis
        return
    opened: list[tuple[WindowStore, RecordsFile]] = []
    keeper: MakeKeeper = RecordCache if request.param == "plain" else FlatRecords

    def embedded(compiled: CompiledWindows) -> Harness:
        directory: Path = tmp_path_factory.mktemp("windows")
        file, stamps, logged = RecordsFile(directory), Stamps(0), [0]
        store = EmbeddedWindowStore(compiled, file, stamps, lambda: logged[0], keeper=keeper)
        opened.append((store, file))

        def settle() -> None:
            logged[0] = stamps.last_us

        return Harness(compiled=compiled, store=store, settle=settle)

    yield embedded
    for store, file in opened:
        store.close()
        file.close()


def attempt(number: int, **fields: str) -> Event:
    """Return an order attempt of these entities."""
    return Event(
        event_id=f"dec_{number}",
        kind=0,
        at_us=START_US,
        fields=tuple(fields.get(name, "") for name in FIELDS),
        columns=(1, 100, 1),
    )


@settings(max_examples=12)
@given(seed=st.integers(0, 10**6), group_max=st.sampled_from([1, 5, 40]))
def test_orders_see_what_the_formulas_say(make: Make, seed: int, group_max: int) -> None:
    """Late, early, keyless events in groups of any size: every value equals the replay's."""
    rng = random.Random(seed)
    harness = make(windows(seed))
    events = random_log(rng, 250).events
    now_us = START_US
    while events:
        size = rng.randint(1, group_max)
        group, events = events[:size], events[size:]
        now_us = max(now_us, max(event.at_us for event in group) - 10**9)
        harness.feed(group, now_us)
    assert harness.check()


def test_windows_count_until_the_last_time_of_a_clock(make: Make) -> None:
    """Whatever a store counts in, stamps are exact until then."""
    harness = make(windows(1))
    last_us = CLOCK_END_US - 3 * SECOND_US
    for number in range(3):
        harness.observe([attempt(number, account="ada")], last_us + number * SECOND_US)
    assert harness.check()
    assert {one.applied_us for one in harness.seen[2:]} == {harness.seen[2].read_us}


def test_order_sees_those_before_it_in_its_group(make: Make) -> None:
    """Three orders of one account in one group see 0, 1 and 2 before them."""
    harness = make(windows(1))
    group = [attempt(n, account="a", device=f"d{n}", seller="s") for n in range(3)]
    harness.observe(group, START_US)
    harness.observe([attempt(9, account="a", device="d0", seller="s")], START_US)
    assert harness.check()


def test_repeated_id_changes_nothing(make: Make) -> None:
    """An event that comes again, in its group or later, leaves every window as it is."""
    harness = make(windows(2))
    order = attempt(1, account="a", seller="s", sku="k")
    first = harness.observe([order, order], START_US)
    paid = Event("e-1", 1, START_US, order.fields, order.columns)
    harness.feed([paid, paid], START_US)
    before = harness.observe([attempt(2, account="a", seller="s", sku="k")], START_US + SECOND_US)
    harness.feed([paid], START_US + SECOND_US)
    harness.observe([order], START_US + SECOND_US)
    assert harness.check()
    assert first.shape == (2, before.shape[1])


def test_repeated_event_has_the_stamp_of_its_first_time(make: Make) -> None:
    """A retry learns under which stamps the event counts."""
    store = (harness := make(windows(3))).store
    order = attempt(1, account="a", device="d", seller="s", sku="k", address="x")
    first = store.observe([order], START_US)
    harness.settle()
    again = store.observe([order], START_US + SECOND_US)
    harness.settle()
    np.testing.assert_array_equal(first.applied_us, again.applied_us)
    assert (again.read_us > first.read_us).all()


def test_stamps_rise_when_the_clock_goes_back(make: Make) -> None:
    """A clock that jumps back by an hour, and ahead by a year, bends no order of events."""
    harness = make(windows(4))
    clocks = [START_US, START_US - 3600 * SECOND_US, START_US + 365 * DAY_US, START_US, START_US]
    for number, now_us in enumerate(clocks):
        harness.feed([attempt(number, account="a", device="d", seller="s")], now_us)
    stamps = [one.read_us for one in harness.seen]
    for earlier, later in pairwise(stamps):
        assert all(b > a for a, b in zip(earlier, later, strict=True) if a)
    assert harness.check()


def test_event_too_old_counts_nowhere(make: Make) -> None:
    """Older than 90 days on arrival: no stamp, no window; a second younger it is taken."""
    harness = make(windows(5))
    fields = attempt(0, account="a", device="d", seller="s", sku="k", address="x").fields
    harness.observe([attempt(0, account="a", device="d")], START_US)
    now_us = START_US + 100 * DAY_US
    old = Event("old", 1, now_us - MAX_AGE_US - SECOND_US, fields, (1, 1, 1))
    young = Event("young", 1, now_us - MAX_AGE_US + SECOND_US, fields, (1, 1, 1))
    applied = harness.store.apply([old, young], now_us)
    harness.settle()
    assert not applied[0].any()
    harness.observe([attempt(1, account="a", device="d", seller="s", sku="k")], now_us)
    harness.seen.append(
        Seen(
            event=young,
            attempt=False,
            applied_us=tuple(applied[1].tolist()),
            read_us=(0,) * len(harness.compiled.plans),
            values=None,
        )
    )
    assert harness.check()


def test_missing_key_reads_missing(make: Make) -> None:
    """An attempt without an entity has NaN for its windows, and stamps only where it has keys."""
    harness = make(windows(6))
    observed = harness.store.observe([attempt(1)], START_US)
    harness.settle()
    assert np.isnan(observed.values).all()
    assert not observed.read_us.any()
    assert not observed.applied_us.any()


def test_other_keys_can_be_read(make: Make) -> None:
    """Windows of any key can be asked for, known or not, without an event of their own."""
    harness = make(windows(7))
    compiled = harness.compiled
    order = attempt(1, **dict.fromkeys(FIELDS, "v"))
    harness.observe([order], START_US)
    now_us = START_US + 5 * SECOND_US
    keys = compiled.keys(order)
    requests = [(group, [key, "unknown"]) for group, key in enumerate(keys)]
    read = harness.store.read_many(requests, now_us)
    seen = harness.observe([replace(order, event_id="dec_2")], now_us)
    for plan, part in zip(compiled.plans, read, strict=True):
        assert part.values.shape == (2, len(plan.names))
        assert (part.read_us >= now_us).all()
    known = np.concatenate([part.values[0] for part in read])
    np.testing.assert_allclose(known, seen[0], atol=1e-5)


def test_hot_entity_is_as_right_as_any(make: Make) -> None:
    """10,000 orders of one seller within a minute, in groups of 64."""
    harness = make(windows(8))
    for start in range(0, 10_000, 64):
        group = [
            attempt(n, account=f"a{n % 500}", seller="hot", sku="k")
            for n in range(start, min(start + 64, 10_000))
        ]
        harness.observe(group, START_US + start * 6_000)
    assert harness.check()


@pytest.mark.parametrize("entities", [FlatEntities, PlainEntities])
def test_events_count_again_where_they_do_not_yet(entities: MakeEntities) -> None:
    """With some of their keys first, then with all: windows are those of events counted once."""
    for seed in range(3):
        compiled = windows(seed)
        log = random_log(random.Random(seed), 120)
        with redis_server() as server, ExitStack() as opened:
            once, again = (
                RedisWindowStore(
                    compiled,
                    parse_addresses(server.address),
                    prefix=prefix,
                    timeout_s=20.0,
                    entities=entities,
                )
                for prefix in ("once", "again")
            )
            opened.callback(once.close)
            opened.callback(again.close)
            for a_us, event in zip(log.a_us, log.events, strict=True):
                count = once.observe if event.kind == 0 else once.apply
                count([event], a_us)
                timed = replace(event, at_us=a_us) if event.kind == 0 else event
                keys = compiled.keys(event)
                some = tuple(key if group % 2 else "" for group, key in enumerate(keys))
                for own in (some, keys):
                    again.count_again([timed], [own], a_us, 20.0)
            read_us = log.a_us[-1] + SECOND_US
            for group in range(len(compiled.plans)):
                keys = list({compiled.keys(event)[group] for event in log.events} - {""})
                want, got = (one.read_many([(group, keys)], read_us)[0] for one in (once, again))
                np.testing.assert_array_equal(got.values, want.values)


def test_a_damaged_value_does_not_hold_up_the_others() -> None:
    """Counted again, events meet a value that is none: told, and the rest counts."""
    compiled = windows(1)
    log = random_log(random.Random(1), 600)
    with redis_server() as server:
        store = RedisWindowStore(compiled, parse_addresses(server.address), timeout_s=20.0)
        keys = [compiled.keys(event) for event in log.events]
        for first in range(0, 300, 50):
            some = slice(first, first + 50)
            store.count_again(log.events[some], keys[some], log.a_us[first + 49], 20.0)
        group = next(group for group, key in enumerate(keys[350]) if key)
        damaged = store.key_of(group, keys[350][group])
        value = server.call("GET", damaged)
        assert isinstance(value, bytes)
        server.call("SET", damaged, value[:16] + b"\xc1" * (len(value) - 24) + value[-8:])
        store.forget()
        before = server.call("DBSIZE")
        with pytest.raises(StoreUnavailable) as told:
            store.count_again(log.events[300:], keys[300:], log.a_us[-1], 20.0)
        assert isinstance(told.value.__cause__, SetAside)
        assert told.value.__cause__.keys == [damaged]
        store.count_again(log.events[300:], keys[300:], log.a_us[-1], 20.0)
        assert int(server.call("DBSIZE")) >= int(before)  # type: ignore[call-overload]  # integers
        other = replace(log.events[350], event_id="another", fields=("new",) * len(FIELDS))
        assert store.observe([other], log.a_us[-1] + SECOND_US).read_us.any()
        store.close()
