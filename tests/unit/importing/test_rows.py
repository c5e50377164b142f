"""Which rows become events: conditions, repeated ids, refused rows, groups; each is counted."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from training.datasets.importing.conditions import parse_condition

Mapped = Callable[..., str]


def _rows(text: str) -> str:
    return f"[rows]\n{text}\n"


def _with_rows(mapped: Mapped, text: str) -> str:
    return mapped(('name = "payments"\n', _rows(text)))


@pytest.mark.parametrize(
    ("condition", "kept"),
    [
        ("price > 7", "a1 a4"),
        ("price>=7", "a1 a2 a4"),
        ("price < 0", "a3"),
        ("price <= 7.0", "a2 a3"),
        ("price = 100", "a4"),
        ("price != 100", "a1 a2 a3"),
        ('shop = "North"', "a1 a2"),
        ("shop != 'North'", "a3 a4"),
        ("shop in ['South', 'East']", "a3"),
        ("shop not in ['South', 'East']", "a1 a2 a4"),
        ("shop starts with 'No'", "a1 a2"),
        ("shop not starts with 'No'", "a3 a4"),
        ("shop contains 'ort'", "a1 a2"),
        ("shop not contains 'ort'", "a3 a4"),
        ("card missing", "a3"),
        ("card is present", "a1 a2 a4"),
        ("card = 4712", "a2"),
        ("card = '4712'", "a2"),
        ("time >= '2024-05-02'", "a4"),
        ('"price" IN [7, 100]', "a2 a4"),
    ],
)
def test_conditions(bench: Any, mapped: Mapped, condition: str, kept: str) -> None:
    """Rows that do not meet a condition are no events, and are counted."""
    text = condition.replace("\\", "\\\\").replace('"', '\\"')
    mapping = _with_rows(mapped, f'where = ["{text}"]').partition("[labels")[0]
    description = bench.run(mapping=mapping)
    assert sorted(bench.column("event_id")) == kept.split()
    assert description.source.filtered == 4 - len(kept.split())
    assert description.source.rows == 4


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("price", "is not a condition"),
        ("price ~ 3", "is not a condition"),
        ("price > ", "is not a value"),
        ("shop = North", "a text in quotes"),
        ("shop in 'a'", "take a list"),
        ("shop = ['a']", "take a list"),
        ("card missing 3", "nothing follows"),
        ("card starts with 3", "takes a text"),
        ("card > true", "no order"),
        ("shop in [[1]]", "values are numbers"),
        ("= 3", "is not a condition"),
    ],
)
def test_what_is_no_condition(text: str, said: str) -> None:
    """The message quotes the condition and says what would be one."""
    with pytest.raises(ValueError, match=re.escape(said)):
        parse_condition(text)


def test_rows_left_out_need_no_sound_cells(bench: Any, payments: str, mapped: Mapped) -> None:
    """A cell that no event needs spoils nothing; one that decides about the row does."""
    mapping = _with_rows(mapped, "where = [\"shop = 'North'\"]")
    bench.run(payments.replace("-3.25", "abc"), mapping)
    assert len(bench.events()) == 2
    mapping = _with_rows(mapped, 'where = ["price > 0"]')
    fault = bench.fault(payments.replace("-3.25", "abc"), mapping)
    assert "row 4: column price: 'abc' is not a number, and rows are taken where" in fault


def test_when_no_row_is_left_the_counts_say_why(bench: Any, mapped: Mapped) -> None:
    """All rows filtered is an error, not an empty data set."""
    fault = bench.fault(mapping=_with_rows(mapped, 'where = ["price > 1000"]'))
    assert (
        "no row is left of 4: 4 do not meet [rows] where, and 0 were refused; rows that meet every"
        in fault
    )


def test_a_repeated_id_is_named_with_both_rows(bench: Any, payments: str) -> None:
    """Every repetition names the row that it repeats."""
    fault = bench.fault(payments.replace("a3,", "a1,").replace("a4,", "a1,"))
    assert "source.csv, row 4: column id: 'a1' repeats the id of row 2" in fault
    assert "row 5: column id: 'a1' repeats the id of row 2" in fault
    assert '2 rows repeat an id; on_duplicate = "keep_first"' in fault


def test_the_first_of_repeated_rows_may_be_kept(bench: Any, payments: str, mapped: Mapped) -> None:
    """The others are counted."""
    source = payments.replace("a4,", "a1,")
    description = bench.run(source, _with_rows(mapped, 'on_duplicate = "keep_first"'))
    assert bench.column("event_id") == ["a3", "a1", "a2"]
    assert description.source.duplicates == 1
    assert description.source.rows == 4


def test_conditions_read_numbers_as_the_columns_do(bench: Any, mapped: Mapped) -> None:
    """A currency sign or a share does not make a nothing something."""
    cells = ("$0.00", "$3", "0 %", "12 %", "(3)", "３")
    rows = [f"e{row},2024-05-01,c,s,{text},{row % 2}\n" for row, text in enumerate(cells)]
    source = "id,time,card,shop,price,fraud\n" + "".join(rows)
    mapping = mapped().partition("[amount]")[0] + "[labels" + mapped().partition("[labels")[2]
    for text, ids in (
        ("price = 0", ["e0", "e2"]),
        ("price in [3, 12]", ["e1", "e3", "e5"]),
        ("price != 0", ["e1", "e3", "e4", "e5"]),
        ("price > 2", ["e1", "e3", "e5"]),
    ):
        where = f'[rows]\nwhere = ["{text}"]\n[event]'
        bench.run(source, mapping.replace("[event]", where).partition("[labels")[0])
        assert bench.column("event_id") == ids


def test_digits_of_the_mapping_are_those_of_the_cells(bench: Any, mapped: Mapped) -> None:
    """Who copies a full-width value from the file into the mapping means the same."""
    rows = [f"e{row},2024-05-01,c,{row % 3 + 1}号店,3,类１{row % 2}\n" for row in range(6)]
    source = "id,time,card,shop,price,fraud\n" + "".join(rows).replace("2号店", "２号店")
    mapping = mapped(
        ("[event]", "[rows]\nwhere = [\"shop != '１号店'\"]\n[event]"),
        ('positive = ["1"]', 'positive = ["类１１"]'),
        ('shop = "shop"', 'shop = { column = "shop", part = "([１２])号店" }'),
        ('card = "card"', 'card = { column = "shop", missing = "２号店" }'),
    )
    told = bench.run(source, mapping)
    assert bench.column("event_id") == ["e1", "e2", "e4", "e5"]
    assert bench.column("entity__shop") == ["2", None, "2", None]
    assert bench.column("entity__card") == [None, "3号店", None, "3号店"]
    assert told.labels["fraud"].positives == 2


def test_an_event_needs_an_id_and_a_time(bench: Any, payments: str) -> None:
    """All faults of the file are told at once, in the order of its rows."""
    fault = bench.fault(payments.replace("a2,", ",").replace("2024-05-02T09:00:00Z", ""))
    lines = fault.splitlines()
    assert lines[0] == "source.csv, row 3: column id: is empty, and an event needs an id"
    assert lines[1].startswith("  row 5: column time: is empty, and an event needs a time; is it a")
    assert lines[2] == "  2 rows cannot be imported, and max_bad_rows is 0"


def test_twenty_faults_are_shown_and_the_rest_is_counted(bench: Any) -> None:
    """A wrong mapping does not print a million lines."""
    rows = "".join(f"e{row},never,c,s,1,1\n" for row in range(500))
    fault = bench.fault("id,time,card,shop,price,fraud\n" + rows)
    assert fault.count("is not an ISO 8601 time") == 20
    assert "at least 500 rows cannot be imported" in fault


def test_some_bad_rows_may_be_left_out(bench: Any, payments: str, mapped: Mapped) -> None:
    """Each stands in refused.csv with its reason, and the description counts them."""
    source = payments.replace("12.50", "x,5").replace("T11:00", "T77:00")
    mapping = _with_rows(mapped, "max_bad_rows = 2").replace('column = "fraud"', 'column = "id"')
    mapping = mapping.replace('["1"]', '["a3"]')
    description = bench.run(source, mapping)
    assert (bench.out / "refused.csv").read_text().splitlines() == [
        "row,column,value,reason",
        '2,,,"has 7 cells, and the header 6"',
        "3,time,2024-05-01T77:00:00Z,is not an ISO 8601 time",
    ]
    assert bench.column("event_id") == ["a3", "a4"]
    assert (description.source.refused, description.source.rows) == (2, 4)
    fault = bench.fault(source.replace("1e2", "y"), mapping)
    assert "3 rows cannot be imported, and max_bad_rows is 2" in fault


def test_no_refused_rows_leave_no_file(bench: Any, mapped: Mapped) -> None:
    """An empty refused.csv would only raise questions."""
    bench.run(mapping=_with_rows(mapped, "max_bad_rows = 2"))
    assert not (bench.out / "refused.csv").exists()


LINES = """\
order,at,buyer,sku,units,price,flag
o1,2024-05-01T10:00:00Z,b1,x,2,1.50,0
o2,2024-05-01T10:00:00Z,,x,1,9.99,0
o1,2024-05-01T09:59:00Z,b1,y,1,0.25,1
o2,2024-05-01T10:00:00Z,b2,x,3,9.99,
o1,2024-05-01T10:00:00Z,b9,x,1,1.50,0
"""
GROUPED = """\
[event]
id = "order"
time = "at"
[entities]
buyer = "buyer"
[amount]
column = "price"
times = "units"
[numeric]
units = "units"
price = "price"
dearest = "price"
[categorical]
sku = "sku"
[group]
units = "sum"
dearest = "max"
sku = "last"
lines = "count"
skus = { distinct = "sku" }
[labels.flag]
column = "flag"
positive = ["1"]
delay = "1d"
"""


def test_rows_of_one_id_become_one_event(bench: Any) -> None:
    """Sums, counts and first values, with the earliest time; nothing is counted twice."""
    description = bench.run(LINES, GROUPED)
    first, second = bench.events()
    assert first == {
        "event_id": "o1",
        "event_at": datetime(2024, 5, 1, 9, 59, tzinfo=UTC),
        "entity__buyer": "b1",
        "amount_minor": 300 + 25 + 150,
        "num__units": 4.0,
        "num__price": 1.5,
        "num__dearest": 1.5,
        "num__lines": 3.0,
        "num__skus": 2.0,
        "cat__sku": "x",
    }
    assert (second["entity__buyer"], second["amount_minor"]) == ("b2", 999 * 4)
    assert (description.source.rows, description.source.grouped) == (5, 3)
    assert description.source.notes == (
        "1 event has rows of different times; the earliest counts",
        "1 event has rows of different buyer; the first counts",
    )


def test_an_event_is_positive_when_one_of_its_rows_is(bench: Any) -> None:
    """A positive row is known when it was; rows without a label take none away."""
    bench.run(LINES, GROUPED)
    labels = [(row["event_id"], row["value"], row["known_at"]) for row in bench.labels()]
    assert labels == [
        ("o1", 1, datetime(2024, 5, 2, 9, 59, tzinfo=UTC)),
        ("o2", 0, datetime(2024, 5, 2, 10, tzinfo=UTC)),
    ]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('units = "sum"', 'unitz = "sum"', "there is no amount, entity or attribute"),
        ('lines = "count"', 'sku2 = "mean"', "there is no amount"),
        ('sku = "last"', 'sku = "sum"', "a text has a first and a last"),
        ('lines = "count"', 'price = "count"', "give it a new name"),
        ('"order"', '"ordr"', "did you mean 'order'"),
        ('id = "order"\n', "", "needs an event id"),
        ('dearest = "max"', 'dearest = "most"', "group.dearest"),
    ],
)
def test_a_wrong_group_of_a_mapping(bench: Any, old: str, new: str, said: str) -> None:
    """The entry is named, and what would be right."""
    assert said in bench.fault(LINES, GROUPED.replace(old, new, 1))
