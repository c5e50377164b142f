"""Each broken row ends the preparation with its file, row and column; nothing is left."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from risk_service.domain.errors import DataFault
from risk_service.identity.keys import IdentityKey
from training.datasets.prepare import prepare

EARLY = datetime(1971, 1, 1, tzinfo=UTC)
LATE = datetime(2026, 6, 1, tzinfo=UTC)
BEFORE = datetime(2026, 1, 1, tzinfo=UTC)

Cell = tuple[str, int, str, Any, Any]
# Where a spoilt cell shows at its neighbour.
NAMED = {
    ("event_at", str(LATE)): "recorded_at",
    ("abuse", "scalping"): "order_id",
}


def _fault(raw_data: Any, key: IdentityKey) -> DataFault:
    out = raw_data.directory.parent / "w"
    with pytest.raises(DataFault) as caught:
        prepare(raw_data.directory, key, out)
    assert not out.exists()
    assert not list(out.parent.glob(".w.partial*"))
    return caught.value


@pytest.mark.parametrize(
    "cell",
    [
        ("orders", 18, "order_id", None, None),
        ("orders", 18, "order_id", "", None),
        ("orders", 18, "account_id", "", None),
        ("orders", 18, "goods_minor", -1, None),
        ("orders", 18, "goods_minor", 10**13, None),
        ("orders", 18, "goods_minor", float("nan"), pa.float64()),
        ("orders", 18, "goods_minor", "many", pa.string()),
        ("orders", 18, "payable_minor", 1, None),
        ("orders", 18, "entry_path", 99, None),
        ("orders", 18, "verification_level", -1, None),
        ("orders", 18, "verification_level", 300, pa.int32()),
        ("orders", 18, "baseline_outcome", "MAYBE", None),
        ("orders", 18, "currency_code", "cny", None),
        ("orders", 18, "page_open_to_submit_ms", -5, None),
        ("orders", 18, "ordered_at", LATE, None),
        ("orders", 18, "ordered_at", EARLY, None),
        ("orders", 18, "ordered_at", BEFORE, None),
        ("orders", 18, "account_registered_at", LATE, None),
        ("orders", 18, "address_detail", "长" * 1025, None),
        ("orders", 18, "discounts", None, None),
        (
            "orders",
            18,
            "discounts",
            [{"coupon_id": "c", "promotion_type": 99, "amount_minor": 100}],
            None,
        ),
        (
            "orders",
            18,
            "discounts",
            [{"coupon_id": "c", "promotion_type": 4, "amount_minor": None}],
            None,
        ),
        ("lines", 20, "quantity", 0, None),
        ("lines", 20, "quantity", -3, None),
        ("lines", 20, "unit_price_minor", -1, None),
        ("lines", 20, "unit_price_minor", 10**13, None),
        ("lines", 20, "sku", "", None),
        ("lines", 20, "promotion_type", 99, None),
        ("lines", 21, "line_no", 0, None),
        ("lines", 20, "order_id", "o999", None),
        ("events", 33, "event_type", "LOST", None),
        ("events", 33, "order_id", "o999", None),
        ("events", 33, "event_id", "e3", None),
        ("events", 33, "event_at", LATE, None),
        ("events", 2, "event_at", BEFORE, None),
        ("events", 33, "weight_ratio", float("nan"), None),
        ("events", 33, "weight_ratio", -1.0, None),
        ("events", 33, "amount_minor", -1, None),
        ("labels", 50, "value", 2, None),
        ("labels", 50, "abuse", "theft", None),
        ("labels", 50, "order_id", "o999", None),
        ("labels", 50, "abuse", "scalping", None),
        ("labels", 50, "known_at", BEFORE, None),
        ("accounts", 3, "account_id", "account-0", None),
        ("accounts", 3, "registered_at", EARLY, None),
        ("campaigns", 1, "ends_at", EARLY, None),
        ("campaigns", 1, "units", -1, None),
    ],
)
def test_a_bad_cell_is_named(
    raw_data: Any, key: IdentityKey, small_batches: Callable[[int], None], cell: Cell
) -> None:
    """File, row and column of the one bad cell, though it lies behind the first batch."""
    small_batches(9)
    table, row, column, value, _ = cell
    raw_data.spoil(*cell)
    fault = _fault(raw_data, key)
    assert (fault.file, fault.row) == (str(raw_data.path(table)), row)
    assert f"column {NAMED.get((column, str(value)), column)}" in str(fault)


@pytest.mark.parametrize(
    ("changes", "column"),
    [
        ({"goods_minor": 701, "payable_minor": 651}, "goods_minor"),
        ({"discount_minor": 99, "payable_minor": 651}, "discount_minor"),
        ({"payable_minor": 651}, "payable_minor"),
    ],
)
def test_totals_that_do_not_add_up_are_named(
    raw_data: Any, key: IdentityKey, changes: dict[str, int], column: str
) -> None:
    """Lines make goods, discounts make the discount, and together they make the payable."""
    rows = raw_data.rows("orders")
    rows[17] |= changes
    raw_data.write("orders", rows)
    fault = _fault(raw_data, key)
    assert fault.row == 18
    assert f"column {column}" in str(fault)


def test_no_message_repeats_personal_data(raw_data: Any, key: IdentityKey) -> None:
    """A fault in a phone's neighbour quotes neither."""
    raw_data.spoil("orders", 18, "ip", "61.135.7.999")
    assert "61.135" not in str(_fault(raw_data, key))


def test_a_repeated_order_id_is_named(raw_data: Any, key: IdentityKey) -> None:
    """The row of the repetition and that of the first."""
    raw_data.spoil("orders", 30, "order_id", "o003")
    lines = raw_data.rows("lines")
    for line in lines:
        line["order_id"] = "o003" if line["order_id"] == "o029" else line["order_id"]
    raw_data.write("lines", lines)
    fault = _fault(raw_data, key)
    assert fault.row == 30
    assert "row 4" in str(fault)


def test_an_order_without_lines_is_named(raw_data: Any, key: IdentityKey) -> None:
    """The order is at fault, not the next one's line."""
    lines = [line for line in raw_data.rows("lines") if line["order_id"] != "o012"]
    raw_data.write("lines", lines)
    fault = _fault(raw_data, key)
    assert (fault.file, fault.row) == (str(raw_data.path("orders")), 13)


def test_the_last_order_without_lines_is_named(raw_data: Any, key: IdentityKey) -> None:
    """The end of the lines is noticed too."""
    lines = [line for line in raw_data.rows("lines") if line["order_id"] != "o039"]
    raw_data.write("lines", lines)
    assert _fault(raw_data, key).row == 40


def test_lines_behind_the_last_order_are_named(raw_data: Any, key: IdentityKey) -> None:
    """A line too many is a line of no order."""
    lines = raw_data.rows("lines")
    raw_data.write("lines", [*lines, {**lines[-1], "order_id": "o999"}])
    fault = _fault(raw_data, key)
    assert (fault.file, fault.row) == (str(raw_data.path("lines")), 61)


@pytest.mark.parametrize("table", ["orders", "lines", "events", "labels", "accounts", "campaigns"])
def test_a_truncated_file_is_named(raw_data: Any, key: IdentityKey, table: str) -> None:
    """A Parquet file that lost its end is refused by name."""
    path = raw_data.path(table)
    path.write_bytes(path.read_bytes()[:-200])
    fault = _fault(raw_data, key)
    assert (fault.file, fault.row) == (str(path), None)


def test_a_damaged_page_is_refused_by_name(raw_data: Any, key: IdentityKey) -> None:
    """Bytes changed inside a file with a sound end do not pass."""
    path = raw_data.path("orders")
    content = bytearray(path.read_bytes())
    content[200:1200] = bytes(1000)
    path.write_bytes(bytes(content))
    assert _fault(raw_data, key).file == str(path)


@pytest.mark.parametrize("table", ["orders", "campaigns"])
def test_a_missing_file_is_named(raw_data: Any, key: IdentityKey, table: str) -> None:
    """Every table must be there before anything is read."""
    raw_data.path(table).unlink()
    assert str(raw_data.path(table)) in str(_fault(raw_data, key))


def test_a_missing_column_is_named(raw_data: Any, key: IdentityKey) -> None:
    """The file and the column."""
    table = pa.parquet.read_table(raw_data.path("orders")).drop_columns(["device_id"])
    pa.parquet.write_table(table, raw_data.path("orders"))
    assert "device_id is missing" in str(_fault(raw_data, key))


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("format = 1", "format = 2", "format 2"),
        ("format = 1\n", "", "format is missing"),
        ("start = 2026-01-01T00:00:00Z", "start = 2026-01-01T00:00:00", "time zone"),
        ("end = 2026-03-01T00:00:00Z", 'end = "soon"', "soon"),
        ("end = 2026-03-01T00:00:00Z", "end = 2025-03-01T00:00:00Z", "not after"),
        ("[labels.scalping]", "[labels.theft]", "theft"),
        ("maturity_days = 7", "maturity_days = -7", "scalping"),
        ("name =", "name", "TOML"),
    ],
)
def test_a_wrong_description_is_refused(
    raw_data: Any, key: IdentityKey, old: str, new: str, message: str
) -> None:
    """What is wrong in ``dataset.toml`` is said."""
    path: Path = raw_data.directory / "dataset.toml"
    path.write_text(path.read_text().replace(old, new, 1))
    fault = _fault(raw_data, key)
    assert fault.file == str(path)
    assert message in str(fault)
