"""What checkout never lets pass alone: what active limits on goods name."""

import pytest

from risk_service.decisions.fail_policies import LimitedItems, limited_items
from risk_service.domain.vocabulary import PromotionType
from risk_service.limits.book import parse_limits
from tests.fixtures.limit_texts import policy

FLASH = frozenset({PromotionType.FLASH_SALE})
EVERY = frozenset(PromotionType)


def items(include: str = "", **changes: object) -> LimitedItems:
    """Return what one policy names."""
    said = f"include = {{ {include} }}\n" if include else ""
    return limited_items(parse_limits("format = 1\n" + policy(**changes) + said, "test.toml"))


@pytest.mark.parametrize(
    ("include", "found"),
    [
        ("", LimitedItems(promotion_types=EVERY)),
        ('promotion_types = ["FLASH_SALE"]', LimitedItems(promotion_types=FLASH)),
        ('promotion_types = ["FLASH_SALE"], spus = ["p"]', LimitedItems(promotion_types=FLASH)),
        ('categories = ["shoes"]', LimitedItems(promotion_types=EVERY)),
        ('sellers = ["s"]', LimitedItems(seller_ids=frozenset("s"))),
        ('sellers = ["s"], campaigns = ["c"]', LimitedItems(campaign_ids=frozenset("c"))),
        ('campaigns = ["c"], skus = ["a", "b"]', LimitedItems(skus=frozenset("ab"))),
    ],
)
def test_a_limit_on_goods_stands_for_the_narrowest_thing_it_names(
    include: str, found: LimitedItems
) -> None:
    """Products that checkout may not know stand for their promotion types; nothing for all."""
    assert items(include) == found


@pytest.mark.parametrize("state", ["draft", "shadow", "retired"])
def test_what_does_not_decide_closes_nothing(state: str) -> None:
    """Only an active limit is one that checkout must keep."""
    assert items(state=state) == LimitedItems()


@pytest.mark.parametrize(
    ("measure", "closes"),
    [
        ("units", True),
        ("orders", True),
        ("amount", True),
        ("redemptions", False),
        ("discount", False),
    ],
)
def test_only_stock_is_guarded_while_the_service_is_away(measure: str, closes: bool) -> None:
    """A limit on what is redeemed guards an offer: without an answer it stops no goods."""
    money = 'currency = "CNY"\n' if measure in ("amount", "discount") else ""
    book = parse_limits("format = 1\n" + policy(measure=measure) + money, "test.toml")
    assert bool(limited_items(book).promotion_types) is closes
