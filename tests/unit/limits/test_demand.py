"""What an order asks of limits: whom it counts on, what tiers may ask, and its lines."""

import pytest
from msgspec.structs import replace

from risk_service.domain.grant import DemandLine
from risk_service.domain.order import Discount, Order, OrderLine, Tokens
from risk_service.domain.vocabulary import EntryPath, PromotionType, VerificationLevel
from risk_service.limits.demand import NEW_ACCOUNT_US, demand_of_order
from risk_service.limits.policy import DIMENSIONS, TRAITS
from tests.fixtures.records import NOW_US, order

COUPON, GIFT, NONE = PromotionType.COUPON, PromotionType.GIFT, PromotionType.UNSPECIFIED


def traits_of(one: Order, *, passed: bool = False) -> dict[str, str]:
    """Return what tiers may ask of an order."""
    return dict(demand_of_order(one, b"f", now_us=NOW_US, passed=passed).traits)


def test_each_subject_is_the_token_of_its_own_identifier() -> None:
    """No dimension counts what is another's; the cluster is known by the account it names first."""
    tokens = Tokens(*[f"token of {name}" for name in Tokens.__struct_fields__])
    found = demand_of_order(
        replace(order(), tokens=tokens), b"f", now_us=NOW_US, cluster=["first", "second"]
    )
    own = {name: f"token of {name}" for name in Tokens.__struct_fields__}
    assert dict(found.subjects) == {"identity_cluster": "first", **own}
    assert tuple(found.cluster) == ("first", "second")
    assert set(found.subjects) == set(DIMENSIONS)
    assert demand_of_order(order(), b"f", now_us=NOW_US).subjects["identity_cluster"] == ""


def test_tiers_are_told_each_trait_by_its_name() -> None:
    """All that a tier may ask about, and what the order says of it."""
    one = order()
    identity = replace(one.traits, address_region="CN-31", phone_region="CN-44")
    told = replace(
        one, traits=identity, member_level="gold", currency_code="EUR", entry_path=EntryPath.SEARCH,
        verification_level=VerificationLevel.L2, drop_id="noon", account_registered_at_us=None,
    )  # fmt: skip
    assert traits_of(told) == {
        "is_new_account": "", "member_level": "gold", "address_region": "CN-31",
        "phone_region": "CN-44", "currency": "EUR", "entry_path": "SEARCH",
        "challenge_passed": "false",
    }  # fmt: skip
    assert set(traits_of(told)) == set(TRAITS)
    assert traits_of(told, passed=True)["challenge_passed"] == "true"
    found = demand_of_order(told, b"f", now_us=NOW_US)
    assert (found.verification_level, found.drop_id) == (VerificationLevel.L2, "noon")
    assert (found.reservation_id, found.fingerprint, found.at_us) == ("o-1", b"f", NOW_US)


@pytest.mark.parametrize(
    ("age_us", "told"), [(NEW_ACCOUNT_US - 1, "true"), (NEW_ACCOUNT_US, "false")]
)
def test_an_account_is_new_for_seven_days(age_us: int, told: str) -> None:
    """To the microsecond, by the clock of the service."""
    one = replace(order(), account_registered_at_us=NOW_US - age_us)
    assert traits_of(one)["is_new_account"] == told


def test_goods_count_by_unit_and_price_and_each_discount_is_one_redemption() -> None:
    """A coupon of which no promotion is told is a coupon; another reduction is of no type."""
    goods = OrderLine(
        sku="a", quantity=3, unit_price_minor=200, seller_id="s", campaign_id="c",
        promotion_type=GIFT, spu="p", category="shoes",
    )  # fmt: skip
    discounts = (
        Discount(amount_minor=5, coupon_id="k"),
        Discount(amount_minor=6, coupon_id="k", promotion_type=GIFT),
        Discount(amount_minor=7),
        Discount(amount_minor=8, promotion_type=PromotionType.SPEND_AND_SAVE),
    )
    one = replace(order(), lines=(goods,), discounts=discounts)
    first, *rest = demand_of_order(one, b"f", now_us=NOW_US).lines
    assert first == DemandLine("a", "s", "c", GIFT, 3, 600, 0, "p", "shoes")
    assert [(one.campaign_id, one.promotion_type, one.discount_minor) for one in rest] == [
        ("k", COUPON, 5), ("k", GIFT, 6), ("", NONE, 7), ("", PromotionType.SPEND_AND_SAVE, 8),
    ]  # fmt: skip
    assert {(one.sku, one.quantity, one.amount_minor) for one in rest} == {("", 1, 0)}
