"""Where the time of a decision comes from: the machine, or the orders of a replay."""

import logging
import time

from risk_service.domain.stamps import CLOCK_END_US

# What a clock is set right by now and then says nothing.
BEHIND_MIN_US = 60_000_000
SAID_AGAIN_S = 600.0

log = logging.getLogger(__name__)


class Behind:
    """Says, again and again, that a clock lies behind the times that it gave before.

    Nothing runs out until it has caught up, and somebody should know why.
    """

    def __init__(self) -> None:
        self._said_s: float | None = None

    def note(self, behind_us: int) -> None:
        """Take note of how far a clock lies behind, 0 or less when it does not."""
        if behind_us < BEHIND_MIN_US:
            return
        now_s = time.monotonic()
        if self._said_s is None or now_s - self._said_s >= SAID_AGAIN_S:
            self._said_s = now_s
            log.warning("clock_behind", extra={"behind_s": behind_us // 1_000_000})


class SystemClock:
    """The machine's clock; stands still when the machine's goes back."""

    def __init__(self) -> None:
        self._latest_us = 0
        self._behind = Behind()

    def now_us(self) -> int:
        """Return microseconds since 1970 UTC; never less than the answer before."""
        now_us = time.time_ns() // 1000
        if now_us < self._latest_us:
            self._behind.note(self._latest_us - now_us)
            return self._latest_us
        self._latest_us = now_us
        return now_us

    def order_seen(self, ordered_at_us: int) -> None:
        """Take no notice: the machine's time does not depend on orders."""


class ReplayClock:
    """The time of the newest order seen, for streaming a recorded world.

    Parameters
    ----------
    start_us
        The time before the first order, in microseconds since 1970 UTC.
    """

    def __init__(self, start_us: int) -> None:
        self._latest_us = start_us

    def now_us(self) -> int:
        """Return the time of the newest order seen so far."""
        return self._latest_us

    def order_seen(self, ordered_at_us: int) -> None:
        """Move on to the order's time if it is newer; one that no clock gives counts as now."""
        if ordered_at_us < CLOCK_END_US:
            self._latest_us = max(self._latest_us, ordered_at_us)
