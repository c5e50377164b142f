"""Gathers orders into groups on the event loop, and runs the pipeline once per group.

Orders come in one by one. So a group closes when none has come for the quiet time and the loop
has nothing else to do: by then all that has come is here. While one group is decided the next
one comes together, hence a light load is not kept waiting and a heavy one forms large groups.
Where the loop is never idle, a group closes when its oldest order has waited half as long as
groups lately took.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from risk_service.domain.errors import Overloaded
from risk_service.rpc.errors import FULL_WORDS, DeadlinePassed
from risk_service.rpc.short_timer import ShortTimer

Item = TypeVar("Item")
Answer = TypeVar("Answer")
# The loop is idle when a turn had nothing to do but to look, which takes no longer than this.
IDLE_TURN_S = 50e-6
# Weight of the newest group in the learned cost of an order.
COST_WEIGHT = 0.1
# Share of a group's time that its oldest order waits at most.
AGE_SHARE = 0.5


class GroupObserver(Protocol):
    """Told about every group, for metrics."""

    def group_done(self, size: int, seconds: float) -> None:
        """Take note of a group of ``size`` orders that took ``seconds``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherLimits:
    """When a group closes, and how much may wait.

    ``quiet_s`` is how long nobody must have come. ``order_cost_s`` is the first guess of what
    one order costs, before it is learned.
    """

    quiet_s: float
    max_age_s: float
    max_group: int
    max_waiting: int
    order_cost_s: float = 300e-6


@dataclass(slots=True)
class _Waiting(Generic[Item]):
    """An order in the queue. ``deadline`` is on the monotonic clock."""

    item: Item
    future: "asyncio.Future[object]"
    deadline: float


class Gatherer(Generic[Item, Answer]):
    """Runs ``decide`` on groups of what is submitted.

    Parameters
    ----------
    decide
        Returns one answer per item, in order; what it raises goes to every item.
    """

    def __init__(
        self,
        decide: Callable[[Sequence[Item]], Sequence[Answer]],
        limits: GatherLimits,
        observer: GroupObserver,
    ) -> None:
        self._decide = decide
        self._limits = limits
        self._observer = observer
        self._loop = asyncio.get_running_loop()
        self._queue: deque[_Waiting[Item]] = deque()
        self._cost_s = limits.order_cost_s
        self._group_s = limits.quiet_s
        self._oldest_at = 0.0
        self._newest_at = 0.0
        self._turned_at = 0.0
        self._timer = ShortTimer(self._loop, self._look)

    def submit(self, item: Item, remaining_s: float) -> "asyncio.Future[Answer]":
        """Queue an item; the future holds its answer, or ``DeadlinePassed``.

        Raises
        ------
        Overloaded
            It would not be its turn within the time that remains.
        """
        waiting = len(self._queue)
        # Where nobody waits it is tried: the cost is learned from orders that are decided, and one
        # that was much too high after a disk stood still would else refuse them for good.
        is_late = waiting > 0 and (waiting + 1) * self._cost_s > remaining_s
        if waiting >= self._limits.max_waiting or is_late:
            raise Overloaded(FULL_WORDS)
        now = time.monotonic()
        future: asyncio.Future[Answer] = self._loop.create_future()
        self._queue.append(_Waiting(item, future, now + remaining_s))  # type: ignore[arg-type]  # futures are invariant
        self._newest_at = now
        if waiting == 0:
            self._oldest_at = now
            self._timer.start(self._limits.quiet_s)
        if waiting + 1 == self._limits.max_group:
            self._loop.call_soon(self._look)
        return future

    def _look(self) -> None:
        """Close the group if it is time, else look again when the quiet time may be over."""
        if not self._queue:
            return
        now = time.monotonic()
        quiet_s = self._limits.quiet_s
        age_s = max(min(AGE_SHARE * self._group_s, self._limits.max_age_s), quiet_s)
        oldest_s, newest_s = now - self._oldest_at, now - self._newest_at
        if oldest_s >= age_s or len(self._queue) >= self._limits.max_group:
            self._run()
        elif newest_s < quiet_s:
            self._timer.start(min(quiet_s - newest_s, age_s - oldest_s))
        else:
            self._turned_at = now
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        """Close the group if the loop is idle, else wait anew."""
        if time.monotonic() - self._turned_at > IDLE_TURN_S:
            self._timer.start(self._limits.quiet_s)
        else:
            self._run()

    def _run(self) -> None:
        """Decide one group; what is left over forms the next one at once."""
        size = min(len(self._queue), self._limits.max_group)
        group = [self._queue.popleft() for _ in range(size)]
        self._settle(group)
        if self._queue:
            self._loop.call_soon(self._run)

    def _settle(self, group: list[_Waiting[Item]]) -> None:
        now = time.monotonic()
        live = []
        for waiting in group:
            if waiting.future.done():  # its caller has gone
                continue
            if waiting.deadline <= now:
                waiting.future.set_exception(DeadlinePassed("the deadline passed in the queue"))
            else:
                live.append(waiting)
        if not live:
            return
        started = time.perf_counter()
        try:
            answers = self._decide([waiting.item for waiting in live])
        except Exception as error:  # noqa: BLE001 - nobody may wait for ever on a bug
            for waiting in live:
                waiting.future.set_exception(error)
            return
        took_s = time.perf_counter() - started
        self._cost_s += COST_WEIGHT * (took_s / len(live) - self._cost_s)
        self._group_s += COST_WEIGHT * (took_s - self._group_s)
        for waiting, answer in zip(live, answers, strict=True):
            waiting.future.set_result(answer)
        self._observer.group_done(len(live), took_s)
