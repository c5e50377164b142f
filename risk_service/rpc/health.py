"""Health: says SERVING or not, whatever the rest of the service is doing.

It is answered on the thread that polls gRPC's core. So neither a loop that is busy with orders,
nor a caller who opens checks and sends nothing, nor a lack of threads takes the service away
from a balancer that asks.
"""

import threading
from collections.abc import Iterable

import grpc
from google.protobuf.message import DecodeError
from grpc_health.v1 import health, health_pb2

from risk_service.rpc.calls import Call, Method

SERVICE = health.SERVICE_NAME
STATUS = health_pb2.HealthCheckResponse


class Health:
    """Answers ``Check`` and ``Watch`` for services that are all up or all down.

    Parameters
    ----------
    services
        Full names; the empty one, which is the whole server, is known as well.
    """

    def __init__(self, services: Iterable[str]) -> None:
        self._services = frozenset(("", *services))
        self._status: int = STATUS.NOT_SERVING
        self._watches: set[_Watch] = set()
        self._lock = threading.Lock()

    def methods(self) -> dict[str, Method]:
        """Return its methods by name; where there are too many calls the oldest gives way."""
        return {
            "Check": Method(start=self._check, is_yielding=True),
            "Watch": Method(start=self._watch, is_yielding=True),
        }

    def set(self, status: int) -> None:
        """Say so from now on, also to those who watch; any thread may."""
        with self._lock:
            self._status = status
            for watch in self._watches:
                if watch.is_known:
                    watch.tell(status)

    def close(self) -> None:
        """End the calls of those who watch; any thread may."""
        with self._lock:
            for watch in self._watches:
                watch.call.refuse(grpc.StatusCode.UNAVAILABLE, "the server is stopping", ())
            self._watches.clear()

    def _check(self, call: Call) -> None:
        service = _asked(call)
        if service in self._services:
            call.answer(_bytes(self._status))
        elif service is not None:
            call.refuse(grpc.StatusCode.NOT_FOUND, "unknown service", ())

    def _watch(self, call: Call) -> None:
        service = _asked(call)
        if service is None:
            return
        watch = _Watch(call, self._lock, is_known=service in self._services)
        with self._lock:
            self._watches.add(watch)
            watch.tell(self._status if watch.is_known else STATUS.SERVICE_UNKNOWN)
        call.on_leave(lambda: self._forget(watch))

    def _forget(self, watch: "_Watch") -> None:
        with self._lock:
            self._watches.discard(watch)


class _Watch:
    """Somebody who watches; the core sends one message at a time. Used under the lock."""

    def __init__(self, call: Call, lock: threading.Lock, *, is_known: bool) -> None:
        self.call = call
        self.is_known = is_known
        self._lock = lock
        self._is_sending = False
        self._told: int | None = None
        self._newest: int | None = None

    def tell(self, status: int) -> None:
        """Send the newest status, unless it was the last that was sent."""
        self._newest = status
        if not self._is_sending and status != self._told:
            self._is_sending, self._told = True, status
            self.call.send(_bytes(status), self._sent)

    def _sent(self) -> None:
        with self._lock:
            self._is_sending = False
            if self._newest is not None:
                self.tell(self._newest)


def _asked(call: Call) -> str | None:
    """Return the service that is asked for; None: the call was refused."""
    try:
        request = health_pb2.HealthCheckRequest.FromString(call.payload)
    except DecodeError:
        call.refuse(grpc.StatusCode.INVALID_ARGUMENT, "not a HealthCheckRequest", ())
        return None
    service: str = request.service
    return service


def _bytes(status: int) -> bytes:
    told: bytes = STATUS(status=status).SerializeToString()
    return told
