"""The RPCs: decode, validate, gather, answer. Decides nothing itself.

Handlers take raw bytes, because a message that gRPC fails to parse is answered INTERNAL,
and here it is the caller's fault: INVALID_ARGUMENT, with the field.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any

import msgspec

from risk_service.decisions.attempt import ChallengeReport
from risk_service.decisions.fail_policies import FailPolicies
from risk_service.decisions.lookup import Lookup
from risk_service.domain.actor import Actor, Scope
from risk_service.domain.assessment import AssessmentRecord
from risk_service.domain.decision import Decision, DecisionRecord
from risk_service.domain.errors import InvalidInput
from risk_service.domain.positional import by_name
from risk_service.pb.risk.v1 import fail_policy_pb2, risk_pb2
from risk_service.rpc.constraints import BATCH, GET_DECISION
from risk_service.rpc.convert import answered, batch_result
from risk_service.rpc.convert_claims import write_assessment
from risk_service.rpc.convert_fail import fail_policies_message
from risk_service.rpc.desk import Answer, Call, Desk, decoded
from risk_service.rpc.edge import Body, Edge, Methods
from risk_service.rpc.event_stream import EventStream
from risk_service.rpc.gather import Gatherer
from risk_service.rpc.validate import require

SERVICE = "risk.v1.RiskService"
# Payload of a CompleteChallengeRequest, seconds that remain -> the action's next decision.
CompleteAction = Callable[[bytes, float], Awaitable[AssessmentRecord]]


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskServicer:
    """Answers the calls of ``risk.v1.RiskService``.

    Parameters
    ----------
    gatherer
        Answers groups of calls at the desk.
    complete_action
        Decides the promotion action whose challenge has ended.
    """

    edge: Edge
    gatherer: Gatherer[Call, Answer]
    desk: Desk
    lookup: Lookup
    events: EventStream
    fail_policies: FailPolicies
    complete_action: CompleteAction

    @property
    def service(self) -> str:
        """Return the service's full name."""
        return SERVICE

    def methods(self) -> Methods:
        """Return the methods by name."""
        bodies: dict[str, tuple[Scope, Body]] = {
            "BatchScoreOrders": (Scope.SCORE, self._batch_score_orders),
            "GetDecision": (Scope.DECISIONS_READ, self._get_decision),
            "CompleteChallenge": (Scope.SCORE, self._complete_challenge),
            "GetDecisionRecord": (Scope.DECISIONS_READ, self._get_decision_record),
            "GetFailPolicies": (Scope.SCORE, self._get_fail_policies),
        }
        methods: Methods = {
            name: self.edge.unary(name, scope, body) for name, (scope, body) in bodies.items()
        }
        methods["ScoreOrder"] = self.edge.gathered("ScoreOrder", Scope.SCORE, self.gatherer.submit)
        methods["ReportEvents"] = self.edge.stream_unary(
            "ReportEvents", Scope.EVENTS, self._report_events
        )
        return methods

    async def _report_events(
        self, messages: AsyncIterator[bytes], _remaining_s: float, _actor: Actor
    ) -> bytes:
        answer = await self.events.report(messages)
        return answer.SerializeToString()

    async def _batch_score_orders(self, payload: bytes, remaining_s: float, _actor: Actor) -> bytes:
        batch = decoded(risk_pb2.BatchScoreOrdersRequest, payload)
        require(batch, BATCH, self.desk.window())
        pending = [self._submitted(request, remaining_s) for request in batch.requests]
        results = []
        for request, waiting in zip(batch.requests, pending, strict=True):
            answer = await _settled(waiting)
            if isinstance(answer, Exception):
                self.edge.note("BatchScoreOrders", answer)
            results.append(batch_result(request.request_id, answer))
        return risk_pb2.BatchScoreOrdersResponse(results=results).SerializeToString()

    async def _get_decision(self, payload: bytes, _remaining_s: float, _actor: Actor) -> bytes:
        record = self._found(decoded(risk_pb2.GetDecisionRequest, payload))
        response = answered(risk_pb2.GetDecisionResponse, record.decision)
        if isinstance(record, AssessmentRecord):
            write_assessment(record, response)
        return response.SerializeToString()

    async def _get_decision_record(
        self, payload: bytes, _remaining_s: float, _actor: Actor
    ) -> bytes:
        record = self._found(decoded(risk_pb2.GetDecisionRecordRequest, payload))
        packed = msgspec.msgpack.encode(by_name(record))
        return risk_pb2.GetDecisionRecordResponse(record=packed).SerializeToString()

    async def _get_fail_policies(self, payload: bytes, _remaining_s: float, _actor: Actor) -> bytes:
        decoded(fail_policy_pb2.GetFailPoliciesRequest, payload)
        return fail_policies_message(self.fail_policies).SerializeToString()

    def _found(self, request: Any) -> DecisionRecord | AssessmentRecord:
        key = request.WhichOneof("key")
        if key is None:
            words = "one of decision_id, request_id and order_id must be set"
            raise InvalidInput.at("key", words)
        require(request, tuple(row for row in GET_DECISION if row.field == key), self.desk.window())
        return self.lookup.record(key, getattr(request, key))

    async def _complete_challenge(self, payload: bytes, remaining_s: float, _actor: Actor) -> bytes:
        attempt = self.desk.challenge_attempt(payload)
        if isinstance(attempt.subject, ChallengeReport) and self.lookup.is_of_action(
            attempt.subject.challenge_id
        ):
            record = await self.complete_action(payload, remaining_s)
            response = answered(risk_pb2.CompleteChallengeResponse, record.decision)
            write_assessment(record, response)
            return response.SerializeToString()
        answer = await self.gatherer.submit(attempt, remaining_s)
        if isinstance(answer, Decision):
            response = answered(risk_pb2.CompleteChallengeResponse, answer)
            return response.SerializeToString()
        raise answer  # type: ignore[misc]  # an attempt is answered by a decision or an error

    def _submitted(
        self, request: risk_pb2.ScoreOrderRequest, remaining_s: float
    ) -> "asyncio.Future[Answer] | Exception":
        """Return the future of one order of a batch, or what speaks against it."""
        try:
            attempt = self.desk.order_attempt(request, self.desk.window())
            return self.gatherer.submit(attempt, remaining_s)
        except Exception as error:  # noqa: BLE001 - a fault in one never fails its neighbours
            return error


async def _settled(waiting: "asyncio.Future[Answer] | Exception") -> Decision | Exception:
    if isinstance(waiting, Exception):
        return waiting
    try:
        return await waiting  # type: ignore[return-value]  # an attempt is not answered by bytes
    except Exception as error:  # noqa: BLE001 - as above
        return error
