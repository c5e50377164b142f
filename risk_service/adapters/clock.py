"""Where the time of a decision comes from: the machine, or the orders of a replay."""

import time


class SystemClock:
    """The machine's clock; stands still when the machine's goes back."""

    def __init__(self) -> None:
        self._latest_us = 0

    def now_us(self) -> int:
        """Return microseconds since 1970 UTC; never less than the answer before."""
        self._latest_us = max(self._latest_us, time.time_ns() // 1000)
        return self._latest_us

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
        """Move on to the order's time if it is newer."""
        self._latest_us = max(self._latest_us, ordered_at_us)
