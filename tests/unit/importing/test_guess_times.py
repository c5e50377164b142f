"""Times that a guess finds where they stand in several columns, or in digits alone."""

from pathlib import Path
from typing import Any

import pytest

from training.datasets.importing.guess.guess import guess_mapping
from training.datasets.importing.time_advice import common_format

TIMES = [
    (("Year,Month,Day,Time", "2019,{m},{d},0{h}:21"), '"%Y %m %d %H:%M"'),
    (("year,month,day_of_month,hour", "2019,{m},{d},{h}"), '"%Y %m %d %H"'),
    (
        ("arrival_date_year,arrival_date_month,arrival_date_day_of_month", "2019,July,{d}"),
        '"%Y %B %d"',
    ),
    (("Year,Month", "2019,Feb"), '"%Y %b"'),
    (("领取日期,领取时间", "201905{d},0{h}2107"), '"%Y%m%d %H%M%S"'),
    (("date,clock", "2019-05-{d},0{h}:21:07"), '"%Y-%m-%d %H:%M:%S"'),
    (("Datum,Uhrzeit", "{d}.05.2019,0{h}:21"), '"%d.%m.%Y %H:%M"'),
]


def _write(path: Path, header: str, row: str, rows: int = 60) -> Path:
    """Return a file in which neither users nor times stand in order of time."""
    lines = [
        f"u{i % 7}," + row.format(m=i % 12 + 1, d=f"{i % 28 + 1:02d}", h=i % 9) + f",{i % 5 == 0:d}"
        for i in range(rows)
    ]
    path.write_text("\n".join([f"user,{header},fraud", *lines]) + "\n", "utf-8")
    return path


@pytest.mark.parametrize(("columns", "expected"), TIMES)
def test_a_time_of_several_columns_is_joined(
    bench: Any, tmp_path: Path, columns: tuple[str, str], expected: str
) -> None:
    """Year, month, day and clock, or day and clock: the guess imports as it is."""
    source = _write(tmp_path / "f.csv", *columns)
    names = ", ".join(f'"{name}"' for name in columns[0].split(","))
    guess = guess_mapping(source).en
    assert f"time = {{ column = [{names}], format = {expected} }}" in guess
    told = bench.run(source, guess)
    assert (told.rows, told.start.year, told.end.year) == (60, 2019, 2019)


def test_a_day_with_an_hour_needs_no_clock(tmp_path: Path) -> None:
    """A column that tells the hour as well is the time, whatever else is called so."""
    source = _write(tmp_path / "f.csv", "date,hour", "2019-05-{d} 0{h}:21:07,{h}")
    assert '\ntime = "date"\n' in guess_mapping(source).en


def test_a_file_sorted_by_user_keeps_its_user(tmp_path: Path) -> None:
    """What only rises with the rows is left out as a number, and not as somebody."""
    rows = [f"{i // 20},{i // 30},2019-05-{i % 28 + 1:02d},{i % 9 == 0:d}" for i in range(2_000)]
    path = tmp_path / "f.csv"
    path.write_text("\n".join(["user,step,date,fraud", *rows]) + "\n", "utf-8")
    guess = guess_mapping(path).en
    assert '\nuser = "user"      # 100 different' in guess
    assert '# not used: "step", only rises with the rows' in guess


def test_numbers_as_large_as_times_name_somebody(tmp_path: Path) -> None:
    """A phone or a device of ten digits is no time of the row, unless it is called so."""
    rows = [
        f"2024-05-{i % 28 + 1:02d},{2125551000 + i % 50},{1000000000 + i % 40},{i % 9 == 0:d}"
        for i in range(400)
    ]
    path = tmp_path / "f.csv"
    path.write_text("\n".join(["date,phone,设备指纹,fraud", *rows]) + "\n", "utf-8")
    guess = guess_mapping(path).en
    assert "\ndate" not in guess
    assert '\ntime = "date"' in guess
    assert 'phone = { column = "phone", digits = true }' in guess
    assert '= "设备指纹"      # 40 different' in guess


def test_a_file_without_a_header_gets_names(bench: Any, tmp_path: Path) -> None:
    """A first line of values is a row: it is imported like all others."""
    kinds = ("pv", "buy", "cart")
    path = tmp_path / "f.csv"
    rows = [
        f"{i % 40 + 10},{i % 90 + 1000},{kinds[i % 3]},{1511539200 + i % 77}" for i in range(900)
    ]
    path.write_text("\n".join(rows) + "\n", "utf-8")
    guess = guess_mapping(path)
    assert 'columns = ["column_1", "column_2", "column_3", "column_4"]      # ' in guess.en
    assert "首行似乎不是表头" in guess.zh
    assert 'time = { column = "column_4", format = "unix", unit = "s" }' in guess.en
    assert bench.run(path, guess.en).rows == 900


@pytest.mark.parametrize("names", ["time,user,2019,2020", "8,9,10,11", "0,1,2,fraud"])
def test_numbers_may_be_a_header(tmp_path: Path, names: str) -> None:
    """Years beside words are names, and so are the numbers of columns without names."""
    path = tmp_path / "f.csv"
    path.write_text(f"{names}\n2024-05-01,a,1,2\n2024-05-02,a,3,4\n", "utf-8")
    assert "columns = [" not in guess_mapping(path).en


def test_times_that_only_some_rows_have_are_named(tmp_path: Path) -> None:
    """Who is asked for the time is told which columns there are, and how to take their rows."""
    days = ("20160105", "null")
    rows = [f"{i % 90},{days[i % 4 == 0]},{days[i % 3 != 0]}" for i in range(400)]
    path = tmp_path / "f.csv"
    path.write_text("\n".join(["user_id,received,used", *rows]) + "\n", "utf-8")
    guess = guess_mapping(path)
    assert '{ column = "received", format = "%Y%m%d" } (75%)' in guess.en
    assert "[rows] where = ['\"received\" present']" in guess.en
    assert "只有部分行有值" in guess.zh


@pytest.mark.parametrize(
    ("examples", "expected"),
    [
        (["Tue, 14 Nov 2023 22:13:30 GMT"], "%a, %d %b %Y %H:%M:%S GMT"),
        (["14102100", "14103023"], "%y%m%d%H"),
        (["2014102100", "2014103023"], "%Y%m%d%H"),
        (["201410210005", "201410302359"], "%Y%m%d%H%M"),
        (["20141021", "20141030"], "%Y%m%d"),
        (["99999999"], None),
    ],
)
def test_digits_alone_are_read_by_their_length(examples: list[str], expected: str | None) -> None:
    """An hour that is written without signs is no other hour and no year 1410."""
    assert common_format(examples) == expected
