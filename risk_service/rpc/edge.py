"""What every call of every service goes through: gate, actor, deadline, metrics, error table.

A method cannot be made without naming the scope that its callers need.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from risk_service.domain.actor import LOCAL, Actor, Scope
from risk_service.domain.errors import Overloaded, RiskError, StoreUnavailable
from risk_service.rpc.actors import Actors, allow
from risk_service.rpc.calls import Call, Method
from risk_service.rpc.errors import FULL_WORDS, Code, code_of, details_of, words_of
from risk_service.rpc.gate import Gate
from risk_service.telemetry import Metrics

log = logging.getLogger(__name__)

# Payload, seconds that remain, who asks -> payload.
Body = Callable[[bytes, float, Actor], Awaitable[bytes]]
StreamBody = Callable[[AsyncIterator[bytes], float, Actor], Awaitable[bytes]]
# Payload, seconds that remain -> what will hold the answer, or the error that is the answer.
Submit = Callable[[bytes, float], "asyncio.Future[Any]"]
Methods = dict[str, Method]


class Servicer(Protocol):
    """One service of the contract."""

    @property
    def service(self) -> str:
        """Return its full name, such as ``risk.v1.RiskService``."""

    def methods(self) -> Methods:
        """Return its methods by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeadlineRule:
    """Time for a call whose caller names none, and the most that any call gets."""

    default_s: float
    cap_s: float

    def remaining_s(self, call: Call) -> float:
        """Return the seconds that this call still has."""
        told = call.time_remaining()
        # For ever and a day where the caller set no deadline.
        return self.default_s if told > 1e9 else min(told, self.cap_s)


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """Makes the methods of all services of one server."""

    actors: Actors
    deadlines: DeadlineRule
    metrics: Metrics
    gate: Gate
    _tasks: set[asyncio.Task[None]] = field(default_factory=set, init=False)

    def unary(self, name: str, scope: Scope, body: Body) -> Method:
        """Return the method of one message in, one out; metrics call it by ``name``."""

        async def handle(call: Call) -> None:
            started = time.perf_counter()
            self.metrics.call_started()
            try:
                self.gate.enter()
                try:
                    actor = self._actor(call, scope)
                    remaining_s = self.deadlines.remaining_s(call)
                    call.answer(await body(call.payload, remaining_s, actor))
                finally:
                    self.gate.leave()
            except Exception as error:  # noqa: BLE001 - the edge answers every error
                self._refuse(name, error, call)
            finally:
                self.metrics.call_done(name, time.perf_counter() - started)

        return Method(start=lambda call: self._run(handle, call))

    def gathered(self, name: str, scope: Scope, submit: Submit) -> Method:
        """Return the method of one message in, one out, whose answer comes with a group's.

        It costs no task per call.
        """

        def start(call: Call) -> None:
            started = time.perf_counter()
            self.metrics.call_started()
            try:
                self.gate.enter()
                try:
                    self._actor(call, scope)
                    answer = submit(call.payload, self.deadlines.remaining_s(call))
                except Exception:
                    self.gate.leave()
                    raise
            except Exception as error:  # noqa: BLE001 - the edge answers every error
                self.metrics.call_done(name, time.perf_counter() - started)
                self._refuse(name, error, call)
                return
            call.on_leave(answer.cancel)
            answer.add_done_callback(partial(self._answer, name, call, started))

        return Method(start=start)

    def stream_unary(self, name: str, scope: Scope, body: StreamBody) -> Method:
        """Return the method of a stream in, one message out.

        The actor is known before the first message is read.
        """

        async def handle(call: Call) -> None:
            started = time.perf_counter()
            self.metrics.call_started()
            try:
                with self.gate.stream():
                    actor = self._actor(call, scope)
                    left_s = self.deadlines.remaining_s(call)
                    call.answer(await body(self.gate.messages(call), left_s, actor))
            except Exception as error:  # noqa: BLE001 - the edge answers every error
                self._refuse(name, error, call)
            finally:
                self.metrics.call_done(name, time.perf_counter() - started)

        return Method(start=lambda call: self._run(handle, call), is_stream=True)

    def turn_away(self, call: Call) -> None:
        """Refuse a call for which there is no room; any thread may."""
        try:
            # First: who is told to try again in a moment would find a stopped server.
            self.gate.check()
            raise Overloaded(FULL_WORDS)
        except RiskError as error:
            self._refuse("", error, call)

    def note(self, method: str, error: Exception) -> None:
        """Count an error, and log it when it is ours."""
        code = code_of(error)
        self.metrics.error_answered(code.name)
        if code is Code.INTERNAL:
            log.error("unexpected_error", exc_info=error, extra={"method": method})
        elif isinstance(error, StoreUnavailable):
            log.error("store_unavailable", extra={"method": method, "error": str(error)})

    def _actor(self, call: Call, scope: Scope) -> Actor:
        """Return who asks; a service that knows no actors does not even read the metadata."""
        if self.actors.is_open:
            return LOCAL
        actor = self.actors.of(call.metadata)
        allow(actor, scope)
        return actor

    def _run(self, handle: Callable[[Call], Coroutine[Any, Any, None]], call: Call) -> None:
        """Handle a call in a task of its own, which ends when its caller leaves."""
        task = asyncio.get_running_loop().create_task(handle(call))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        call.on_leave(task.cancel)

    def _answer(self, name: str, call: Call, started: float, answer: "asyncio.Future[Any]") -> None:
        """Send what a group answered."""
        self.gate.leave()
        self.metrics.call_done(name, time.perf_counter() - started)
        if answer.cancelled():
            return
        found: Any = answer.exception() or answer.result()
        if isinstance(found, bytes):
            call.answer(found)
        else:
            self._refuse(name, found, call)

    def _refuse(self, method: str, error: Exception, call: Call) -> None:
        self.note(method, error)
        call.refuse(code_of(error), words_of(error), details_of(error))
