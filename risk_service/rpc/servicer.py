"""The RPCs: decode, validate, gather, answer. Decides nothing itself.

Handlers take raw bytes, because a message that gRPC fails to parse is answered INTERNAL,
and here it is the caller's fault: INVALID_ARGUMENT, with the field.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, NoReturn

import grpc

from risk_service.decisions.lookup import Lookup
from risk_service.domain.decision import Decision
from risk_service.domain.errors import InvalidInput, StoreUnavailable, Violation
from risk_service.pb.risk.v1 import risk_pb2
from risk_service.rpc.constraints import BATCH, GET_DECISION
from risk_service.rpc.convert import answered, batch_result
from risk_service.rpc.desk import Answer, Call, Desk, decoded
from risk_service.rpc.errors import Code, code_of, details_of, words_of
from risk_service.rpc.event_stream import EventStream
from risk_service.rpc.gate import Gate
from risk_service.rpc.gather import Gatherer
from risk_service.rpc.validate import require
from risk_service.telemetry import Metrics

log = logging.getLogger(__name__)

SERVICE = "risk.v1.RiskService"
Body = Callable[[bytes, float], Awaitable[bytes]]
Context = grpc.aio.ServicerContext[bytes, bytes]


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineRule:
    """Time for a call whose caller names none, and the most that any call gets."""

    default_s: float
    cap_s: float

    def remaining_s(self, context: Context) -> float:
        """Return the seconds that this call still has."""
        told: float | None = context.time_remaining()
        if told is None:
            return self.default_s
        # Some versions of gRPC say some 10^18 s when the caller set no deadline.
        return self.default_s if told > 1e9 else min(told, self.cap_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class RiskServicer:
    """Answers the calls of ``risk.v1.RiskService``.

    Parameters
    ----------
    gatherer
        Answers groups of calls at the desk.
    """

    gatherer: Gatherer[Call, Answer]
    desk: Desk
    lookup: Lookup
    deadlines: DeadlineRule
    metrics: Metrics
    events: EventStream
    gate: Gate = field(default_factory=Gate)

    def handler(self) -> grpc.GenericRpcHandler:
        """Return what is added to the gRPC server."""
        bodies: dict[str, Body] = {
            "ScoreOrder": self._score_order,
            "BatchScoreOrders": self._batch_score_orders,
            "GetDecision": self._get_decision,
            "CompleteChallenge": self._complete_challenge,
        }
        methods: dict[str, grpc.RpcMethodHandler[Any, bytes]] = {
            name: self._method(name, body) for name, body in bodies.items()
        }
        methods["ReportEvents"] = grpc.stream_unary_rpc_method_handler(self._report_events)
        return grpc.method_handlers_generic_handler(SERVICE, methods)

    def _method(self, name: str, body: Body) -> "grpc.RpcMethodHandler[bytes, bytes]":
        async def handle(payload: bytes, context: Context) -> bytes:
            started = time.perf_counter()
            self.metrics.call_started()
            try:
                return await self._inside(body, payload, context)
            except Exception as error:  # noqa: BLE001 - the edge answers every error
                failure = error
            finally:
                self.metrics.call_done(name, time.perf_counter() - started)
            return await self._refuse(name, failure, context)

        return grpc.unary_unary_rpc_method_handler(handle)

    async def _report_events(self, _: AsyncIterator[bytes], context: Context) -> bytes:
        started = time.perf_counter()
        self.metrics.call_started()
        try:
            self.gate.enter()
            try:
                answer = await self.events.report(self.gate.messages(context))
                return answer.SerializeToString()
            finally:
                self.gate.leave()
        except Exception as error:  # noqa: BLE001 - the edge answers every error
            failure = error
        finally:
            self.metrics.call_done("ReportEvents", time.perf_counter() - started)
        return await self._refuse("ReportEvents", failure, context)

    async def _inside(self, body: Body, payload: bytes, context: Context) -> bytes:
        self.gate.enter()
        try:
            return await body(payload, self.deadlines.remaining_s(context))
        finally:
            self.gate.leave()

    async def _refuse(self, method: str, error: Exception, context: Context) -> NoReturn:
        self._note(method, error)
        await context.abort(code_of(error), words_of(error), details_of(error))

    def _note(self, method: str, error: Exception) -> None:
        code = code_of(error)
        self.metrics.error_answered(code.name)
        if code is Code.INTERNAL:
            log.error("unexpected_error", exc_info=error, extra={"method": method})
        elif isinstance(error, StoreUnavailable):
            log.error("store_unavailable", extra={"method": method, "error": str(error)})

    async def _score_order(self, payload: bytes, remaining_s: float) -> bytes:
        answer = await self.gatherer.submit(payload, remaining_s)
        if isinstance(answer, bytes):
            return answer
        raise answer  # type: ignore[misc]  # bytes are answered by bytes or an error

    async def _batch_score_orders(self, payload: bytes, remaining_s: float) -> bytes:
        batch = decoded(risk_pb2.BatchScoreOrdersRequest, payload)
        require(batch, BATCH, self.desk.window())
        pending = [self._submitted(request, remaining_s) for request in batch.requests]
        results = []
        for request, waiting in zip(batch.requests, pending, strict=True):
            answer = await _settled(waiting)
            if isinstance(answer, Exception):
                self._note("BatchScoreOrders", answer)
            results.append(batch_result(request.request_id, answer))
        return risk_pb2.BatchScoreOrdersResponse(results=results).SerializeToString()

    async def _get_decision(self, payload: bytes, _remaining_s: float) -> bytes:
        request = decoded(risk_pb2.GetDecisionRequest, payload)
        key = request.WhichOneof("key")
        if key is None:
            words = "one of decision_id, request_id and order_id must be set"
            raise InvalidInput((Violation(field="key", description=words),))
        require(request, tuple(row for row in GET_DECISION if row.field == key), self.desk.window())
        finders = {
            "decision_id": self.lookup.by_decision_id,
            "request_id": self.lookup.by_request_id,
            "order_id": self.lookup.by_order_id,
        }
        decision = finders[key](getattr(request, key))
        return answered(risk_pb2.GetDecisionResponse, decision).SerializeToString()

    async def _complete_challenge(self, payload: bytes, remaining_s: float) -> bytes:
        attempt = self.desk.challenge_attempt(payload)
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
