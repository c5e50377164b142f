"""Small random warehouses: few entities, so that everything collides often.

Not the promotion world: nothing here looks like people. Times cluster at midnights
and window edges, where a wrong comparison shows.
"""

import math
import random
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from risk_service.domain.order import Discount, IdentityTraits, Order, OrderLine, Tokens
from risk_service.domain.vocabulary import EntryPath, PromotionType, VerificationLevel
from risk_service.features.entities import ENTITIES, entity_keys
from risk_service.features.order_columns import ORDER_COLUMNS, order_columns
from training.datasets.warehouse import WINDOW_COLUMNS, window_values

DAY_US = 86_400_000_000
START_US = 1_700_006_400_000_000  # a midnight
REASONS = ("NOT_RECEIVED", "NOT_AS_DESCRIBED", "CHANGED_MIND", "EMPTY_PARCEL", "REFUND_ONLY")


def random_time_us(rng: random.Random, days: int) -> int:
    """Return a time that is often exactly at midnight or one microsecond off it."""
    at_us = START_US + rng.randrange(days) * DAY_US
    return at_us + rng.choice((0, 0, 1, -1, rng.randrange(DAY_US), rng.randrange(DAY_US)))


def _token(rng: random.Random, kind: str, pool: int) -> str:
    number = rng.randrange(pool)
    return "" if number == 0 and kind != "account" else f"k1:{kind}{number:032x}"


def _goods(number: int) -> dict[str, str]:
    """Return what a line says of its goods; of some the shop says less."""
    spu = f"spu{number // 3}" if number % 4 else ""
    category = ("toys", "drinks", "")[number % 3]
    return {"sku": f"sku{number}", "spu": spu, "category": category}


def random_order(rng: random.Random, number: int, days: int, pool: int) -> Order:
    """Return one order among ``pool`` possible values of each identifier."""
    lines = tuple(
        OrderLine(
            **_goods(rng.randrange(pool)),
            quantity=rng.randint(1, 5),
            unit_price_minor=rng.choice((0, 999, 12_345, 500_000)),
            seller_id=f"seller{rng.randrange(max(2, pool // 4))}",
            promotion_type=rng.choice(list(PromotionType)),
        )
        for _ in range(rng.randint(1, 4))
    )
    discounts = tuple(
        Discount(amount_minor=rng.randrange(2_000), coupon_id=rng.choice(("", "c1", "c2")))
        for _ in range(rng.randint(0, 2))
    )
    goods = sum(line.quantity * line.unit_price_minor for line in lines)
    taken_off = min(goods, sum(discount.amount_minor for discount in discounts))
    ordered_at_us = random_time_us(rng, days)
    return Order(
        order_id=f"o{number:07d}",
        ordered_at_us=ordered_at_us,
        account_registered_at_us=rng.choice((None, ordered_at_us - rng.randrange(20 * DAY_US))),
        tokens=_tokens(rng, pool),
        traits=_traits(rng),
        lines=lines,
        discounts=discounts,
        currency_code="CNY",
        goods_minor=goods,
        discount_minor=taken_off,
        shipping_minor=rng.choice((0, 600)),
        payable_minor=goods - taken_off,
        page_open_to_submit_ms=rng.choice((None, rng.randrange(100_000))),
        entry_path=rng.choice(list(EntryPath)),
        drop_id=rng.choice(("", "", "drop1")),
        verification_level=rng.choice(list(VerificationLevel)),
    )


def _tokens(rng: random.Random, pool: int) -> Tokens:
    return Tokens(
        account=_token(rng, "account", pool),
        device=_token(rng, "device", pool),
        payment=_token(rng, "payment", pool),
        ip=_token(rng, "ip", pool),
        ip_block=_token(rng, "block", pool),
        address_door=_token(rng, "door", pool),
        address_building=_token(rng, "building", pool),
        phone=_token(rng, "phone", pool),
        real_name=_token(rng, "name", pool),
    )


def _traits(rng: random.Random) -> IdentityTraits:
    flag = (0.0, 1.0, math.nan)
    return IdentityTraits(
        ip_version=rng.choice((0, 4, 6)),
        ip_is_private=rng.choice(flag),
        phone_prefix_class=rng.randrange(4),
        phone_is_virtual=rng.choice(flag),
        phone_region="",
        address_region="",
        address_has_door=rng.choice(flag),
        phone_region_matches_address=rng.choice(flag),
        payer_matches_recipient=rng.choice(flag),
        id_checksum_ok=rng.choice(flag),
        id_age_years=rng.choice((math.nan, 33.5)),
        name_length=rng.randrange(5),
    )


def random_orders(seed: int, count: int, days: int, pool: int) -> list[Order]:
    """Return orders sorted by time."""
    rng = random.Random(seed)
    orders = [random_order(rng, number, days, pool) for number in range(count)]
    return sorted(orders, key=lambda order: (order.ordered_at_us, order.order_id))


def write_warehouse(orders: list[Order], out: Path, seed: int = 1) -> Path:
    """Write orders, life events and labels as ``training.datasets`` would."""
    rng = random.Random(seed)
    out.mkdir(parents=True, exist_ok=True)
    rows = [_order_row(order, rng) for order in orders]
    _write(out / "orders.parquet", rows, ("ordered_at", "registered_at"))
    placed = [row for row in rows if row["baseline_outcome"] == "ALLOW" or row["allow_through"]]
    events = [event for row in placed for event in _events(row, rng)]
    _write(out / "events.parquet", events, ("event_at", "recorded_at"))
    labels = [label for row in placed for label in _labels(row, rng)]
    _write(out / "labels.parquet", labels, ("known_at",))
    return out


def _order_row(order: Order, rng: random.Random) -> dict[str, object]:
    lead = order.lead_line
    row: dict[str, object] = {
        "order_id": order.order_id,
        "ordered_at": order.ordered_at_us,
        **dict(zip(ENTITIES, entity_keys(order), strict=True)),
        "ip_block": order.tokens.ip_block,
        "address_building": order.tokens.address_building,
        "phone": order.tokens.phone,
        "real_name": order.tokens.real_name,
        "registered_at": order.account_registered_at_us,
        "currency_code": order.currency_code,
        "units": sum(line.quantity for line in order.lines),
        "goods_minor": order.goods_minor,
        "discount_minor": order.discount_minor,
        "payable_minor": order.payable_minor,
        "lead_promotion": int(lead.promotion_type),
        "campaign_id": lead.campaign_id,
        "drop_id": order.drop_id,
        "baseline_outcome": rng.choice(("ALLOW", "ALLOW", "ALLOW", "DENY")),
        "allow_through": rng.random() < 0.3,
    }
    row |= dict(zip(WINDOW_COLUMNS, window_values(order), strict=True))
    return row | dict(zip(ORDER_COLUMNS, order_columns(order), strict=True))


def _events(row: dict[str, object], rng: random.Random) -> list[dict[str, object]]:
    events = []
    kinds = ("PAID", "CANCELLED", "SHIPPED", "DELIVERED", "REVIEWED", "REFUND_REQUESTED")
    for number, kind in enumerate((*kinds, "REFUND_REQUESTED", "REFUNDED", "RETURN_RECEIVED")):
        if rng.random() < 0.4:
            continue
        ordered_at_us = row["ordered_at"]
        assert isinstance(ordered_at_us, int)
        event_at = ordered_at_us + rng.randrange(10 * DAY_US)
        events.append(
            {
                "event_id": f"{row['order_id']}-{number}",
                "order_id": row["order_id"],
                "event_type": kind,
                "event_at": event_at,
                "recorded_at": event_at + rng.choice((0, 0, rng.randrange(5 * DAY_US))),
                "amount_minor": rng.choice((None, rng.randrange(10_000))),
                "reason": rng.choice(REASONS) if kind == "REFUND_REQUESTED" else "",
                "weight_ratio": rng.choice((None, 0.1, 0.6, 1.0)),
            }
        )
    return events


def _labels(row: dict[str, object], rng: random.Random) -> list[dict[str, object]]:
    ordered_at_us = row["ordered_at"]
    assert isinstance(ordered_at_us, int)
    return [
        {
            "order_id": row["order_id"],
            "abuse": abuse,
            "value": rng.randrange(2),
            "known_at": ordered_at_us + rng.randrange(30 * DAY_US),
        }
        for abuse in ("scalping", "brushing", "refund")
    ]


def _write(path: Path, rows: list[dict[str, object]], times: tuple[str, ...]) -> None:
    table = pa.Table.from_pylist(rows)
    for column in times:
        position = table.schema.get_field_index(column)
        stamps = table.column(column).cast(pa.int64()).cast(pa.timestamp("us", tz="UTC"))
        table = table.set_column(position, column, stamps)
    pq.write_table(table, path)
