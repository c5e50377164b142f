"""The four calls as data, and what both clients make of requests and answers."""

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, TypeAlias, cast

import grpc

from risk_service.client.answers import (
    BatchAnswer,
    DecisionAnswer,
    FallbackAnswer,
    OrderRefused,
    decision_answer,
)
from risk_service.client.channel import ClientOptions
from risk_service.client.errors import (
    BY_NUMBER,
    FieldViolation,
    RequestTooLarge,
    ServiceFailure,
    ServiceFault,
    from_status,
)
from risk_service.client.fallback import FallbackPolicy
from risk_service.pb.risk.v1 import order_pb2, risk_pb2

if TYPE_CHECKING:
    from google.protobuf.message import Message

log = logging.getLogger("risk_service.client")

SERVICE = "/risk.v1.RiskService/"

OrderRequest: TypeAlias = tuple[str, order_pb2.Order]
"""Request id and order: one entry of a batch."""


def score_request(request_id: str, order: order_pb2.Order) -> risk_pb2.ScoreOrderRequest:
    """Return the request for one order; the id is the idempotency key."""
    return risk_pb2.ScoreOrderRequest(request_id=request_id, order=order)


def batch_request(requests: Sequence[OrderRequest]) -> risk_pb2.BatchScoreOrdersRequest:
    """Return the request for a batch."""
    return risk_pb2.BatchScoreOrdersRequest(
        requests=[score_request(request_id, order) for request_id, order in requests]
    )


def decision_request(
    decision_id: str, request_id: str, order_id: str
) -> risk_pb2.GetDecisionRequest:
    """Return the request for a stored decision, by the one key that is not empty.

    Raises
    ------
    ValueError
        None or several keys were given.
    """
    keys = {"decision_id": decision_id, "request_id": request_id, "order_id": order_id}
    given = {name: value for name, value in keys.items() if value}
    if len(given) != 1:
        raise ValueError("give exactly one of decision_id, request_id and order_id")
    return risk_pb2.GetDecisionRequest(**given)


def challenge_request(
    challenge_id: str, request_id: str, passed: bool, verification_level: int
) -> risk_pb2.CompleteChallengeRequest:
    """Return the report that a challenge was passed or failed."""
    message = risk_pb2.CompleteChallengeRequest(
        request_id=request_id,
        challenge_id=challenge_id,
        result=risk_pb2.CHALLENGE_RESULT_PASSED if passed else risk_pb2.CHALLENGE_RESULT_FAILED,
    )
    message.verification_level = cast("order_pb2.VerificationLevel", verification_level)
    return message


def check_size(request: "Message", options: ClientOptions) -> None:
    """Refuse what is larger than the service takes, before it is sent.

    Raises
    ------
    RequestTooLarge
        gRPC itself would say RESOURCE_EXHAUSTED, as for a server that is full, and the
        caller would get a fallback answer for a request that can never pass.
    """
    size = request.ByteSize()
    if size > options.max_request_bytes:
        limit = f"{size} bytes, at most {options.max_request_bytes} are taken"
        raise RequestTooLarge(
            "request is too large", (FieldViolation(field="request", description=limit),)
        )


def fall_back(
    policy: FallbackPolicy, order: order_pb2.Order, request_id: str, failure: ServiceFailure
) -> FallbackAnswer:
    """Answer by the policy, and say in the log that the client did."""
    answer = policy.answer(order, request_id, failure)
    log.warning(
        "fallback answer: order %s, outcome %s, cause %s: %s",
        answer.order_id,
        answer.outcome.name,
        answer.cause.name,
        failure,
    )
    return answer


def batch_answers(
    requests: Sequence[OrderRequest],
    response: risk_pb2.BatchScoreOrdersResponse,
    policy: FallbackPolicy,
) -> list[BatchAnswer]:
    """Return one answer per request, in their order.

    Raises
    ------
    ServiceFault
        The results are not those of the requests.
    """
    asked = [request_id for request_id, _ in requests]
    if [result.request_id for result in response.results] != asked:
        raise ServiceFault("the batch's results do not belong to its requests")
    return [
        _batch_answer(request, result, policy)
        for request, result in zip(requests, response.results, strict=True)
    ]


def _batch_answer(
    request: OrderRequest, result: risk_pb2.BatchScoreOrdersResult, policy: FallbackPolicy
) -> BatchAnswer:
    request_id, order = request
    try:
        return _one_decision(result)
    except ServiceFailure as failure:
        return fall_back(policy, order, request_id, failure)


def _one_decision(result: risk_pb2.BatchScoreOrdersResult) -> DecisionAnswer | OrderRefused:
    if result.WhichOneof("result") != "error":
        return decision_answer(result.decision)
    violations = tuple(
        FieldViolation(field=violation.field, description=violation.description)
        for violation in result.error.field_violations
    )
    code = BY_NUMBER.get(result.error.code, grpc.StatusCode.UNKNOWN)
    error = from_status(code, result.error.message, violations)
    if isinstance(error, ServiceFailure):
        raise error
    return OrderRefused(request_id=result.request_id, error=error)
