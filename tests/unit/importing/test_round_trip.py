"""What goes in comes out: rows, values, order, counts, and nothing else."""

import gzip
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from training.datasets.own_events import sha256_of, verify_own_files


def test_events_leave_in_order_of_time_with_names_of_the_mapping(bench: Any) -> None:
    """Numbers such as 4712.0 are whole, empty cells are null, amounts are minor units."""
    description = bench.run()
    assert [tuple(row.values()) for row in bench.events()] == [
        ("a3", datetime(2024, 5, 1, 9, tzinfo=UTC), None, "South", -325),
        ("a1", datetime(2024, 5, 1, 10, tzinfo=UTC), "4711", "North", 1250),
        ("a2", datetime(2024, 5, 1, 11, tzinfo=UTC), "4712", "North", 700),
        ("a4", datetime(2024, 5, 2, 9, tzinfo=UTC), "4711", None, 10000),
    ]
    assert list(description.entities) == ["card", "shop"]
    assert description.amount is not None
    assert (description.amount.currency, description.amount.exponent) == ("EUR", 2)
    assert description.start == datetime(2024, 5, 1, 9, tzinfo=UTC)
    assert description.end == datetime(2024, 5, 2, 9, tzinfo=UTC) + timedelta(microseconds=1)


def test_labels_stand_beside_and_unlabelled_rows_have_none(bench: Any) -> None:
    """A label is known after its delay; the counts of the description add up."""
    description = bench.run()
    week = timedelta(days=7)
    assert [(row["event_id"], row["value"]) for row in bench.labels()] == [
        ("a3", 0),
        ("a1", 0),
        ("a2", 1),
    ]
    at = dict(zip(bench.column("event_id"), bench.column("event_at"), strict=True))
    assert all(row["known_at"] == at[row["event_id"]] + week for row in bench.labels())
    label = description.labels["fraud"]
    assert (label.positives, label.negatives, label.unlabelled) == (1, 2, 1)
    assert (label.known_from, label.delay_s) == ("delay", 7 * 86_400)


def test_the_description_names_the_source_and_the_mapping_is_kept(bench: Any) -> None:
    """Who finds the directory can tell what it was made of, and that nothing was changed."""
    description = bench.run()
    assert description.source.file == "source.csv"
    assert description.source.sha256 == sha256_of(bench.directory / "source.csv")
    assert (bench.out / "mapping.toml").read_text() == (
        bench.directory / "mapping.toml"
    ).read_text()
    verify_own_files(bench.out, description)
    assert sorted(path.name for path in bench.out.iterdir()) == [
        "dataset.toml", "events.parquet", "labels.parquet", "mapping.toml",
    ]  # fmt: skip


def test_an_import_is_repeatable_to_the_byte(bench: Any) -> None:
    """Two imports of one file with one mapping are the same files."""
    bench.run()
    bench.run()
    for name in ("dataset.toml", "events.parquet", "labels.parquet"):
        assert (bench.paths[0] / name).read_bytes() == (bench.paths[1] / name).read_bytes()


def test_without_an_id_the_row_number_is_it(bench: Any, mapped: Callable[..., str]) -> None:
    """The header is row 1, as in an editor."""
    bench.run(mapping=mapped(('id = "id"\n', "")))
    assert bench.column("event_id") == ["4", "2", "3", "5"]


def test_an_id_may_be_joined_of_columns(bench: Any, mapped: Callable[..., str]) -> None:
    """Joined cells cannot be taken for others: a bar within a cell is escaped."""
    source = "id,time,card,shop,price,fraud\n" + "".join(
        f'{a},2024-05-01T10:00:00Z,c,"{b}",1,{row % 2}\n'
        for row, (a, b) in enumerate([("x|y", "z"), ("x", "y|z"), ("x\\", "|")])
    )
    bench.run(source, mapped(('id = "id"', 'id = ["id", "shop"]')))
    assert bench.column("event_id") == ["x\\|y|z", "x|y\\|z", "x\\\\|\\|"]


def test_equal_times_keep_the_order_of_the_file(bench: Any, mapped: Callable[..., str]) -> None:
    """Rows of one time leave as they came, whatever the number of batches and threads."""
    rows = 200_000
    lines = [f"{row},2024-05-0{row % 3 + 1},c,s,1,{row % 2}\n" for row in range(rows)]
    bench.run("id,time,card,shop,price,fraud\n" + "".join(lines), mapped())
    ids = pq.read_table(bench.out / "events.parquet", columns=["event_id"])["event_id"]
    found = ids.cast(pa.int64()).to_numpy()
    assert (found == np.concatenate([np.arange(day, rows, 3) for day in range(3)])).all()


def _typed_table() -> pa.Table:
    rows = 300
    rng = np.random.default_rng(3)
    at = pa.array([datetime(2024, 1, 1, tzinfo=UTC) + timedelta(hours=i) for i in range(rows)])
    return pa.table(
        {
            "id": pa.array(range(rows)),
            "time": at.cast(pa.timestamp("ms", "UTC")),
            "card": pa.array(rng.integers(1, 9, rows).astype(float)),
            "shop": pa.array(rng.choice(["a", "b"], rows)).dictionary_encode(),
            "price": pa.array(np.round(rng.normal(10, 5, rows), 2)),
            "fraud": pa.array(rng.random(rows) < 0.2),
        }
    )


def test_parquet_and_csv_give_the_same_events(
    bench: Any, mapped: Callable[..., str], tmp_path: Path
) -> None:
    """Typed columns of a Parquet file mean what their texts in a CSV file mean."""
    table = _typed_table()
    pq.write_table(table, tmp_path / "t.parquet")
    text = table.set_column(1, "time", pc.strftime(table["time"], "%Y-%m-%dT%H:%M:%SZ"))
    text = text.set_column(3, "shop", text["shop"].cast(pa.string()))
    pa_csv.write_csv(text, tmp_path / "t.csv")
    (tmp_path / "t.csv.gz").write_bytes(gzip.compress((tmp_path / "t.csv").read_bytes()))
    mapping = mapped(('["1"]', "[true]"))
    read = []
    for name in ("t.parquet", "t.csv", "t.csv.gz"):
        bench.run(tmp_path / name, mapping)
        read.append((bench.events(), bench.labels()))
    assert read[0] == read[1] == read[2]
    assert set(bench.column("entity__card")) == {str(number) for number in range(1, 9)}


def test_a_target_that_is_not_empty_is_left_alone(bench: Any, tmp_path: Path) -> None:
    """The import neither overwrites nor adds."""
    (tmp_path / "out1").mkdir()
    (tmp_path / "out1" / "mine").write_text("x")
    with pytest.raises(Exception, match="exists already"):
        bench.run()
    assert [path.name for path in (tmp_path / "out1").iterdir()] == ["mine"]


def test_texts_of_parquet_in_any_clothes(bench: Any, tmp_path: Path) -> None:
    """Large, encoded and unmarked texts are texts; a text of broken bytes is named."""
    kinds = [pa.large_string(), pa.binary(), pa.dictionary(pa.int8(), pa.string()), pa.string()]
    for kind in kinds:
        texts = (
            pa.array(["上海", None]).cast(kind)
            if kind != pa.binary()
            else pa.array(["上海".encode(), None], kind)
        )
        table = pa.table({"id": [1, 2], "time": ["2024-05-01"] * 2, "card": texts, "shop": texts,
                          "price": [1, 2], "fraud": [0, 1]})  # fmt: skip
        pq.write_table(table, tmp_path / "t.parquet")
        bench.run(tmp_path / "t.parquet")
        assert bench.column("entity__card") == ["上海", None]
    broken = pa.Array.from_buffers(
        pa.string(), 2, pa.array([b"ok", b"\xff"], pa.binary()).buffers()
    )
    pq.write_table(table.set_column(2, "card", broken), tmp_path / "t.parquet")
    assert "row 2: column card: is not UTF-8 text" in bench.fault(tmp_path / "t.parquet")


def test_lists_and_empty_files_of_parquet_are_refused(bench: Any, tmp_path: Path) -> None:
    """Only plain values can be imported."""
    table = pa.table({"id": [[1], [2]], "time": ["2024-05-01"] * 2, "card": ["a", "b"],
                      "shop": ["a", "b"], "price": [1, 2], "fraud": [0, 1]})  # fmt: skip
    pq.write_table(table, tmp_path / "t.parquet")
    assert "column id is of type list" in bench.fault(tmp_path / "t.parquet")
    pq.write_table(table.set_column(0, "id", pa.array([1, 2]))[:0], tmp_path / "t.parquet")
    assert "has no rows" in bench.fault(tmp_path / "t.parquet")


def test_without_memory_the_fault_is_not_the_sources(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The words of the engine stand in one of our errors, and nothing is left."""
    monkeypatch.setattr("training.datasets.importing.assemble._MEMORY", "1KB")
    assert "rows cannot be put in order" in bench.fault()
