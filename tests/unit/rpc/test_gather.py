"""Groups: when they close, and what happens to whom."""

import asyncio
import time
from collections.abc import Sequence

import pytest

from risk_service.domain.errors import Overloaded
from risk_service.rpc.errors import DeadlinePassed
from risk_service.rpc.gather import Gatherer, GatherLimits

# However long a busy machine stands still, no order comes too late by it.
PATIENT_S = 60.0


class Desk:
    """Decides groups by doubling, and remembers them."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self.noted: list[int] = []

    def decide(self, items: Sequence[int]) -> list[int]:
        """Double each item; 13 is a bug."""
        self.groups.append(list(items))
        if 13 in items:
            raise RuntimeError("thirteen")
        return [item * 2 for item in items]

    def group_done(self, size: int, seconds: float) -> None:
        """Remember the size."""
        assert seconds >= 0
        self.noted.append(size)


def gatherer(
    desk: Desk, *, max_group: int = 4, waiting: int = 100, max_age_s: float = 0.01
) -> Gatherer[int, int]:
    """Return a gatherer over the desk."""
    limits = GatherLimits(
        quiet_s=0.001, max_age_s=max_age_s, max_group=max_group, max_waiting=waiting
    )
    return Gatherer(desk.decide, limits, desk)


async def test_orders_that_come_together_are_one_group() -> None:
    """What one turn of the loop brings is decided at once, each with its own answer."""
    desk = Desk()
    gather = gatherer(desk)
    answers = await asyncio.gather(*[gather.submit(i, PATIENT_S) for i in range(3)])
    assert answers == [0, 2, 4]
    assert desk.groups == [[0, 1, 2]]
    assert desk.noted == [3]


async def test_a_group_is_never_larger_than_its_limit() -> None:
    """A burst is split; nobody is lost and the order is kept."""
    desk = Desk()
    gather = gatherer(desk, max_group=4)
    answers = await asyncio.gather(*[gather.submit(i, PATIENT_S) for i in range(10)])
    assert answers == [2 * i for i in range(10)]
    assert [len(group) for group in desk.groups] == [4, 4, 2]


async def test_an_order_that_nobody_follows_is_decided() -> None:
    """With one order in flight every group is that order, long before the order is old."""
    desk = Desk()
    gather = gatherer(desk, max_age_s=60.0)
    gather._group_s = 120.0  # so that age closes no group within the time that is waited
    for i in range(5):
        assert await asyncio.wait_for(gather.submit(i, 100.0), 20.0) == 2 * i
    assert desk.groups == [[0], [1], [2], [3], [4]]


async def test_orders_on_their_way_join_while_the_loop_is_busy_with_them() -> None:
    """Longer than the quiet time, because the loop is at work."""
    desk = Desk()
    gather = gatherer(desk, max_age_s=60.0)
    gather._group_s = 120.0  # so that no order waits too long

    async def on_its_way() -> int:
        for _ in range(10):
            time.sleep(0.001)  # noqa: ASYNC251 - the loop is at work
            await asyncio.sleep(0)
        return await gather.submit(1, PATIENT_S)

    assert await asyncio.gather(gather.submit(0, PATIENT_S), on_its_way()) == [0, 2]
    assert desk.groups == [[0, 1]]


async def test_a_loop_that_is_never_idle_decides_all_the_same() -> None:
    """When the oldest order has waited long enough, others are not waited for."""
    answer = gatherer(Desk()).submit(1, PATIENT_S)
    for _ in range(10_000):
        if answer.done():
            break
        time.sleep(0.001)  # noqa: ASYNC251 - the loop is at work
        await asyncio.sleep(0)
    assert answer.done()
    assert await answer == 2


async def test_a_full_queue_refuses_at_once() -> None:
    """Beyond the limit nobody waits in vain."""
    gather = gatherer(Desk(), waiting=2)
    taken = [gather.submit(i, PATIENT_S) for i in range(2)]
    with pytest.raises(Overloaded):
        gather.submit(2, PATIENT_S)
    assert await asyncio.gather(*taken) == [0, 2]


async def test_a_wait_beyond_the_deadline_is_refused() -> None:
    """An order whose turn would come too late is refused when it arrives."""
    gather = gatherer(Desk())
    first = gather.submit(1, PATIENT_S)
    with pytest.raises(Overloaded):
        gather.submit(2, 1e-6)
    assert await first == 2


async def test_one_slow_group_refuses_nobody_for_good() -> None:
    """Where an order seems to take longer than any deadline, one at a time is tried."""
    desk = Desk()
    gather = gatherer(desk)
    gather._cost_s = 100.0
    first = gather.submit(1, PATIENT_S)
    with pytest.raises(Overloaded):
        gather.submit(2, PATIENT_S)
    assert await first == 2
    assert gather._cost_s < 100.0


async def test_an_expired_order_is_dropped_undecided() -> None:
    """A deadline that passes in the queue costs its own order only."""
    desk = Desk()
    gather = gatherer(desk)
    late, good = gather.submit(1, 0.002), gather.submit(2, PATIENT_S)
    time.sleep(0.01)  # noqa: ASYNC251 - the loop is held up past the deadline
    assert await good == 4
    with pytest.raises(DeadlinePassed):
        await late
    assert desk.groups == [[2]]


async def test_a_caller_who_left_is_skipped() -> None:
    """A cancelled call costs nothing and its neighbours are decided."""
    desk = Desk()
    gather = gatherer(desk)
    gone, good = gather.submit(1, PATIENT_S), gather.submit(2, PATIENT_S)
    gone.cancel()
    assert await good == 4
    assert desk.groups == [[2]]


async def test_a_bug_reaches_its_group_and_nobody_hangs() -> None:
    """What decide raises becomes every member's error; the next group is fine."""
    gather = gatherer(Desk())
    group = [gather.submit(i, PATIENT_S) for i in (12, 13)]
    found = await asyncio.gather(*group, return_exceptions=True)
    assert [type(error) for error in found] == [RuntimeError, RuntimeError]
    assert await gather.submit(1, PATIENT_S) == 2
