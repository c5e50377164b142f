"""Labels of what came of a row: made by conditions, and known when what a time names is over."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Mapped = Callable[..., str]
_WHEN = """\
column = "fraud"
positive = ["1"]
delay = "7d"
"""


def _returns(*days: str) -> str:
    """Return orders of the first days of May, with the day on which each came back."""
    lines = [f"e{row},2024-05-{row + 1:02d}T10:00:00,c,s,1,{day}\n" for row, day in enumerate(days)]
    return "id,time,card,shop,price,back\n" + "".join(lines)


def _when(mapped: Mapped, keys: str) -> str:
    return mapped((_WHEN, keys))


def test_conditions_make_a_label(bench: Any, mapped: Mapped) -> None:
    """Positive is known on its day, negative when the delay went by; the young have none."""
    mapping = _when(mapped, 'when = ["back present"]\nknown_at = "back"\ndelay = "3d"\n')
    label = bench.run(_returns("2024-05-02", "", "", "2024-05-04", "2024-05-05"), mapping).labels
    day = timedelta(days=1)
    second = datetime(2024, 5, 2, 23, 59, 59, 999_999, tzinfo=UTC)
    assert [(row["event_id"], row["value"], row["known_at"]) for row in bench.labels()] == [
        ("e0", 1, second),
        ("e1", 0, datetime(2024, 5, 2, 10, tzinfo=UTC) + 3 * day),
    ]
    assert label["fraud"].unlabelled == 3
    assert label["fraud"].positive == ("back present",)
    assert label["fraud"].known_from == "conditions"


def test_a_day_alone_is_known_at_its_end(bench: Any, mapped: Mapped) -> None:
    """Not at its beginning, when the event of that very day had not happened."""
    keys = 'when = ["back present"]\ndelay = "0s"\nknown_at = '
    for day, known_at in (
        ("2024-05-01", '"back"'),
        ("1.5.2024", '{ column = "back", format = "%d.%m.%Y" }'),
    ):
        bench.run(_returns(day, ""), _when(mapped, f"{keys}{known_at}\n"))
        assert str(bench.labels()[0]["known_at"]) == "2024-05-01 23:59:59.999999+00:00"
    mapping = _when(mapped, f'{keys}"back"\n')
    bench.run(_returns("2024-05-01T11:00:00", ""), mapping)
    assert bench.labels()[0]["known_at"].hour == 11
    assert "before the event" in bench.fault(_returns("2024-05-01T09:00:00", ""), mapping)


def test_a_refused_day_settles_nothing(bench: Any, mapped: Mapped) -> None:
    """A return in another year is a slip of the pen: the file ends no later because of it."""
    mapping = _when(mapped, 'when = ["back present"]\nknown_at = "back"\ndelay = "3d"\n')
    mapping = mapping.replace("[event]", "[rows]\nmax_bad_rows = 1\n[event]")
    source = _returns("2024-05-02", "", "", "", "", "2199-01-01")
    assert bench.run(source, mapping).source.refused == 1
    assert [row["event_id"] for row in bench.labels()] == ["e0", "e1", "e2"]


@pytest.mark.parametrize(
    ("cell", "keys", "ends"),
    [
        ("2", 'format = "unix", unit = "d", origin = "2024-05-01"', "2024-05-03"),
        ("2.75", 'format = "unix", unit = "d", origin = "2024-05-01"', "2024-05-03 18:00"),
        ("50", 'format = "unix", unit = "h", origin = "2024-05-01"', "2024-05-03 02:59:59.999999"),
        ("1", 'format = "unix", unit = "week", origin = "2024-05-01"', "2024-05-14"),
        ("1", 'format = "unix", unit = "month", origin = "2024-04-01"', "2024-05-31"),
        ("1714737600000", 'format = "unix", unit = "ms"', "2024-05-03 12:00"),
        ("2024-05", 'format = "%Y-%m"', "2024-05-31"),
        ("2024-05", 'format = "%Y-%m", zone = "Pacific/Auckland"', "2024-05-31 11:59:59.999999"),
        ("2024-05", 'format = "%Y-%m", zone = "America/Los_Angeles"', "2024-06-01 06:59:59.999999"),
        ("3.5.2024 00:00", 'format = "%d.%m.%Y %H:%M"', "2024-05-03"),
        ("3.5.2024 10:00", 'format = "%d.%m.%Y %H:%M"', "2024-05-03 10:00"),
        ("5/3/2024 12:00:00 AM", 'format = "%m/%d/%Y %I:%M:%S %p"', "2024-05-03"),
        ("5/3/2024 12:00:00 PM", 'format = "%m/%d/%Y %I:%M:%S %p"', "2024-05-03 12:00"),
        ("20240503000000", 'format = "%Y%m%d%H%M%S"', "2024-05-03"),
        ("2024年5月3日 00时00分", 'format = "%Y年%m月%d日 %H时%M分"', "2024-05-03"),
        ("3.5.2024 00:00 +0200", 'format = "%d.%m.%Y %H:%M %z"', "2024-05-02 22:00"),
        ("2024-W22", 'format = "%G-W%V"', "2024-06-02"),
        ("2024", 'format = "%Y"', "2024-12-31"),
        ("2024-05-03T00:00:00.000", 'format = "iso8601"', "2024-05-03"),
        ("2024-05-03T00:00:00Z", 'format = "iso8601"', "2024-05-03 00:00"),
        ("2024-05-03 00:00:01", 'format = "iso8601"', "2024-05-03 00:00:01"),
        ("2024-05-03 10:00:00", 'format = "iso8601"', "2024-05-03 10:00"),
    ],
)
def test_what_names_no_moment_is_known_at_its_end(
    bench: Any, mapped: Mapped, cell: str, keys: str, ends: str
) -> None:
    """Nobody knew in the first second of a month what is told of that month."""
    known_at = f'known_at = {{ column = "back", {keys} }}'
    bench.run(
        _returns(cell, ""), _when(mapped, f'when = ["back present"]\ndelay = "0s"\n{known_at}\n')
    )
    end = datetime.fromisoformat(ends if " " in ends else f"{ends} 23:59:59.999999")
    assert bench.labels()[0]["known_at"] == end.replace(tzinfo=UTC)


@pytest.mark.parametrize("kind", [pa.date32(), pa.timestamp("ms"), pa.timestamp("ns")])
def test_days_of_parquet_are_known_at_their_ends(
    bench: Any, mapped: Mapped, tmp_path: Path, kind: pa.DataType
) -> None:
    """Most tables have no type for a day: they keep its midnight."""
    day = pa.array([datetime(2024, 5, 2), None]).cast(pa.timestamp("us"))  # noqa: DTZ001 - a naive column
    table = pa.table({
        "id": ["a", "b"], "card": ["c", "c"], "shop": ["s", "s"], "price": [1, 2],
        "time": ["2024-05-02T10:00:00", "2024-05-09T10:00:00"], "back": day.cast(kind),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "t.parquet")
    keys = 'when = ["back present"]\ndelay = "0s"\nknown_at = "back"\n'
    bench.run(tmp_path / "t.parquet", _when(mapped, keys))
    assert str(bench.labels()[0]["known_at"]) == "2024-05-02 23:59:59.999999+00:00"


def test_what_makes_a_label_is_no_input(bench: Any, mapped: Mapped) -> None:
    """A model would learn the label by itself; when both classes are not there, that is said."""
    keys = 'when = ["back present"]\ndelay = "1d"\n'
    told = bench.fault(
        _returns("2024-05-02", ""), _when(mapped, keys) + '[categorical]\nb = "back"'
    )
    assert "is what labels.fraud.when reads: nobody knows it when the event happens" in told
    told = bench.fault(_returns("", "", ""), _when(mapped, keys))
    assert "no row meets labels.fraud.when, or every row does" in told


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        ('when = ["back present"]', "with when, delay tells how long it may take"),
        ('when = ["back present"]\ncolumn = "back"\ndelay = "1d"', "give one of column"),
        ('when = ["back present"]\npositive = [1]\ndelay = "1d"', "values go with column"),
        ('when = ["back"]\ndelay = "1d"', "'back' is not a condition such as"),
    ],
)
def test_conditions_of_a_label_are_checked(
    bench: Any, mapped: Mapped, keys: str, said: str
) -> None:
    """Each message tells what would be right."""
    assert said in bench.fault(_returns("", ""), _when(mapped, f"{keys}\n"))


@pytest.mark.parametrize(("delay", "told"), [("7d", True), ("40d", False)])
def test_positives_that_are_known_after_the_delay_are_told(
    bench: Any, delay: str, told: bool
) -> None:
    """A chargeback on day 30 was negative for three weeks, if seven days settle the others."""
    rows = [
        f"{i},2024-05-{i % 28 + 1:02d},c{i % 5},{f'2024-06-{i % 28 + 1:02d}' if i % 9 == 0 else ''}"
        for i in range(90)
    ]
    source = "\n".join(["id,at,card,back", *rows]) + "\n"
    mapping = (
        '[event]\nid = "id"\ntime = "at"\n[entities]\ncard = "card"\n[labels.chargeback]\n'
        f'when = ["back present"]\nknown_at = "back"\ndelay = "{delay}"\n'
    )
    notes = bench.run(source, mapping).source.notes
    said = "label chargeback: 10 of 10 positive rows became known after the delay"
    assert any(note.startswith(said) and "the last after 32 days" in note for note in notes) == told


def test_an_event_of_several_rows_is_known_by_the_row_that_tells_it(bench: Any) -> None:
    """Positive from its first positive row on; negative once the last row says so."""
    rows = ["o1,1,05", "o1,1,03", "o1,0,02", "o2,0,04", "o2,0,06", "o2,0,01", "o3,,09", "o3,0,08"]
    lines = [
        "{},2024-01-01T00:00:00Z,c,{},{}".format(key, fraud, f"2024-01-{day}T12:00:00Z")
        for key, fraud, day in (row.split(",") for row in rows)
    ]
    mapping = """
[event]
id = "id"
time = "at"
[entities]
card = "card"
[labels.fraud]
column = "fraud"
positive = ["1"]
unlabelled = [""]
known_at = "known"
[group]
"""
    bench.run("\n".join(["id,at,card,fraud,known", *lines]) + "\n", mapping)
    found = {one["event_id"]: (one["value"], one["known_at"].day) for one in bench.labels()}
    assert found == {"o1": (1, 3), "o2": (0, 6), "o3": (0, 8)}
