"""Daily history against a brute-force reading of the schema's own words."""

import math
from collections import defaultdict
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from risk_service.domain.errors import DataFault
from risk_service.features.entities import ENTITIES
from risk_service.features.schema import Feature, load_schema
from tests.unit.frames.random_world import DAY_US, random_orders, write_warehouse
from training.frames import build
from training.frames.build import build_views

Fact = dict[str, Any]
SCHEMA = load_schema()
# The facts of the schema, said again in Python.
FACTS: dict[str, Callable[[Fact], bool]] = {
    "attempt": lambda f: True,
    "refused": lambda f: f["refused"],
    "placed": lambda f: not f["refused"],
    "placed_by_new_account": lambda f: (
        not f["refused"]
        and f["registered_at"] is not None
        and f["ordered_at"] - f["registered_at"] < 7 * DAY_US
    ),
    "placed_by_repeat_buyer": lambda f: not f["refused"] and f["bought_before"],
    "placed_by_direct_entry": lambda f: not f["refused"] and f["order__entry_is_direct"] == 1,
    "placed_in_drop": lambda f: not f["refused"] and f["drop_id"] != "",
    "placed_reduced": lambda f: not f["refused"] and f["discount_minor"] > 0,
    "placed_by_shared_buyer": lambda f: not f["refused"] and f["bought_elsewhere"],
    "attempt_in_drop": lambda f: f["drop_id"] != "",
    "attempt_at_drop_start": lambda f: (
        f["drop_id"] != "" and f["ordered_at"] % 3_600_000_000 < 60_000_000
    ),
    "placed_flash": lambda f: not f["refused"] and f["order__flash_units"] > 0,
    "delivered": lambda f: f["event_type"] == "DELIVERED",
    "cancelled": lambda f: f["event_type"] == "CANCELLED",
    "reviewed": lambda f: f["event_type"] == "REVIEWED",
    "refund_requested": lambda f: f["event_type"] == "REFUND_REQUESTED",
    "claim_after_delivery": lambda f: (
        f["event_type"] == "REFUND_REQUESTED" and f["claim_hours"] is not None
    ),
    "not_received": lambda f: f["reason"] == "NOT_RECEIVED",
    "empty_parcel": lambda f: f["reason"] == "EMPTY_PARCEL",
    "refund_only": lambda f: f["reason"] == "REFUND_ONLY",
    "refunded": lambda f: f["event_type"] == "REFUNDED",
    "sent_back": lambda f: (
        f["event_type"] == "REFUND_REQUESTED"
        and f["reason"] == "CHANGED_MIND"
        and f["claim_hours"] is not None
    ),
    "light_return": lambda f: (
        f["event_type"] == "RETURN_RECEIVED" and (f["weight_ratio"] or 1) < 0.7
    ),
    "light_parcel": lambda f: (
        f["event_type"] != "RETURN_RECEIVED" and (f["weight_ratio"] or 1) < 0.5
    ),
    "scalping_found": lambda f: f["abuse"] == "scalping" and f["value"] == 1,
    "scalping_known": lambda f: f["abuse"] == "scalping",
    "brushing_found": lambda f: f["abuse"] == "brushing" and f["value"] == 1,
    "brushing_known": lambda f: f["abuse"] == "brushing",
    "refund_found": lambda f: f["abuse"] == "refund" and f["value"] == 1,
    "refund_known": lambda f: f["abuse"] == "refund",
}


def _rows(path: Path) -> list[Fact]:
    table = pq.read_table(path)
    rows = table.to_pylist()
    for column in ("ordered_at", "registered_at", "event_at", "recorded_at", "known_at"):
        if column in table.column_names:
            stamps = table[column].cast("int64").to_pylist()
            for row, stamp in zip(rows, stamps, strict=True):
                row[column] = stamp
    return rows


def read_facts(warehouse: Path) -> dict[str, list[Fact]]:
    """Return the facts by source, each with its day and its order's columns."""
    orders = {row["order_id"]: row for row in _rows(warehouse / "orders.parquet")}
    bought: set[tuple[str, str]] = set()
    placed: list[tuple[str, str, int]] = []
    for row in sorted(orders.values(), key=lambda r: (r["ordered_at"], r["order_id"])):
        pair = (row["seller"], row["account"])
        row["refused"] = row["baseline_outcome"] == "DENY" and not row["allow_through"]
        row["bought_before"] = pair in bought and "" not in pair
        row["day"] = row["ordered_at"] // DAY_US
        row["bought_elsewhere"] = "" not in pair and any(
            account == row["account"]
            and seller != row["seller"]
            and 0 < row["ordered_at"] - at_us <= 7 * DAY_US
            for seller, account, at_us in placed
        )
        if not row["refused"]:
            bought.add(pair)
            if "" not in pair:
                placed.append((*pair, row["ordered_at"]))
    raw_events = _rows(warehouse / "events.parquet")
    delivered = {e["order_id"]: e for e in raw_events if e["event_type"] == "DELIVERED"}
    events = []
    for event in raw_events:
        delivery = delivered.get(event["order_id"])
        hours = None
        if (
            delivery is not None
            and delivery["recorded_at"] <= event["recorded_at"]
            and delivery["event_at"] <= event["event_at"]
        ):
            hours = (event["event_at"] - delivery["event_at"]) // 3_600_000_000
        event |= {"claim_hours": hours, "amount_minor": event["amount_minor"] or 0}
        events.append(orders[event["order_id"]] | event | {"day": event["recorded_at"] // DAY_US})
    labels = [
        orders[label["order_id"]] | label | {"day": label["known_at"] // DAY_US}
        for label in _rows(warehouse / "labels.parquet")
    ]
    return {"orders": list(orders.values()), "events": events, "labels": labels}


def brute_force(feature: Feature, facts: list[Fact], midnight: int) -> float:
    """Return a feature's value from all facts of its entity, straight from the definition."""
    aggregate = feature.aggregate
    assert aggregate is not None
    earliest = midnight - aggregate.window_d if aggregate.window_d else -math.inf
    chosen = [
        fact
        for fact in facts
        if earliest <= fact["day"] < midnight and FACTS[aggregate.fact.name](fact)
    ]
    values = [fact[aggregate.column] for fact in chosen] if aggregate.column else []
    days = [fact["day"] for fact in chosen]
    answers: dict[str, Callable[[], float]] = {
        "count": lambda: len(chosen),
        "sum": lambda: sum(values),
        "distinct": lambda: len({value for value in values if value != ""}),
        "mean": lambda: sum(values) / len(values) if values else math.nan,
        "max": lambda: max(values, default=math.nan),
        "first_day": lambda: min(days, default=math.nan),
        "last_day": lambda: max(days, default=math.nan),
    }
    return float(answers[aggregate.kind]())


@pytest.fixture(scope="module", params=[1, 2])
def warehouse(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build a small random world over more days than the longest window."""
    out = tmp_path_factory.mktemp("world")
    orders = random_orders(request.param, count=160, days=200, pool=4)
    write_warehouse(orders, out, request.param)
    build_views(out)
    return out


@pytest.mark.parametrize("entity", ENTITIES)
def test_every_feature_at_every_midnight(warehouse: Path, entity: str) -> None:
    """The newest row at or before each midnight holds what the definition gives."""
    facts = read_facts(warehouse)
    last = max(fact["day"] for source in facts.values() for fact in source) + 1
    features = [feature for feature in SCHEMA.stored if feature.entity == entity]
    of_key: dict[str, dict[str, list[Fact]]] = defaultdict(lambda: defaultdict(list))
    for source, rows in facts.items():
        for fact in rows:
            of_key[fact[entity]][source].append(fact)
    of_key.pop("", None)
    built = _built(warehouse, entity)
    assert set(built) == set(of_key)
    for key, sources in of_key.items():
        row: dict[str, Any] | None = None
        for midnight in range(min(f["day"] for fs in sources.values() for f in fs), last + 1):
            row = built[key].get(midnight, row)
            for feature in features:
                assert feature.aggregate is not None
                expected = brute_force(feature, sources[feature.aggregate.fact.source], midnight)
                got = _number(row[feature.name]) if row else _absent(feature)
                same = got == expected or (math.isnan(got) and math.isnan(expected))
                assert same, (feature.name, key, midnight, got, expected)


def _built(warehouse: Path, entity: str) -> dict[str, dict[int, dict[str, Any]]]:
    table = pq.read_table(warehouse / "features" / f"{SCHEMA.views[entity].name}.parquet")
    stamps = table["event_timestamp"].cast("int64").to_pylist()
    built: dict[str, dict[int, dict[str, Any]]] = defaultdict(dict)
    for row, stamp in zip(table.to_pylist(), stamps, strict=True):
        assert stamp % DAY_US == 0
        built[row[entity]][stamp // DAY_US] = row
    return built


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _absent(feature: Feature) -> float:
    assert feature.aggregate is not None
    return 0.0 if feature.aggregate.kind in ("count", "sum", "distinct") else math.nan


def test_rows_only_when_something_changes(warehouse: Path) -> None:
    """No row repeats the one before it."""
    for entity, view in SCHEMA.views.items():
        for rows in _built(warehouse, entity).values():
            ordered = [rows[midnight] for midnight in sorted(rows)]
            for before, after in pairwise(ordered):
                assert any(before[name] != after[name] for name in view.features)


def test_shares_change_nothing(warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Building the entities in small shares gives the same rows."""
    before = {entity: _built(warehouse, entity) for entity in ENTITIES}
    monkeypatch.setattr(build, "ORDERS_PER_SHARE", 40)
    build_views(warehouse)
    for entity in ENTITIES:
        assert _built(warehouse, entity) == before[entity]


def test_missing_file_is_named(tmp_path: Path) -> None:
    """A warehouse without orders is refused with the file's name."""
    with pytest.raises(DataFault, match=r"orders\.parquet: no such file"):
        build_views(tmp_path)


def test_missing_column_is_named(tmp_path: Path) -> None:
    """A file with other columns is refused with its name."""
    write_warehouse(random_orders(1, 20, 5, 3), tmp_path)
    labels = pq.read_table(tmp_path / "labels.parquet").drop_columns(["known_at"])
    pq.write_table(labels, tmp_path / "labels.parquet")
    with pytest.raises(DataFault, match=r"labels\.parquet.*known_at"):
        build_views(tmp_path)
