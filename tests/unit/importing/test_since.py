"""Times of a row beside that of its event: how long ago they were is a number."""

from collections.abc import Callable
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

Mapped = Callable[..., str]
ROWS = """\
id,time,joined,card,shop,price,fraud
a1,2024-05-01T10:00:00Z,30/04/2024,4711,North,12.50,0
a2,2024-05-01T11:00:00Z,never,4712,North,7,1
a3,2024-05-01T09:00:00Z,,4711,South,3,0
a4,2024-05-02T09:00:00Z,03/05/2024,4711,South,3,0
"""


def _mapping(mapped: Mapped, keys: str) -> str:
    return mapped(("[labels.fraud]", f"[numeric]\nmember_for = {{ {keys} }}\n[labels.fraud]"))


def test_a_time_becomes_the_seconds_since_it(bench: Any, mapped: Mapped) -> None:
    """Missing where there is none; one after its event is negative, and the notes say so."""
    since = 'since = { column = "joined", format = "%d/%m/%Y" }, missing = "never"'
    described = bench.run(ROWS, _mapping(mapped, since))
    assert bench.column("num__member_for") == [None, 122_400.0, None, -54_000.0]
    assert described.numeric == {"member_for": "seconds since joined"}
    assert "numeric member_for: 1 times lie after their event" in described.source.notes[0]


def test_a_date_of_parquet_needs_no_format(bench: Any, mapped: Mapped, tmp_path: Any) -> None:
    """A date is its midnight in the zone of the mapping."""
    table = {
        "id": ["a", "b"], "time": ["2024-05-01", "2024-05-02"], "card": ["1", "1"],
        "shop": ["s", "s"], "price": [1, 2], "fraud": [0, 1],
        "joined": pa.array([date(2024, 4, 30), None], pa.date32()),
    }  # fmt: skip
    pq.write_table(pa.table(table), tmp_path / "f.parquet")
    bench.run(tmp_path / "f.parquet", _mapping(mapped, 'since = "joined"'))
    assert bench.column("num__member_for") == [86_400.0, None]


@pytest.mark.parametrize(
    ("keys", "said"),
    [
        (
            'since = { column = "joined", format = "%d/%m/%Y" }',
            "'never' is not a time of the",
        ),
        ('since = "joined", column = "price"', "give either column (a number) or since"),
        ('since = "time", unit = "d"', 'since = { column = "...", unit = ... }'),
        ('since = "joined", zone = "UTC"', 'since = { column = "...", zone = ... }'),
        ('since = "joined", delay = "1d"', "no such key here; it is one of another table"),
        ('since = "joined", missin = "x"', "no such key; did you mean 'missing'?"),
        ('missing = "never"', "give either column (a number) or since"),
        ('since = "fraud"', "nobody knows it when the event happens"),
        ('since = "join"', "numeric.member_for names 'join'; did you mean 'joined'?"),
    ],
)
def test_what_is_wrong_is_named(bench: Any, mapped: Mapped, keys: str, said: str) -> None:
    """A cell that is no time is refused as any other is, and so is a label as an input."""
    assert said in bench.fault(ROWS, _mapping(mapped, keys))
