"""What only the asyncio client has."""

import asyncio

import pytest

from risk_service.client import AsyncRiskClient
from tests.unit.client.faults import Fault, FaultProxy, Kind
from tests.unit.client.scripted import Scripted, order


async def test_a_context_closes_the_client(service: Scripted) -> None:
    """The block gives decisions; many at once share its connection."""
    async with AsyncRiskClient(service.target) as client:
        calls = (client.score_order(order(), f"r{n}", deadline_ms=30_000) for n in range(20))
        answers = await asyncio.gather(*calls)
    assert {answer.request_id for answer in answers} == {f"r{n}" for n in range(20)}


async def test_a_cancelled_call_stays_cancelled(proxy: FaultProxy) -> None:
    """Cancelling the caller is no failure of the service: no fallback, no retry."""
    proxy.plays(Fault(kind=Kind.HALF_OPEN))
    async with AsyncRiskClient(proxy.target) as client:
        call = asyncio.create_task(client.score_order(order(), "req_1", deadline_ms=30_000))
        async with asyncio.timeout(30):
            while not proxy.accepted:  # noqa: ASYNC110  # the proxy lives in another thread
                await asyncio.sleep(0.01)
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
