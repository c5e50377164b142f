"""A gRPC server whose answers a test scripts, and a client of either kind behind one face."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import grpc

from risk_service.client import (
    Answer,
    AsyncRiskClient,
    BatchAnswer,
    DecisionAnswer,
    FallbackPolicy,
    RiskClient,
)
from risk_service.pb.risk.v1 import fail_policy_pb2, order_pb2, risk_pb2, risk_pb2_grpc

Behaviour = Callable[[Any, grpc.ServicerContext], Any]


class Scripted(risk_pb2_grpc.RiskServiceServicer):
    """Plays the next behaviour of ``script`` per call, the last one again and again."""

    def __init__(self) -> None:
        self.script: deque[Behaviour] = deque([decide])
        self.seen: list[Any] = []
        self.metadata: list[dict[str, Any]] = []
        self.target = ""
        self.fail_policy: fail_policy_pb2.GetFailPoliciesResponse | None = None
        self.asked = 0

    def plays(self, *behaviours: Behaviour) -> None:
        """Replace the script."""
        self.script = deque(behaviours)

    def _play(self, request: Any, context: grpc.ServicerContext) -> Any:
        self.seen.append(request)
        self.metadata.append(dict(context.invocation_metadata()))
        behaviour = self.script.popleft() if len(self.script) > 1 else self.script[0]
        return behaviour(request, context)

    def GetFailPolicies(  # noqa: N802 - the name of the contract
        self,
        request: fail_policy_pb2.GetFailPoliciesRequest,
        context: grpc.ServicerContext,
    ) -> fail_policy_pb2.GetFailPoliciesResponse:
        """Tell the fail policy of the script, or that there is none; outside the script."""
        self.asked += 1
        if self.fail_policy is None:
            context.abort(grpc.StatusCode.UNAVAILABLE, "scripted")
        return self.fail_policy

    ScoreOrder = BatchScoreOrders = GetDecision = CompleteChallenge = _play
    GetDecisionRecord = _play
    ScoreRefund = AssessPromotionAction = VerifyRealName = _play


@contextmanager
def serving(
    service: Scripted, credentials: grpc.ServerCredentials | None = None
) -> Iterator[Scripted]:
    """Serve on a free port for as long as the block lasts."""
    server = grpc.server(ThreadPoolExecutor(4))
    risk_pb2_grpc.add_RiskServiceServicer_to_server(service, server)
    if credentials is None:
        port = server.add_insecure_port("127.0.0.1:0")
    else:
        port = server.add_secure_port("127.0.0.1:0", credentials)
    server.start()
    service.target = f"127.0.0.1:{port}"
    try:
        yield service
    finally:
        server.stop(0).wait()


def decision(**fields: Any) -> risk_pb2.Decision:
    """Return a decision that allows; ``fields`` replace what is given."""
    given = {
        "decision_id": "dec_1",
        "request_id": "req_1",
        "order_id": "ord_1",
        "number": 1,
        "outcome": risk_pb2.OUTCOME_ALLOW,
        "mode": risk_pb2.MODE_FULL,
    }
    return risk_pb2.Decision(**(given | fields))


def decide(request: Any, context: grpc.ServicerContext) -> risk_pb2.ScoreOrderResponse:
    """Answer ALLOW."""
    return risk_pb2.ScoreOrderResponse(decision=decision(request_id=request.request_id))


def answers(response: Any) -> Behaviour:
    """Return a behaviour that answers always the same."""
    return lambda request, context: response


def fails(code: grpc.StatusCode, details: str = "scripted") -> Behaviour:
    """Return a behaviour that ends the call with a status."""

    def behave(request: Any, context: grpc.ServicerContext) -> Any:
        context.abort(code, details)

    return behave


def order(*promotions: int, **fields: Any) -> order_pb2.Order:
    """Return an order with one line of one unit per promotion type."""
    lines = [
        order_pb2.OrderLine(sku=f"sku_{number}", quantity=1, promotion_type=kind)  # type: ignore[arg-type]
        for number, kind in enumerate(promotions or (order_pb2.PROMOTION_TYPE_NONE,))
    ]
    return order_pb2.Order(**({"order_id": "ord_1", "lines": lines} | fields))


class Blocking:
    """Calls through ``RiskClient``."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._client = RiskClient(*args, **kwargs)

    def score_order(self, *args: Any, **kwargs: Any) -> Answer:
        """Score one order."""
        return self._client.score_order(*args, **kwargs)

    def score_batch(self, *args: Any, **kwargs: Any) -> list[BatchAnswer]:
        """Score a batch."""
        return self._client.score_batch(*args, **kwargs)

    def get_decision(self, **kwargs: Any) -> DecisionAnswer:
        """Fetch a decision."""
        return self._client.get_decision(**kwargs)

    def complete_challenge(self, *args: Any, **kwargs: Any) -> DecisionAnswer:
        """Complete a challenge."""
        return self._client.complete_challenge(*args, **kwargs)

    def ask(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Make the call of that name."""
        return getattr(self._client, name)(*args, **kwargs)

    @property
    def fallback(self) -> FallbackPolicy:
        """Return what is answered without the service."""
        return self._client.fallback

    def idle(self) -> None:
        """Let what runs beside calls go on for a moment."""
        time.sleep(0.01)

    def close(self) -> None:
        """Close the client."""
        self._client.close()


class Asyncio:
    """Calls through ``AsyncRiskClient`` on an event loop of its own."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._runner = asyncio.Runner()

        async def make() -> AsyncRiskClient:
            return AsyncRiskClient(*args, **kwargs)

        self._client = self._runner.run(make())

    def score_order(self, *args: Any, **kwargs: Any) -> Answer:
        """Score one order."""
        return self._runner.run(self._client.score_order(*args, **kwargs))

    def score_batch(self, *args: Any, **kwargs: Any) -> list[BatchAnswer]:
        """Score a batch."""
        return self._runner.run(self._client.score_batch(*args, **kwargs))

    def get_decision(self, **kwargs: Any) -> DecisionAnswer:
        """Fetch a decision."""
        return self._runner.run(self._client.get_decision(**kwargs))

    def complete_challenge(self, *args: Any, **kwargs: Any) -> DecisionAnswer:
        """Complete a challenge."""
        return self._runner.run(self._client.complete_challenge(*args, **kwargs))

    def ask(self, name: str, *args: Any, **kwargs: Any) -> Any:
        """Make the call of that name."""
        return self._runner.run(getattr(self._client, name)(*args, **kwargs))

    @property
    def fallback(self) -> FallbackPolicy:
        """Return what is answered without the service."""
        return self._client.fallback

    def idle(self) -> None:
        """Let what runs beside calls go on for a moment."""
        self._runner.run(asyncio.sleep(0.01))

    def close(self) -> None:
        """Close the client and its loop."""
        self._runner.run(self._client.close())
        self._runner.close()
