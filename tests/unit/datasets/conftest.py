"""A small raw data set on disk, and ways to spoil one cell of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pytest

from risk_service.identity.keys import IdentityKey
from tests.fixtures.keys import KEY
from training.datasets import tables
from training.datasets.tables import RawTable

ORDERS = 40
START = datetime(2026, 1, 1, tzinfo=UTC)
DESCRIPTION = """format = 1
name = "small"
kind = "promotion"
start = 2026-01-01T00:00:00Z
end = 2026-03-01T00:00:00Z
currency = "CNY"

[labels.scalping]
maturity_days = 7

[labels.refund]
maturity_days = 30
"""


def _order(number: int) -> dict[str, Any]:
    return {
        "order_id": f"o{number:03d}",
        "ordered_at": START + timedelta(hours=number),
        "account_id": f"account-{number % 7}",
        "account_registered_at": None if number % 5 == 0 else START - timedelta(days=number),
        "device_id": f"device-{number % 9}",
        "ip": f"61.135.7.{number}" if number % 4 else "2409:8a00::1",
        "payment_instrument_id": f"wallet-{number % 7}",
        "payer_name": "张*",
        "recipient_name": "张三",
        "recipient_phone": f"138001380{number:02d}",
        "real_name_id": "11010519491231002X" if number % 3 else "",
        "address_region": "北京市",
        "address_city": "北京市",
        "address_district": "朝阳区",
        "address_detail": f"建国路{number}号3号楼501室",
        "address_postcode": "100022",
        "currency_code": "CNY",
        "goods_minor": 700 if number % 2 else 500,
        "discount_minor": 100 if number % 2 else 0,
        "shipping_minor": 50,
        "payable_minor": 650 if number % 2 else 550,
        "page_open_to_submit_ms": None if number % 6 == 0 else 900,
        "entry_path": 1,
        "drop_id": "",
        "verification_level": 2,
        "discounts": [{"coupon_id": "c-1", "promotion_type": 4, "amount_minor": 100}]
        if number % 2
        else [],
        "baseline_outcome": "DENY" if number == 3 else "ALLOW",
        "allow_through": number == 3,
    }


def _line(number: int, line_no: int, price: int) -> dict[str, Any]:
    return {
        "order_id": f"o{number:03d}",
        "line_no": line_no,
        "sku": f"sku-{line_no}",
        "quantity": line_no,
        "unit_price_minor": price,
        "seller_id": "seller-1",
        "campaign_id": "campaign-1",
        "promotion_type": 2,
        "spu": f"spu-{line_no % 2}",
        "category": "toys" if number % 2 else "",
    }


def _rows() -> dict[str, list[dict[str, Any]]]:
    day = timedelta(days=1)
    orders = [_order(number) for number in range(ORDERS)]
    return {
        "orders": orders,
        "lines": [
            line
            for number in range(ORDERS)
            for line in ([_line(number, 1, 500)] + [_line(number, 2, 100)] * (number % 2))
        ],
        "events": [
            {
                "event_id": f"e{number}",
                "order_id": f"o{number:03d}",
                "event_type": "PAID",
                "event_at": orders[number]["ordered_at"] + day,
                "recorded_at": orders[number]["ordered_at"] + 2 * day,
                "amount_minor": 500 if number % 2 else None,
                "reason": "",
                "weight_ratio": None if number % 2 else 1.0,
            }
            for number in range(ORDERS)
        ],
        "labels": [
            {
                "order_id": f"o{number:03d}",
                "abuse": abuse,
                "value": int(number == 5),
                "known_at": orders[number]["ordered_at"] + 7 * day,
            }
            for number in range(ORDERS)
            for abuse in ("scalping", "refund")
        ],
        "accounts": [
            {"account_id": f"account-{number}", "registered_at": START - day} for number in range(7)
        ],
        "campaigns": [
            {
                "campaign_id": "campaign-1",
                "promotion_type": 2,
                "starts_at": START,
                "ends_at": START + day,
                "drop_id": "",
                "drop_at": None,
                "sku": "sku-1",
                "units": 100,
            }
        ],
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class RawData:
    """A raw data set that a test may spoil before it is read."""

    directory: Path

    def path(self, table: str, suffix: str = ".parquet") -> Path:
        """Return where a table lies."""
        return self.directory / (table + suffix)

    def rows(self, table: str) -> list[dict[str, Any]]:
        """Return the rows of a table."""
        rows: list[dict[str, Any]] = pq.read_table(self.path(table)).to_pylist()
        return rows

    def write(self, table: str, rows: list[dict[str, Any]], **types: pa.DataType) -> None:
        """Write a table anew, some columns with another type; all may hold nulls then."""
        fields = [
            pa.field(field.name, types.get(field.name, field.type))
            for field in _table(table).schema
        ]
        # Small row groups, so that a fault lies behind the first.
        pq.write_table(
            pa.Table.from_pylist(rows, pa.schema(fields)), self.path(table), row_group_size=16
        )

    def spoil(
        self, table: str, row: int, column: str, value: Any, kind: pa.DataType | None = None
    ) -> None:
        """Set one cell; ``row`` counts from 1 as faults do."""
        rows = self.rows(table)
        if kind == pa.string():
            for other in rows:
                other[column] = str(other[column])
        rows[row - 1][column] = value
        self.write(table, rows, **({column: kind} if kind else {}))

    def as_csv(self, table: str) -> Path:
        """Turn a table without lists into CSV and return its path."""
        path = self.path(table, ".csv")
        pa_csv.write_csv(pq.read_table(self.path(table)), path)
        self.path(table).unlink()
        return path


def _table(name: str) -> RawTable:
    return next(table for table in tables.ALL if table.name == name)


@pytest.fixture
def raw_data(tmp_path: Path) -> RawData:
    """Return a sound data set of 40 orders in a directory of its own."""
    directory = tmp_path / "raw"
    directory.mkdir()
    (directory / "dataset.toml").write_text(DESCRIPTION, encoding="utf-8")
    data = RawData(directory=directory)
    for table, rows in _rows().items():
        data.write(table, rows)
    return data


@pytest.fixture(scope="session")
def key() -> IdentityKey:
    """Return a fixed key."""
    return KEY


@pytest.fixture
def small_batches(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Return a function that makes readers take a few rows at a time."""

    def limit(rows: int) -> None:
        monkeypatch.setattr("training.datasets.source.BATCH_ROWS", rows)

    return limit
