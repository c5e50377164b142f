"""The kernels count as the online records do, to the last digit."""

import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from risk_service.features.windows.checks import make_windows
from risk_service.features.windows.terms import EventFilter, WindowFeature, WindowSet
from risk_service.features.windows.tiles import BY_NAME, Window
from tests.fixtures.window_oracle import Counted, oracle_row
from tests.fixtures.window_replay import (
    COLUMNS,
    FIELDS,
    KINDS,
    Stamped,
    random_log,
    random_windows,
    replay,
)
from training.windows import part, scratch
from training.windows.build import build_windows, read_at
from training.windows.log import EventLog, GroupStamps, hash_column


def _built(log: EventLog, window_set: WindowSet, out: Path, **effort: int) -> NDArray[np.float64]:
    table = pq.read_table(build_windows(log, window_set, out, **effort))
    assert table.column_names == ["event_id", *window_set.names]
    columns = [table[name].to_numpy() for name in window_set.names]
    return np.stack(columns, axis=1)


def _all_windows(measure: str = "count") -> WindowSet:
    """Return one measure over every window."""
    features = [
        WindowFeature(
            name=window, keys=("account",), events="all", measure=measure, window=window,
            of="device" if measure == "distinct" else "", cap=64 if measure == "distinct" else 0,
            unit="", default=0.0, description_en="", description_zh="",
        )
        for window in BY_NAME
    ]  # fmt: skip
    filters = [EventFilter(name="all", kinds=KINDS)]
    return make_windows(
        kinds=KINDS, fields=FIELDS, columns=COLUMNS, filters=filters, features=features
    )


@pytest.mark.parametrize("seed", range(12))
@pytest.mark.parametrize("delay_us", [0, 3_000_000_000])
def test_kernels_equal_the_replayed_records(seed: int, delay_us: int, tmp_path: Path) -> None:
    """Late events, clocks ahead, missing keys, pairs, caps, two stamps: no value differs."""
    rng = random.Random(seed)
    window_set, stamped = random_windows(rng), random_log(rng, 700, delay_us)
    found = _built(stamped.log(window_set), window_set, tmp_path / "w.parquet", part_events=150)
    np.testing.assert_array_equal(found, replay(window_set, stamped))


@pytest.mark.parametrize("seed", range(100, 106))
def test_kernels_equal_the_formulas(seed: int, tmp_path: Path) -> None:
    """A brute-force count by the written formulas, which shares no code, gives the same."""
    rng = random.Random(seed)
    window_set, stamped = random_windows(rng), random_log(rng, 400, delay_us=3_000_000_000)
    found = _built(stamped.log(window_set), window_set, tmp_path / "w.parquet")
    reads = [place for place, r_us in enumerate(stamped.r_us) if r_us]
    counted = [
        Counted(a_us=a_us, tau_us=stamped.tau_us(place), kind=event.kind, fields=event.fields,
                columns=event.columns)
        for place, (event, a_us) in enumerate(zip(stamped.events, stamped.a_us, strict=True))
    ]  # fmt: skip
    for row in rng.sample(range(len(reads)), 50):
        place = reads[row]
        event, r_us = stamped.events[place], stamped.r_us[place]
        expected = oracle_row(window_set, counted, event.fields, r_us)
        np.testing.assert_array_equal(found[row], expected)


@pytest.mark.parametrize("measure", ["count", "distinct", "since"])
@pytest.mark.parametrize("name", [name for name in BY_NAME if name != "ever"])
@pytest.mark.parametrize("tiles", [1, -1])
def test_one_tile_more_or_less_is_caught(
    measure: str, name: str, tiles: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The comparison above sees a window that is off by one tile, and names no other window."""
    window_set, stamped = _all_windows(measure), random_log(random.Random(5), 3000, pauses=0.02)
    right = BY_NAME[name]
    wrong = Window(
        name=name, length_us=right.length_us + tiles * right.tile_us, tile_us=right.tile_us,
        text_en="", text_zh="",
    )  # fmt: skip
    monkeypatch.setattr(part, "BY_NAME", BY_NAME | {name: wrong})
    found = _built(stamped.log(window_set), window_set, tmp_path / "w.parquet")
    expected = replay(window_set, stamped)
    same = (found == expected) | (np.isnan(found) & np.isnan(expected))
    assert [column for column, good in zip(BY_NAME, same.all(axis=0), strict=True) if not good] == [
        name
    ]


def test_parts_and_threads_change_nothing(tmp_path: Path) -> None:
    """One part on one thread, or hundreds on two: the same file."""
    rng = random.Random(3)
    window_set, log = random_windows(rng), random_log(rng, 2000)
    events = log.log(window_set)
    whole = _built(events, window_set, tmp_path / "a", part_events=10**6, threads=1)
    many = _built(events, window_set, tmp_path / "b", part_events=7, threads=3)
    np.testing.assert_array_equal(whole, many)


def test_runs_of_few_rows_change_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """So many features that a run holds few rows are written as they are in one run."""
    rng = random.Random(3)
    window_set, stamped = random_windows(rng), random_log(rng, 300)
    event_log = stamped.log(window_set)
    whole = _built(event_log, window_set, tmp_path / "whole.parquet")
    monkeypatch.setattr(scratch, "RUN_BYTES", 8 * len(window_set.names) * 20)
    np.testing.assert_array_equal(_built(event_log, window_set, tmp_path / "runs.parquet"), whole)
    groups = pq.ParquetFile(tmp_path / "runs.parquet").num_row_groups
    assert groups == -(-len(event_log.reads) // 20) > 1


def test_rows_are_the_reads_in_the_order_of_the_log(tmp_path: Path) -> None:
    """One row per read, under its event's id; events that read nothing have none."""
    stamped = random_log(random.Random(1), 300)
    window_set = _all_windows()
    build_windows(stamped.log(window_set), window_set, tmp_path / "w")
    wanted = [
        event.event_id for event, r_us in zip(stamped.events, stamped.r_us, strict=True) if r_us
    ]
    assert pq.read_table(tmp_path / "w")["event_id"].to_pylist() == wanted


def test_stamps_of_each_group_are_used(tmp_path: Path) -> None:
    """Where every key group stamps by itself, each group counts by its own stamps."""
    rng = random.Random(8)
    window_set, stamped = random_windows(rng), random_log(rng, 500)
    log = stamped.log(window_set)
    groups = len(window_set.groups)
    # Each group's clock is some microseconds off, and so are its stamps.
    shift = np.array([rng.randrange(-5, 6) * 10**7 for _ in range(groups)])
    moved = [values[:, None] + shift for values in (log.a_us, log.tau_us)]
    stamps = GroupStamps(
        applied_us=moved[0],
        effective_us=moved[1],
        read_us=np.where(log.r_us[:, None] > 0, log.r_us[:, None] + shift, 0),
    )
    by_group = EventLog(
        event_id=log.event_id, kind=log.kind, a_us=log.a_us, tau_us=log.tau_us, r_us=log.r_us,
        fields=log.fields, columns=log.columns, stamps=stamps,
    )  # fmt: skip
    found = _built(by_group, window_set, tmp_path / "w")
    for number, group in enumerate(window_set.groups):
        alone = Stamped(
            events=[
                type(event)(event.event_id, event.kind, event.at_us + int(shift[number]),
                            event.fields, event.columns)
                for event in stamped.events
            ],
            a_us=[a_us + int(shift[number]) for a_us in stamped.a_us],
            r_us=[r_us and r_us + int(shift[number]) for r_us in stamped.r_us],
        )  # fmt: skip
        mine = [window_set.names.index(feature.name) for feature in group.features]
        np.testing.assert_array_equal(found[:, mine], replay(window_set, alone)[:, mine])


def test_any_key_can_be_read_at_any_time() -> None:
    """Windows of other keys, in any order of time, equal the records read at that moment."""
    rng = random.Random(21)
    window_set, stamped = random_windows(rng), random_log(rng, 600)
    log = stamped.log(window_set)
    expected = replay(window_set, stamped)
    rows = list(range(len(expected)))
    rng.shuffle(rows)
    places = log.reads[rows]
    for number, group in enumerate(window_set.groups):
        keys = np.stack([log.field(name, places) for name in group.keys], axis=1)
        found = read_at(log, window_set, number, keys, log.r_us[places])
        mine = [window_set.names.index(feature.name) for feature in group.features]
        np.testing.assert_array_equal(found, expected[np.ix_(rows, mine)])


def test_an_unknown_key_has_no_events_and_a_missing_one_no_windows() -> None:
    """A key that nobody saw counts 0; without a key every window is missing."""
    window_set, stamped = _all_windows(), random_log(random.Random(2), 50)
    log = stamped.log(window_set)
    keys = np.concatenate((hash_column(pa.array(["nobody", ""])), [0]))
    found = read_at(log, window_set, 0, keys, np.full(3, log.a_us[-1] + 1))
    np.testing.assert_array_equal(found[0], 0.0)
    assert np.isnan(found[1:]).all()


@pytest.mark.parametrize("measure", ["count", "distinct", "since"])
def test_a_log_without_events_or_reads_has_no_rows(measure: str, tmp_path: Path) -> None:
    """Nothing in, an empty file out; reads without any counted event count nothing."""
    window_set = _all_windows(measure)
    empty = Stamped(events=[], a_us=[], r_us=[]).log(window_set)
    assert _built(empty, window_set, tmp_path / "w").shape == (0, len(BY_NAME))
    found = read_at(empty, window_set, 0, np.array([5]), np.array([10**15]))
    expected = np.nan if measure == "since" else 0.0
    np.testing.assert_array_equal(found, np.full((1, len(BY_NAME)), expected))


def test_a_directory_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    """The fault names the file, and no scratch is left."""
    (tmp_path / "file").write_text("x")
    window_set = _all_windows()
    log = random_log(random.Random(1), 20).log(window_set)
    with pytest.raises(ConfigFault, match=r"w\.parquet: cannot be written"):
        build_windows(log, window_set, tmp_path / "file" / "w.parquet")
    build_windows(log, window_set, tmp_path / "w.parquet")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "w.parquet"]


def test_progress_reaches_the_end_of_each_stage(tmp_path: Path) -> None:
    """Every key group and the writing report all of all."""
    window_set = _all_windows()
    last: dict[str, tuple[int, int]] = {}
    build_windows(
        random_log(random.Random(1), 100).log(window_set),
        window_set,
        tmp_path / "w",
        progress=lambda stage, *done: last.update({stage: done}),
        part_events=30,
    )
    assert list(last) == ["account", "write"]
    assert all(done == total for done, total in last.values())


def test_a_hot_entity_is_counted_right(tmp_path: Path) -> None:
    """A million events of one key: counts follow from the arithmetic of the tiles."""
    count, step_us = 1_000_000, 1_000_000
    at_us = 1_760_000_400_000_000 + np.arange(count) * step_us
    window_set = _all_windows()
    log = EventLog(
        event_id=pa.array(np.arange(count)).cast(pa.string()),
        kind=np.zeros(count, np.int16),
        a_us=at_us,
        tau_us=at_us,
        r_us=at_us,
        fields={name: np.ones(count, np.int64) for name in FIELDS},
        columns={name: np.zeros(count, np.int64) for name in COLUMNS},
    )
    found = _built(log, window_set, tmp_path / "w")
    for column, window in enumerate(BY_NAME.values()):
        before = np.arange(count)
        if window.tile_us:
            tiles = at_us // window.tile_us - window.length_us // window.tile_us
            before = np.minimum(before, (at_us - tiles * window.tile_us) // step_us)
        np.testing.assert_array_equal(found[:, column], before)


def test_an_event_without_a_stamp_reads_and_never_counts(tmp_path: Path) -> None:
    """A second look at an order (a passed challenge) changes nothing for the others."""
    window_set, stamped = _all_windows(), random_log(random.Random(4), 400)
    expected = replay(window_set, stamped)
    orders = [
        place for place, r_us in enumerate(stamped.r_us) if r_us and stamped.events[place].fields[0]
    ]
    first = stamped.events[orders[0]]
    again = Stamped(
        events=[*stamped.events, first],
        a_us=[*stamped.a_us, 0],
        r_us=[*stamped.r_us, stamped.r_us[orders[0]] + 1],
    )
    found = _built(again.log(window_set), window_set, tmp_path / "w")
    np.testing.assert_array_equal(found[:-1], expected)
    assert np.all(found[-1] >= 1)
