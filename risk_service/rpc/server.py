"""The gRPC server: port, health, reflection, and a stop that loses no answer."""

import asyncio
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection, reflection_pb2

from risk_service.domain.errors import ConfigFault
from risk_service.rpc.calls import CallSource
from risk_service.rpc.certificates import Certificates
from risk_service.rpc.edge import Edge, Servicer

_STATUS = health_pb2.HealthCheckResponse
# Clients probe a connection with calls in flight; pings this far apart are welcome.
PING_INTERVAL_MIN_MS = 1000
LATECOMERS_S = 0.2
# Health and reflection are the only calls that the library handles by itself. A stream of
# reflection keeps a thread, so these have their own.
HEALTH_THREADS = 4
REFLECTION_THREADS = 16


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerLimits:
    """Bounds of the server."""

    message_bytes_max: int
    concurrent_calls_max: int


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
        pool = ThreadPoolExecutor(HEALTH_THREADS, thread_name_prefix="health")
        # Not blocking: whoever watches keeps no thread.
        self._health = health.HealthServicer(
            experimental_non_blocking=True, experimental_thread_pool=pool
        )
        self._server = grpc.server(
            pool,
            options=(
                # Off, else a second process would silently share the port.
                ("grpc.so_reuseport", 0),
                ("grpc.max_receive_message_length", limits.message_bytes_max),
                # On, it opens windows so wide that streams send far ahead of their reader: sixty
                # of them filled gigabytes.
                ("grpc.http2.bdp_probe", 0),
                ("grpc.http2.min_recv_ping_interval_without_data_ms", PING_INTERVAL_MIN_MS),
            ),
            maximum_concurrent_rpcs=limits.concurrent_calls_max,
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
        health_pb2_grpc.add_HealthServicer_to_server(self._health, self._server)
        if edge.actors.is_open:
            _add_reflection(
                (*self._services, health.SERVICE_NAME, reflection.SERVICE_NAME), self._server
            )
        self.address = self._bind(listen, certificates)

    async def start(self) -> None:
        """Take calls and say so."""
        self._set(_STATUS.NOT_SERVING)
        self._server.start()
        self._calls.start()
        self._set(_STATUS.SERVING)

    async def stop(self, *, notice_s: float, grace_s: float) -> None:
        """Say NOT_SERVING, wait for balancers to notice, then finish what is in flight."""
        self._set(_STATUS.NOT_SERVING)
        await asyncio.sleep(notice_s)
        await self._gate.close(within_s=grace_s)
        # Calls on their way meet the closed gate, not a server that is gone.
        await asyncio.sleep(LATECOMERS_S)
        await asyncio.to_thread(self._server.stop(grace_s).wait)

    def _set(self, status: int) -> None:
        for service in ("", *self._services):
            self._health.set(service, status)

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


def _add_reflection(services: Sequence[str], server: grpc.Server) -> None:
    """Add reflection whose streams, however many and long, leave health its threads."""
    servicer = reflection.ReflectionServicer(services)

    def told(requests: Iterator[Any], context: grpc.ServicerContext) -> Iterator[Any]:
        yield from servicer.ServerReflectionInfo(requests, context)

    threads = ThreadPoolExecutor(REFLECTION_THREADS, thread_name_prefix="reflection")
    told.experimental_thread_pool = threads  # type: ignore[attr-defined]  # gRPC looks for it
    method: Any = grpc.stream_stream_rpc_method_handler(
        told,
        reflection_pb2.ServerReflectionRequest.FromString,
        reflection_pb2.ServerReflectionResponse.SerializeToString,
    )
    handler = grpc.method_handlers_generic_handler(
        reflection.SERVICE_NAME, {"ServerReflectionInfo": method}
    )
    server.add_generic_rpc_handlers((handler,))
