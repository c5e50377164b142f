"""The asyncio client: the blocking one with ``await``. Belongs to one event loop."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import TypeVar, cast

import grpc
import grpc.aio
from google.protobuf.message import Message

from risk_service.client import calls
from risk_service.client.answers import Answer, BatchAnswer, DecisionAnswer, decision_answer
from risk_service.client.attempt import Budget
from risk_service.client.channel import ClientOptions
from risk_service.client.claims_calls import AsyncClaimCalls
from risk_service.client.errors import FailedCall, ServiceFailure, from_call
from risk_service.client.events import EventReport, event_report, report_requests
from risk_service.client.fail_policies import ASK_TIMEOUT_S, KeptPolicy
from risk_service.client.fallback import FallbackPolicy
from risk_service.pb.risk.v1 import event_pb2, fail_policy_pb2, order_pb2, risk_pb2

Response = TypeVar("Response", bound=Message)


class AsyncRiskClient(AsyncClaimCalls):
    """Asks the service for decisions; every call ends by its deadline.

    Make one per event loop, inside it, and keep it: it holds one connection, which opens
    at the first call and comes back by itself.

    Parameters
    ----------
    target
        Address of the service, such as ``127.0.0.1:50051``.
    options
        Deadlines, retry, keepalive, TLS.
    fallback
        What to answer when the service gives no answer; None: what the service itself says,
        asked for beside an order now and then, and a safe default until then.
    """

    def __init__(
        self,
        target: str,
        options: ClientOptions | None = None,
        fallback: FallbackPolicy | None = None,
    ) -> None:
        self._options = options or ClientOptions()
        self._kept = KeptPolicy(fallback)
        self._asking: asyncio.Future[None] | None = None
        self._metadata = self._options.metadata()
        settings = self._options.channel_options(target)
        if self._options.tls is None:
            self._channel = grpc.aio.insecure_channel(target, options=settings)
        else:
            self._channel = grpc.aio.secure_channel(
                target, self._options.tls.credentials(), options=settings
            )

    async def score_order(
        self, order: order_pb2.Order, request_id: str, deadline_ms: float | None = None
    ) -> Answer:
        """Return the service's decision, or a fallback answer when it gives none in time.

        Call again with the same ``request_id`` to get the same decision.

        Raises
        ------
        InvalidRequest
            The order breaks the contract; ``violations`` names the fields.
        RequestIdReused
            The request id was used for another payload.
        """
        request = calls.score_request(request_id, order)
        try:
            response = await self._call(
                "ScoreOrder", request, risk_pb2.ScoreOrderResponse, deadline_ms
            )
            self._ask_fail_policy()
            return decision_answer(response.decision)
        except ServiceFailure as failure:
            return calls.fall_back(self._kept.policy, order, request_id, failure)

    async def score_batch(
        self, requests: Sequence[calls.OrderRequest], deadline_ms: float | None = None
    ) -> list[BatchAnswer]:
        """Return one answer per pair of request id and order, in their order.

        An order that the service refuses is an ``OrderRefused`` among the answers; one
        that it could not decide is a fallback answer.

        Raises
        ------
        InvalidRequest
            The batch itself breaks the contract.
        """
        deadline_ms = self._options.batch_deadline_ms if deadline_ms is None else deadline_ms
        request = calls.batch_request(requests)
        try:
            response = await self._call(
                "BatchScoreOrders", request, risk_pb2.BatchScoreOrdersResponse, deadline_ms
            )
            self._ask_fail_policy()
            return calls.batch_answers(requests, response, self._kept.policy)
        except ServiceFailure as failure:
            return [calls.fall_back(self._kept.policy, o, r, failure) for r, o in requests]

    async def get_decision(
        self,
        *,
        decision_id: str = "",
        request_id: str = "",
        order_id: str = "",
        deadline_ms: float | None = None,
    ) -> DecisionAnswer:
        """Return a stored decision by exactly one key; an order's latest by ``order_id``.

        Raises
        ------
        DecisionNotFound
            There is none under that key.
        ServiceFailure
            The service gave no answer; there is no fallback for a stored decision.
        """
        request = calls.decision_request(decision_id, request_id, order_id)
        response = await self._call(
            "GetDecision", request, risk_pb2.GetDecisionResponse, deadline_ms
        )
        return decision_answer(response.decision)

    async def complete_challenge(
        self,
        challenge_id: str,
        request_id: str,
        *,
        passed: bool,
        verification_level: int = 0,
        deadline_ms: float | None = None,
    ) -> DecisionAnswer:
        """Report how a challenge ended and return the order's next decision.

        Raises
        ------
        ChallengeNotOpen
            The challenge is unknown, already completed or expired.
        ServiceFailure
            The service gave no answer. The challenge stays open: report it again with
            the same ``request_id``.
        """
        request = calls.challenge_request(challenge_id, request_id, passed, verification_level)
        response = await self._call(
            "CompleteChallenge", request, risk_pb2.CompleteChallengeResponse, deadline_ms
        )
        return decision_answer(response.decision)

    async def report_events(
        self, events: Sequence[event_pb2.ReportedEvent], deadline_ms: float | None = None
    ) -> EventReport:
        """Report what happened to orders, and promotion actions; returns when it is durable.

        Repeating is harmless: an event counts once, by its id.

        Raises
        ------
        InvalidRequest
            A message of the stream breaks the contract; nothing of it counts.
        ServiceFailure
            The service gave no answer; report the same events again.
        """
        method = self._channel.stream_unary(
            calls.SERVICE + "ReportEvents",
            request_serializer=event_pb2.ReportEventsRequest.SerializeToString,
            response_deserializer=event_pb2.ReportEventsResponse.FromString,
        )
        deadline_ms = self._options.batch_deadline_ms if deadline_ms is None else deadline_ms
        return event_report(
            await self._sent(
                lambda timeout_s: method(
                    report_requests(events), timeout=timeout_s, metadata=self._metadata
                ),
                deadline_ms,
            )
        )

    @property
    def fallback(self) -> FallbackPolicy:
        """Return what is answered when the service gives no answer."""
        return self._kept.policy

    def _ask_fail_policy(self) -> None:
        """Ask for the fail policy when it is due, and go on without waiting."""
        if self._kept.claim():
            self._asking = asyncio.ensure_future(self._take_fail_policy())

    async def _take_fail_policy(self) -> None:
        """Keep the answer; without one the policy stays as it is, and is asked for again."""
        method = self._channel.unary_unary(
            calls.SERVICE + "GetFailPolicies",
            request_serializer=fail_policy_pb2.GetFailPoliciesRequest.SerializeToString,
            response_deserializer=fail_policy_pb2.GetFailPoliciesResponse.FromString,
        )
        request = fail_policy_pb2.GetFailPoliciesRequest()
        with suppress(grpc.aio.AioRpcError):
            self._kept.take(await method(request, timeout=ASK_TIMEOUT_S, metadata=self._metadata))

    async def close(self) -> None:
        """Close the connection; calls in flight end as unavailable."""
        if self._asking is not None:
            self._asking.cancel()
            await asyncio.wait([self._asking])
        await self._channel.close()

    async def __aenter__(self) -> "AsyncRiskClient":
        """Return the client itself."""
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        await self.close()

    async def _call(
        self, name: str, request: Message, response: type[Response], deadline_ms: float | None
    ) -> Response:
        """Call once, and once more when that is allowed, within one deadline."""
        calls.check_size(request, self._options)
        method = self._channel.unary_unary(
            calls.SERVICE + name,
            request_serializer=type(request).SerializeToString,
            response_deserializer=response.FromString,
        )
        return await self._sent(
            lambda timeout_s: method(request, timeout=timeout_s, metadata=self._metadata),
            deadline_ms,
        )

    async def _sent(
        self, send: Callable[[float], Awaitable[Response]], deadline_ms: float | None
    ) -> Response:
        budget = self._budget(deadline_ms)
        try:
            return await send(budget.left_s())
        except grpc.aio.AioRpcError as error:
            failed = cast("FailedCall", error)
            pause_s = budget.retry_pause_s(failed)
            if pause_s is None:
                raise from_call(failed) from error
        await asyncio.sleep(pause_s)
        try:
            return await send(budget.left_s())
        except grpc.aio.AioRpcError as error:
            raise from_call(cast("FailedCall", error)) from error

    def _budget(self, deadline_ms: float | None) -> Budget:
        return Budget(
            self._options.deadline_ms if deadline_ms is None else deadline_ms,
            self._options.retry_pause_ms,
        )
