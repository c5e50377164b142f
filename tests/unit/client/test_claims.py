"""Claims, promotion actions and real names through both clients."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from risk_service.client import (
    ClientOptions,
    DecisionNotFound,
    Evidence,
    Outcome,
    RealNameResult,
    ServiceFault,
    ServiceUnavailable,
)
from risk_service.pb.risk.v1 import action_pb2, real_name_pb2, refund_pb2, risk_pb2
from tests.unit.client.scripted import Scripted, answers, decision, fails

Connect = Callable[..., Any]
OPTIONS = ClientOptions(deadline_ms=30_000, retry_pause_ms=1.0)
CLAIM = refund_pb2.RefundClaim(order_id="ord_1", claim_id="c-1", amount_minor=5)


def test_a_claim_is_answered_with_what_is_required(connect: Connect, service: Scripted) -> None:
    """Decision, evidence and the recalculated refund; the claim goes out as it was given."""
    service.plays(
        answers(
            risk_pb2.ScoreRefundResponse(
                decision=decision(outcome=risk_pb2.OUTCOME_REVIEW),
                refund=refund_pb2.RefundAssessment(
                    required=[refund_pb2.EVIDENCE_PHOTOS], recalculated_minor=0
                ),
            )
        )
    )
    answer = connect(service.target, OPTIONS).ask("score_refund", CLAIM, "r-1")
    assert answer.decision.outcome is Outcome.REVIEW
    assert (answer.required, answer.recalculated_minor) == ((Evidence.PHOTOS,), 0)
    assert service.seen == [refund_pb2.ScoreRefundRequest(request_id="r-1", claim=CLAIM)]


def test_an_unset_recalculation_is_none(connect: Connect, service: Scripted) -> None:
    """What could not be worked out is not nought."""
    service.plays(answers(risk_pb2.ScoreRefundResponse(decision=decision())))
    assert (
        connect(service.target, OPTIONS).ask("score_refund", CLAIM, "r").recalculated_minor is None
    )


def test_an_action_is_answered_with_what_is_required(connect: Connect, service: Scripted) -> None:
    """A subsidy claim brings back the documents that it needs."""
    needed = [refund_pb2.EVIDENCE_TRANSACTION_PROOF, refund_pb2.EVIDENCE_SHIPPING_DOCUMENTS]
    service.plays(
        answers(
            risk_pb2.AssessPromotionActionResponse(
                decision=decision(outcome=risk_pb2.OUTCOME_REVIEW),
                action=action_pb2.ActionAssessment(required=needed),
            )
        )
    )
    request = action_pb2.AssessPromotionActionRequest(request_id="a", action_id="a-1")
    answer = connect(service.target, OPTIONS).ask("assess_promotion_action", request)
    assert answer.required == (Evidence.TRANSACTION_PROOF, Evidence.SHIPPING_DOCUMENTS)


@pytest.mark.parametrize("result", RealNameResult)
def test_only_verified_is_verified(
    connect: Connect, service: Scripted, result: RealNameResult
) -> None:
    """Every other result, the provider's silence among them, verifies nobody."""
    response = real_name_pb2.VerifyRealNameResponse()
    response.result = int(result)  # type: ignore[assignment]  # a number on the wire
    service.plays(answers(response))
    request = real_name_pb2.VerifyRealNameRequest(request_id="v")
    answer = connect(service.target, OPTIONS).ask("verify_real_name", request)
    assert answer.is_verified is (result is RealNameResult.VERIFIED)
    assert answer.expires_at is None


def test_an_answer_without_a_result_is_a_fault(connect: Connect, service: Scripted) -> None:
    """An empty message must not pass for a verification."""
    service.plays(answers(real_name_pb2.VerifyRealNameResponse()))
    request = real_name_pb2.VerifyRealNameRequest(request_id="v")
    with pytest.raises(ServiceFault):
        connect(service.target, OPTIONS).ask("verify_real_name", request)


def test_without_an_answer_a_claim_has_no_fallback(connect: Connect, service: Scripted) -> None:
    """UNAVAILABLE is tried again and then raised; NOT_FOUND is the order's."""
    service.plays(fails(grpc.StatusCode.UNAVAILABLE))
    client = connect(service.target, OPTIONS)
    with pytest.raises(ServiceUnavailable):
        client.ask("score_refund", CLAIM, "r-1")
    assert len(service.seen) == 2
    service.plays(fails(grpc.StatusCode.NOT_FOUND))
    with pytest.raises(DecisionNotFound):
        client.ask("score_refund", CLAIM, "r-2")
