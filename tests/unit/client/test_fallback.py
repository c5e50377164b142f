"""Which outcome an order gets when there is no service."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_service.client import (
    CallTimedOut,
    FallbackCause,
    FallbackPolicy,
    FallbackRule,
    Mode,
    Outcome,
    ServiceFailure,
    ServiceFault,
    ServiceOverloaded,
    ServiceUnavailable,
)
from risk_service.client.fallback import DEFAULT_RULES
from risk_service.pb.risk.v1 import order_pb2
from tests.unit.client.scripted import order

FLASH_SALE = order_pb2.PROMOTION_TYPE_FLASH_SALE
COUPON = order_pb2.PROMOTION_TYPE_COUPON
NONE = order_pb2.PROMOTION_TYPE_NONE
GONE = ServiceUnavailable("gone")

promotions = st.integers(min_value=0, max_value=13)
rules = st.dictionaries(promotions, st.sampled_from(FallbackRule))


def outcome(policy: FallbackPolicy, message: order_pb2.Order) -> Outcome:
    """Return the policy's outcome."""
    return policy.answer(message, "req_1", GONE).outcome


@given(rules=rules, other=st.sampled_from(FallbackRule), lines=st.lists(promotions, max_size=4))
def test_a_limited_item_never_falls_back_to_allow(
    rules: dict[int, FallbackRule], other: FallbackRule, lines: list[int]
) -> None:
    """Whatever the rules, an order with a flash sale line is reviewed or denied."""
    policy = FallbackPolicy(rules=rules, other=other)
    assert outcome(policy, order(*lines, FLASH_SALE)) in (Outcome.REVIEW, Outcome.DENY)


@given(rules=rules, lines=st.lists(promotions, min_size=1, max_size=4))
def test_an_order_in_a_drop_is_limited_too(
    rules: dict[int, FallbackRule], lines: list[int]
) -> None:
    """A drop has limited units, whatever the promotion type of its lines says."""
    message = order(*lines, session=order_pb2.Session(drop_id="drop_1"))
    policy = FallbackPolicy(rules=rules, other=FallbackRule.OPEN)
    assert outcome(policy, message) in (Outcome.REVIEW, Outcome.DENY)


@given(lines=st.lists(promotions.filter(lambda kind: kind != FLASH_SALE), min_size=1, max_size=4))
def test_the_worst_line_decides(lines: list[int]) -> None:
    """One line under CLOSED denies the order, all lines under OPEN allow it."""
    policy = FallbackPolicy(rules={COUPON: FallbackRule.CLOSED}, other=FallbackRule.OPEN)
    expected = Outcome.DENY if COUPON in lines else Outcome.ALLOW
    assert outcome(policy, order(*lines)) is expected


def test_a_discount_has_a_promotion_type_too() -> None:
    """A coupon on an order without promotion lines falls under the coupon's rule."""
    policy = FallbackPolicy(rules={COUPON: FallbackRule.CLOSED, NONE: FallbackRule.OPEN})
    discount = order_pb2.Discount(coupon_id="c", promotion_type=COUPON, amount_minor=100)
    assert outcome(policy, order(NONE, discounts=[discount])) is Outcome.DENY


def test_limits_count_the_units_of_a_sku_over_its_lines() -> None:
    """Splitting a SKU over lines does not get more of it."""
    line = order_pb2.OrderLine(sku="sku_1", quantity=2, promotion_type=COUPON)
    policy = FallbackPolicy(other=FallbackRule.LIMITS_ONLY, units_per_sku=3)
    answer = policy.answer(order(lines=[line, line]), "req_1", GONE)
    assert answer.outcome is Outcome.LIMIT_QUANTITY
    [limit] = answer.quantity_limits
    assert (limit.sku, limit.requested, limit.allowed) == ("sku_1", 4, 3)


def test_within_the_limits_an_order_passes() -> None:
    """LIMITS_ONLY allows what stays within the units."""
    policy = FallbackPolicy(other=FallbackRule.LIMITS_ONLY, units_per_sku=1)
    assert outcome(policy, order(COUPON)) is Outcome.ALLOW


def test_units_must_sell_something() -> None:
    """A limit of none is refused: CLOSED says so openly."""
    with pytest.raises(ValueError, match="units_per_sku"):
        FallbackPolicy(units_per_sku=0)


@pytest.mark.parametrize(
    ("failure", "cause"),
    [
        (ServiceUnavailable("a"), FallbackCause.UNAVAILABLE),
        (CallTimedOut("b"), FallbackCause.TIMED_OUT),
        (ServiceOverloaded("c"), FallbackCause.OVERLOADED),
        (ServiceFault("d"), FallbackCause.SERVICE_FAULT),
    ],
)
def test_the_answer_says_why_it_is_one(failure: ServiceFailure, cause: FallbackCause) -> None:
    """A fallback carries cause, detail, mode and the ids of the request."""
    answer = FallbackPolicy().answer(order(), "req_9", failure)
    assert (answer.cause, answer.detail) == (cause, str(failure))
    assert (answer.request_id, answer.order_id) == ("req_9", "ord_1")
    assert answer.mode is Mode.CLIENT_FALLBACK


def test_the_default_rules_cannot_be_changed_by_accident() -> None:
    """The default rules are read-only: two clients share them."""
    with pytest.raises(TypeError):
        DEFAULT_RULES[1] = FallbackRule.CLOSED  # type: ignore[index]  # what must not work
