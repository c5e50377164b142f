"""A sound data set is prepared whole: tokens, columns of serving, nothing raw."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from risk_service.domain.errors import ConfigFault, DataFault
from risk_service.features.entities import ENTITIES, entity_keys
from risk_service.features.order_columns import ORDER_COLUMNS, order_columns
from risk_service.features.schema import load_schema
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.order_event import order_event
from risk_service.identity.keys import IdentityKey
from risk_service.identity.tokenise import Tokeniser
from risk_service.rules.order_values import OrderFacts, order_fact
from training.datasets import tables
from training.datasets.description import read_description
from training.datasets.prepare import prepare
from training.datasets.raw_orders import raw_order
from training.datasets.warehouse import FACTS, fact_column, window_column

RAW_IDENTIFIERS = (
    "account_id", "device_id", "ip", "payment_instrument_id", "payer_name", "recipient_name",
    "recipient_phone", "address_detail", "address_district",
)  # fmt: skip


def test_every_table_arrives_with_its_rows(raw_data: Any, key: IdentityKey, tmp_path: Path) -> None:
    """The figures name the rows of each table, and the description what they were made with."""
    prepared = prepare(raw_data.directory, key, tmp_path / "w")
    assert prepared.rows == {
        "orders": 40, "lines": 60, "events": 40, "labels": 80, "campaigns": 1, "accounts": 7
    }  # fmt: skip
    for name, rows in prepared.rows.items():
        assert pq.read_metadata(tmp_path / "w" / f"{name}.parquet").num_rows == rows
    description = read_description(tmp_path / "w")
    assert (description.key_id, description.schema_version) == ("k1", load_schema().version)


def test_orders_hold_what_serving_would_compute(
    raw_data: Any, key: IdentityKey, tmp_path: Path
) -> None:
    """Tokens, order columns, window events and facts equal those of the serving code."""
    prepare(raw_data.directory, key, tmp_path / "w")
    rows = pq.read_table(tmp_path / "w" / "orders.parquet").to_pylist()
    lines = raw_data.rows("lines")
    tokeniser = Tokeniser(key)
    for record, row in zip(raw_data.rows("orders"), rows, strict=True):
        mine = [line for line in lines if line["order_id"] == record["order_id"]]
        order = tokeniser.order(raw_order(record, mine))
        assert tuple(row[name] for name in ENTITIES) == entity_keys(order)
        found = np.array([row[name] for name in ORDER_COLUMNS])
        assert found.tobytes() == np.array(order_columns(order), np.float64).tobytes()
        assert row["units"] == sum(line["quantity"] for line in mine)
        event = order_event(order, order.order_id, order.ordered_at_us)
        names = (*load_windows().fields, *load_windows().columns)
        assert tuple(row[window_column(name)] for name in names) == event.fields + event.columns
        for name in FACTS:
            # A text that is not known is empty in these tables.
            live = order_fact(name, order, OrderFacts())
            assert (row[fact_column(name)] or None) == (live or None), name
        assert row["ordered_at"] == record["ordered_at"]
        assert row["registered_at"] == record["account_registered_at"]


def test_lines_may_leave_product_and_category_out(
    raw_data: Any, key: IdentityKey, tmp_path: Path
) -> None:
    """A file without the columns is one of lines that say neither; with them, some may say it."""
    plain = pq.read_table(raw_data.path("lines")).drop_columns(["spu", "category"])
    pq.write_table(plain, raw_data.path("lines"))
    prepare(raw_data.directory, key, tmp_path / "without")
    rows = pq.read_table(tmp_path / "without" / "orders.parquet").to_pylist()
    assert {row[fact_column("spus")] for row in rows} == {None}
    assert [row[fact_column("lines_without_category")] for row in rows[:2]] == [1.0, 2.0]

    said = [{**line, "category": "toys", "spu": ""} for line in plain.to_pylist()]
    raw_data.write("lines", said)
    raw_data.as_csv("lines")
    prepare(raw_data.directory, key, tmp_path / "with")
    rows = pq.read_table(tmp_path / "with" / "orders.parquet").to_pylist()
    assert {tuple(row[fact_column("categories")]) for row in rows} == {("toys",)}
    assert {row[fact_column("spus")] for row in rows} == {None}


def test_nothing_raw_is_in_the_warehouse(raw_data: Any, key: IdentityKey, tmp_path: Path) -> None:
    """No cell of any prepared table equals or holds a raw identifier."""
    raw = {str(row[name]) for row in raw_data.rows("orders") for name in RAW_IDENTIFIERS}
    prepare(raw_data.directory, key, tmp_path / "w")
    for path in (tmp_path / "w").glob("*.parquet"):
        for column in pq.read_table(path).columns:
            if pa.types.is_string(column.type):
                cells = set(pc.unique(column).to_pylist())
                assert not [cell for cell in cells if any(word in cell for word in raw)], path


def actions(raw_data: Any, ip: str = "61.135.7.9") -> None:
    """Give the data set a table of two promotion actions, the second at ``ip``."""
    rows = [
        {
            "action_id": f"c{number}",
            "action_type": kind,
            "action_at": datetime(2026, 1, 2, tzinfo=UTC),
            "recorded_at": datetime(2026, 1, 2, 1, tzinfo=UTC),
            "account_id": "account-1",
            "device_id": "device-1",
            "ip": address,
            "campaign_id": "",
            "related_account_id": related,
        }
        for number, (kind, address, related) in enumerate(
            [("COUPON_CLAIMED", "61.135.7.1", ""), ("INVITE", ip, "account-2")]
        )
    ]
    table = pa.Table.from_pylist(rows, tables.ACTIONS.schema)
    pq.write_table(table, raw_data.directory / "actions.parquet")


def test_actions_meet_orders_on_the_token(raw_data: Any, key: IdentityKey, tmp_path: Path) -> None:
    """A promotion action holds the tokens that its account and device have in orders."""
    actions(raw_data)
    prepared = prepare(raw_data.directory, key, tmp_path / "w")
    assert prepared.rows["actions"] == 2
    first, second = pq.read_table(tmp_path / "w" / "actions.parquet").to_pylist()
    orders = pq.read_table(tmp_path / "w" / "orders.parquet")
    assert first["account"] in orders["account"].to_pylist()
    assert first["device"] in orders["device"].to_pylist()
    assert first["related"] == ""
    assert second["related"] in orders["account"].to_pylist()
    assert first["ip_block"] == second["ip_block"] != ""


def test_an_action_at_fault_names_its_row(raw_data: Any, key: IdentityKey, tmp_path: Path) -> None:
    """What is no IP address is told with file and row, and nothing is written."""
    actions(raw_data, ip="not an address")
    with pytest.raises(DataFault, match=r"actions\.parquet.*row 2"):
        prepare(raw_data.directory, key, tmp_path / "w")
    assert not (tmp_path / "w").exists()


def test_accounts_meet_orders_on_the_token(raw_data: Any, key: IdentityKey, tmp_path: Path) -> None:
    """The account table can be joined to the orders."""
    prepare(raw_data.directory, key, tmp_path / "w")
    accounts = pq.read_table(tmp_path / "w" / "accounts.parquet")["account"]
    orders = pq.read_table(tmp_path / "w" / "orders.parquet")["account"]
    assert set(orders.to_pylist()) == set(accounts.to_pylist())


@pytest.mark.parametrize("rows", [1, 3, 16, 1000])
def test_the_size_of_a_batch_changes_nothing(
    raw_data: Any,
    key: IdentityKey,
    tmp_path: Path,
    small_batches: Callable[[int], None],
    rows: int,
) -> None:
    """Baskets that lie across the edge of a batch stay whole."""
    prepare(raw_data.directory, key, tmp_path / "w")
    small_batches(rows)
    prepare(raw_data.directory, key, tmp_path / "v")
    for name in ("orders", "lines", "events", "labels"):
        left, right = (pq.read_table(tmp_path / d / f"{name}.parquet") for d in ("w", "v"))
        # NaN is unlike itself, so the comparison is one of printed rows.
        assert repr(left.to_pylist()) == repr(right.to_pylist())


def test_two_processes_write_what_one_writes(
    raw_data: Any, key: IdentityKey, tmp_path: Path, small_batches: Callable[[int], None]
) -> None:
    """Spawned workers keep the order of the rows and the key."""
    small_batches(7)
    prepare(raw_data.directory, key, tmp_path / "w", processes=1)
    prepare(raw_data.directory, key, tmp_path / "v", processes=2)
    left, right = (pq.read_table(tmp_path / d / "orders.parquet") for d in ("w", "v"))
    assert repr(left.to_pylist()) == repr(right.to_pylist())


def test_a_fault_in_a_worker_names_its_row(
    raw_data: Any, key: IdentityKey, tmp_path: Path, small_batches: Callable[[int], None]
) -> None:
    """Rows are counted across batches and processes, and nothing is left behind."""
    small_batches(7)
    raw_data.spoil("orders", 38, "ip", "1.2.3")
    with pytest.raises(DataFault, match=r"orders\.parquet, row 38: order\.ip"):
        prepare(raw_data.directory, key, tmp_path / "w", processes=2)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["raw"]


def test_a_directory_in_use_is_not_touched(raw_data: Any, key: IdentityKey, tmp_path: Path) -> None:
    """An earlier warehouse is neither mixed with nor replaced."""
    kept = tmp_path / "w" / "kept"
    kept.parent.mkdir()
    kept.write_text("x")
    with pytest.raises(ConfigFault, match="exists already"):
        prepare(raw_data.directory, key, tmp_path / "w")
    assert kept.read_text() == "x"


def test_progress_reaches_the_last_row(raw_data: Any, key: IdentityKey, tmp_path: Path) -> None:
    """The last report of each stage says all of all."""
    last: dict[str, tuple[int, int]] = {}
    prepare(
        raw_data.directory, key, tmp_path / "w", lambda stage, *done: last.update({stage: done})
    )
    assert last["orders"] == (40, 40)
    assert last["labels"] == (80, 80)


def test_an_empty_data_set_is_prepared_empty(
    raw_data: Any, key: IdentityKey, tmp_path: Path
) -> None:
    """No orders are no fault."""
    for table in ("orders", "lines", "events", "labels", "accounts", "campaigns"):
        raw_data.write(table, [])
    prepare(raw_data.directory, key, tmp_path / "w")
    assert pq.read_metadata(tmp_path / "w" / "orders.parquet").num_rows == 0
