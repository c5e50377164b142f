"""Gathers orders into groups on the event loop, and runs the pipeline once per group.

A group closes when as many orders wait as lately came together, when none has come for
the quiet time, or when its oldest has waited half as long as a group lately took: so deciding
gets most of the time at any load, a light load is not kept waiting, and a heavy one forms large
groups. The learned size keeps a few steady callers from waiting at all. Because
orders trickle in through gRPC one by one, a full group hides those still coming: now and then
the size is probed by waiting for the quiet time, at once again while that finds more, ever more
rarely while not.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from risk_service.domain.errors import Overloaded
from risk_service.rpc.errors import DeadlinePassed

Item = TypeVar("Item")
Answer = TypeVar("Answer")
# Most full groups between two probes of the size.
PROBE_EVERY_MAX = 64
# An order that comes sooner after a group was waiting in gRPC while the group was decided:
# others wait behind it. A caller who answers an answer takes longer.
TURNAROUND_S = 150e-6
# Weight of the newest group in the learned cost of an order.
COST_WEIGHT = 0.1
# Share of a group's time that its oldest order waits at most.
AGE_SHARE = 0.5
# Timers of the loop count in milliseconds; a shorter one would fire at once.
TIMER_MIN_S = 0.001


class GroupObserver(Protocol):
    """Told about every group, for metrics."""

    def group_done(self, size: int, seconds: float) -> None:
        """Take note of a group of ``size`` orders that took ``seconds``."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GatherLimits:
    """When a group closes, and how much may wait.

    ``order_cost_s`` is the first guess of what one order costs, before it is learned.
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
        self._learned = 1
        self._probe_every = 1
        self._until_probe = 1
        self._cost_s = limits.order_cost_s
        self._group_s = limits.quiet_s
        self._timer: asyncio.Handle | None = None
        self._oldest_at = 0.0
        self._newest_at = 0.0
        self._settled_at = 0.0

    def submit(self, item: Item, remaining_s: float) -> "asyncio.Future[Answer]":
        """Queue an item; the future holds its answer, or ``DeadlinePassed``.

        Raises
        ------
        Overloaded
            It would not be its turn within the time that remains.
        """
        waiting = len(self._queue)
        if waiting >= self._limits.max_waiting or (waiting + 1) * self._cost_s > remaining_s:
            raise Overloaded("the server is full; try again later with the same request id")
        now = time.monotonic()
        future: asyncio.Future[Answer] = self._loop.create_future()
        self._queue.append(_Waiting(item, future, now + remaining_s))  # type: ignore[arg-type]  # futures are invariant
        alone = now - self._settled_at > TURNAROUND_S
        self._newest_at = now
        if waiting == 0:
            self._oldest_at = now
            self._arm(self._limits.quiet_s)
        if waiting + 1 == self._target() and (waiting or alone):
            # Not at once: what this turn of the loop still brings belongs to the group.
            self._cancel_timer()
            self._timer = self._loop.call_soon(self._run)
        return future

    def _target(self) -> int:
        """Return at how many waiting orders the group closes without waiting on."""
        if self._until_probe == 0 and self._learned > 1:
            return self._limits.max_group
        return min(self._learned, self._limits.max_group)

    def _arm(self, delay_s: float) -> None:
        self._timer = self._loop.call_later(max(delay_s, TIMER_MIN_S), self._quiet_over)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    def _quiet_over(self) -> None:
        """Close the group unless somebody came meanwhile and there is time to wait on."""
        age_s = max(AGE_SHARE * self._group_s, self._limits.quiet_s)
        age_s = min(age_s, self._limits.max_age_s)
        closes_at = min(self._newest_at + self._limits.quiet_s, self._oldest_at + age_s)
        wait_s = closes_at - time.monotonic()
        if wait_s > 0:
            self._arm(wait_s)
        else:
            self._run()

    def _run(self) -> None:
        """Decide one group; what is left over forms the next one at once."""
        size = min(len(self._queue), self._limits.max_group)
        group = [self._queue.popleft() for _ in range(size)]
        self._learn(size)
        self._settle(group)
        self._settled_at = time.monotonic()
        if self._queue:
            self._oldest_at = time.monotonic()
            self._timer = self._loop.call_soon(self._run)

    def _learn(self, size: int) -> None:
        if size > self._learned:
            self._learned, self._probe_every = size, 1
        elif self._until_probe == 0:
            self._probe_every = min(2 * self._probe_every, PROBE_EVERY_MAX)
        if size < self._learned:
            # Fewer came than lately: believe it by and by.
            self._learned -= (self._learned - size + 3) // 4
        self._until_probe = self._until_probe - 1 if self._until_probe else self._probe_every

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
