"""The server against those who mean no good, or are not there any more."""

import asyncio
import struct
import threading
from collections.abc import AsyncIterator
from pathlib import Path

import grpc
import pytest
from grpc._cython import cygrpc  # type: ignore[attr-defined]  # its stubs leave it out
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from risk_service.rpc.actors import Actors
from risk_service.rpc.edge import DeadlineRule, Edge
from risk_service.rpc.gate import Gate
from risk_service.rpc.health import STATUS
from risk_service.rpc.server import RiskServer, ServerLimits, server_options
from risk_service.telemetry import Metrics
from tests.bench.http2 import ACK, GOAWAY, PING, SETTINGS, frame
from tests.fixtures.bare_http2 import begun_calls, connected, next_frame

LIMITS = ServerLimits(message_bytes_max=1000, concurrent_calls_max=400)
MAX_CONCURRENT_STREAMS = 3


@pytest.fixture
async def server() -> AsyncIterator[RiskServer]:
    """Return a started server of no service but health and reflection."""
    edge = Edge(
        actors=Actors(None),
        deadlines=DeadlineRule(default_s=1.0, cap_s=2.0),
        metrics=Metrics(),
        gate=Gate(streams_max=1, idle_s=1.0),
    )
    opened = RiskServer((), edge, "127.0.0.1:0", LIMITS)
    await opened.start()
    yield opened
    await opened.stop(notice_s=0.0, grace_s=0.0)


def test_grpc_knows_the_options_it_is_given() -> None:
    """It ignores those that it does not know, so that a slip of the pen would go unnoticed."""
    core = Path(cygrpc.__file__).read_bytes()
    assert [name for name, _ in server_options(LIMITS) if name.encode() + b"\0" not in core] == []


async def test_a_connection_is_told_how_many_calls_it_may_open(server: RiskServer) -> None:
    """Half of all: beyond them, also when each is reset at once, the core refuses by itself."""
    with connected(server.address) as line:
        kind, _, settings = await asyncio.to_thread(next_frame, line)
    assert kind == SETTINGS
    assert (MAX_CONCURRENT_STREAMS, 200) in struct.iter_unpack(">HI", settings)


async def test_pings_beside_a_long_call_are_welcome(server: RiskServer) -> None:
    """A client that probes its connection while a stream is open is not sent away for it."""

    def ping() -> set[int]:
        kinds = set()
        with connected(server.address) as line:
            line.sendall(begun_calls("/grpc.health.v1.Health/Check", 1))
            for number in range(7):
                line.sendall(frame(PING, 0, 0, struct.pack(">Q", number)))
                answered = (0, 0, b"")
                while answered[:2] != (PING, ACK):
                    answered = next_frame(line)
                    kinds.add(answered[0])
        return kinds

    assert GOAWAY not in await asyncio.to_thread(ping)


async def test_health_and_reflection_need_no_new_thread(
    server: RiskServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where none can be started, the thread that polls gRPC would end, and all calls with it."""

    def none_left(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    async with grpc.aio.insecure_channel(server.address) as channel:
        await channel.channel_ready()
        monkeypatch.setattr(threading.Thread, "start", none_left)
        listing = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(
            iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=10
        )
        assert [one async for one in listing]
        health = health_pb2_grpc.HealthStub(channel)  # type: ignore[no-untyped-call]  # its stubs are old
        told = await health.Check(health_pb2.HealthCheckRequest(), timeout=10)
        assert told.status == STATUS.SERVING
        monkeypatch.undo()
