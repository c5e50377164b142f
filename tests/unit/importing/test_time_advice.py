"""Times as people write them: what is advised is read, and what is counted begins at its origin."""

from datetime import date
from typing import Any

import pytest

from tests.fixtures.timed_rows import Mapped, mapped_time, timed_rows, utc
from tests.unit.importing.conftest import MAPPING
from training.datasets.importing.time_advice import common_format


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("2024/3/5 8:07", "%Y/%m/%d %H:%M"),
        ("2024-3-5 8:07", "%Y-%m-%d %H:%M"),
        ("2024年3月5日 8:07", "%Y年%m月%d日 %H:%M"),
        ("3/5/24 8:07", "%m/%d/%y %H:%M"),
        ("05-Mar-24", "%d-%b-%y"),
        ("3/5/2024 8:07 PM", "%m/%d/%Y %I:%M %p"),
        ("3/5/24 8:07 PM", "%m/%d/%y %I:%M %p"),
        ("Mar  5 2024  8:07PM", "%b %d %Y %I:%M%p"),
        ("5 March 2024", "%d %B %Y"),
    ],
)
def test_formats_of_spreadsheets_are_advised_and_read(
    bench: Any, mapped: Mapped, text: str, written: str
) -> None:
    """What the message says reads the column; an hour or day of one digit is one."""
    assert f'did you mean format = "{written}"?' in bench.fault(timed_rows(text, text))
    bench.run(timed_rows(text, text), mapped_time(mapped, format=written))
    assert {at.date() for at in bench.column("event_at")} == {date(2024, 3, 5)}


def test_a_day_taken_for_a_month_is_told(bench: Any, mapped: Mapped) -> None:
    """The other order is named when it reads every row that was seen."""
    fault = bench.fault(
        timed_rows("05/03/2024", "25/03/2024"), mapped_time(mapped, format="%m/%d/%Y")
    )
    assert "row 3: column time: '25/03/2024' is not a time of the format" in fault
    assert "did you mean '%d/%m/%Y'?" in fault


@pytest.mark.parametrize(("order", "first"), [("%d/%m/%Y", "01/05"), ("%m/%d/%Y", "05/01")])
def test_days_that_could_be_months_lie_close_together(order: str, first: str) -> None:
    """Twelve days of May are one month, and not a day of each."""
    days = [f"{day:02d}/05/2024" for day in range(1, 13)]
    told = days if order.startswith("%d") else [f"05/{day[:2]}/2024" for day in days]
    assert told[0].startswith(first)
    assert common_format(told) == order


def test_the_other_order_is_advised_by_all_that_cannot_be_read(bench: Any) -> None:
    """The first of the days alone would be the fifth of January."""
    fault = bench.fault(timed_rows(*(f"05/{day:02d}/2024" for day in range(1, 13))))
    assert fault.count('did you mean format = "%m/%d/%Y"?') == 12


def test_a_label_before_its_event_is_told_of_days_taken_for_months(bench: Any) -> None:
    """The event may have been read as one of another month, or the day of its label."""
    mapping = MAPPING.replace('shop = "shop"\n', "") + (
        'known_at = { column = "shop", format = "%m/%d/%Y" }\n'
    )
    mapping = mapping.replace('"time"', '{ column = "time", format = "%d/%m/%Y" }', 1)
    payments = "id,time,card,shop,price,fraud\na1,{},1,03/05/2024,1,1\n"
    known = 'labels.fraud.known_at takes it for the month? format = "%d/%m/%Y" reads'
    told = bench.fault(payments.format("02/05/2024"), mapping)
    assert 'event.time takes it for the month? format = "%m/%d/%Y" reads' in told
    assert known in told
    told = bench.fault(payments.format("20/04/2024"), mapping)
    assert "event.time" not in told
    assert known in told


def test_a_number_that_only_counts_is_told_what_the_mapping_must_say(
    bench: Any, mapped: Mapped
) -> None:
    """A step of an hour is no time by itself: unit and first day stand nowhere in the file."""
    keys = {"format": "unix", "unit": "h", "origin": "2024-01-01"}
    fault = bench.fault(timed_rows("1", "25"))
    assert all(f'{key} = "{value}"' in fault for key, value in keys.items())
    bench.run(timed_rows("1", "25"), mapped_time(mapped, **keys))
    assert bench.column("event_at") == [utc(2024, 1, 1, 1), utc(2024, 1, 2, 1)]


def test_months_and_weeks_are_counted_from_their_origin(bench: Any, mapped: Mapped) -> None:
    """A month is one of the calendar, whatever its length; half of one is no time."""
    told = mapped(
        (
            'time = "time"',
            'time = { column = "time", format = "unix", unit = "month", origin = "2023-11-01" }',
        )
    )
    bench.run(timed_rows("0", "4.0"), told)
    assert bench.column("event_at") == [utc(2023, 11, 1), utc(2024, 3, 1)]
    assert "row 3: column time: '4.5' is not a whole number of months" in bench.fault(
        timed_rows("0", "4.5"), told
    )
    assert "is not between the years 1900 and 2200" in bench.fault(timed_rows("0", "9e18"), told)
    bench.run(timed_rows("0", "1.5"), told.replace('"month"', '"week"'))
    assert bench.column("event_at") == [utc(2023, 11, 1), utc(2023, 11, 11, 12)]


def test_months_begin_where_their_origin_lies(bench: Any, mapped: Mapped) -> None:
    """New Year in Shanghai is a day of December in UTC, and the months are Shanghai's."""
    keys = {"format": "unix", "unit": "month", "origin": "2024-01-01T00:00:00+08:00"}
    bench.run(timed_rows("0", "2"), mapped_time(mapped, **keys))
    assert bench.column("event_at") == [utc(2023, 12, 31, 16), utc(2024, 2, 29, 16)]
