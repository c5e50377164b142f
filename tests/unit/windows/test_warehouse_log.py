"""The log of a warehouse is what the intake would have made of the same orders and events."""

import random
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from risk_service.domain.action import Action
from risk_service.domain.errors import DataFault
from risk_service.domain.event import Event
from risk_service.domain.order import Order
from risk_service.domain.reported import LifeEvent
from risk_service.domain.vocabulary import EventReason, EventType
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.order_event import action_event, life_event, order_event
from risk_service.features.windows.tiles import DAY_US
from tests.fixtures.window_replay import Stamped, replay
from tests.unit.frames.random_world import random_orders, write_warehouse
from training.datasets import warehouse
from training.windows.build import build_windows
from training.windows.log import EventLog
from training.windows.warehouse_log import log_of_warehouse

ORDERS = 120
NAMES = ("INVITE", "COUPON_CLAIMED", "DRAW")


@pytest.fixture
def orders() -> list[Order]:
    """Return orders that share a few accounts, devices and sellers."""
    return random_orders(seed=4, count=ORDERS, days=100, pool=6)


@pytest.fixture
def directory(orders: list[Order], tmp_path: Path) -> Path:
    """Return a warehouse of these orders, their life and some promotion actions."""
    write_warehouse(orders, tmp_path)
    write_actions(tmp_path, [_action(orders[place], place) for place in range(0, ORDERS, 3)])
    return tmp_path


def write_actions(directory: Path, rows: list[dict[str, Any]]) -> None:
    """Write ``actions.parquet``."""
    pq.write_table(pa.Table.from_pylist(rows, warehouse.ACTIONS), directory / "actions.parquet")


def _action(order: Order, place: int) -> dict[str, Any]:
    rng = random.Random(place)
    at_us = order.ordered_at_us - rng.randrange(DAY_US)
    return {
        "action_id": f"a{place}",
        "action_type": NAMES[place % len(NAMES)],
        "action_at": at_us,
        "recorded_at": at_us + rng.choice((0, 1, DAY_US, 92 * DAY_US)),
        "account": order.tokens.account,
        "device": order.tokens.device,
        "ip": order.tokens.ip,
        "ip_block": "",
        "campaign": "",
        "related": rng.choice(("", "k1:account7")),
    }


def _expected(directory: Path, orders: list[Order]) -> Stamped:
    """Return the events one by one, through the functions of the service."""
    known = {order.order_id: order for order in orders}
    arriving: list[tuple[int, Event, bool]] = [
        (order.ordered_at_us, order_event(order, order.order_id, order.ordered_at_us), True)
        for order in orders
    ]
    for row in pq.read_table(directory / "events.parquet").to_pylist():
        life = LifeEvent(
            event_id=row["event_id"],
            event_type=EventType[row["event_type"]],
            at_us=_us(row["event_at"]),
            order_id=row["order_id"],
            amount_minor=row["amount_minor"],
            reason=EventReason[row["reason"] or "UNSPECIFIED"],
            weight_ratio=row["weight_ratio"],
        )
        arriving.append((_us(row["recorded_at"]), life_event(known[life.order_id], life), False))
    for row in pq.read_table(directory / "actions.parquet").to_pylist():
        names = Action.__struct_fields__
        action = Action(**{name: row[name] for name in names if name != "at_us"},
                        at_us=_us(row["action_at"]))  # fmt: skip
        arriving.append((_us(row["recorded_at"]), action_event(action), False))
    return _stamped(arriving)


def _stamped(arriving: list[tuple[int, Event, bool]]) -> Stamped:
    stamp, kept = 0, Stamped(events=[], a_us=[], r_us=[])
    for arrived_us, event, reads in sorted(arriving, key=lambda row: row[0]):
        stamp = max(stamp + 1, arrived_us)
        if event.at_us >= stamp - 90 * DAY_US:
            kept.events.append(event)
            kept.a_us.append(stamp)
            kept.r_us.append(stamp if reads else 0)
    return kept


def _us(moment: datetime) -> int:
    return int(np.datetime64(moment.replace(tzinfo=None), "us").astype(np.int64))


def test_orders_life_and_actions_are_the_events_of_the_service(
    directory: Path, orders: list[Order]
) -> None:
    """Kinds, stamps, every field and every column equal those made one by one."""
    found = log_of_warehouse(directory)
    expected = _expected(directory, orders).log(load_windows())
    _same(found, expected)
    assert found.event_id.drop_null().to_pylist() == [
        name for name, r_us in zip(expected.event_id.to_pylist(), expected.r_us, strict=True)
        if r_us
    ]  # fmt: skip


def _same(found: EventLog, expected: EventLog) -> None:
    for name in ("kind", "a_us", "tau_us", "r_us"):
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    for name in load_windows().fields:
        np.testing.assert_array_equal(found.field(name), expected.field(name), name)
    for name in load_windows().columns:
        np.testing.assert_array_equal(found.column(name), expected.column(name), name)


def test_every_declared_window_equals_the_replayed_records(
    directory: Path, orders: list[Order]
) -> None:
    """From the tables to Parquet: each feature of windows.toml, to the last digit."""
    window_set = load_windows()
    built = pq.read_table(
        build_windows(log_of_warehouse(directory), window_set, directory / "windows.parquet")
    )
    found = np.stack([built[name].to_numpy() for name in window_set.names], axis=1)
    np.testing.assert_array_equal(found, replay(window_set, _expected(directory, orders)))


def test_what_does_not_count_is_counted_and_named(
    directory: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Unknown types and orders, repeated ids and too old events: how many, and which."""
    path = directory / "events.parquet"
    table = pq.read_table(path)
    rows = table.to_pylist()
    late = rows[2]["event_at"]
    more = [
        rows[0] | {"event_id": "typeless", "event_type": "TELEPORTED"},
        rows[0] | {"event_id": "stray", "order_id": "nobody"},
        rows[1] | {"recorded_at": rows[1]["recorded_at"].replace(year=2090)},
        rows[2] | {"event_id": "old", "recorded_at": late.replace(year=late.year + 1)},
    ]
    before = log_of_warehouse(directory)
    pq.write_table(pa.Table.from_pylist(rows + more, table.schema), path)
    after = log_of_warehouse(directory)
    assert len(after) == len(before)
    counts = {one.reason: (one.count, one.examples) for one in after.refused}
    too_old = {one.reason: one for one in before.refused}["TOO_OLD"]
    assert counts == {
        "UNKNOWN_TYPE": (1, ("typeless",)),
        "UNKNOWN_ORDER": (1, ("stray",)),
        "REPEATED_ID": (1, (rows[1]["event_id"],)),
        "TOO_OLD": (too_old.count + 1, counts["TOO_OLD"][1]),
    }
    _same(after, before)
    assert "1 events do not count, UNKNOWN_ORDER: stray" in caplog.text


def test_a_warehouse_without_actions_has_none(directory: Path, orders: list[Order]) -> None:
    """Shops without promotion actions have no such table."""
    (directory / "actions.parquet").unlink()
    kinds = set(log_of_warehouse(directory).kind.tolist())
    assert all(load_windows().kinds[kind] not in NAMES for kind in kinds)


def test_an_older_warehouse_is_refused(directory: Path) -> None:
    """A column that the windows need and that is not there is named, and what to do."""
    path = directory / "orders.parquet"
    pq.write_table(pq.read_table(path).drop_columns("window__units"), path)
    with pytest.raises(DataFault, match=r"window__units.*prepare the data set again"):
        log_of_warehouse(directory)
    (directory / "events.parquet").unlink()
    with pytest.raises(DataFault, match=r"events\.parquet.*no such file"):
        log_of_warehouse(directory)
