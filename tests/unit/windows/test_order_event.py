"""Orders, their life and promotion actions as window events, worked out by hand."""

import math
import random

import pytest
from msgspec.structs import replace

from risk_service.domain.action import Action
from risk_service.domain.order import Discount, Order, OrderLine
from risk_service.domain.reported import LifeEvent
from risk_service.domain.vocabulary import EntryPath, EventReason, EventType, PromotionType
from risk_service.features.entities import ENTITIES, entity_keys
from risk_service.features.order_columns import ORDER_COLUMNS, order_columns
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.event import Event
from risk_service.features.windows.order_event import (
    DWELL,
    action_event,
    life_event,
    order_event,
    past_life_event,
    past_order,
)
from tests.fixtures.records import NOW_US, TOKENISER, raw_order
from tests.unit.frames.random_world import random_order

DAY_US = 86_400_000_000
TOKENISED = TOKENISER.order(raw_order())
ORDER = replace(
    TOKENISED,
    account_registered_at_us=NOW_US - 7 * DAY_US + 1,
    tokens=replace(TOKENISED.tokens, phone="k1:ph", real_name="k1:rn"),
    traits=replace(TOKENISED.traits, payer_matches_recipient=0.0, phone_is_virtual=1.0),
    lines=(
        OrderLine(sku="small", quantity=5, unit_price_minor=10, seller_id="t"),
        OrderLine(
            sku="big",
            quantity=2,
            unit_price_minor=5_100,
            seller_id="s",
            campaign_id="c1",
            promotion_type=PromotionType.FLASH_SALE,
        ),
    ),
    discounts=(Discount(amount_minor=7, coupon_id="x"), Discount(amount_minor=3)),
    goods_minor=10_250,
    discount_minor=10,
    payable_minor=10_240,
    page_open_to_submit_ms=2_999,
    entry_path=EntryPath.EXACT_TITLE,
)


def fields(event: Event) -> dict[str, str]:
    """Return the event's fields by name."""
    return dict(zip(load_windows().fields, event.fields, strict=True))


def columns(event: Event) -> dict[str, int]:
    """Return the event's columns by name; all are integers."""
    assert {type(value) for value in event.columns} == {int}
    return dict(zip(load_windows().columns, event.columns, strict=True))


def test_attempt() -> None:
    """Seller, SKU and campaign are those of the dearest line; every column is filled."""
    event = order_event(ORDER, "dec_1", NOW_US + 5)
    assert (event.event_id, event.at_us) == ("dec_1", NOW_US + 5)
    assert load_windows().kinds[event.kind] == "ATTEMPT"
    tokens = ORDER.tokens
    assert fields(event) == {
        "account": tokens.account,
        "device": tokens.device,
        "payment": tokens.payment,
        "address": tokens.address_door,
        "building": tokens.address_building,
        "ip": tokens.ip,
        "ip_block": tokens.ip_block,
        "phone": "k1:ph",
        "real_name": "k1:rn",
        "seller": "s",
        "sku": "big",
        "campaign": "c1",
        "drop": "",
        "related": "",
    }
    assert columns(event) == {
        "units": 7,
        "lead_units": 2,
        "limited_units": 2,
        "goods_minor": 10_250,
        "discount_minor": 10,
        "payable_minor": 10_240,
        "coupons": 1,
        "threshold_excess_minor": 250,
        "page_ms": 2_999,
        "entry_is_direct": 1,
        "payer_differs": 1,
        "is_new_account": 1,
        "phone_is_virtual": 1,
        "dwell_ds": 29,
        "dwell_squared": 841,
        "reason": 0,
        "without_return": 0,
        "weight_low": 0,
        "amount_minor": 0,
    }


def test_unknown_is_zero() -> None:
    """What an order does not tell is 0, and no flag is set for want of knowledge."""
    traits = replace(ORDER.traits, payer_matches_recipient=math.nan, phone_is_virtual=math.nan)
    order = replace(
        ORDER,
        account_registered_at_us=None,
        page_open_to_submit_ms=None,
        discounts=(),
        traits=traits,
        entry_path=EntryPath.UNSPECIFIED,
    )
    unknown = columns(order_event(order, "d", NOW_US))
    flags = ("page_ms", "entry_is_direct", "payer_differs", "is_new_account", "phone_is_virtual")
    assert [unknown[name] for name in (*flags, "coupons")] == [0] * 6


@pytest.mark.parametrize(
    ("change", "name", "value"),
    [
        ({"account_registered_at_us": NOW_US - 7 * DAY_US}, "is_new_account", 0),
        ({"drop_id": "d"}, "limited_units", 7),
        ({"lines": ORDER.lines[:1]}, "limited_units", 0),
        ({"lines": ORDER.lines[:1]}, "units", 5),
        ({"lines": ORDER.lines[1:]}, "limited_units", 2),
        ({"page_open_to_submit_ms": 0}, "page_ms", 0),
        ({"page_open_to_submit_ms": None}, "dwell_ds", 0),
        ({"page_open_to_submit_ms": 599_999}, "dwell_ds", 5_999),
        ({"page_open_to_submit_ms": 600_001}, "dwell_ds", 6_000),
        ({"page_open_to_submit_ms": 4_294_967_295}, "dwell_squared", 36_000_000),
    ],
)
def test_columns_at_their_edges(change: dict[str, object], name: str, value: int) -> None:
    """A drop limits every unit, a flash sale its own; nobody reads a page for over ten minutes."""
    assert columns(order_event(replace(ORDER, **change), "d", NOW_US))[name] == value


def test_address_without_a_door_is_its_building() -> None:
    """As in daily history: a missing door number does not hide the place."""
    order = replace(ORDER, tokens=replace(ORDER.tokens, address_door=""))
    assert fields(order_event(order, "d", 1))["address"] == ORDER.tokens.address_building


def of_warehouse(order: Order) -> dict[str, float]:
    """Return what the columns are over the columns of a prepared warehouse."""
    own = dict(zip(ORDER_COLUMNS, order_columns(order), strict=True))
    own = {name: 0.0 if math.isnan(value) else value for name, value in own.items()}
    units = sum(line.quantity for line in order.lines)
    return {
        "units": units,
        "lead_units": own["order__lead_units"],
        "limited_units": units if order.drop_id else own["order__flash_units"],
        "coupons": own["order__coupons"],
        "threshold_excess_minor": own["order__goods_over_hundred_minor"],
        "page_ms": own["order__page_open_ms"],
        "entry_is_direct": own["order__entry_is_direct"],
        "phone_is_virtual": own["order__phone_is_virtual"],
    }


@pytest.mark.parametrize("seed", range(40))
def test_columns_are_those_of_the_warehouse(seed: int) -> None:
    """Orders drawn at random give the columns that a warehouse of them gives, and its keys."""
    order = random_order(random.Random(seed), seed, 5, 9)
    event = order_event(order, "d", 1)
    own = columns(event)
    assert {name: own[name] for name in of_warehouse(order)} == of_warehouse(order)
    keys = fields(event)
    assert tuple(keys[entity] for entity in ENTITIES) == entity_keys(order)


def test_life_event_carries_its_order() -> None:
    """A refund counts for the address and the seller of its order, with the order's columns."""
    life = LifeEvent(
        event_id="e1",
        event_type=EventType.REFUND_REQUESTED,
        at_us=77,
        order_id=ORDER.order_id,
        amount_minor=900,
        reason=EventReason.EMPTY_PARCEL,
    )
    event = life_event(ORDER, life)
    attempt = order_event(ORDER, "d", 1)
    assert (event.event_id, event.at_us, event.fields) == ("e1", 77, attempt.fields)
    assert load_windows().kinds[event.kind] == "REFUND_REQUESTED"
    assert event.columns == (*attempt.columns[:-4], int(EventReason.EMPTY_PARCEL), 1, 0, 900)


@pytest.mark.parametrize("seed", range(10))
def test_what_is_kept_of_a_past_order_is_enough(seed: int) -> None:
    """Its later events are those of the order itself, field by field and column by column."""
    order = random_order(random.Random(seed), seed, 5, 9)
    life = LifeEvent(
        event_id="e", event_type=EventType.REFUNDED, at_us=5, order_id="o", amount_minor=7
    )
    past = past_order(order_event(order, "d", 1))
    assert past_life_event(past, life) == life_event(order, life)


def test_a_past_order_keeps_what_it_always_kept() -> None:
    """Columns that follow from others are not in it: files and logs of earlier versions hold."""
    past = past_order(order_event(ORDER, "d", 1))
    of_life = ("reason", "without_return", "weight_low", "amount_minor")
    kept = [name for name in load_windows().columns if name not in (*DWELL, *of_life)]
    own = columns(order_event(ORDER, "d", 1))
    assert past.columns == tuple(own[name] for name in kept)


@pytest.mark.parametrize("kind", list(EventType))
def test_every_reported_type_has_its_kind(kind: EventType) -> None:
    """No type that the contract knows is left without a place in the windows."""
    life = LifeEvent(event_id="e", event_type=kind, at_us=1, order_id="o")
    assert load_windows().kinds[life_event(ORDER, life).kind] == kind.name


@pytest.mark.parametrize(
    ("kind", "ratio", "low"),
    [
        (EventType.SHIPPED, 0.49, 1),
        (EventType.SHIPPED, 0.5, 0),
        (EventType.RETURN_RECEIVED, 0.69, 1),
        (EventType.RETURN_RECEIVED, 0.7, 0),
        (EventType.RETURN_RECEIVED, None, 0),
    ],
)
def test_weight_is_low_below_its_limit(kind: EventType, ratio: float | None, low: int) -> None:
    """A sent parcel is light below half, a returned one below 0.7 of what was expected."""
    life = LifeEvent(event_id="e", event_type=kind, at_us=1, order_id="o", weight_ratio=ratio)
    assert columns(life_event(ORDER, life))["weight_low"] == low


@pytest.mark.parametrize("reason", list(EventReason))
def test_claims_without_a_return(reason: EventReason) -> None:
    """Not received, empty parcel and refund only leave goods and money with the customer."""
    life = LifeEvent(
        event_id="e", event_type=EventType.REFUND_REQUESTED, at_us=1, order_id="o", reason=reason
    )
    expected = reason.name in ("NOT_RECEIVED", "EMPTY_PARCEL", "REFUND_ONLY")
    assert columns(life_event(ORDER, life))["without_return"] == expected


def test_action_belongs_to_no_order() -> None:
    """An action names who, where from, for which campaign and for whom; it has no columns."""
    action = Action(
        action_id="a1",
        action_type="INVITE",
        at_us=9,
        account="A",
        device="D",
        ip="I",
        ip_block="B",
        campaign="C",
        related="R",
    )
    event = action_event(action)
    assert (event.event_id, event.at_us) == ("a1", 9)
    assert load_windows().kinds[event.kind] == "INVITE"
    named = {name: value for name, value in fields(event).items() if value}
    assert named == {
        "account": "A",
        "device": "D",
        "ip": "I",
        "ip_block": "B",
        "campaign": "C",
        "related": "R",
    }
    assert not any(columns(event).values())
