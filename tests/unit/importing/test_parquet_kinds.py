"""Columns of Parquet files that no CSV has: nested ones, bytes, lengths of time, lists."""

from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from training.datasets.importing.guess.guess import guess_mapping

MAPPING = """\
[event]
id = "id"
time = "at"
[entities]
rider = "rider.id"
[numeric]
lat = "rider.home.lat"
wait = "wait"
[labels.collusion]
column = "label"
positive = [true]
delay = "7d"
"""
# Sound UTF-8 by chance, and no UTF-8: two keys of one column.
KEYS = [bytes(15) + b"A", bytes(15) + b"\xff", b"\xfe" * 16]


def _written(path: Path, **other: pa.Array) -> Path:
    home = pa.StructArray.from_arrays([pa.array([1.5, 2.5, 3.5])], ["lat"])
    columns = {
        "id": pa.array(KEYS, pa.binary(16)),
        "at": pa.array([1, 2, 3], pa.timestamp("us", tz="Asia/Singapore")),
        "rider": pa.StructArray.from_arrays(
            [pa.array(["007", "008", None]), home],
            ["id", "home"],
            mask=pa.array([False, True, False]),
        ),
        "wait": pa.array([timedelta(seconds=90), None, timedelta(milliseconds=500)]),
        "tags": pa.array([["promo"], [], None]),
        "label": pa.array([True, False, None]),
    } | other
    pq.write_table(pa.table(columns), path)
    return path


def test_nested_columns_stand_under_their_path(bench: Any, tmp_path: Path) -> None:
    """A column of an object is a column; where the object is missing, so is what lies in it."""
    bench.run(_written(tmp_path / "rides.parquet"), MAPPING)
    assert bench.column("entity__rider") == ["007", None, None]
    assert bench.column("num__lat") == [1.5, None, 3.5]
    assert bench.column("num__wait") == [90.0, None, 0.5]


@pytest.mark.parametrize(
    ("keys", "texts"),
    [
        (pa.array(KEYS, pa.binary(16)), [str(UUID(bytes=key)) for key in KEYS]),
        (pa.array(KEYS, pa.uuid()), [str(UUID(bytes=key)) for key in KEYS]),
        (pa.array(KEYS, pa.binary()), [key.hex() for key in KEYS]),
        (pa.array([b"a1", b"b\xff", "ö".encode()], pa.binary()), ["a1", "62ff", "ö"]),
        (pa.array([b"a1", b"b2", b"c3"], pa.binary(2)), ["6131", "6232", "6333"]),
    ],
)
def test_bytes_that_are_no_text_stay_apart(
    bench: Any, tmp_path: Path, keys: pa.Array, texts: list[str]
) -> None:
    """Keys of bytes are told by their digits: none is taken for another one."""
    bench.run(_written(tmp_path / "rides.parquet", id=keys), MAPPING)
    assert [event["event_id"] for event in bench.events()] == texts


def test_a_list_is_refused_with_a_way_out_and_a_guess_passes_over_it(
    bench: Any, tmp_path: Path
) -> None:
    """One list in a file is no reason to say nothing of its other columns."""
    path = _written(tmp_path / "rides.parquet")
    told = bench.fault(path, MAPPING.replace('"wait"', '"tags"'))
    assert "column tags is of type list" in told
    assert "docs/own-data.md says under Other kinds of files" in told
    guess = guess_mapping(path).en
    assert '"rider.id"' in guess
    assert '# not used: "tags", of type list' in guess
