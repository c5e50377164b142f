"""Labels: who is positive, who has none, when it was known, and one class only."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Mapped = Callable[..., str]


def _source(*rows: tuple[str, str]) -> str:
    lines = [
        f"e{row},2024-05-{row + 1:02d}T00:00:00Z,c,s,1,{label},{known}\n"
        for row, (label, known) in enumerate(rows)
    ]
    return "id,time,card,shop,price,fraud,known\n" + "".join(lines)


def test_values_may_be_listed_on_both_sides(bench: Any, mapped: Mapped) -> None:
    """What is in neither list nor unlabelled is refused by row and value."""
    keys = 'positive = ["fraud"]\nnegative = ["legit"]\nunlabelled = ["open"]'
    mapping = mapped(('positive = ["1"]', keys))
    source = _source(("fraud", ""), ("legit", ""), ("open", ""), ("", ""))
    label = bench.run(source, mapping).labels["fraud"]
    assert (label.positives, label.negatives, label.unlabelled) == (1, 1, 2)
    fault = bench.fault(source.replace("open", "Fraud"), mapping)
    assert "row 4: column fraud: 'Fraud' is neither positive, negative nor unlabelled" in fault


@pytest.mark.parametrize(
    ("cell", "positive"),
    [
        ("1", "1"),
        ("1.0", "1"),
        ("1", "[1]"),
        ("True", "[true]"),
        ("TRUE", "[true]"),
        ("yes", '"yes"'),
    ],
)
def test_positive_values_may_be_numbers_and_truths(
    bench: Any, mapped: Mapped, cell: str, positive: str
) -> None:
    """What TOML writes as a number or truth value means the text of the cell."""
    mapping = mapped(('["1"]', positive))
    bench.run(_source((cell, ""), ("0", "")), mapping)
    assert [row["value"] for row in bench.labels()] == [1, 0]


def test_a_column_may_tell_when_a_label_was_known(bench: Any, mapped: Mapped) -> None:
    """The delay of the description is then the longest one seen."""
    mapping = mapped(('delay = "7d"', 'known_at = "known"'))
    source = _source(("1", "2024-05-03T00:00:00Z"), ("0", "2024-05-02T00:00:00Z"), ("", ""))
    label = bench.run(source, mapping).labels["fraud"]
    assert [row["known_at"].day for row in bench.labels()] == [3, 2]
    assert (label.known_from, label.delay_s, label.longest_delay_s) == ("column", 172_800, 172_800)


def test_a_label_from_before_its_event_is_refused(bench: Any, mapped: Mapped) -> None:
    """It would tell the model what nobody could know: both times are in the message."""
    mapping = mapped(('delay = "7d"', 'known_at = "known"'))
    fault = bench.fault(
        _source(("1", "2024-05-03T00:00:00Z"), ("0", "2024-05-01T23:59:59Z")), mapping
    )
    assert "row 3: column known: '2024-05-01T23:59:59Z' is before the event" in fault


def test_a_label_from_the_future_is_refused(bench: Any, mapped: Mapped) -> None:
    """Nobody knows today what will be known tomorrow, unless the event itself lies ahead."""
    mapping = mapped(('delay = "7d"', 'known_at = "known"'))
    source = _source(("1", "2024-05-03T00:00:00Z"), ("0", "2031-05-01T00:00:00Z"))
    fault = bench.fault(source, mapping)
    assert "row 3: column known: '2031-05-01T00:00:00Z' lies in the future" in fault
    ahead = source.replace("2031-", "2131-").replace("2024-05", "2131-04")
    assert bench.run(ahead, mapping).source.notes == ("2 events lie after the time of the import",)


def test_a_label_without_its_time_needs_a_delay(bench: Any, mapped: Mapped) -> None:
    """An empty time is refused, or settled by the delay when there is one."""
    source = _source(("1", "2024-05-03T00:00:00Z"), ("0", ""))
    fault = bench.fault(source, mapped(('delay = "7d"', 'known_at = "known"')))
    assert "row 3: column known: is empty" in fault
    bench.run(source, mapped(('delay = "7d"', 'known_at = "known"\ndelay = "3d"')))
    assert [row["known_at"].day for row in bench.labels()] == [3, 5]


@pytest.mark.parametrize(
    ("labels", "said"),
    [
        (("0", "0"), "one class only: every labelled event is negative"),
        (("1", "1"), "one class only: every labelled event is positive"),
        (("", ""), "no label at all"),
        (("yes", "no"), "column fraud says 'yes' (1), 'no' (1)"),
    ],
)
def test_one_class_only_is_refused(bench: Any, labels: tuple[str, ...], said: str) -> None:
    """The values that were seen stand in the message, because the mapping is likely wrong."""
    assert said in bench.fault(_source(*((label, "") for label in labels)))


def test_several_labels_of_one_file(bench: Any, mapped: Mapped) -> None:
    """Each has its own rows, an event's labels one after the other."""
    second = '[labels.early]\ncolumn = "known"\npositive = ["y"]\ndelay = "1h"\n'
    description = bench.run(_source(("1", "n"), ("0", "y"), ("", "n")), mapped() + second)
    assert [(row["event_id"], row["label"], row["value"]) for row in bench.labels()] == [
        ("e0", "fraud", 1), ("e0", "early", 0), ("e1", "fraud", 0), ("e1", "early", 1),
        ("e2", "early", 0),
    ]  # fmt: skip
    assert list(description.labels) == ["fraud", "early"]


def test_a_mapping_without_labels_imports_events_only(bench: Any, mapped: Mapped) -> None:
    """They cannot be trained on, and can be looked at."""
    bench.run(_source(("1", ""), ("0", "")), mapped().partition("[labels")[0])
    assert bench.labels() == []
    assert len(bench.events()) == 2


LATER = """
[labels.returned]
later = { where = ["price < 0"], same = ["card", "shop"], within = "10d" }
"""


def _later(mapped: Mapped) -> str:
    mapping = mapped().partition("[labels")[0] + LATER
    return mapping.replace('name = "payments"\n', '[rows]\nwhere = ["price > 0"]\n')


def test_a_later_row_makes_a_label(bench: Any, mapped: Mapped) -> None:
    """Positive from the later row on, negative when the time is over, else without a label.

    Where the file ends before the time is over a positive has none either: only positives would.
    """
    source = "id,time,card,shop,price\n" + "".join(
        f"{key},2024-05-{day:02d}T00:00:00Z,{card},s,{price}\n"
        for key, day, card, price in [
            ("back", 1, "a", 5), ("r1", 4, "a", -5), ("late", 1, "b", 5), ("r2", 12, "b", -5),
            ("kept", 2, "c", 5), ("open", 20, "c", 5), ("after", 5, "a", 5), ("end", 22, "d", 5),
            ("nobody", 1, "", 5), ("soon", 18, "e", 5), ("r3", 20, "e", -5),
        ]
    )  # fmt: skip
    description = bench.run(source, _later(mapped))
    found = {row["event_id"]: (row["value"], row["known_at"]) for row in bench.labels()}
    day = datetime(2024, 5, 1, tzinfo=UTC)
    assert found == {
        "back": (1, day + timedelta(days=3)),
        "late": (0, day + timedelta(days=10)),
        "kept": (0, day + timedelta(days=11)),
        "after": (0, day + timedelta(days=14)),
    }
    label = description.labels["returned"]
    assert (label.known_from, label.delay_s, label.unlabelled) == ("later", 864_000, 4)
    assert label.positive == ("price < 0",)
    assert description.source.filtered == 3


def test_a_row_is_not_later_than_itself(bench: Any, mapped: Mapped) -> None:
    """A label such as "came again within a day" looks at other rows only."""
    mapping = _later(mapped).replace("price < 0", "price > 0").replace('"10d"', '"1d"')
    rows = [("a", 1, "x"), ("b", 2, "x"), ("c", 4, "x"), ("d", 8, "y")]
    source = "id,time,card,shop,price\n" + "".join(
        f"{key},2024-05-{day:02d},{card},s,5\n" for key, day, card in rows
    )
    bench.run(source, mapping)
    found = {row["event_id"]: row["value"] for row in bench.labels()}
    assert found == {"a": 1, "b": 0, "c": 0}


def test_a_later_row_with_a_bad_time_is_refused(bench: Any, mapped: Mapped) -> None:
    """It is no event, and still its time counts."""
    source = "id,time,card,shop,price\na,2024-05-01,c,s,5\nb,2024-05-01,d,s,5\nr,soon,c,s,-5\n"
    assert "row 4: column time: 'soon'" in bench.fault(source, _later(mapped))


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
        ('when = ["back"]\ndelay = "1d"', "'back' is no condition such as"),
    ],
)
def test_conditions_of_a_label_are_checked(
    bench: Any, mapped: Mapped, keys: str, said: str
) -> None:
    """Each message tells what would be right."""
    assert said in bench.fault(_returns("", ""), _when(mapped, f"{keys}\n"))
