"""Hostile sources and mappings: an error of ours or a sound import, and no row lost unsaid."""

import csv
import io
import re
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.domain.errors import ConfigFault, RiskError
from training.datasets.importing.cells import as_text, whole_numbers
from training.datasets.importing.mapping import parse_mapping
from training.datasets.importing.run import import_events
from training.datasets.importing.specs import DEFAULT_MISSING
from training.datasets.own_events import read_own_description

MAPPING = """\
[rows]
max_bad_rows = 1000000
on_duplicate = "keep_first"
[event]
id = "id"
time = "time"
[entities]
card = "card"
pair = ["card", "shop"]
[amount]
column = "price"
[numeric]
price = "price"
[categorical]
shop = "shop"
[labels.fraud]
column = "fraud"
positive = ["1"]
delay = "7d"
"""
HEADER = ("id", "time", "card", "shop", "price", "fraud")
_TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_CELLS = (
    st.one_of(_TEXTS, st.integers(0, 30).map(str)),
    st.one_of(st.sampled_from(["2024-05-01", "2024-05-01T10:00:00", "2024-02-30"]), _TEXTS),
    st.one_of(_TEXTS, st.floats(-1e6, 1e6).map(str), st.integers().map(str)),
    _TEXTS,
    st.one_of(_TEXTS, st.decimals(-(10**6), 10**6, allow_nan=False).map(str)),
    st.sampled_from(["0", "1", "", "maybe"]),
)


def _imported(source: bytes, mapping: str = MAPPING) -> tuple[Any, list[dict[str, Any]]] | None:
    """Import bytes; None when they are refused and nothing is left of them."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        (directory / "source.csv").write_bytes(source)
        (directory / "mapping.toml").write_text(mapping, encoding="utf-8")
        out = directory / "out"
        try:
            import_events(directory / "mapping.toml", directory / "source.csv", out)
        except RiskError:
            left = {path.name for path in directory.iterdir()}
            return None if left == {"mapping.toml", "source.csv"} else (None, [])
        description = read_own_description(out)
        return description, pq.read_table(out / "events.parquet").to_pylist()


def _expected(cell: str) -> str | None:
    """Return what an entity's cell means, the slow way."""
    text = cell.strip()
    if text in DEFAULT_MISSING:
        return None
    number = re.fullmatch(r"([+-]?[0-9]+)\.0+", text)
    return number[1] if number else text


@settings(max_examples=25, deadline=None)
@given(rows=st.lists(st.tuples(*_CELLS), min_size=1, max_size=12))
def test_any_table_is_imported_or_refused_and_every_row_is_accounted_for(
    rows: list[tuple[str, ...]],
) -> None:
    """Rows in = rows filtered, refused, repeated, and events; cells mean what they say."""
    sound = [("s1", "2024-05-01", "x", "y", "1", "0"), ("s2", "2024-05-01", "x", "y", "1", "1")]
    file = io.StringIO(newline="")
    # Python quotes no lone carriage return, which ends a line for everybody else.
    writer = csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL)
    writer.writerows([HEADER, *rows, *sound])
    found = _imported(file.getvalue().encode())
    if found is None:
        return
    description, events = found
    source = description.source
    # A line of nothing but an empty cell's quotes is no row: six cells always have delimiters.
    assert source.rows == len(rows) + 2
    assert source.rows == source.refused + source.duplicates + description.rows
    first = {}
    for row in reversed([*rows, *sound]):
        first[_expected(row[0])] = row
    for event in events:
        row = first.get(event["event_id"])
        if row is not None and not source.refused:
            assert event["entity__card"] == _expected(row[2])
            assert event["cat__shop"] == _expected(row[3])
            both = (event["entity__card"], _expected(row[3]))
            assert (event["entity__pair"] is None) == (None in both)


@settings(max_examples=40, deadline=None)
@given(
    start=st.sampled_from([b"", b"id,time,card,shop,price,fraud\n"]), rest=st.binary(max_size=300)
)
def test_any_bytes_are_refused_in_our_words_or_imported(start: bytes, rest: bytes) -> None:
    """No file makes another error than ours, and none leaves anything behind."""
    found = _imported(start + rest)
    assert found is None or found[0] is not None


_VALUES = st.recursive(
    st.one_of(st.sampled_from(['"x"', '"card"', "1", "-1", "true", "1.5", "[]", '["a"]', '"7d"'])),
    lambda inner: st.lists(inner, max_size=2).map(lambda items: f"[{', '.join(items)}]"),
    max_leaves=3,
)
_KEYS = st.sampled_from(
    ["format", "name", "source", "rows", "event", "entities", "amount", "numeric", "labels",
     "group", "event.time", "rows.where", "labels.fraud", "labels.fraud.later",
     "entities.card.part", "zzz"]
)  # fmt: skip


@settings(max_examples=100, deadline=None)
@given(entries=st.lists(st.tuples(_KEYS, _VALUES), max_size=4))
def test_any_mapping_is_read_or_refused_as_a_mapping(entries: list[tuple[str, str]]) -> None:
    """Wrong types and unknown keys are faults of the mapping, wherever they stand."""
    text = "".join(f"{key} = {value}\n" for key, value in entries) + MAPPING
    try:
        found = parse_mapping(text, "m.toml").path
    except ConfigFault as fault:
        found = str(fault)
    assert found.startswith("m.toml")


@settings(max_examples=100, deadline=None)
@given(numbers=st.lists(st.floats(allow_infinity=False), min_size=1, max_size=20))
def test_whole_floats_name_entities_as_integers_do(numbers: list[float]) -> None:
    """17850.0 and 17850 are one customer; no two different floats become one."""
    texts = whole_numbers(as_text(pa.array(numbers))).to_pylist()
    for number, text in zip(numbers, texts, strict=True):
        if number != number:
            assert text is None
        elif number == int(number) and abs(number) < 2**63:
            assert text == str(int(number))
        else:
            assert float(text) == number
