"""The four calls against the real server."""

import signal
import time

import grpc
import pytest

from risk_service.pb.risk.v1 import order_pb2, risk_pb2, risk_pb2_grpc
from tests.fixtures.asking import refused
from tests.fixtures.service import RunningServer, score_request

Stub = risk_pb2_grpc.RiskServiceStub
Code = grpc.StatusCode


def score(stub: Stub, request: risk_pb2.ScoreOrderRequest) -> risk_pb2.Decision:
    """Return the decision on one order."""
    return stub.ScoreOrder(request, timeout=10).decision


@pytest.mark.parametrize(
    ("units", "outcome"),
    [
        (1, risk_pb2.OUTCOME_ALLOW),
        (5, risk_pb2.OUTCOME_LIMIT_QUANTITY),
        (9, risk_pb2.OUTCOME_CHALLENGE),
        (25, risk_pb2.OUTCOME_REVIEW),
        (60, risk_pb2.OUTCOME_DENY),
    ],
)
def test_each_outcome_comes_with_what_it_needs(stub: Stub, units: int, outcome: int) -> None:
    """Every outcome can be had, whole: scores, reasons, challenge, limits, versions."""
    decision = score(stub, score_request(f"out-{units}", units=units))
    assert decision.outcome == outcome
    assert [one.abuse for one in decision.scores] == [1, 2, 3]
    assert all(0 <= one.probability <= 1 and one.score <= 1000 for one in decision.scores)
    assert bool(decision.reasons) == (outcome != risk_pb2.OUTCOME_ALLOW)
    assert decision.HasField("challenge") == (outcome == risk_pb2.OUTCOME_CHALLENGE)
    assert bool(decision.quantity_limits) == (outcome == risk_pb2.OUTCOME_LIMIT_QUANTITY)
    assert decision.mode == risk_pb2.MODE_FULL
    assert len(decision.versions.bundle_sha256) == 64
    for reason in decision.reasons:
        assert reason.customer_text.zh
        assert reason.analyst_text.en


def test_repeat_gets_the_stored_answer_and_another_payload_none(stub: Stub) -> None:
    """Same id and payload: byte for byte the same answer; another payload: ALREADY_EXISTS."""
    request = score_request("twice", units=9)
    first = score(stub, request)
    assert score(stub, request).SerializeToString() == first.SerializeToString()
    request.order.device_id = "dev-2"
    assert refused(stub.ScoreOrder, request).code() is Code.ALREADY_EXISTS


def test_decision_is_found_by_each_key(stub: Stub) -> None:
    """GetDecision returns the answer as it was given, by any of its keys."""
    decision = score(stub, score_request("find", units=25))
    for key in ("decision_id", "request_id", "order_id"):
        request = risk_pb2.GetDecisionRequest(**{key: getattr(decision, key)})
        assert stub.GetDecision(request, timeout=10).decision == decision
    missing = refused(stub.GetDecision, risk_pb2.GetDecisionRequest(decision_id="none"))
    assert missing.code() is Code.NOT_FOUND
    unset = refused(stub.GetDecision, risk_pb2.GetDecisionRequest())
    assert unset.code() is Code.INVALID_ARGUMENT


def test_challenge_is_completed_once(stub: Stub) -> None:
    """A passed challenge is the order's second decision; a second report is refused."""
    first = score(stub, score_request("chal", units=9))
    report = risk_pb2.CompleteChallengeRequest(
        request_id="chal-done",
        challenge_id=first.challenge.challenge_id,
        result=risk_pb2.CHALLENGE_RESULT_PASSED,
        verification_level=order_pb2.VERIFICATION_LEVEL_L2,
    )
    second = stub.CompleteChallenge(report, timeout=10).decision
    assert (second.number, second.order_id) == (2, first.order_id)
    assert second.outcome == risk_pb2.OUTCOME_LIMIT_QUANTITY
    assert stub.CompleteChallenge(report, timeout=10).decision == second
    report.request_id = "chal-again"
    assert refused(stub.CompleteChallenge, report).code() is Code.FAILED_PRECONDITION
    report.result = 0
    assert refused(stub.CompleteChallenge, report).code() is Code.INVALID_ARGUMENT


def test_batch_answers_each_order_and_fails_none_for_another(stub: Stub) -> None:
    """Good, bad, repeated and conflicting orders of a batch each get their own result."""
    good, bad = score_request("b-good"), score_request("b-bad")
    bad.order.ip = "nowhere"
    conflict = score_request("b-good", units=3)
    batch = risk_pb2.BatchScoreOrdersRequest(requests=[good, bad, good, conflict])
    batch.requests.extend([score_request(f"b-{i}") for i in range(100)])
    results = stub.BatchScoreOrders(batch, timeout=10).results
    assert [one.request_id for one in results] == [one.request_id for one in batch.requests]
    assert results[0].decision.decision_id
    assert results[1].error.code == Code.INVALID_ARGUMENT.value[0]
    assert [v.field for v in results[1].error.field_violations] == ["order.ip"]
    assert results[2].decision == results[0].decision
    assert results[3].error.code == Code.ALREADY_EXISTS.value[0]
    assert all(one.HasField("decision") for one in results[4:])


def test_batch_has_a_size(stub: Stub) -> None:
    """No request and more than 500 are refused, with the field."""
    empty = refused(stub.BatchScoreOrders, risk_pb2.BatchScoreOrdersRequest())
    assert empty.code() is Code.INVALID_ARGUMENT
    many = risk_pb2.BatchScoreOrdersRequest(requests=[score_request("x")] * 501)
    assert refused(stub.BatchScoreOrders, many).code() is Code.RESOURCE_EXHAUSTED


def test_time_that_is_up_is_told(server: RunningServer, stub: Stub) -> None:
    """Who waits for a service that stands still is told in time, and may ask again."""
    request = score_request("late")
    server.signal(signal.SIGSTOP)
    try:
        error = refused(stub.ScoreOrder, request, timeout=0.2)
    finally:
        server.signal(signal.SIGCONT)
    assert error.code() is Code.DEADLINE_EXCEEDED
    assert score(stub, request).number == 1


def test_order_time_must_be_near_now(stub: Stub) -> None:
    """An order from the future and one from last month are refused."""
    for shift_s in (3600, -31 * 86_400):
        request = score_request(f"time{shift_s}")
        request.order.ordered_at.FromSeconds(int(time.time()) + shift_s)
        assert "order.ordered_at" in (refused(stub.ScoreOrder, request).details() or "")
