"""Times as sources write them: formats, units, zones, and what is refused."""

from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.timed_rows import Mapped, mapped_time, timed_rows, utc
from training.datasets.importing.iso_time import NAIVE_S, iso_clock
from training.datasets.importing.zones import local_to_utc

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NAIVE_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - the test is of local times
_MICROSECOND = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2024-05-01", utc(2024, 5, 1)),
        ("2024-05-01T12:30", utc(2024, 5, 1, 12, 30)),
        ("2024-05-01 12:30:15", utc(2024, 5, 1, 12, 30, 15)),
        ("2024-05-01 12:30:15.25", utc(2024, 5, 1, 12, 30, 15, 250_000)),
        ("2024-05-01T12:30:15,123456789Z", utc(2024, 5, 1, 12, 30, 15, 123_456)),
        ("2024-05-01T12:30:15+02:00", utc(2024, 5, 1, 10, 30, 15)),
        ("2024-05-01T12:30:15-0730", utc(2024, 5, 1, 20, 0, 15)),
        ("2024-05-01 12:30:15 UTC", utc(2024, 5, 1, 12, 30, 15)),
        ("2024-02-29 12:30:15+01", utc(2024, 2, 29, 11, 30, 15)),
        ("1999-12-31T23:59:59Z", utc(1999, 12, 31, 23, 59, 59)),
        ("２０２４-05-01　12：30", utc(2024, 5, 1, 12, 30)),
    ],
)
def test_iso_8601(bench: Any, text: str, expected: datetime) -> None:
    """A time keeps its own offset; a naive one is in UTC unless the mapping says otherwise."""
    bench.run(timed_rows(text, text))
    assert bench.column("event_at") == [expected, expected]


@pytest.mark.parametrize(
    "text",
    ["2023-02-29", "2024-13-01", "2024-00-10", "2024-05-01T24:00", "2024-05-01T12:60", "01/05/2024",
     "20240501", "2024-05-01T12:00:00+99:00", "yesterday", "1714558215", "2024-05-01T",
     "0001-01-01", "٢٠٢٤-05-01"],
)  # fmt: skip
def test_what_is_no_iso_time_is_named(bench: Any, text: str) -> None:
    """Row, column and value stand in the message."""
    fault = bench.fault(timed_rows("2024-05-01", text))
    assert "row 3: column time" in fault
    assert repr(text) in fault


def test_a_likely_format_is_advised(bench: Any) -> None:
    """The message says which format the value seems to have."""
    assert 'format = "%d/%m/%Y %H:%M"' in bench.fault(timed_rows("2024-05-01", "31/05/2024 10:00"))
    assert 'unit = "ms"' in bench.fault(timed_rows("2024-05-01", "1714558215000"))


@pytest.mark.parametrize(
    ("format_", "text"),
    [
        ("%d/%m/%Y %H:%M", "1/5/2024 9:05"),
        ("%m/%d/%Y %I:%M %p", "05/01/2024 09:05 AM"),
        ("%Y%m%d%H%M%S", "20240501090500"),
        ("%d-%b-%Y %H.%M", "01-May-2024 09.05"),
        ("%Y-%m-%d %H:%M:%S %z", "2024-05-01 11:05:00 +0200"),
    ],
)
def test_strftime_formats(bench: Any, mapped: Mapped, format_: str, text: str) -> None:
    """A format is written as in Python; %z is the value's own offset."""
    bench.run(timed_rows(text, text), mapped_time(mapped, format=format_))
    assert bench.column("event_at")[0] == utc(2024, 5, 1, 9, 5)


@pytest.mark.parametrize(
    ("unit", "text"),
    [("s", "1714558215"), ("s", "1714558215.0"), ("ms", "1714558215000"),
     ("ns", "1714558215000000999"),
     ("us", "1714558215000000"), ("s", "1.714558215e9")],
)  # fmt: skip
def test_unix_units(bench: Any, mapped: Mapped, unit: str, text: str) -> None:
    """Numbers since 1970 in the unit that the mapping names."""
    bench.run(timed_rows(text, text), mapped_time(mapped, format="unix", unit=unit))
    assert bench.column("event_at")[0] == utc(2024, 5, 1, 10, 10, 15)


@pytest.mark.parametrize(
    ("unit", "text", "expected"),
    [("h", "744", utc(2018, 1, 1)), ("d", "0.5", utc(2017, 12, 1, 12)),
     ("s", "86400", utc(2017, 12, 2)), ("min", "90", utc(2017, 12, 1, 1, 30))],
)  # fmt: skip
def test_numbers_from_an_origin(
    bench: Any, mapped: Mapped, unit: str, text: str, expected: datetime
) -> None:
    """Some files count hours or days from a day of their own, spreadsheets from 1899-12-30."""
    keys = {"format": "unix", "unit": unit, "origin": "2017-12-01"}
    bench.run(timed_rows(text, text), mapped_time(mapped, **keys))
    assert bench.column("event_at")[0] == expected
    sheet = mapped_time(mapped, format="unix", unit="d", origin="1899-12-30")
    bench.run(timed_rows("45000.5", "45001"), sheet)
    assert bench.column("event_at")[0] == utc(2023, 3, 15, 12)
    fault = bench.fault(timed_rows("1", "9" * 12), mapped_time(mapped, **keys))
    assert "row 3: column time: '999999999999' is not between" in fault


def test_a_fraction_of_a_unix_second_is_kept(bench: Any, mapped: Mapped) -> None:
    """Microseconds survive, exactly."""
    bench.run(timed_rows("1714558215.000001", "1714558215.25"), mapped_time(mapped, format="unix"))
    assert [at.microsecond for at in bench.column("event_at")] == [1, 250_000]


@pytest.mark.parametrize(
    ("unit", "text", "said"),
    [
        ("s", "1714558215000", "is the unit ms"),
        ("ms", "1714558215", 'is the unit "s" and not "ms"'),
        ("us", "1714558215000", '.csv: event.time: every event falls in 1970; is the unit "ms"'),
        ("us", "1714558215", "count from another day, name it: origin ="),
        ("s", "soon", "is not a Unix time in s"),
        ("s", "99999999999999999999", "is not a Unix time in s"),
        ("s", "1714558215000000999", "is the unit ns"),
        ("s", "86400", "and the unit, s min h d week or month"),
    ],
)
def test_a_wrong_unit_is_noticed(
    bench: Any, mapped: Mapped, unit: str, text: str, said: str
) -> None:
    """Events in the year 56301, or all in January 1970, are a slip of the unit."""
    assert said in bench.fault(
        timed_rows(text, text), mapped_time(mapped, format="unix", unit=unit)
    )


@pytest.mark.parametrize("stray", ["0", "1714558215"])
def test_a_time_in_1970_among_others_is_refused(bench: Any, mapped: Mapped, stray: str) -> None:
    """A zero for "no time", or seconds among milliseconds, would stand 54 years before the rest."""
    source = timed_rows("1714558215000", stray, "1714558216000", "1714558217000")
    fault = bench.fault(source, mapped_time(mapped, format="unix", unit="ms"))
    assert f"row 3: column time: '{stray}' falls in 1970, and other events in 2024" in fault
    later = mapped_time(mapped, format="unix", unit="ms", origin="1970-01-02")
    assert bench.run(source, later).rows == 4


def test_a_naive_time_is_in_the_zone_of_the_mapping(bench: Any, mapped: Mapped) -> None:
    """Summer and winter have their own offsets."""
    bench.run(
        timed_rows("2024-01-15 12:00:00", "2024-07-15 12:00:00"),
        mapped_time(mapped, zone="Europe/Berlin"),
    )
    assert bench.column("event_at") == [utc(2024, 1, 15, 11), utc(2024, 7, 15, 10)]


def test_an_hour_that_stands_twice_is_taken_early_and_noted(bench: Any, mapped: Mapped) -> None:
    """Clocks go back: the description says how many times were open."""
    description = bench.run(
        timed_rows("2024-10-27 02:30:00", "2024-10-27 04:30:00"),
        mapped_time(mapped, zone="Europe/Berlin"),
    )
    assert bench.column("event_at")[0] == utc(2024, 10, 27, 0, 30)
    assert "1 times stand twice in Europe/Berlin" in description.source.notes[0]


def test_an_hour_that_does_not_exist_is_refused(bench: Any, mapped: Mapped) -> None:
    """Clocks go forward: half past two never was."""
    source = timed_rows("2024-03-31 01:30:00", "2024-03-31 02:30:00")
    fault = bench.fault(source, mapped_time(mapped, zone="Europe/Berlin"))
    assert "row 3: column time: '2024-03-31 02:30:00' does not exist in Europe/Berlin" in fault


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("2024-05-01T10:00:00Z", "2024-05-01T10:00:00"),
        ("2024-05-01T10:00:00Z", "2024-05-01T10:00:00+02:00"),
        ("2024-05-01T10:00:00", "2024-05-01T10:00:00+02:00"),
    ],
)
def test_mixed_zones_are_refused_with_both_rows(bench: Any, first: str, second: str) -> None:
    """A column has one zone, or says that every value brings its own."""
    fault = bench.fault(timed_rows(first, second))
    assert "row 3" in fault
    assert "another time zone than" in fault
    assert "in row 2" in fault
    assert 'zone = "from value"' in fault


def test_every_value_may_bring_its_zone(bench: Any, mapped: Mapped) -> None:
    """With ``from value`` offsets may differ, and a naive time is refused."""
    mapping = mapped_time(mapped, zone="from value")
    bench.run(timed_rows("2024-05-01T10:00:00+02:00", "2024-05-01T10:00:00Z"), mapping)
    assert bench.column("event_at") == [utc(2024, 5, 1, 8), utc(2024, 5, 1, 10)]
    fault = bench.fault(timed_rows("2024-05-01T10:00:00+02:00", "2024-05-01T10:00:00"), mapping)
    assert "row 3: column time: '2024-05-01T10:00:00' has no zone of its own" in fault


def test_date_and_clock_in_two_columns(bench: Any, payments: str, mapped: Mapped) -> None:
    """Columns of a time are joined by a blank."""
    source = payments.replace("time,", "day,clock,").replace("T", ",").replace("Z", "")
    bench.run(source, mapped(('time = "time"', 'time = ["day", "clock"]')))
    assert bench.column("event_at")[0] == utc(2024, 5, 1, 9)


@pytest.mark.parametrize("kind", ["naive", "aware", "date"])
def test_typed_times_of_parquet(bench: Any, mapped: Mapped, tmp_path: Any, kind: str) -> None:
    """A timestamp needs no format; a naive one is in the mapping's zone."""
    kinds = {"naive": pa.timestamp("ns"), "aware": pa.timestamp("ms", "Asia/Tokyo"),
             "date": pa.date32()}  # fmt: skip
    at = pa.array([_NAIVE_EPOCH + timedelta(days=20_000)] * 2, pa.timestamp("us"))
    table = pa.table({"id": ["a", "b"], "time": at.cast(kinds[kind]), "card": ["c", "c"],
                      "shop": ["s", "s"], "price": [1.5, 2], "fraud": [0, 1]})  # fmt: skip
    pq.write_table(table, tmp_path / "t.parquet")
    bench.run(tmp_path / "t.parquet", mapped_time(mapped, zone="Asia/Shanghai"))
    shift = timedelta(0) if kind == "aware" else timedelta(hours=8)
    assert bench.column("event_at")[0] == _EPOCH + timedelta(days=20_000) - shift


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("", 'format = "isoo"', 'neither "iso8601" nor "unix"'),
        ("", 'unit = "ms"', 'go with format = "unix"'),
        ("", 'zone = "Europe/Berlim"', "did you mean 'Europe/Berlin'"),
        ("", 'format = "unix", origin = "soon"', "is not a day or time"),
        ("", 'origin = "2017-12-01"', "go with format"),
        ("", 'format = "%Q"', "format '%Q'"),
        ("", 'format = "%d %Z"', "several meanings"),
        ("", 'format = "unix", zone = "from value"', "from value"),
    ],
)
def test_a_wrong_time_of_a_mapping(
    bench: Any, mapped: Mapped, old: str, new: str, said: str
) -> None:
    """The key is named, and what would be right."""
    mapping = mapped(('time = "time"', f'time = {{ column = "time", {new} }}'))
    fault = bench.fault(mapping=mapping)
    assert "event.time" in fault
    assert said in fault


@settings(max_examples=60, deadline=None)
@given(
    zone=st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]
    ),
    at=st.lists(
        st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)),  # noqa: DTZ001 - local times
        min_size=1,
        max_size=20,
    ),
)
def test_zones_agree_with_the_standard_library(zone: str, at: list[datetime]) -> None:
    """Whole columns give what one conversion after the other gives."""
    local = [(moment - _NAIVE_EPOCH) // _MICROSECOND for moment in at]
    found, twice, never = local_to_utc(pa.array(local).to_numpy(), zone)
    for moment, utc_us, is_twice, is_never in zip(at, found, twice, never, strict=True):
        aware = moment.replace(tzinfo=ZoneInfo(zone))
        offsets = [aware.replace(fold=fold).utcoffset() for fold in (0, 1)]
        assert (is_twice, is_never) == (offsets[0] > offsets[1], offsets[0] < offsets[1])  # type: ignore[operator]
        if not is_never:
            assert int(utc_us) == (aware - _EPOCH) // _MICROSECOND


@settings(max_examples=100, deadline=None)
@given(
    at=st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)),  # noqa: DTZ001 - local times
    offset=st.one_of(st.none(), st.integers(-15 * 60, 15 * 60)),
)
def test_iso_times_agree_with_the_standard_library(at: datetime, offset: int | None) -> None:
    """Whatever ``isoformat`` writes is read as it was meant."""
    text = at.isoformat()
    if offset is not None:
        sign, minutes = ("-" if offset < 0 else "+"), abs(offset)
        text += f"{sign}{minutes // 60:02d}:{minutes % 60:02d}"
    clock = iso_clock(pa.array([text, None]))
    assert not clock.bad.any()
    assert int(clock.local_us[0]) == (at - _NAIVE_EPOCH) // _MICROSECOND
    assert int(clock.offset_s[0]) == (NAIVE_S if offset is None else offset * 60)
