"""From decisions to the messages of the contract, and nothing else."""

from functools import lru_cache
from typing import Any

from google.protobuf.timestamp_pb2 import Timestamp

from risk_service.decisions.attempt import ChallengeReport
from risk_service.domain.decision import Decision, Reason, Versions
from risk_service.domain.vocabulary import Abuse, ChallengeResult, VerificationLevel
from risk_service.pb.risk.v1 import risk_pb2
from risk_service.rpc.errors import code_of, violations_of, words_of

ABUSE_NUMBERS = {
    Abuse.SCALPING: risk_pb2.ABUSE_SCALPING,
    Abuse.BRUSHING: risk_pb2.ABUSE_BRUSHING,
    Abuse.REFUND: risk_pb2.ABUSE_REFUND,
}
MICROS = 1_000_000


def decision_message(decision: Decision) -> risk_pb2.Decision:
    """Return the decision as it is answered."""
    message = risk_pb2.Decision(
        decision_id=decision.decision_id,
        request_id=decision.request_id,
        order_id=decision.order_id,
        number=decision.number,
        outcome=int(decision.outcome),  # type: ignore[arg-type]  # enums are numbers on the wire
        scores=[
            risk_pb2.AbuseScore(
                abuse=ABUSE_NUMBERS[score.abuse], probability=score.probability, score=score.score
            )
            for score in decision.scores
        ],
        versions=_versions(decision.versions),
        mode=int(decision.mode),  # type: ignore[arg-type]  # as above
        decided_at=_timestamp(decision.decided_at_us),
    )
    if decision.reasons:
        message.reasons.extend([_reason(reason) for reason in decision.reasons])
    if decision.challenge is not None:
        message.challenge.challenge_id = decision.challenge.challenge_id
        message.challenge.kind = int(decision.challenge.kind)  # type: ignore[assignment]  # as above
        message.challenge.expires_at.CopyFrom(_timestamp(decision.challenge.expires_at_us))
    for limit in decision.quantity_limits:
        message.quantity_limits.add(sku=limit.sku, requested=limit.requested, allowed=limit.allowed)
    return message


def batch_result(request_id: str, answer: Decision | Exception) -> risk_pb2.BatchScoreOrdersResult:
    """Return one item of a batch: its decision, or why there is none."""
    if isinstance(answer, Decision):
        return risk_pb2.BatchScoreOrdersResult(
            request_id=request_id, decision=decision_message(answer)
        )
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


def _timestamp(time_us: int) -> Timestamp:
    return Timestamp(seconds=time_us // MICROS, nanos=time_us % MICROS * 1000)


@lru_cache(maxsize=64)
def _versions(versions: Versions) -> risk_pb2.Versions:
    return risk_pb2.Versions(
        bundle_sha256=versions.bundle_sha256,
        feature_schema=versions.feature_schema,
        policy=versions.policy,
        reason_texts=versions.reason_texts,
        service=versions.service,
    )


def _reason(reason: Reason) -> risk_pb2.Reason:
    return risk_pb2.Reason(
        code=reason.code,
        abuse=ABUSE_NUMBERS[reason.abuse] if reason.abuse else risk_pb2.ABUSE_UNSPECIFIED,
        customer_text=risk_pb2.LocalizedText(
            zh=reason.customer_text.zh, en=reason.customer_text.en
        ),
        analyst_text=risk_pb2.LocalizedText(zh=reason.analyst_text.zh, en=reason.analyst_text.en),
        feature=reason.feature,
        feature_value=reason.feature_value,
        contribution=reason.contribution,
    )
