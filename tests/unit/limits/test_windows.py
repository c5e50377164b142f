"""Where an order is noted and what counts with it, at the edges of every window."""

from datetime import datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from risk_service.limits.windows import (
    HOUR_US,
    SECOND_US,
    Calendar,
    Campaign,
    Lifetime,
    Rolling,
    Session,
)
from tests.fixtures.ledgers import demand, line

DAY_US = 86_400 * SECOND_US
ZONES = sorted(available_timezones())


def micros(text: str) -> int:
    """Return a time with its offset in microseconds."""
    return round(datetime.fromisoformat(text).timestamp() * SECOND_US)


@pytest.mark.parametrize(
    ("unit", "start", "at", "begins", "ends"),
    [
        ("day", "00:00", "2026-11-11T00:00:00", "2026-11-11T00:00", "2026-11-12T00:00"),
        ("day", "04:00", "2026-11-11T03:59:59", "2026-11-10T04:00", "2026-11-11T04:00"),
        ("week", "00:00", "2026-11-11T12:00:00", "2026-11-09T00:00", "2026-11-16T00:00"),
        ("month", "00:00", "2026-12-31T23:59:59", "2026-12-01T00:00", "2027-01-01T00:00"),
        ("month", "04:00", "2026-12-01T03:00:00", "2026-11-01T04:00", "2026-12-01T04:00"),
        ("hour", "00:00", "2026-11-11T12:34:56", "2026-11-11T12:00", "2026-11-11T13:00"),
    ],
)
def test_calendar_periods(unit: str, start: str, at: str, begins: str, ends: str) -> None:
    """Periods begin by the clock on the wall of their time zone."""
    calendar = Calendar(unit, ZoneInfo("Asia/Shanghai"), time.fromisoformat(start))
    at_us, begins_us, ends_us = (micros(f"{text}+08:00") for text in (at, begins, ends))
    assert calendar.period(at_us) == (begins_us, ends_us)
    assert calendar.place(demand("o"), line(), at_us).resets_at_us == ends_us


def test_days_of_23_and_25_hours() -> None:
    """A day in which clocks change is as long as it is."""
    calendar = Calendar("day", ZoneInfo("Europe/Berlin"), time())
    for noon, hours in (("2026-03-29T12:00:00+02:00", 23), ("2026-10-25T12:00:00+01:00", 25)):
        begins, ends = calendar.period(micros(noon))
        assert (ends - begins) // SECOND_US == hours * 3600


@pytest.mark.parametrize(
    ("at", "begins", "ends"),
    [
        # At 02:00 it is 01:30 again: the hour is whole, and then comes half of one.
        ("01:59:59+11:00", "01:00:00+11:00", "02:00:00+11:00"),
        ("01:30:00+10:30", "02:00:00+11:00", "02:00:00+10:30"),
        ("01:59:59+10:30", "02:00:00+11:00", "02:00:00+10:30"),
        ("02:00:00+10:30", "02:00:00+10:30", "03:00:00+10:30"),
    ],
)
def test_half_an_hour_that_comes_twice(at: str, begins: str, ends: str) -> None:
    """Where clocks change by half an hour, what they repeat is a period of its own."""
    calendar = Calendar("hour", ZoneInfo("Australia/Lord_Howe"), time())
    at_us, begins_us, ends_us = (micros(f"2026-04-05T{text}") for text in (at, begins, ends))
    assert calendar.period(at_us) == (begins_us, ends_us)


def test_half_an_hour_that_never_comes() -> None:
    """At 02:00 it is 02:30: half an hour is left of that hour."""
    calendar = Calendar("hour", ZoneInfo("Australia/Lord_Howe"), time())
    change_us = micros("2026-10-04T02:00:00+10:30")
    assert calendar.period(change_us - 1) == (change_us - HOUR_US, change_us)
    assert calendar.period(change_us) == (change_us, change_us + HOUR_US // 2)


@cache
def changes_of(zone: str, year: int) -> tuple[int, ...]:
    """Return about when clocks change in a year, in seconds."""
    first_s = micros(f"{year}-01-01T00:00:00+00:00") // SECOND_US
    hours = [first_s + 3600 * hour for hour in range(366 * 24)]
    offsets = [datetime.fromtimestamp(at_s, ZoneInfo(zone)).utcoffset() for at_s in hours]
    return tuple(at_s for at_s, one, next_one in zip(hours, offsets, offsets[1:], strict=False)
                 if one != next_one)  # fmt: skip


@st.composite
def times(draw: st.DrawFn) -> tuple[str, int]:
    """Draw a zone and a time, most often one around a change of its clocks."""
    zone = draw(st.sampled_from(ZONES))
    changes = changes_of(zone, draw(st.integers(1971, 2037)))
    if not changes:
        return zone, draw(st.integers(0, 4_000_000_000))
    return zone, draw(st.sampled_from(changes)) + draw(st.integers(-7_200, 90_000))


@settings(deadline=None)
@example(("Australia/Lord_Howe", 1_775_314_800), "hour", "00:00")
@example(("America/Goose_Bay", 1_289_100_600), "day", "00:00")
@example(("Pacific/Apia", 1_325_241_000), "day", "23:59")
@given(
    zone_and_time=times(),
    unit=st.sampled_from(["hour", "day", "week", "month"]),
    start=st.sampled_from(["00:00", "02:30", "04:00", "23:59"]),
)
def test_periods_meet_without_gap_or_overlap(
    zone_and_time: tuple[str, int], unit: str, start: str
) -> None:
    """Every time lies in its period, and the next period begins where it ends, in every zone."""
    zone, at_s = zone_and_time
    calendar = Calendar(unit, ZoneInfo(zone), time.fromisoformat(start))
    at_us = at_s * SECOND_US
    begins, ends = calendar.period(at_us)
    assert begins <= at_us < ends
    assert calendar.period(begins) == (begins, ends)
    assert calendar.period(ends - 1) == (begins, ends)
    assert calendar.period(ends)[0] == ends


@given(
    span_s=st.integers(1, 400 * 86_400),
    noted_us=st.integers(0, 10**16),
    later_us=st.integers(0, 800 * DAY_US),
    exact=st.booleans(),
)
def test_rolling_window_never_forgets_too_early(
    span_s: int, noted_us: int, later_us: int, exact: bool
) -> None:
    """Less than a span back always counts: to the microsecond, or up to a tile longer."""
    span_us = span_s * SECOND_US
    window = Rolling("rolling", span_us, exact=exact)
    cell_us = window.place(demand("o"), line(), noted_us).cell_us
    counts = cell_us > window.place(demand("o"), line(), noted_us + later_us).since_us
    if later_us < span_us:
        assert counts
    if later_us >= span_us + (0 if exact else window.tile_us):
        assert not counts


def test_place_of_the_other_windows() -> None:
    """Campaign, drop and lifetime write their period into the key."""
    asked = demand("o")
    assert Lifetime().place(asked, line(), 5) == Lifetime().place(asked, line(), 7)
    assert Campaign().place(asked, line(campaign="c-9"), 5).bucket == "c-9"
    assert Session().place(asked, line(), 5).bucket == "drop drop-1"


def test_offset_of_the_hour() -> None:
    """Hours begin on the wall's hour also where the offset is none of whole hours."""
    calendar = Calendar("hour", ZoneInfo("Asia/Kathmandu"), time())
    begins, _ = calendar.period(micros("2026-11-11T12:30:00+05:45"))
    local = datetime.fromtimestamp(begins / SECOND_US, ZoneInfo("Asia/Kathmandu"))
    assert (local.hour, local.minute) == (12, 0)
    assert local.utcoffset() == timedelta(hours=5, minutes=45)
