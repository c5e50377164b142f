"""Checkout's view of the whole: the real client against the real server."""

import pytest

from risk_service.client import (
    ChallengeNotOpen,
    ClientOptions,
    DecisionAnswer,
    DecisionNotFound,
    FallbackAnswer,
    FallbackCause,
    InvalidRequest,
    Mode,
    OrderRefused,
    Outcome,
    RequestIdReused,
    RiskClient,
)
from risk_service.pb.risk.v1 import order_pb2
from tests.bench.processes import Server
from tests.bench.world import World, distinct_orders

PATIENT = ClientOptions(deadline_ms=30_000, batch_deadline_ms=30_000)
BATCH = 250


def decided(answer: object) -> DecisionAnswer:
    """Return the answer as the full decision that it must be."""
    assert isinstance(answer, DecisionAnswer), answer
    assert answer.is_full
    return answer


def test_orders_get_the_outcomes_of_the_policy(world: World, server: Server) -> None:
    """Most orders are allowed, some must prove themselves, a few wait or are denied."""
    orders = distinct_orders(world)
    with RiskClient(server.target, PATIENT) as client:
        answers = [
            decided(answer)
            for start in range(0, len(orders), BATCH)
            for answer in client.score_batch(
                [(f"req_{order.order_id}", order) for order in orders[start : start + BATCH]]
            )
        ]
        one = client.score_order(orders[0], f"req_{orders[0].order_id}")
    outcomes = {answer.outcome for answer in answers}
    assert {Outcome.ALLOW, Outcome.CHALLENGE} <= outcomes
    assert outcomes & {Outcome.REVIEW, Outcome.DENY}
    # The same request id, alone instead of in a batch: the same stored decision.
    assert decided(one).message == answers[0].message
    for answer in answers:
        assert len(answer.scores) == 3
        assert bool(answer.reason_codes) == (answer.outcome is not Outcome.ALLOW)
        assert bool(answer.challenge_id) == (answer.outcome is Outcome.CHALLENGE)


def first_challenged(client: RiskClient, orders: list[order_pb2.Order]) -> DecisionAnswer:
    """Score orders until one is challenged for what it is, not for a level that is not met."""
    answers = (decided(client.score_order(order, f"req_{order.order_id}")) for order in orders)
    return next(
        answer
        for answer in answers
        if answer.outcome is Outcome.CHALLENGE and not answer.message.required_level
    )


def test_a_passed_challenge_is_the_next_decision_of_the_order(world: World, server: Server) -> None:
    """Completing a challenge numbers on, is idempotent, and closes the challenge."""
    with RiskClient(server.target, PATIENT) as client:
        first = first_challenged(client, distinct_orders(world))
        second = client.complete_challenge(first.challenge_id, "done_1", passed=True)
        again = client.complete_challenge(first.challenge_id, "done_1", passed=True)
        assert (second.order_id, second.number) == (first.order_id, first.number + 1)
        assert second.outcome is not Outcome.CHALLENGE
        assert again.message == second.message
        with pytest.raises(ChallengeNotOpen):
            client.complete_challenge(first.challenge_id, "done_2", passed=True)
        assert client.get_decision(order_id=first.order_id).message == second.message
        assert client.get_decision(decision_id=first.decision_id).message == first.message
        assert client.get_decision(request_id="done_1").message == second.message


def test_a_failed_challenge_does_not_pass(world: World, server: Server) -> None:
    """Who fails the challenge is not allowed, and gets a reason."""
    with RiskClient(server.target, PATIENT) as client:
        first = first_challenged(client, distinct_orders(world))
        second = client.complete_challenge(first.challenge_id, "done_1", passed=False)
    assert second.outcome > Outcome.CHALLENGE
    assert second.reason_codes


def test_the_callers_mistakes_come_back_as_typed_errors(world: World, server: Server) -> None:
    """Bad fields are named, a reused id and an unknown decision are told apart."""
    order, other = distinct_orders(world)[:2]
    bad = order_pb2.Order()
    bad.CopyFrom(order)
    bad.lines[0].quantity = 0
    with RiskClient(server.target, PATIENT) as client:
        client.score_order(order, "req_1")
        with pytest.raises(RequestIdReused):
            client.score_order(other, "req_1")
        with pytest.raises(InvalidRequest) as caught:
            client.score_order(bad, "req_2")
        with pytest.raises(DecisionNotFound):
            client.get_decision(decision_id="dec_unknown")
        refused, taken = client.score_batch([("req_3", bad), ("req_4", other)])
    assert [v.field for v in caught.value.violations] == ["order.lines[0].quantity"]
    assert isinstance(refused, OrderRefused)
    assert isinstance(refused.error, InvalidRequest)
    assert decided(taken).request_id == "req_4"


def test_checkout_goes_on_when_the_server_is_gone(world: World, server: Server) -> None:
    """A killed server leads to fallback answers, by the order's promotions."""
    plain = distinct_orders(world)[0]
    plain.session.drop_id = ""
    del plain.discounts[:]
    for line in plain.lines:
        line.promotion_type = order_pb2.PROMOTION_TYPE_NONE
    flash = order_pb2.Order()
    flash.CopyFrom(plain)
    flash.lines[0].promotion_type = order_pb2.PROMOTION_TYPE_FLASH_SALE
    with RiskClient(server.target, PATIENT) as client:
        decided(client.score_order(plain, "req_1"))
        server.process.kill()
        server.process.wait()
        answers = [client.score_order(order, "req_2") for order in (plain, flash)]
    for answer, outcome in zip(answers, (Outcome.ALLOW, Outcome.REVIEW), strict=True):
        assert isinstance(answer, FallbackAnswer)
        assert answer.mode is Mode.CLIENT_FALLBACK
        assert answer.cause is FallbackCause.UNAVAILABLE
        assert answer.outcome is outcome
