"""CSV in place of Parquet: the same warehouse, faults named by line."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from risk_service.domain.errors import DataFault
from risk_service.identity.keys import IdentityKey
from training.datasets.prepare import prepare


def _orders_as_csv(raw_data: Any) -> Path:
    rows = raw_data.rows("orders")
    path: Path = raw_data.path("orders", ".csv")
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        for row in rows:
            times = {
                name: row[name].isoformat() if row[name] else ""
                for name in ("ordered_at", "account_registered_at")
            }
            writer.writerow(row | times | {"discounts": json.dumps(row["discounts"])})
    raw_data.path("orders").unlink()
    return path


def _edit(path: Path, line: int, old: str, new: str) -> None:
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    assert old in lines[line - 1]
    lines[line - 1] = lines[line - 1].replace(old, new, 1)
    path.write_text("".join(lines), encoding="utf-8")


def _fault(raw_data: Any, key: IdentityKey) -> DataFault:
    with pytest.raises(DataFault) as caught:
        prepare(raw_data.directory, key, raw_data.directory.parent / "v")
    return caught.value


@pytest.mark.parametrize("packed", [False, True])
def test_csv_gives_the_same_warehouse(
    raw_data: Any, key: IdentityKey, tmp_path: Path, packed: bool
) -> None:
    """Orders, lines and events as CSV, plain or compressed, change nothing."""
    prepare(raw_data.directory, key, tmp_path / "w")
    paths = [_orders_as_csv(raw_data), raw_data.as_csv("lines"), raw_data.as_csv("events")]
    for path in paths if packed else []:
        Path(f"{path}.gz").write_bytes(gzip.compress(path.read_bytes()))
        path.unlink()
    prepare(raw_data.directory, key, tmp_path / "v")
    for name in ("orders", "lines", "events"):
        left, right = (pq.read_table(tmp_path / d / f"{name}.parquet") for d in ("w", "v"))
        assert repr(left.to_pylist()) == repr(right.to_pylist())


@pytest.mark.parametrize(
    ("line", "old", "new", "column"),
    [
        (12, ",500,", ",x,", "goods_minor"),
        (12, ",500,", ",,", "goods_minor"),
        (12, ",500,", ",-500,", "goods_minor"),
        (12, ",500,", ",nan,", "goods_minor"),
        (12, "2026-01-01T10", "2026-13-01T10", "ordered_at"),
        (12, "[]", "[}", "discounts"),
        (12, "ALLOW", "", "baseline_outcome"),
    ],
)
def test_a_bad_cell_is_named_by_line(
    raw_data: Any, key: IdentityKey, line: int, old: str, new: str, column: str
) -> None:
    """The header is line 1, as in an editor."""
    path = _orders_as_csv(raw_data)
    _edit(path, line, old, new)
    fault = _fault(raw_data, key)
    assert (fault.file, fault.row) == (str(path), line)
    assert f"column {column}" in str(fault)


def test_a_line_with_too_few_cells_is_named_and_not_quoted(raw_data: Any, key: IdentityKey) -> None:
    """The message holds no cell of the line."""
    path = _orders_as_csv(raw_data)
    _edit(path, 7, "61.135.7.5,", "")
    fault = _fault(raw_data, key)
    assert (fault.file, fault.row) == (str(path), 7)
    assert "138001380" not in str(fault)


def test_a_truncated_archive_is_named(raw_data: Any, key: IdentityKey) -> None:
    """A .gz file that lost its end is refused, not read in part."""
    path = _orders_as_csv(raw_data)
    packed = Path(f"{path}.gz")
    packed.write_bytes(gzip.compress(path.read_bytes())[:-300])
    path.unlink()
    assert _fault(raw_data, key).file == str(packed)


def test_two_files_of_one_table_are_refused(raw_data: Any, key: IdentityKey) -> None:
    """It would be a guess which of them counts."""
    raw_data.path("orders", ".csv").write_text("order_id\n")
    assert "keep one" in str(_fault(raw_data, key))


def test_text_that_is_no_utf8_is_refused_by_name(raw_data: Any, key: IdentityKey) -> None:
    """A file in another encoding does not become question marks."""
    path = _orders_as_csv(raw_data)
    path.write_bytes(path.read_text(encoding="utf-8").encode("gb18030"))
    assert _fault(raw_data, key).file == str(path)
