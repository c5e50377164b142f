"""The gRPC server: port, health, reflection, and a stop that loses no answer."""

import asyncio
import threading
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import grpc
from grpc_reflection.v1alpha import reflection

from risk_service.domain.errors import ConfigFault
from risk_service.rpc.calls import Call, CallSource
from risk_service.rpc.certificates import Certificates
from risk_service.rpc.edge import Edge, Servicer
from risk_service.rpc.health import SERVICE, STATUS, Health
from risk_service.rpc.inbox import AtOnce, Inbox

LATECOMERS_S = 0.2
# For the core to end what is left; a thread that is gone would be waited for in vain.
ENDING_S = 5.0
KEEPALIVE_MS = 60_000
# From the connection to the end of the TLS handshake and the first settings of HTTP/2.
HANDSHAKE_MS = 20_000
HEALTH_CALLS_MAX = 1024
PENDING_MAX = 20_000
# Of one connection; what HTTP/2 recommends at least.
STREAMS_MIN = 100
# Reflection is all that the library handles by itself; each of its streams keeps a thread.
REFLECTION_STREAMS_MAX = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Bounds of the server."""

    message_bytes_max: int
    concurrent_calls_max: int


def server_options(limits: ServerLimits) -> tuple[tuple[str, int], ...]:
    """Return the options of gRPC's core, which takes any name and ignores those unknown to it."""
    return (
        # Off, else a second process would silently share the port.
        ("grpc.so_reuseport", 0),
        ("grpc.max_receive_message_length", limits.message_bytes_max),
        # On, it opens windows so wide that streams send far ahead of their reader: sixty of
        # them filled gigabytes.
        ("grpc.http2.bdp_probe", 0),
        # Nobody is sent away for his pings: the core goes on with all that lie behind the one too
        # many, each at the cost of all before it, and four megabytes of them hold up every call
        # for minutes. Answers that nobody takes stop the reading of a connection anyway.
        ("grpc.http2.max_ping_strikes", 0),
        # Without it one connection that opens calls and resets them takes hundreds of megabytes,
        # and the polling thread from all others.
        ("grpc.max_concurrent_streams", max(STREAMS_MIN, limits.concurrent_calls_max // 2)),
        # Calls that have come in one burst and are not taken yet: beyond a thousand of a method the
        # core would end some as CANCELLED, which nobody sends again.
        ("grpc.server.max_pending_requests", PENDING_MAX),
        ("grpc.server.max_pending_requests_hard_limit", PENDING_MAX),
        # A caller who vanished without a word is missed after this, not after two hours.
        ("grpc.keepalive_time_ms", KEEPALIVE_MS),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.server_handshake_timeout_ms", HANDSHAKE_MS),
    )


class RiskServer:
    """Serves the services of one edge on one address.

    Health is open to everybody: it says SERVING or not, and balancers have no token.
    Reflection would be a service without actors, so it is there only while nobody needs one.

    Parameters
    ----------
    listen
        ``host:port``; port 0 chooses a free one, see ``address``.
    certificates
        None: no TLS.

    Raises
    ------
    ConfigFault
        The address is taken or cannot be bound.
    """

    def __init__(
        self,
        servicers: Sequence[Servicer],
        edge: Edge,
        listen: str,
        limits: ServerLimits,
        certificates: Certificates | None = None,
    ) -> None:
        self._gate = edge.gate
        # Two servicers may share one service: reflection and health name it once.
        self._services = tuple(dict.fromkeys(servicer.service for servicer in servicers))
        self._health = Health(self._services)
        threads = ThreadPoolExecutor(REFLECTION_STREAMS_MAX, thread_name_prefix="reflection")
        self._server = grpc.server(
            threads,
            options=server_options(limits),
            maximum_concurrent_rpcs=REFLECTION_STREAMS_MAX,
        )
        self._calls = CallSource(
            self._server,
            {
                f"/{servicer.service}/{name}": method
                for servicer in servicers
                for name, method in servicer.methods().items()
            },
            calls_max=limits.concurrent_calls_max,
            turn_away=edge.turn_away,
        )
        self._health_calls = CallSource(
            self._server,
            {f"/{SERVICE}/{name}": method for name, method in self._health.methods().items()},
            calls_max=HEALTH_CALLS_MAX,
            turn_away=Call.drop,
        )
        if edge.actors.is_open:
            names = (*self._services, SERVICE, reflection.SERVICE_NAME)
            reflection.enable_server_reflection(names, self._server)
            _start_all(threads, REFLECTION_STREAMS_MAX)
        self.address = self._bind(listen, certificates)

    async def start(self) -> None:
        """Take calls and say so."""
        self._server.start()
        self._health_calls.start(AtOnce())
        self._calls.start(Inbox(asyncio.get_running_loop()))
        self._health.set(STATUS.SERVING)

    async def stop(self, *, notice_s: float, grace_s: float) -> None:
        """Say NOT_SERVING, wait for balancers to notice, then finish what is in flight."""
        self._health.set(STATUS.NOT_SERVING)
        await asyncio.sleep(notice_s)
        ends_at = time.monotonic() + grace_s
        await self._gate.close(within_s=grace_s)
        # Calls on their way meet the closed gate, not a server that is gone.
        await asyncio.sleep(LATECOMERS_S)
        self._health.close()
        # What is open now waits for its caller: to send a message, or to take an answer.
        left_s = max(LATECOMERS_S, ends_at - time.monotonic())
        await asyncio.to_thread(self._server.stop(left_s).wait, left_s + ENDING_S)

    def _bind(self, listen: str, certificates: Certificates | None) -> str:
        try:
            if certificates is None:
                port = self._server.add_insecure_port(listen)
            else:
                port = self._server.add_secure_port(listen, certificates.credentials())
        except RuntimeError as error:
            raise ConfigFault(
                f"cannot listen on {listen}: the port is taken or the host is not ours; "
                "choose another with --listen"
            ) from error
        return f"{listen.rpartition(':')[0]}:{port}"


def _start_all(threads: ThreadPoolExecutor, count: int) -> None:
    """Start the threads of a pool now.

    gRPC's polling thread hands streams to it: where no thread could be started then, that one
    would end, and all calls with it.
    """
    all_here = threading.Barrier(count + 1)
    for _ in range(count):
        threads.submit(all_here.wait)
    all_here.wait()
