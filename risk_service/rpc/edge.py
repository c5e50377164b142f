"""What every call of every service goes through: gate, actor, deadline, metrics, error table.

A method cannot be made without naming the scope that its callers need.
"""

import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

import grpc

from risk_service.domain.actor import LOCAL, Actor, Scope
from risk_service.domain.errors import StoreUnavailable
from risk_service.rpc.actors import Actors, allow
from risk_service.rpc.errors import Code, code_of, details_of, words_of
from risk_service.rpc.gate import Gate
from risk_service.telemetry import Metrics

log = logging.getLogger(__name__)

Context = grpc.aio.ServicerContext[bytes, bytes]
# Payload, seconds that remain, who asks -> payload.
Body = Callable[[bytes, float, Actor], Awaitable[bytes]]
StreamBody = Callable[[AsyncIterator[bytes], float, Actor], Awaitable[bytes]]
Methods = dict[str, "grpc.RpcMethodHandler[Any, bytes]"]


class Servicer(Protocol):
    """One service of the contract."""

    @property
    def service(self) -> str:
        """Return its full name, such as ``risk.v1.RiskService``."""

    def handler(self) -> grpc.GenericRpcHandler:
        """Return what is added to the gRPC server."""


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
class Edge:
    """Makes the methods of all services of one server."""

    actors: Actors
    deadlines: DeadlineRule
    metrics: Metrics
    gate: Gate

    def unary(self, name: str, scope: Scope, body: Body) -> "grpc.RpcMethodHandler[bytes, bytes]":
        """Return the method of one message in, one out; metrics call it by ``name``."""

        async def handle(payload: bytes, context: Context) -> bytes:
            started = time.perf_counter()
            self.metrics.call_started()
            try:
                self.gate.enter()
                try:
                    actor = self._actor(context, scope)
                    return await body(payload, self.deadlines.remaining_s(context), actor)
                finally:
                    self.gate.leave()
            except Exception as error:  # noqa: BLE001 - the edge answers every error
                failure = error
            finally:
                self.metrics.call_done(name, time.perf_counter() - started)
            return await self._refuse(name, failure, context)

        return grpc.unary_unary_rpc_method_handler(handle)

    def stream_unary(
        self, name: str, scope: Scope, body: StreamBody
    ) -> "grpc.RpcMethodHandler[bytes, bytes]":
        """Return the method of a stream in, one message out.

        The actor is known before the first message is read.
        """

        async def handle(_: AsyncIterator[bytes], context: Context) -> bytes:
            started = time.perf_counter()
            self.metrics.call_started()
            try:
                with self.gate.stream():
                    actor = self._actor(context, scope)
                    left_s = self.deadlines.remaining_s(context)
                    return await body(self.gate.messages(context), left_s, actor)
            except Exception as error:  # noqa: BLE001 - the edge answers every error
                failure = error
            finally:
                self.metrics.call_done(name, time.perf_counter() - started)
            return await self._refuse(name, failure, context)

        return grpc.stream_unary_rpc_method_handler(handle)

    def note(self, method: str, error: Exception) -> None:
        """Count an error, and log it when it is ours."""
        code = code_of(error)
        self.metrics.error_answered(code.name)
        if code is Code.INTERNAL:
            log.error("unexpected_error", exc_info=error, extra={"method": method})
        elif isinstance(error, StoreUnavailable):
            log.error("store_unavailable", extra={"method": method, "error": str(error)})

    def _actor(self, context: Context, scope: Scope) -> Actor:
        """Return who asks; a service that knows no actors does not even read the metadata."""
        if self.actors.is_open:
            return LOCAL
        actor = self.actors.of(context.invocation_metadata() or ())
        allow(actor, scope)
        return actor

    async def _refuse(self, method: str, error: Exception, context: Context) -> NoReturn:
        self.note(method, error)
        await context.abort(code_of(error), words_of(error), details_of(error))
