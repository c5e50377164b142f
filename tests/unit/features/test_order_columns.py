"""The order's own columns on a basket worked out by hand."""

import math
import random

import pytest
from msgspec.structs import replace

from risk_service.domain.order import Discount, OrderLine
from risk_service.domain.vocabulary import EntryPath, PromotionType
from risk_service.features.order_columns import ORDER_COLUMNS, order_columns
from tests.unit.frames.random_world import DAY_US, START_US, random_order

BASE = replace(
    random_order(random.Random(2), 1, 5, 9),
    # 2023-11-15 is a Wednesday.
    ordered_at_us=START_US + 10 * 3_600_000_000 + 61_500_000,
    account_registered_at_us=START_US - DAY_US + 10 * 3_600_000_000 + 61_500_000,
    lines=(
        OrderLine(sku="a", quantity=2, unit_price_minor=5_000, seller_id="s"),
        OrderLine(
            sku="b",
            quantity=3,
            unit_price_minor=100,
            seller_id="t",
            promotion_type=PromotionType.FLASH_SALE,
        ),
    ),
    discounts=(
        Discount(amount_minor=515, coupon_id="c", promotion_type=PromotionType.COUPON),
        Discount(amount_minor=515),
    ),
    goods_minor=10_300,
    discount_minor=1_030,
    entry_path=EntryPath.DIRECT_LINK,
    page_open_to_submit_ms=None,
    drop_id="d",
)


def test_worked_example() -> None:
    """Times, basket, prices, promotions and session are what a person reads off."""
    columns = dict(zip(ORDER_COLUMNS, order_columns(BASE), strict=True))
    expected = {
        "hour": 10, "weekday": 2, "seconds_after_hour": 61.5, "is_drop": 1, "lines": 2, "units": 5,
        "max_line_units": 3, "sellers": 2, "skus": 2, "discount_share": 0.1,
        "max_unit_price_minor": 5_000, "min_unit_price_minor": 100, "lead_units": 2,
        "lead_amount_minor": 10_000, "lead_promotion": 0, "flash_line_share": 0.5,
        "flash_units": 3, "promotion_kinds": 2, "coupons": 1, "coupon_share": 0.05,
        "goods_over_hundred_minor": 300, "entry_is_direct": 1, "account_age_days": 1,
    }  # fmt: skip
    assert {name: columns[f"order__{name}"] for name in expected} == expected
    assert math.isnan(columns["order__page_open_ms"])


def test_one_line_and_many_agree() -> None:
    """The short way for a single line gives what the general way gives."""
    line = BASE.lines[0]
    one = order_columns(replace(BASE, lines=(line,)))
    free = OrderLine(sku=line.sku, quantity=0, unit_price_minor=5_000, seller_id=line.seller_id)
    two = order_columns(replace(BASE, lines=(line, free)))
    differing = {
        name
        for name, a, b in zip(ORDER_COLUMNS, one, two, strict=True)
        if a != b and not math.isnan(a)
    }
    assert differing == {"order__lines"}


@pytest.mark.parametrize("kind", list(PromotionType))
def test_one_line_without_discounts_is_like_one_with_an_empty_discount(
    kind: PromotionType,
) -> None:
    """The short way for most orders gives what the general way gives, to the last bit."""
    plain = replace(BASE, lines=(replace(BASE.lines[1], promotion_type=kind),), discounts=())
    general = replace(plain, discounts=(Discount(amount_minor=0),))
    assert list(map(repr, order_columns(plain))) == list(map(repr, order_columns(general)))


def test_nothing_free_divides_by_zero() -> None:
    """A basket worth nothing has no discount share."""
    columns = dict(zip(ORDER_COLUMNS, order_columns(replace(BASE, goods_minor=0)), strict=True))
    assert columns["order__discount_share"] == 0
