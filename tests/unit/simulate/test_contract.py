"""Every file of a written world keeps the contract of the raw data set."""

import hashlib
import tomllib
from datetime import UTC, datetime, timedelta

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from risk_service.domain.vocabulary import EntryPath, PromotionType, VerificationLevel
from training.simulate import kinds
from training.simulate.aftermath import EVENT_TYPES
from training.truth import SCHEMA, read_truth

STAMP = pa.timestamp("us", tz="UTC")
TEXT, LONG, INT, SHORT, TINY = pa.string(), pa.int64(), pa.int32(), pa.int16(), pa.int8()
DISCOUNTS = pa.list_(
    pa.struct([("coupon_id", TEXT), ("promotion_type", TINY), ("amount_minor", LONG)])
)
SCHEMAS = {
    "orders": {
        "order_id": TEXT,
        "ordered_at": STAMP,
        "account_id": TEXT,
        "account_registered_at": STAMP,
        "device_id": TEXT,
        "ip": TEXT,
        "payment_instrument_id": TEXT,
        "payer_name": TEXT,
        "recipient_name": TEXT,
        "recipient_phone": TEXT,
        "real_name_id": TEXT,
        "address_region": TEXT,
        "address_city": TEXT,
        "address_district": TEXT,
        "address_detail": TEXT,
        "address_postcode": TEXT,
        "currency_code": TEXT,
        "goods_minor": LONG,
        "discount_minor": LONG,
        "shipping_minor": LONG,
        "payable_minor": LONG,
        "page_open_to_submit_ms": INT,
        "entry_path": TINY,
        "drop_id": TEXT,
        "verification_level": TINY,
        "discounts": DISCOUNTS,
        "baseline_outcome": TEXT,
        "allow_through": pa.bool_(),
    },
    "lines": {
        "order_id": TEXT,
        "line_no": SHORT,
        "sku": TEXT,
        "quantity": INT,
        "unit_price_minor": LONG,
        "seller_id": TEXT,
        "campaign_id": TEXT,
        "promotion_type": TINY,
        "spu": TEXT,
        "category": TEXT,
    },
    "events": {
        "event_id": TEXT,
        "order_id": TEXT,
        "event_type": TEXT,
        "event_at": STAMP,
        "recorded_at": STAMP,
        "amount_minor": LONG,
        "reason": TEXT,
        "weight_ratio": pa.float64(),
    },
    "actions": {
        "action_id": TEXT,
        "action_type": TEXT,
        "action_at": STAMP,
        "recorded_at": STAMP,
        "account_id": TEXT,
        "device_id": TEXT,
        "ip": TEXT,
        "campaign_id": TEXT,
        "related_account_id": TEXT,
    },
    "accounts": {"account_id": TEXT, "registered_at": STAMP},
    "campaigns": {
        "campaign_id": TEXT,
        "promotion_type": TINY,
        "starts_at": STAMP,
        "ends_at": STAMP,
        "drop_id": TEXT,
        "drop_at": STAMP,
        "sku": TEXT,
        "units": INT,
    },
    "labels": {"order_id": TEXT, "abuse": TEXT, "value": TINY, "known_at": STAMP},
}
NULLABLE = {
    "orders": {"account_registered_at", "page_open_to_submit_ms"},
    "events": {"amount_minor", "weight_ratio"},
    "campaigns": {"drop_at"},
}


@pytest.mark.parametrize("name", SCHEMAS)
def test_columns_have_the_agreed_names_types_and_nulls(world, name):
    """Names, order, types and the columns without nulls are those of the contract."""
    table = pq.read_table(world.directory / f"{name}.parquet")
    assert table.column_names == list(SCHEMAS[name])
    for column, kind in SCHEMAS[name].items():
        assert table.schema.field(column).type.equals(kind), column
        if column not in NULLABLE.get(name, set()):
            assert table[column].null_count == 0, column


def test_the_description_matches_the_files(world):
    """``dataset.toml`` names every file with its rows and sha256, and every column."""
    text = (world.directory / "dataset.toml").read_text(encoding="utf-8")
    described = tomllib.loads(text)
    assert described["format"] == 1
    assert described["kind"] == "promotion"
    assert described["end"] - described["start"] == timedelta(days=described["days"])
    assert {k: v["maturity_days"] for k, v in described["labels"].items()} == {
        "scalping": 7,
        "brushing": 21,
        "refund": 30,
    }
    assert set(described["files"]) == set(SCHEMAS)
    for name, entry in described["files"].items():
        stored = (world.directory / entry["path"]).read_bytes()
        assert hashlib.sha256(stored).hexdigest() == entry["sha256"]
        assert pq.read_metadata(world.directory / entry["path"]).num_rows == entry["rows"]
        assert list(described["columns"][name]) == list(SCHEMAS[name])


def test_orders_are_as_many_as_asked_sorted_and_inside_the_days(world):
    """Exactly the wanted number, by (time, id), between start and end; ids are unique."""
    orders = world.frame("orders")
    assert len(orders) == 6_000
    assert orders["order_id"].is_unique
    by_contract = orders.sort_values(["ordered_at", "order_id"], kind="stable")
    assert (by_contract.index == orders.index).all()
    assert orders["ordered_at"].min() >= datetime(2026, 5, 2, tzinfo=UTC)
    assert orders["ordered_at"].max() < datetime(2026, 7, 1, tzinfo=UTC)


def test_numbers_belong_to_their_vocabularies(world):
    """Entry paths, promotion types, levels, event types and reasons are known words."""
    orders, lines, events = (world.frame(name) for name in ("orders", "lines", "events"))
    assert set(orders["entry_path"]) <= set(EntryPath) - {EntryPath.UNSPECIFIED}
    assert set(orders["verification_level"]) <= set(VerificationLevel)
    assert set(lines["promotion_type"]) <= set(PromotionType) - {PromotionType.UNSPECIFIED}
    assert set(events["event_type"]) == set(EVENT_TYPES)
    assert set(events["reason"]) <= set(kinds.CLAIMS)


def test_money_adds_up(world):
    """Goods are the sum of lines, discounts their sum, and nobody pays a negative amount."""
    orders, lines = world.frame("orders"), world.frame("lines")
    goods = (lines["quantity"] * lines["unit_price_minor"]).groupby(lines["order_id"]).sum()
    assert (orders.set_index("order_id")["goods_minor"] - goods == 0).all()
    discounts = orders["discounts"].map(lambda row: sum(one["amount_minor"] for one in row))
    assert (orders["discount_minor"] == discounts).all()
    payable = orders["goods_minor"] - orders["discount_minor"] + orders["shipping_minor"]
    assert (orders["payable_minor"] == payable).all()
    assert (orders["payable_minor"] >= 0).all()
    assert (lines["quantity"] >= 1).all()
    assert (lines["unit_price_minor"] > 0).all()


def test_lines_follow_their_orders(world):
    """Every order has lines 1..n, and the lines stand in the order of the orders."""
    orders, lines = world.frame("orders"), world.frame("lines")
    position = dict(zip(orders["order_id"], range(len(orders)), strict=True))
    at = lines["order_id"].map(position).to_numpy()
    assert (np.diff(at) >= 0).all()
    assert set(lines["order_id"]) == set(orders["order_id"])
    assert (lines.groupby("order_id").cumcount() + 1 == lines["line_no"]).all()


def test_events_come_after_their_orders_and_are_recorded_later(world):
    """No event before its order; the shop knows of it at once or later, never earlier."""
    orders, events = world.frame("orders"), world.frame("events")
    ordered = events["order_id"].map(orders.set_index("order_id")["ordered_at"])
    assert (events["event_at"] >= ordered).all()
    assert (events["recorded_at"] >= events["event_at"]).all()
    assert events["event_id"].is_unique


def test_a_life_happens_in_its_order(world):
    """Shipped after paid, delivered after shipped, refunded after requested."""
    events = world.frame("events")
    at = events.pivot_table("event_at", "order_id", "event_type", aggfunc="first")
    for earlier, later in (
        ("PAID", "SHIPPED"),
        ("SHIPPED", "DELIVERED"),
        ("DELIVERED", "REVIEWED"),
        ("REFUND_REQUESTED", "REFUNDED"),
        ("REFUND_REQUESTED", "RETURN_RECEIVED"),
    ):
        both = at[[earlier, later]].dropna()
        assert len(both) > 0
        assert (both[later] >= both[earlier]).all(), (earlier, later)
    requests = events[events["event_type"] == "REFUND_REQUESTED"]
    assert (requests["reason"] != "").all()


def test_blocked_orders_have_no_life_and_no_label(world):
    """A denied order has one BLOCKED event and no label; every other order has three."""
    orders, events, labels = (world.frame(name) for name in ("orders", "events", "labels"))
    blocked = set(orders.loc[orders["baseline_outcome"] == "DENY", "order_id"])
    assert blocked
    assert set(events.loc[events["event_type"] == "BLOCKED", "order_id"]) == blocked
    others = events[events["event_type"] != "BLOCKED"]
    assert blocked.isdisjoint(others["order_id"])
    assert blocked.isdisjoint(labels["order_id"])
    per_order = labels.groupby("order_id")["abuse"].nunique()
    assert len(per_order) == len(orders) - len(blocked)
    assert (per_order == 3).all()


def test_labels_are_known_within_maturity(world):
    """Findings come late but in time; "nothing found" is concluded at maturity."""
    orders, labels = world.frame("orders"), world.frame("labels")
    days = labels["abuse"].map({"scalping": 7, "brushing": 21, "refund": 30})
    ordered = labels["order_id"].map(orders.set_index("order_id")["ordered_at"])
    wait = (labels["known_at"] - ordered).dt.total_seconds() / 86_400
    found = labels["value"] == 1
    assert found.any()
    assert (wait[found] > 0).all()
    assert (wait[found] <= days[found]).all()
    assert np.allclose(wait[~found], days[~found])


def test_accounts_are_opened_before_they_order(world):
    """Registration, where known, is before the order and agrees with the account file."""
    orders, accounts = world.frame("orders"), world.frame("accounts")
    assert set(orders["account_id"]) == set(accounts["account_id"])
    known = orders.dropna(subset="account_registered_at")
    assert 0 < len(orders) - len(known) < len(orders) / 10
    assert (known["account_registered_at"] < known["ordered_at"]).all()
    opened = known["account_id"].map(accounts.set_index("account_id")["registered_at"])
    assert (opened == known["account_registered_at"]).all()


def test_every_week_has_a_drop_and_drop_orders_follow_it(world):
    """Campaigns run all the time; an order of a drop comes after the drop's start."""
    orders, campaigns = world.frame("orders"), world.frame("campaigns")
    drops = campaigns[campaigns["drop_id"] != ""].set_index("drop_id")["drop_at"]
    weeks = (drops - datetime(2026, 5, 2, tzinfo=UTC)).dt.days // 7
    assert set(weeks) >= set(range(60 // 7))
    at_drop = orders[orders["drop_id"] != ""]
    assert (at_drop["ordered_at"] > at_drop["drop_id"].map(drops)).all()
    lines = world.frame("lines")
    assert set(lines["campaign_id"]) - {""} <= set(campaigns["campaign_id"])


def test_truth_has_one_row_for_each_order(world):
    """The reader of the truth returns every order once, with the agreed columns."""
    truth = read_truth(world.truth)
    assert truth.schema.equals(SCHEMA)
    assert set(truth["order_id"].to_pylist()) == set(world.frame("orders")["order_id"])


def test_nothing_in_the_data_set_names_a_strategy(world):
    """The data set holds no file, column or text of the truth."""
    names = {path.name for path in world.directory.iterdir()}
    assert names == {f"{name}.parquet" for name in SCHEMAS} | {"dataset.toml"}
    secret = [word.encode() for word in (*kinds.STRATEGIES, *kinds.PERSONAS, "ring_id") if word]
    secret = [word for word in secret if word not in (b"plain", b"empty_parcel")]
    stored = (world.directory / "dataset.toml").read_bytes()
    for name in SCHEMAS:
        text = world.frame(name).select_dtypes("object")
        for column in text.columns.drop("discounts", errors="ignore"):
            values = set(text[column].map(str)) if text[column].nunique() < 100 else set()
            stored += "\n".join(sorted(values)).encode()
    assert not [word for word in secret if word in stored.lower()]
