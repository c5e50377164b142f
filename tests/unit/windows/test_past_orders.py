"""The file of past orders: what it is asked for, and files of earlier versions."""

import json
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from risk_service.adapters.sqlite.past_orders import (
    FILE_NAME,
    SqlitePastOrders,
    write_past_orders,
)
from risk_service.domain.reported import PastOrder

FIELDS = (
    "account", "device", "payment", "address", "building", "ip", "ip_block", "phone", "real_name",
    "seller", "sku", "campaign", "drop", "related",
)  # fmt: skip
# The columns of windows before the time on the page was added up.
COLUMNS = (
    "units", "lead_units", "limited_units", "goods_minor", "discount_minor", "payable_minor",
    "coupons", "threshold_excess_minor", "page_ms", "entry_is_direct", "payer_differs",
    "is_new_account", "phone_is_virtual", "reason", "without_return", "weight_low", "amount_minor",
)  # fmt: skip
PAST = PastOrder(FIELDS, tuple(range(13)))


def write_shape(directory: Path, shape: str) -> None:
    """Write a file whose records are said to have this shape."""
    write_past_orders(directory, [("o1", PAST)])
    with closing(sqlite3.connect(directory / FILE_NAME)) as db, db:
        db.execute("UPDATE shape SET names = ?", (shape,))


def test_a_file_of_before_the_time_on_the_page_is_read(tmp_path: Path) -> None:
    """What follows from a past order's columns is not kept, so its file is what it was."""
    write_shape(tmp_path, json.dumps([FIELDS, COLUMNS]))
    with closing(SqlitePastOrders(tmp_path)) as orders:
        assert orders.find(["o1", "o2"]) == {"o1": PAST}


def test_a_file_of_other_columns_is_told_and_not_read(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Numbers are never taken for those of other columns."""
    write_shape(tmp_path, json.dumps([FIELDS, COLUMNS[1:]]))
    with closing(SqlitePastOrders(tmp_path)) as orders:
        assert orders.find(["o1"]) == {}
    assert "past_orders_of_other_windows" in caplog.text
