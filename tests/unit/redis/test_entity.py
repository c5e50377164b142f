"""Slots, entries, folding and what is remembered, without a server."""

import random
import struct

import pytest
from msgspec import msgpack

from risk_service.adapters.redis.addresses import parse_addresses, slot_of
from risk_service.adapters.redis.entity import (
    REMEMBERED_IDS,
    REMEMBERED_US,
    Entity,
)
from risk_service.adapters.redis.flat import FlatEntities
from risk_service.adapters.redis.layout import (
    FOLD_MIN_BYTES,
    GUARD_MS,
    REMEMBERED_BYTES,
    STAMP,
    VALUE_HEAD,
    EntryLayout,
    event_hash,
)
from risk_service.adapters.redis.plain import PlainEntities
from risk_service.adapters.redis.trips import Damaged, Entities, Group, MakeEntities, Trip
from risk_service.domain.event import Event
from risk_service.features.windows.event import field_hash
from risk_service.features.windows.plan import compile_windows
from risk_service.features.windows.record import Record
from risk_service.features.windows.tiles import BY_NAME, NEVER_US
from tests.fixtures.window_replay import START_US, random_windows

COMPILED = compile_windows(random_windows(random.Random(3)))
COLUMNS, HASHES = (2, 300, 1), tuple(range(1, len(COMPILED.hashed) + 1))
EMPTY = VALUE_HEAD.pack(START_US - 1, 0, 0)
NO_STAMP = bytes(8)
# What a plan says how many there are of, and where it lies in a packed record.
FORM_OF_RECORDS = {"starts": 2, "totals": 3, "maps": 4, "seen": 5, "lasts": 6}


def layouts() -> list[EntryLayout]:
    """Return the layout of each key group."""
    return [EntryLayout(plan, len(COLUMNS), len(HASHES)) for plan in COMPILED.plans]


@pytest.mark.parametrize(
    ("key", "slot"),
    [
        (b"123456789", 12739),
        (b"{user1000}.following", slot_of(b"user1000")),
        (b"foo{}{bar}", slot_of(b"foo{}{bar}")),
        (b"foo{{bar}}zap", slot_of(b"{bar")),
        (b"foo{bar}{zap}", slot_of(b"bar")),
        (b"foo{bar", slot_of(b"foo{bar")),
    ],
)
def test_slot_follows_the_cluster_specification(key: bytes, slot: int) -> None:
    """CRC16 of the check string, and of what stands within the first braces."""
    assert slot_of(key) == slot
    assert slot_of(b"foo{}{bar}") != slot_of(b"bar")


def test_addresses_are_read() -> None:
    """Several nodes, names and IPv6."""
    expected = (("a", 1), ("b.c", 65535), ("::1", 6379))
    assert parse_addresses("a:1, b.c:65535,[::1]:6379") == expected


def test_event_ids_are_hashed_apart_from_values() -> None:
    """An id that is counted as a value as well cannot be taken for an id seen before."""
    assert event_hash("x") != field_hash("x")
    assert event_hash("x") == event_hash("x")


def test_entry_brings_back_what_the_record_needs() -> None:
    """An event that went through an entry leaves the same record as one that did not."""
    for layout in layouts():
        entity, direct = Entity(layout, EMPTY), Record(layout.plan)
        for number in range(40):
            a_us = START_US + number * 1_000_000
            counts = random.Random(number).getrandbits(8) & layout.mask
            if not counts:
                continue
            visit = layout.visit(0, event_hash(str(number)), a_us - 5, counts, COLUMNS, HASHES)
            stored = visit.entry[:8] + STAMP.pack(a_us) + visit.entry[16:]
            assert len(stored) == layout.size
            entity.follow(stored)
            direct.apply(a_us, a_us - 5, counts, COLUMNS, HASHES)
        assert entity.record.read(a_us + 1) == pytest.approx(direct.read(a_us + 1), nan_ok=True)


def _grown(layout: EntryLayout, events: int, step_us: int) -> tuple[Entity, list[bytes]]:
    entity, folds = Entity(layout, EMPTY), []
    for number in range(events):
        visit = layout.visit(0, number + 1, NEVER_US, layout.mask, COLUMNS, HASHES)
        entity.add(visit, START_US + number * step_us)
        if entity.is_due:
            folds.append(entity.fold())
    return entity, folds


def test_hot_entity_is_folded_ever_more_rarely() -> None:
    """Entries wait until they outweigh the record, so packing a large one is rare."""
    layout = layouts()[0]
    _, few = _grown(layout, 100, 1_000_000)
    assert 0 < len(few) <= 100 * layout.size / FOLD_MIN_BYTES + 1
    assert len(few) < 100


def test_ids_are_forgotten_by_number_and_by_age() -> None:
    """At most the newest ids, and none older than a day: memory stays bounded."""
    layout = layouts()[0]
    entity, _ = _grown(layout, 3 * REMEMBERED_IDS, 1000)
    ids_bytes = VALUE_HEAD.unpack(entity.known.head)[1]
    assert ids_bytes <= REMEMBERED_IDS * REMEMBERED_BYTES
    slow, _ = _grown(layout, 200, REMEMBERED_US // 10)
    assert VALUE_HEAD.unpack(slow.known.head)[1] <= 12 * REMEMBERED_BYTES


def test_key_outlives_its_longest_window() -> None:
    """A group lives as long as its longest window and its tile, and a guard; ever for ever."""
    for layout in layouts():
        windows = [BY_NAME[feature.window] for feature in layout.plan.features]
        if any(window.name == "ever" for window in windows):
            assert layout.ttl_ms == 0
            continue
        longest = max(windows, key=lambda window: window.length_us)
        assert layout.ttl_ms == (longest.length_us + longest.tile_us) // 1000 + GUARD_MS


def _with_more(layout: EntryLayout) -> dict[str, bytes]:
    """Return a value with an empty record that has one more of something, by what that is."""
    values = {}
    for part, place in FORM_OF_RECORDS.items():
        packed = msgpack.decode(Record(layout.plan).pack())
        whole = packed[place][0] if part == "totals" else packed[place]
        whole.append({} if part == "maps" else 0)
        record = msgpack.encode(packed)
        values[part] = VALUE_HEAD.pack(START_US, 0, len(record)) + record
    return values


def _told(trip: Trip, first_us: int) -> None:
    """Say to a trip of one event that nothing was stored before."""
    for call in range(len(trip.keys)):
        trip.take(
            call, call + 1, struct.pack("<qqqq", first_us, len(EMPTY), 0, 0) + EMPTY + NO_STAMP
        )


def _knows(entities: Entities, event: Event) -> bool:
    """Tell whether anything is known of an event's entities: a head is not all zeros."""
    trip = entities.attempts([event])
    heads = {trip.parts(call, call + 1)[8:24] for call in range(len(trip.keys))}
    trip.finish()
    return heads != {bytes(16)}


@pytest.mark.parametrize("make", [PlainEntities, FlatEntities])
def test_entity_met_longest_ago_goes_first(make: MakeEntities) -> None:
    """With room for the entities of two events, those of one not met again are dropped."""
    groups = [Group(layout, "w:") for layout in layouts()]
    events = [
        Event(f"{n}", 0, 0, tuple(f"{field}{n}" for field in COMPILED.window_set.fields), COLUMNS)
        for n in range(3)
    ]
    entities = make(COMPILED, groups, 2 * len(groups))
    for event in (events[0], events[1], events[0], events[2]):
        trip = entities.attempts([event])
        _told(trip, START_US)
        trip.finish()
    assert not _knows(entities, events[1])
    assert _knows(make(COMPILED, groups, 1), events[0]) is False


@pytest.mark.parametrize("make", [PlainEntities, FlatEntities])
def test_entity_that_was_told_nothing_of_is_forgotten(make: MakeEntities) -> None:
    """After a trip that failed in the middle the rest of its entities are read whole."""
    groups = [Group(layout, "w:") for layout in layouts()]
    event = Event("e", 0, 0, tuple(COMPILED.window_set.fields), COLUMNS)
    entities = make(COMPILED, groups, 100)
    trip = entities.attempts([event])
    _told(trip, START_US)
    trip.finish()
    assert _knows(entities, event)  # and this trip ends without a reply
    assert not _knows(entities, event)


@pytest.mark.parametrize("make", [PlainEntities, FlatEntities])
@pytest.mark.parametrize("damage", ["short", "sizes", "ids", "record", "entries", *FORM_OF_RECORDS])
def test_damaged_value_is_told_by_its_call(make: MakeEntities, damage: str) -> None:
    """Bytes that are no value of the entity name the call; nothing of them is kept."""
    groups = [Group(layout, "w:") for layout in layouts()]
    event = Event("e", 0, 0, tuple(COMPILED.window_set.fields), COLUMNS)
    values = _with_more(groups[1].layout) | {
        "short": EMPTY[:9],
        "sizes": VALUE_HEAD.pack(START_US, 16, 999),
        "ids": VALUE_HEAD.pack(START_US, 8, 0) + bytes(8),
        "record": VALUE_HEAD.pack(START_US, 0, 4) + b"\xc1\xc1\xc1\xc1",
        "entries": EMPTY + b"x",
    }
    stored = values[damage]
    entities = make(COMPILED, groups, 100)
    trip = entities.attempts([event])
    with pytest.raises(Damaged) as told:
        trip.take(1, 2, struct.pack("<qqqq", START_US, len(stored), 0, 0) + stored + NO_STAMP)
    trip.finish()
    assert told.value.call == 1
    assert not _knows(entities, event)
