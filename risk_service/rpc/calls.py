"""Calls taken from gRPC's core on the thread that polls it, and handed to the event loop.

``grpc.server`` polls its core on one thread. The methods added here are asked for on the same
queue with tags of our own, which that thread calls: they read the message and leave the call in
an inbox, and the loop is told once for all that came meanwhile. Between the core and a handler
of ours stand no task, no pool and no turn of the loop per step of a call.

This is the one module that knows what gRPC keeps to itself (docs/adr/0144).
"""

import asyncio
import logging
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import grpc
from grpc._cython import cygrpc  # type: ignore[attr-defined]  # its stubs leave it out

from risk_service.domain.errors import ConfigFault
from risk_service.rpc.inbox import AtOnce, Inbox

log = logging.getLogger(__name__)

Metadata = Sequence[tuple[str, str | bytes]]
NO_MESSAGE = "the call holds no message"
# Calls that give way where there is no room, the oldest first.
Yielding = dict["Call", None]
# What the polling thread wants to hear of a tag: no call of its own is over, nothing to run.
_NOTHING: tuple[None, tuple[()]] = (None, ())


class Call:
    """One call, used where its inbox is emptied; ``payload`` is its message, empty for a stream."""

    __slots__ = (
        "_deadline",
        "_inbox",
        "_is_begun",
        "_is_over",
        "_leave",
        "_raw",
        "metadata",
        "payload",
    )

    def __init__(self, event: Any, inbox: Inbox | AtOnce) -> None:
        self._raw: Any = event.call
        self._deadline: float = event.call_details.deadline
        self._inbox = inbox
        self._is_begun = False
        self._is_over = False
        self._leave: Callable[[], object] | None = None
        self.metadata: Metadata = event.invocation_metadata
        self.payload = b""

    def time_remaining(self) -> float:
        """Return the seconds until the caller gives up, some 10^18 when it named no deadline."""
        return max(0.0, self._deadline - time.time())

    def on_leave(self, leave: Callable[[], object]) -> None:
        """Call back when the caller leaves before the answer, at once when it has left."""
        if self._is_over:
            leave()
        else:
            self._leave = leave

    def read(self) -> "asyncio.Future[bytes | None]":
        """Return the next message of a stream, None at its end; cancelled when its caller left."""
        message: asyncio.Future[bytes | None] = asyncio.get_running_loop().create_future()
        self._receive(lambda payload: self._inbox.put(partial(self._read, message, payload)))
        return message

    def send(self, payload: bytes, sent: Callable[[], None]) -> None:
        """Send one of several answers; the polling thread calls back when the next may follow."""
        if self._is_over:
            return
        message = cygrpc.SendMessageOperation(payload, 0)
        tag = _tag(lambda _event: sent())
        self._raw.start_server_batch((*self._beginning(), message), tag)
        self._is_begun = True

    def answer(self, payload: bytes) -> None:
        """Send the answer and end the call."""
        self._end((cygrpc.SendMessageOperation(payload, 0),), grpc.StatusCode.OK, "", ())

    def refuse(self, code: grpc.StatusCode, words: str, trailing: Metadata) -> None:
        """End the call with an error."""
        self._end((), code, words, trailing)

    def drop(self) -> None:
        """End the call without a word, whatever has been sent and was not taken."""
        self._raw.cancel()

    def begin(self, method: "Method", closed: Callable[[], None], yielding: Yielding) -> None:
        """Have the call handled once its message is here; on the polling thread, as `closed` is."""
        operation = cygrpc.ReceiveCloseOnServerOperation(0)
        kept = yielding if method.is_yielding else None
        self._raw.start_server_batch((operation,), _tag(partial(self._closed, closed, kept)))
        if method.is_stream:
            self._inbox.put(partial(method.start, self))
        else:
            yielding[self] = None
            self._receive(partial(self._come, method, yielding))

    def _receive(self, take: Callable[[bytes | None], None]) -> None:
        """Ask for a message, which the polling thread hands over; None: there is none."""
        operation = cygrpc.ReceiveMessageOperation(0)
        tag = _tag(lambda event: take(event.batch_operations[0].message()))
        self._raw.start_server_batch((operation,), tag)

    def _read(self, message: "asyncio.Future[bytes | None]", payload: bytes | None) -> None:
        if message.done():
            return
        if payload is not None:
            message.set_result(payload)
        elif self._is_over:
            message.cancel()
        else:
            self._ask_whether_ended(message)

    def _ask_whether_ended(self, message: "asyncio.Future[bytes | None]") -> None:
        # There is no message where a stream has ended and where its caller has left, of which the
        # core may tell later; half of what he had to say is not all of it. What is sent to him
        # tells the one from the other, and the answer would begin with it anyway.
        self._is_begun = True

        def tell(event: Any) -> None:
            self._inbox.put(partial(_end_stream, message, has_left=not event.success))

        operation = cygrpc.SendInitialMetadataOperation((), 0)
        self._raw.start_server_batch((operation,), _tag(tell))

    def _come(self, method: "Method", yielding: Yielding, payload: bytes | None) -> None:
        if not method.is_yielding:
            yielding.pop(self, None)
        if payload is None:
            code = grpc.StatusCode.INVALID_ARGUMENT
            self._inbox.put(partial(self.refuse, code, NO_MESSAGE, ()))
        else:
            self.payload = payload
            self._inbox.put(partial(method.start, self))

    def _closed(self, closed: Callable[[], None], kept: Yielding | None, event: Any) -> None:
        closed()
        if kept:
            kept.pop(self, None)
        if event.batch_operations[0].cancelled():
            self._inbox.put(self._left_alone)

    def _left_alone(self) -> None:
        if not self._is_over:
            self._is_over = True
            # A task knows its call, which must not know it any longer than that: the two would
            # keep each other until the garbage is collected.
            leave, self._leave = self._leave, None
            if leave is not None:
                leave()

    def _end(
        self, message: tuple[Any, ...], code: grpc.StatusCode, words: str, trailing: Metadata
    ) -> None:
        if self._is_over:
            return
        self._is_over, self._leave = True, None
        number: int = code.value[0]
        operations = (
            *self._beginning(),
            *message,
            cygrpc.SendStatusFromServerOperation(trailing, number, words.encode(), 0),
        )
        self._raw.start_server_batch(operations, _SENT)

    def _beginning(self) -> tuple[Any, ...]:
        return () if self._is_begun else (cygrpc.SendInitialMetadataOperation((), 0),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Method:
    """How calls of one method begin.

    Parameters
    ----------
    start
        Called on the event loop with each call.
    is_stream
        ``start`` reads the messages; else the call comes with its one.
    is_yielding
        Where there is no room a call gives way also when its message has come.
    """

    start: Callable[[Call], None]
    is_stream: bool = False
    is_yielding: bool = False


class CallSource:
    """Asks the core of a server for the calls of some methods.

    Parameters
    ----------
    server
        Not started yet.
    methods
        By their path, such as ``/risk.v1.RiskService/ScoreOrder``. No handler of the server
        answers them.
    calls_max
        Calls that may be open at once, also those whose message has not come yet.
    turn_away
        Refuses a call beyond these, on the polling thread: the oldest whose message has not
        come, else the newest.

    Raises
    ------
    ConfigFault
        This version of gRPC keeps its core elsewhere.
    """

    def __init__(
        self,
        server: grpc.Server,
        methods: Mapping[str, Method],
        *,
        calls_max: int,
        turn_away: Callable[[Call], None],
    ) -> None:
        self._methods = methods
        self._calls_max = calls_max
        self._turn_away = turn_away
        # Of the polling thread alone.
        self._open = 0
        self._yielding: Yielding = {}
        try:
            state: Any = server._state  # type: ignore[attr-defined]  # see above
            self._core, self._queue = state.server, state.completion_queue
            for path in methods:
                self._core.register_method(path)
        except AttributeError as error:
            raise ConfigFault(
                f"grpcio {grpc.__version__} keeps its core elsewhere; install a version that "
                "the package asks for: pip install --force-reinstall promoguard"
            ) from error

    def start(self, inbox: Inbox | AtOnce) -> None:
        """Leave calls in an inbox from now on; the server has been started."""
        for path, method in self._methods.items():
            self._ask(path, method, inbox)

    def _ask(self, path: str, method: Method, inbox: Inbox | AtOnce) -> None:
        tag = _tag(partial(self._begun, path, method, inbox))
        self._core.request_registered_call(self._queue, self._queue, path, tag)

    def _begun(self, path: str, method: Method, inbox: Inbox | AtOnce, event: Any) -> None:
        if event.success:  # else the server is stopping
            self._ask(path, method, inbox)
            call = Call(event, inbox)
            if self._open < self._calls_max or self._make_room():
                self._open += 1
                call.begin(method, self._closed, self._yielding)
            else:
                self._turn_away(call)

    def _make_room(self) -> bool:
        """Turn the oldest away of the calls that give way; tell whether there was one."""
        oldest = next(iter(self._yielding), None)
        if oldest is None:
            return False
        del self._yielding[oldest]
        self._turn_away(oldest)
        return True

    def _closed(self) -> None:
        self._open -= 1


def _tag(take: Callable[[Any], object]) -> Callable[[Any], tuple[None, tuple[()]]]:
    """Return what the polling thread calls with an event; an error would end the thread."""

    def tag(event: Any) -> tuple[None, tuple[()]]:
        try:
            take(event)
        except Exception:
            log.exception("event_not_taken")
        return _NOTHING

    return tag


def _end_stream(message: "asyncio.Future[bytes | None]", *, has_left: bool) -> None:
    if has_left:
        message.cancel()
    elif not message.done():
        message.set_result(None)


# An answer has left, or nobody is there to take it.
_SENT = _tag(lambda _event: None)
