"""The record of an entity, held to brute force by the formulas."""

import math
import random
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.features.windows import moments
from risk_service.features.windows.declaration import WindowSet, load_windows
from risk_service.features.windows.plan import compile_windows
from risk_service.features.windows.record import Record
from risk_service.features.windows.tiles import BY_NAME, WINDOWS, Window, expiry_us
from tests.fixtures.window_oracle import oracle_row
from tests.unit.windows.worlds import (
    CAPS,
    COLUMNS,
    EDGES_S,
    KINDS,
    SECOND_US,
    START_US,
    Arrival,
    Desk,
    declared,
    everything,
    feature,
    random_arrivals,
)

EVERYTHING = everything()
COMPILED = compile_windows(EVERYTHING)


def same(left: list[float], right: list[float]) -> bool:
    """Return whether two rows are equal to the last bit, NaN included."""
    return list(map(repr, left)) == list(map(repr, right))


def wrong_values(window_set: WindowSet, desk: Desk, arrivals: list[Arrival], repack: int) -> int:
    """Return in how many values record and oracle differ; repacks every so many events."""
    wrong = 0
    for number, arrival in enumerate(arrivals):
        r_us, fields, values = desk.take(arrival)
        before = [event for event in desk.counted if event.a_us < r_us]
        expected = oracle_row(window_set, before, fields, r_us)
        wrong += sum(repr(a) != repr(b) for a, b in zip(values, expected, strict=True))
        if repack and number % repack == 0:
            desk.repack()
    return wrong


@st.composite
def arrivals(draw: st.DrawFn) -> Arrival:
    """Draw an arrival near the edges of tiles and windows."""
    edge_us = st.builds(
        lambda edge_s, off_us: edge_s * SECOND_US + off_us,
        st.sampled_from(EDGES_S),
        st.sampled_from((-1, 0, 1)),
    )
    field = st.sampled_from(("", "a", "b", "c"))
    return Arrival(
        gap_us=max(1, draw(edge_us)),
        kind=draw(st.integers(0, len(KINDS) - 1)),
        lag_us=draw(st.one_of(st.just(0), edge_us, edge_us.map(lambda us: -us))),
        fields=(draw(st.sampled_from(("", "a"))), draw(field), draw(field)),
        columns=tuple(draw(st.integers(0, 99)) for _ in COLUMNS),
    )


@settings(max_examples=60)
@given(st.lists(arrivals(), max_size=14), st.integers(0, 3))
def test_record_equals_the_formulas(drawn: list[Arrival], repack: int) -> None:
    """Every measure over every window equals brute force, whatever the order and the packing."""
    assert wrong_values(EVERYTHING, Desk(COMPILED), drawn, repack) == 0


@pytest.mark.parametrize("seed", range(3))
def test_record_equals_the_formulas_over_long_logs(seed: int) -> None:
    """Logs long enough for merged tiles and full maps hold no wrong value either."""
    rng = random.Random(seed)
    drawn = list(random_arrivals(rng, 200, values=(8, 40, 120)[seed]))
    desk = Desk(COMPILED)
    assert wrong_values(EVERYTHING, desk, drawn, repack=(0, 7, 50)[seed]) == 0
    assert desk.refused > 0


@pytest.mark.parametrize("window", WINDOWS, ids=lambda window: window.name)
@pytest.mark.parametrize("off", [-1, 1])
def test_window_off_by_one_tile_is_caught(
    window: Window, off: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One tile more or less in any window, and the comparison finds wrong values."""
    right = moments._span

    def span(asked: Window) -> tuple[int, int]:
        width, count = right(asked)
        return width, count + off * (asked is window)

    monkeypatch.setattr(moments, "_span", span)
    window_set = declared([feature(("card",), "attempt", "count", w) for w in BY_NAME])
    # Read at the last moment at which the first attempt is still in the window, and the next.
    last_us = expiry_us(window, START_US + SECOND_US) - START_US - SECOND_US - 2
    drawn = [
        Arrival(gap_us=gap_us, kind=0, lag_us=0, fields=("a", "a", "a"), columns=(1, 1))
        for gap_us in (SECOND_US, last_us, 1)
    ]
    assert wrong_values(window_set, Desk(compile_windows(window_set)), drawn, repack=0) == 1


@pytest.mark.parametrize("cap", CAPS)
def test_distinct_is_the_lesser_of_cap_and_truth(cap: int) -> None:
    """With 3 to 200 values in play, late ones too, a capped distinct is exactly min(cap, truth)."""
    features = [feature(("card",), "after", "distinct", w, "mail", cap) for w in ("10m", "24h")]
    window_set = declared(features)
    for values in (3, 200):
        drawn = list(random_arrivals(random.Random(values), 250, values))
        assert wrong_values(window_set, Desk(compile_windows(window_set)), drawn, repack=40) == 0


def test_the_promotion_windows_equal_the_formulas() -> None:
    """All declared features equal brute force over a stream of every kind of event."""
    window_set = load_windows()
    rng = random.Random(6)
    drawn = [
        replace(
            arrival,
            kind=rng.choice((0, 0, *range(len(window_set.kinds)))),
            fields=tuple(f"{rng.randrange(3) or ''}" for _ in window_set.fields),
            columns=tuple(rng.choice((0, 1, 6, 900, 2_999)) for _ in window_set.columns),
        )
        for arrival in random_arrivals(rng, 150)
    ]
    assert wrong_values(window_set, Desk(compile_windows(window_set)), drawn, repack=9) == 0


@settings(max_examples=25)
@given(st.lists(arrivals(), max_size=14), st.sampled_from(WINDOWS), st.sampled_from(CAPS))
def test_nothing_is_forgotten_too_early(drawn: list[Arrival], window: Window, cap: int) -> None:
    """Packed after every event, with a single window and no ever, no value is wrong."""
    features = [
        feature(("card",), "attempt", "count", window.name),
        feature(("card",), "large", "sum", window.name, "amount"),
        feature(("card",), "attempt", "distinct", window.name, "mail", cap),
    ]
    window_set = declared(features)
    assert wrong_values(window_set, Desk(compile_windows(window_set)), drawn, repack=1) == 0


def test_value_at_the_very_start_of_its_window_is_kept() -> None:
    """A value whose tile is the first of the window survives packing, and counts once."""
    window_set = declared([feature(("card",), "attempt", "distinct", "1h", "mail", 5)])
    record = Record(compile_windows(window_set).plans[0])
    hour = WINDOWS[2]
    tau_us = START_US - START_US % hour.tile_us
    last_us = expiry_us(hour, tau_us) - 1
    # The one before is out of the window: it is what makes packing look for more.
    for value, at_us in ((66, tau_us - hour.tile_us), (77, tau_us)):
        record.apply(at_us, at_us, 1, (0, 0), (value,))
    record = Record.unpack(record.plan, record.pack(last_us))
    assert record.read(last_us) == [1.0]
    record.apply(last_us, last_us, 1, (0, 0), (77,))
    assert record.read(last_us + 1) == [1.0]


def test_last_is_that_of_the_latest_time_then_of_the_latest_arrival() -> None:
    """A late event does not replace a newer one; of two of one time the later arrival counts."""
    window_set = declared([feature(("card",), "after", "last", "1h", "amount")])
    record = Record(compile_windows(window_set).plans[0])
    found = []
    for a_us, tau_us, amount in ((10, 5, 1), (11, 4, 2), (12, 5, 3), (13, 6, 4)):
        record.apply(START_US + a_us, START_US + tau_us, 2, (0, amount), ())
        found += record.read(START_US + a_us + 1)
    assert found == [1.0, 1.0, 3.0, 4.0]


def test_reading_changes_nothing() -> None:
    """A copy that was read between equals a record that was not."""
    desk = Desk(COMPILED)
    for arrival in random_arrivals(random.Random(9), 150):
        desk.take(arrival)
    (record, *_) = desk.records[0].values()
    twin = record.copy()
    for ahead_us in (1, 10**9, 10**13):
        record.read(desk.now_us + ahead_us)
    assert same(record.read(desk.now_us + 5), twin.read(desk.now_us + 5))
    assert record.pack() == twin.pack()


def test_copy_is_independent() -> None:
    """What is applied to a copy, into any of its tiles and maps, does not reach the original."""
    plan = COMPILED.plans[0]
    record = Record(plan)
    for minute in range(3):
        at_us = START_US + minute * 60 * SECOND_US
        record.apply(at_us, at_us, 7, (1, 60), (minute + 1,))
    before = record.read(at_us + 9)
    copy = record.copy()
    for minute in range(3):
        tau_us = START_US + minute * 60 * SECOND_US
        copy.apply(at_us + 1 + minute, tau_us, 7, (2, 70), (minute + 10,))
    assert same(record.read(at_us + 9), before)
    assert not same(copy.read(at_us + 9), before)


def test_since_holds_the_whole_first_tile() -> None:
    """An event at the very start of the window is still in it, to the microsecond."""
    window_set = declared([feature(("card",), "after", "since", "1h")])
    record = Record(compile_windows(window_set).plans[0])
    hour = WINDOWS[2]
    tau_us = START_US - START_US % hour.tile_us
    record.apply(tau_us, tau_us, 2, (0, 0), ())
    last_us = expiry_us(hour, tau_us) - 1
    assert record.read(last_us) == [(last_us - tau_us) / 1e6]
    assert math.isnan(record.read(last_us + 1)[0])


def test_empty_record_counts_nothing_and_has_no_times() -> None:
    """A key without events: counts, sums and distincts are 0, last and since are missing."""
    for plan in COMPILED.plans:
        for item, value in zip(plan.features, Record(plan).read(START_US), strict=True):
            assert math.isnan(value) if item.measure in ("last", "since") else value == 0.0
