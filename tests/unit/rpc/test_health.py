"""Health, as balancers and probes ask for it."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from risk_service.rpc.health import SERVICE, STATUS, Health
from risk_service.rpc.inbox import AtOnce
from tests.fixtures.served_calls import CALLS_MAX, served, until

ASK = health_pb2.HealthCheckRequest


@asynccontextmanager
async def served_health(health: Health) -> AsyncIterator[tuple[Any, Any]]:
    """Serve health, and yield a channel and its stub."""
    async with served(AtOnce(), service=SERVICE, **health.methods()) as channel:
        yield channel, health_pb2_grpc.HealthStub(channel)  # type: ignore[no-untyped-call]  # its stubs are old


async def test_a_check_tells_what_was_set_last() -> None:
    """Of the whole server and of each service by name."""
    health = Health(("risk.v1.RiskService",))
    async with served_health(health) as (_, stub):
        for status in (STATUS.NOT_SERVING, STATUS.SERVING, STATUS.NOT_SERVING):
            health.set(status)
            for service in ("", "risk.v1.RiskService"):
                assert (await stub.Check(ASK(service=service))).status == status


async def test_what_is_unknown_or_no_question_is_refused() -> None:
    """By the codes that the protocol of health names."""
    async with served_health(Health(())) as (channel, stub):
        with pytest.raises(grpc.aio.AioRpcError) as unknown:
            await stub.Check(ASK(service="other"))
        with pytest.raises(grpc.aio.AioRpcError) as garbage:
            await channel.unary_unary(f"/{SERVICE}/Check")(b"\xff\xff")
    assert unknown.value.code() is grpc.StatusCode.NOT_FOUND
    assert garbage.value.code() is grpc.StatusCode.INVALID_ARGUMENT


async def test_who_watches_is_told_each_change_until_the_end() -> None:
    """One message for a status, however often it is set; a stranger hears SERVICE_UNKNOWN."""
    health = Health(("a",))
    async with served_health(health) as (_, stub):
        watch, stranger = stub.Watch(ASK(service="a")), stub.Watch(ASK(service="b"))
        assert (await watch.read()).status == STATUS.NOT_SERVING
        assert (await stranger.read()).status == STATUS.SERVICE_UNKNOWN
        health.set(STATUS.NOT_SERVING)
        health.set(STATUS.SERVING)
        assert (await watch.read()).status == STATUS.SERVING
        health.set(STATUS.NOT_SERVING)
        assert (await watch.read()).status == STATUS.NOT_SERVING
        health.close()
        assert await watch.code() is await stranger.code() is grpc.StatusCode.UNAVAILABLE


async def test_a_watch_that_was_left_is_forgotten() -> None:
    """Else they would pile up, and each change be sent to nobody."""
    health = Health(())
    async with served_health(health) as (_, stub):
        watches = [stub.Watch(ASK()) for _ in range(5)]
        for watch in watches:
            await watch.read()
        assert len(health._watches) == 5
        for watch in watches:
            watch.cancel()
        await until(lambda: not health._watches)


async def test_nobody_keeps_others_from_health() -> None:
    """Neither checks without a message nor watches: the oldest gives way to who asks now."""
    health = Health(())
    async with served_health(health) as (channel, stub):
        silent = [channel.stream_unary(f"/{SERVICE}/Check")() for _ in range(CALLS_MAX)]
        watches = [stub.Watch(ASK()) for _ in range(CALLS_MAX)]
        await asyncio.gather(*[watch.read() for watch in watches])
        for _ in range(10):
            assert (await stub.Check(ASK(), timeout=10)).status == STATUS.NOT_SERVING
        await until(lambda: sum(one.done() for one in (*silent, *watches)) >= CALLS_MAX)
        for one in (*silent, *watches):
            one.cancel()
