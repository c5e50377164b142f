"""From decisions to the messages of the contract, and nothing else."""

from typing import Any, TypeVar

from risk_service.decisions.attempt import ChallengeReport
from risk_service.domain.decision import Decision
from risk_service.domain.vocabulary import ChallengeResult, VerificationLevel
from risk_service.pb.risk.v1 import risk_pb2
from risk_service.rpc.decision_bytes import decision_bytes, embedded
from risk_service.rpc.errors import code_of, violations_of, words_of
from risk_service.rpc.wire_write import tag

_DECISION_OF_RESPONSE = tag(1)
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


def answered_bytes(decision: Decision) -> bytes:
    """Return the bytes of the ``ScoreOrderResponse`` that holds the decision."""
    return embedded(_DECISION_OF_RESPONSE, decision_bytes(decision))


def write_decision(decision: Decision, message: risk_pb2.Decision) -> None:
    """Write the decision into an empty message, as it is answered."""
    message.ParseFromString(decision_bytes(decision))


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
