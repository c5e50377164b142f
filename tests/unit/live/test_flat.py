"""Blocks say what records say: every number, and every packed record, to the last bit."""

import random
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.adapters.live.cache import RecordCache
from risk_service.adapters.live.engines import fastest_keeper
from risk_service.adapters.live.flat import words as at
from risk_service.adapters.live.flat.program import make_program
from risk_service.adapters.live.flat.records import FlatRecords
from risk_service.adapters.live.flat.space import Space
from risk_service.adapters.live.keeper import Keeper, Visit
from risk_service.adapters.live.records_file import Reached, RecordsFile, Row, key_of
from risk_service.domain.errors import DataFault
from risk_service.domain.event import Event
from risk_service.features.windows.plan import CompiledWindows, compile_windows
from risk_service.features.windows.record import Record
from risk_service.features.windows.tiles import DAY_US
from tests.fixtures.window_replay import random_log, random_windows

EVENTS = 300
ROOM = 100_000


def fed(keeper: Keeper, compiled: CompiledWindows, seed: int) -> list[np.ndarray]:
    """Let a random log pass in groups, some dropped; return what its attempts read."""
    draw = random.Random(seed)
    log = random_log(draw, EVENTS)
    seen, first = [], 0
    while first < len(log.events):
        group = range(first, min(len(log.events), first + draw.randint(1, 30)))
        first = group.stop
        events = [log.events[place] for place in group]
        visits = [Visit(log.a_us[p], log.a_us[p], log.tau_us(p)) for p in group]
        changes = keeper.begin(events, [compiled.keys(event) for event in events])
        seen.append(changes.observe(visits))
        if draw.random() < 0.2:
            changes.drop()
        else:
            changes.apply()
        keeper.make_room()
    return seen


def written(keeper: Keeper, file: RecordsFile, now_us: int) -> dict[bytes, Row]:
    """Write what is dirty; return it by key."""
    dirty = keeper.take_dirty()
    rows: list[Row] = []
    while len(rows) < len(dirty):
        rows += dirty.pack(len(rows), 7, now_us)
    file.write(rows, Reached("", 0, 0, "0::0"))
    dirty.written()
    assert keeper.dirty_count == 0
    return {row.key: row for row in rows}


def of_row(compiled: CompiledWindows, row: Row, keys: dict[bytes, int]) -> Record:
    """Return the record that a row holds."""
    return Record.unpack(compiled.plans[keys[row.key]], row.record)


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_blocks_and_records_are_the_same(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Whatever is declared and whatever comes: values, packed bytes read back, expiry."""
    compiled = compile_windows(random_windows(random.Random(seed)))
    all_values, all_rows = [], []
    for make in (FlatRecords, RecordCache):
        file = RecordsFile(tmp_path_factory.mktemp("records"))
        keeper = make(compiled, file, ROOM)
        all_values.append(np.concatenate(fed(keeper, compiled, seed)))
        now_us = random_log(random.Random(seed), EVENTS).a_us[-1] + DAY_US
        all_rows.append(written(keeper, file, now_us))
        file.close()
    np.testing.assert_array_equal(all_values[0], all_values[1])
    flat, plain = all_rows
    assert flat.keys() == plain.keys()
    fields = [f"{name}{number}" for name in compiled.window_set.fields for number in range(9)]
    groups = {
        key_of(group, key): group
        for group in range(len(compiled.plans))
        for key in (*fields, *(f"{a}|{b}" for a in fields for b in fields))
    }
    for key, row in flat.items():
        assert row.expires_us == plain[key].expires_us
        got, want = of_row(compiled, row, groups), of_row(compiled, plain[key], groups)
        for later_us in (1, 10**9, 20 * DAY_US):
            np.testing.assert_array_equal(got.read(now_us + later_us), want.read(now_us + later_us))


@settings(max_examples=5, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_written_and_loaded_again_they_go_on_the_same(
    seed: int, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """With room for three records only, all come back from the file again and again."""
    compiled = compile_windows(random_windows(random.Random(seed)))
    file = RecordsFile(tmp_path_factory.mktemp("records"))
    keeper = FlatRecords(compiled, file, 3)
    draw, log = random.Random(seed), random_log(random.Random(seed), EVENTS)
    records: dict[tuple[int, str], Record] = {}
    for place, event in enumerate(log.events):
        a_us, tau_us = log.a_us[place], log.tau_us(place)
        keys = compiled.keys(event)
        changes = keeper.begin([event], [keys])
        (values,) = changes.observe([Visit(a_us, a_us, tau_us)])
        changes.apply()
        want: list[float] = []
        for group, key in enumerate(keys):
            plan = compiled.plans[group]
            one = records.setdefault((group, key), Record(plan)) if key else None
            want += one.read(a_us) if one else [np.nan] * len(plan.names)
            if one:
                bits, hashes = compiled.bits(event), compiled.hashes(event)
                one.apply(a_us, tau_us, bits, event.columns, hashes)
        np.testing.assert_array_equal(values, want)
        if draw.random() < 0.3:
            written(keeper, file, a_us)
            assert keeper.make_room()
            assert len(keeper) <= 3
    now_us = log.a_us[-1] + 1
    for (group, key), record in records.items():
        np.testing.assert_array_equal(keeper.read(group, [key], now_us)[0], record.read(now_us))
    file.close()


@pytest.fixture
def packed(tmp_path: Path) -> tuple[CompiledWindows, RecordsFile, list[Row]]:
    """Return the rows of a random log, and a file that has them."""
    compiled = compile_windows(random_windows(random.Random(7)))
    file = RecordsFile(tmp_path)
    keeper = FlatRecords(compiled, file, ROOM)
    fed(keeper, compiled, 7)
    return compiled, file, list(written(keeper, file, 0).values())


def first_key(compiled: CompiledWindows, events: Sequence[Event]) -> str:
    """Return a key of the first group."""
    return next(key for key in (compiled.keys(event)[0] for event in events) if key)


def test_damaged_bytes_are_refused(
    packed: tuple[CompiledWindows, RecordsFile, list[Row]],
) -> None:
    """Cut, lengthened, of another declaration, or with any byte turned: a fault or a record."""
    compiled, file, rows = packed
    key = first_key(compiled, random_log(random.Random(7), EVENTS).events)
    (row,) = [one for one in rows if one.key == key_of(0, key)]
    draw, data, refused = random.Random(3), row.record, 0
    turned = [bytearray(data) for _ in range(2000)]
    for copy in turned:
        copy[draw.randrange(len(copy))] = draw.randrange(256)
    wrong = [b"", b"\x00", data[:-1], data + b"\x00", b"\x97" * 40, b"\xdd\xff\xff\xff\xff" * 9]
    other = compile_windows(random_windows(random.Random(8)))
    wrong += [b"\x97" + bytes([0xCE]) + other.plans[0].version.to_bytes(4, "big") + data[6:]]
    for one in (*wrong, *map(bytes, turned)):
        file.write([row._replace(record=one)], Reached("", 0, 0, "0::0"))
        try:
            FlatRecords(compiled, file, ROOM).read(0, [key], 10**16)
        except DataFault:
            refused += 1
        else:
            assert one not in wrong
    assert refused > len(wrong) + 100
    file.close()


def test_replayed_twice_counts_once(tmp_path: Path) -> None:
    """Each record leaves out what its stamp has already."""
    compiled = compile_windows(random_windows(random.Random(5)))
    log, file = random_log(random.Random(5), EVENTS), RecordsFile(tmp_path)
    keys = [compiled.keys(event) for event in log.events]
    once, twice = FlatRecords(compiled, file, ROOM), FlatRecords(compiled, file, ROOM)
    for keeper, times in ((once, 1), (twice, 2)):
        for _ in range(times):
            keeper.replay(log.events, keys, log.a_us)
    now_us = log.a_us[-1] + 1
    for group, of_group in enumerate(zip(*keys, strict=True)):
        asked = sorted({key for key in of_group if key})
        values = [keeper.read(group, asked, now_us) for keeper in (once, twice)]
        np.testing.assert_array_equal(values[0], values[1])
        assert np.nansum(values[0]) > 0
    file.close()


def test_the_memory_grows_by_what_blocks_have() -> None:
    """What lies behind them is not copied: the system gives none of it before it is written."""
    space = Space(make_program(compile_windows(random_windows(random.Random(5)))))
    old, tail = space.memory.words, int(space.memory.meta[at.TAIL])
    old[tail : tail + 100] = 7
    space.grow()
    words = space.memory.words
    assert len(words) > len(old)
    np.testing.assert_array_equal(words[:tail], old[:tail])
    assert old[:tail].any()
    assert not words[tail : tail + 100].any()


def test_without_numba_records_are_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service without numba counts the same, in Python."""

    def absent(_: str) -> object:
        raise ModuleNotFoundError("No module named 'numba'", name="numba")

    assert fastest_keeper() is FlatRecords
    monkeypatch.setattr("risk_service.adapters.live.engines.import_module", absent)
    assert fastest_keeper() is RecordCache


def test_another_missing_module_is_no_reason_to_be_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only numba's absence is expected; anything else is a broken installation."""

    def broken(_: str) -> object:
        raise ModuleNotFoundError("No module named 'msgspec'", name="msgspec")

    monkeypatch.setattr("risk_service.adapters.live.engines.import_module", broken)
    with pytest.raises(ModuleNotFoundError):
        fastest_keeper()
