"""From decisions to the messages of the contract, and nothing else."""

from functools import lru_cache
from typing import Any, TypeVar

from risk_service.decisions.attempt import ChallengeReport
from risk_service.domain.decision import Challenge, Decision, Reason, Versions
from risk_service.domain.vocabulary import Abuse, ChallengeResult, VerificationLevel
from risk_service.pb.risk.v1 import risk_pb2
from risk_service.rpc.convert_hits import write_findings, write_text, write_time
from risk_service.rpc.errors import code_of, violations_of, words_of

ABUSE_NUMBERS = {
    Abuse.SCALPING: risk_pb2.ABUSE_SCALPING,
    Abuse.BRUSHING: risk_pb2.ABUSE_BRUSHING,
    Abuse.REFUND: risk_pb2.ABUSE_REFUND,
}
Response = TypeVar(
    "Response",
    risk_pb2.ScoreOrderResponse,
    risk_pb2.GetDecisionResponse,
    risk_pb2.CompleteChallengeResponse,
)


def answered(response_type: type[Response], decision: Decision) -> Response:
    """Return a response of this type that holds the decision."""
    response = response_type()
    write_decision(decision, response.decision)
    return response


def write_decision(decision: Decision, message: risk_pb2.Decision) -> None:
    """Write the decision into an empty message, as it is answered.

    Writing in place costs half of what nested constructors do, which copy every message
    into the one around it. An enum is a number on the wire, so it is written as one.
    """
    message.decision_id = decision.decision_id
    message.request_id = decision.request_id
    message.order_id = decision.order_id
    message.number = decision.number
    message.outcome = decision.outcome  # type: ignore[assignment]  # see above
    message.mode = decision.mode  # type: ignore[assignment]  # see above
    for score in decision.scores:
        message.scores.add(
            abuse=ABUSE_NUMBERS[score.abuse], probability=score.probability, score=score.score
        )
    message.versions.CopyFrom(_versions(decision.versions))
    write_time(decision.decided_at_us, message.decided_at)
    if decision.reasons:
        message.reasons.extend([_reason(reason) for reason in decision.reasons])
    if decision.challenge is not None:
        _write_challenge(decision.challenge, message.challenge)
    for limit in decision.quantity_limits:
        message.quantity_limits.add(sku=limit.sku, requested=limit.requested, allowed=limit.allowed)
    if decision.causes or decision.rule_hits or decision.list_hits or decision.limit_uses:
        write_findings(decision, message)


def batch_result(request_id: str, answer: Decision | Exception) -> risk_pb2.BatchScoreOrdersResult:
    """Return one item of a batch: its decision, or why there is none."""
    if isinstance(answer, Decision):
        result = risk_pb2.BatchScoreOrdersResult(request_id=request_id)
        write_decision(answer, result.decision)
        return result
    number: int = code_of(answer).value[0]
    error = risk_pb2.OrderError(
        code=number,
        message=words_of(answer),
        field_violations=[
            risk_pb2.FieldViolation(field=violation.field, description=violation.description)
            for violation in violations_of(answer)
        ],
    )
    return risk_pb2.BatchScoreOrdersResult(request_id=request_id, error=error)


def challenge_report(request: Any) -> ChallengeReport:
    """Return what a valid ``CompleteChallengeRequest`` says."""
    return ChallengeReport(
        challenge_id=request.challenge_id,
        result=ChallengeResult(request.result),
        verification_level=VerificationLevel(request.verification_level),
    )


def _write_challenge(challenge: Challenge, message: risk_pb2.Challenge) -> None:
    message.challenge_id = challenge.challenge_id
    message.kind = challenge.kind  # type: ignore[assignment]  # as in ``write_decision``
    write_time(challenge.expires_at_us, message.expires_at)


@lru_cache(maxsize=64)
def _versions(versions: Versions) -> risk_pb2.Versions:
    return risk_pb2.Versions(
        bundle_sha256=versions.bundle_sha256,
        feature_schema=versions.feature_schema,
        policy=versions.policy,
        reason_texts=versions.reason_texts,
        service=versions.service,
        rules=versions.rules,
        lists=versions.lists,
        limits=versions.limits,
    )


def _reason(reason: Reason) -> risk_pb2.Reason:
    message = risk_pb2.Reason(
        code=reason.code,
        abuse=ABUSE_NUMBERS[reason.abuse] if reason.abuse else risk_pb2.ABUSE_UNSPECIFIED,
        feature=reason.feature,
        feature_value=reason.feature_value,
        contribution=reason.contribution,
    )
    write_text(reason.customer_text, message.customer_text)
    write_text(reason.analyst_text, message.analyst_text)
    return message
