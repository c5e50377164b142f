"""The timer for parts of a millisecond, with the kernel's help and without."""

import asyncio

import pytest

from risk_service.rpc import short_timer
from risk_service.rpc.short_timer import ShortTimer

LONG_S = 100.0


@pytest.fixture(autouse=True, params=["kernel", "loop"])
def _kind(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every test runs with the kernel's timer and with the loop's."""
    if request.param == "loop":
        monkeypatch.setattr(short_timer, "_timer_fd", lambda: None)


async def test_it_calls_once_for_a_start() -> None:
    """It fires for every start, and is silent afterwards."""
    fired = asyncio.Event()
    calls: list[int] = []

    def call() -> None:
        calls.append(1)
        fired.set()

    timer = ShortTimer(asyncio.get_running_loop(), call)
    for count in (1, 2):
        fired.clear()
        timer.start(0.0001)
        await asyncio.wait_for(fired.wait(), 10.0)
        await asyncio.sleep(0.01)
        assert len(calls) == count


async def test_no_time_at_all_is_over_at_once() -> None:
    """A start of 0 seconds fires: to the kernel 0 would mean never."""
    fired = asyncio.Event()
    timer = ShortTimer(asyncio.get_running_loop(), fired.set)
    timer.start(0.0)
    assert await asyncio.wait_for(fired.wait(), 10.0)


async def test_a_second_start_takes_the_place_of_the_first() -> None:
    """What was started before does not fire any more, whether it was longer or shorter."""
    fired = asyncio.Event()
    timer = ShortTimer(asyncio.get_running_loop(), fired.set)
    timer.start(LONG_S)
    timer.start(0.0001)
    assert await asyncio.wait_for(fired.wait(), 10.0)
    fired.clear()
    timer.start(0.02)
    timer.start(LONG_S)
    await asyncio.sleep(0.05)
    assert not fired.is_set()
