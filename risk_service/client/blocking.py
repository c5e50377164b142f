"""The blocking client. Safe to share between threads: one connection carries their calls."""

import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, TypeVar, cast

import grpc
from google.protobuf.message import Message

from risk_service.client import calls
from risk_service.client.answers import Answer, BatchAnswer, DecisionAnswer, decision_answer
from risk_service.client.attempt import Budget
from risk_service.client.channel import ClientOptions
from risk_service.client.claims_calls import ClaimCalls
from risk_service.client.errors import FailedCall, ServiceFailure, from_call
from risk_service.client.events import EventReport, event_report, report_requests
from risk_service.client.fail_policies import ASK_TIMEOUT_S, KeptPolicy
from risk_service.client.fallback import FallbackPolicy
from risk_service.client.plain_client import TIMEOUT_S
from risk_service.pb.risk.v1 import event_pb2, fail_policy_pb2, order_pb2, risk_pb2

PATIENT_MS = TIMEOUT_S * 1_000

Response = TypeVar("Response", bound=Message)


class RiskClient(ClaimCalls):
    """Asks the service for decisions; every call ends by its deadline.

    Make one per process and keep it: it holds one connection, which opens at the first
    call and comes back by itself. Do not make it before a fork.

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
        self._metadata = self._options.metadata()
        settings = self._options.channel_options(target)
        if self._options.tls is None:
            self._channel = grpc.insecure_channel(target, options=settings)
        else:
            self._channel = grpc.secure_channel(
                target, self._options.tls.credentials(), options=settings
            )

    def score_order(
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
            response = self._call("ScoreOrder", request, risk_pb2.ScoreOrderResponse, deadline_ms)
            self._ask_fail_policy()
            return decision_answer(response.decision)
        except ServiceFailure as failure:
            return calls.fall_back(self._kept.policy, order, request_id, failure)

    def score_batch(
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
            response = self._call(
                "BatchScoreOrders", request, risk_pb2.BatchScoreOrdersResponse, deadline_ms
            )
            self._ask_fail_policy()
            return calls.batch_answers(requests, response, self._kept.policy)
        except ServiceFailure as failure:
            return [calls.fall_back(self._kept.policy, o, r, failure) for r, o in requests]

    def get_decision(
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
        response = self._call("GetDecision", request, risk_pb2.GetDecisionResponse, deadline_ms)
        return decision_answer(response.decision)

    def decision_record(
        self,
        *,
        decision_id: str = "",
        request_id: str = "",
        order_id: str = "",
        deadline_ms: float = PATIENT_MS,
    ) -> bytes:
        """Return the stored record of a decision, by exactly one key; ``risk explain`` reads it.

        A person waits for it: it has their time, not that of a checkout.

        Raises
        ------
        DecisionNotFound
            There is none under that key.
        """
        asked = calls.decision_request(decision_id, request_id, order_id)
        key = asked.WhichOneof("key") or "decision_id"
        request = risk_pb2.GetDecisionRecordRequest(**{key: getattr(asked, key)})
        response = self._call(
            "GetDecisionRecord", request, risk_pb2.GetDecisionRecordResponse, deadline_ms
        )
        return response.record

    def complete_challenge(
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
        response = self._call(
            "CompleteChallenge", request, risk_pb2.CompleteChallengeResponse, deadline_ms
        )
        return decision_answer(response.decision)

    def report_events(
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
            self._sent(
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
        if not self._kept.claim():
            return
        method = self._channel.unary_unary(
            calls.SERVICE + "GetFailPolicies",
            request_serializer=fail_policy_pb2.GetFailPoliciesRequest.SerializeToString,
            response_deserializer=fail_policy_pb2.GetFailPoliciesResponse.FromString,
        )
        request = fail_policy_pb2.GetFailPoliciesRequest()
        asked = method.future(request, timeout=ASK_TIMEOUT_S, metadata=self._metadata)
        asked.add_done_callback(self._take_fail_policy)

    def _take_fail_policy(self, asked: "grpc.Future[Any]") -> None:
        """Keep the answer; without one the policy stays as it is, and is asked for again."""
        if not asked.cancelled() and asked.exception() is None:
            self._kept.take(asked.result())

    def close(self) -> None:
        """Close the connection; calls in flight end as unavailable."""
        self._channel.close()

    def __enter__(self) -> "RiskClient":
        """Return the client itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close the connection."""
        self.close()

    def _call(
        self, name: str, request: Message, response: type[Response], deadline_ms: float | None
    ) -> Response:
        """Call once, and once more when that is allowed, within one deadline."""
        calls.check_size(request, self._options)
        method = self._channel.unary_unary(
            calls.SERVICE + name,
            request_serializer=type(request).SerializeToString,
            response_deserializer=response.FromString,
        )
        return self._sent(
            lambda timeout_s: method(request, timeout=timeout_s, metadata=self._metadata),
            deadline_ms,
        )

    def _sent(self, send: Callable[[float], Response], deadline_ms: float | None) -> Response:
        budget = self._budget(deadline_ms)
        try:
            return send(budget.left_s())
        except grpc.RpcError as error:
            failed = cast("FailedCall", error)
            pause_s = budget.retry_pause_s(failed)
            if pause_s is None:
                raise from_call(failed) from error
        time.sleep(pause_s)
        try:
            return send(budget.left_s())
        except grpc.RpcError as error:
            raise from_call(cast("FailedCall", error)) from error

    def _budget(self, deadline_ms: float | None) -> Budget:
        return Budget(
            self._options.deadline_ms if deadline_ms is None else deadline_ms,
            self._options.retry_pause_ms,
        )
