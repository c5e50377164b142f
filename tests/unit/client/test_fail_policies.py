"""The client keeps the service's fail policy for the time when the service is gone."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from risk_service.client import (
    ClientOptions,
    FallbackPolicy,
    FallbackRule,
    LimitedItems,
    Outcome,
    ServiceUnavailable,
    aio,
    blocking,
)
from risk_service.client.fail_policies import RETRY_AFTER_S, KeptPolicy, fallback_policy
from risk_service.client.fallback import SHIPPED_LIMITED
from risk_service.decisions.fail_policies import limited_items
from risk_service.limits.book import SHIPPED, parse_limits, shipped_text
from risk_service.pb.risk.v1 import fail_policy_pb2, order_pb2
from tests.unit.client.scripted import Scripted, fails, order

OPEN = fail_policy_pb2.FAIL_POLICY_OPEN
CLOSED = fail_policy_pb2.FAIL_POLICY_CLOSED
COUPON = order_pb2.PROMOTION_TYPE_COUPON
PATIENT = ClientOptions(deadline_ms=30_000)
ROUNDS = 3_000


@pytest.fixture(autouse=True)
def _patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let nobody give up on a busy machine: who failed asks again in half a minute."""
    for room in (aio, blocking):
        monkeypatch.setattr(room, "ASK_TIMEOUT_S", 30.0)


def told(**changes: Any) -> fail_policy_pb2.GetFailPoliciesResponse:
    """Return a policy of the service: open, coupons closed, one SKU limited."""
    given = {
        "version": "policy-9",
        "max_age_s": 300,
        "units_per_sku": 3,
        "other": OPEN,
        "rules": [fail_policy_pb2.PromotionFailPolicy(promotion_type=COUPON, policy=CLOSED)],
        "limited": fail_policy_pb2.LimitedItems(skus=["console"]),
    }
    return fail_policy_pb2.GetFailPoliciesResponse(**(given | changes))


def wait_for(condition: Callable[[], bool], client: Any) -> None:
    """Let the client go on until a condition holds."""
    for _ in range(ROUNDS):
        if condition():
            return
        client.idle()
    raise AssertionError("it never came")


def test_what_the_service_tells_decides_when_it_is_gone(
    service: Scripted, connect: Callable[..., Any]
) -> None:
    """After one answered order the client falls back by the service's own policy."""
    service.fail_policy = told()
    client = connect(service.target, PATIENT)
    client.score_order(order(), "req_1")
    wait_for(lambda: client.fallback.limited.skus == {"console"}, client)
    service.plays(fails(grpc.StatusCode.INTERNAL))
    limited = order_pb2.Order(order_id="o", lines=[order_pb2.OrderLine(sku="console", quantity=1)])
    assert client.score_order(order(), "req_2").outcome is Outcome.ALLOW
    assert client.score_order(order(COUPON), "req_3").outcome is Outcome.DENY
    assert client.score_order(limited, "req_4").outcome is Outcome.REVIEW


def test_rules_of_the_callers_own_hold_and_let_no_limited_item_pass(
    service: Scripted, connect: Callable[..., Any]
) -> None:
    """The service closes coupons and the caller opens them; what is limited is the service's."""
    service.fail_policy = told()
    own = FallbackPolicy(
        other=FallbackRule.OPEN, rules={}, limited=LimitedItems(skus=frozenset({"own"}))
    )
    client = connect(service.target, PATIENT, fallback=own)
    client.score_order(order(), "req_1")
    wait_for(lambda: client.fallback.limited.skus == {"own", "console"}, client)
    service.plays(fails(grpc.StatusCode.INTERNAL))
    outcomes = [
        client.score_order(order(lines=[order_pb2.OrderLine(sku=sku, quantity=1)]), f"r_{sku}")
        for sku in ("own", "console", "other")
    ]
    assert [one.outcome for one in outcomes] == [Outcome.REVIEW, Outcome.REVIEW, Outcome.ALLOW]
    assert client.score_order(order(COUPON), "req_2").outcome is Outcome.ALLOW


@pytest.mark.parametrize("own", [None, FallbackPolicy(other=FallbackRule.OPEN)])
def test_what_the_shipped_limits_cover_never_passes_before_the_service_has_told(
    own: FallbackPolicy | None,
) -> None:
    """A client that meets a service that is down already lets no limited item pass."""
    book = parse_limits(shipped_text(), SHIPPED)
    kinds = limited_items(book).promotion_types
    assert {int(kind) for kind in kinds} == SHIPPED_LIMITED.promotion_types
    policy = KeptPolicy(own).policy
    for kind in kinds:
        answer = policy.answer(order(int(kind)), "req_1", ServiceUnavailable("gone"))
        assert answer.outcome is Outcome.REVIEW


def test_without_an_answer_the_defaults_hold(
    service: Scripted, connect: Callable[..., Any]
) -> None:
    """A service that does not tell its policy changes nothing, and orders go on."""
    client = connect(service.target, PATIENT)
    client.score_order(order(), "req_1")
    wait_for(lambda: service.asked == 1, client)
    assert client.score_order(order(), "req_2").outcome is Outcome.ALLOW
    assert client.fallback == FallbackPolicy(limited=SHIPPED_LIMITED)
    assert service.asked == 1


def test_the_policy_is_asked_for_again_when_it_is_old() -> None:
    """One asks, then nobody until it is as old as the service said; a failure waits too."""
    now = 0.0
    kept = KeptPolicy(None, lambda: now)
    assert (kept.claim(), kept.claim()) == (True, False)
    kept.take(told(max_age_s=60))
    now = 59.0
    assert not kept.claim()
    now = 60.0
    assert kept.claim()
    now += RETRY_AFTER_S - 1
    assert not kept.claim()
    now += 1
    assert kept.claim()
    assert kept.policy.limited.skus == {"console"}


@pytest.mark.parametrize(
    "broken", [told(other=7), told(units_per_sku=0), told(other=0)], ids=["7", "no units", "unset"]
)
def test_a_policy_that_cannot_be_read_is_not_taken(
    broken: fail_policy_pb2.GetFailPoliciesResponse,
) -> None:
    """An unknown rule or a policy that sells nothing leaves the old one in force."""
    kept = KeptPolicy(None)
    kept.take(told())
    before = kept.policy
    kept.take(broken)
    assert (kept.policy, kept.version) == (before, "policy-9")


def test_every_way_to_name_a_limited_item_counts() -> None:
    """Promotion type, campaign, SKU and seller each make a line limited."""
    limited = LimitedItems(
        promotion_types=frozenset({COUPON}),
        campaign_ids=frozenset({"c"}),
        skus=frozenset({"s"}),
        seller_ids=frozenset({"x"}),
    )
    lines = [
        order_pb2.OrderLine(promotion_type=COUPON),
        order_pb2.OrderLine(campaign_id="c"),
        order_pb2.OrderLine(sku="s"),
        order_pb2.OrderLine(seller_id="x"),
    ]
    assert all(limited.has(line) for line in lines)
    assert not limited.has(order_pb2.OrderLine(sku="t"))


def test_the_policy_of_the_service_is_taken_whole() -> None:
    """Rules, the rule for the rest, units and limited items all come over."""
    policy = fallback_policy(told())
    assert policy.rules == {COUPON: FallbackRule.CLOSED}
    assert (policy.other, policy.units_per_sku) == (FallbackRule.OPEN, 3)
