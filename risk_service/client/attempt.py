"""The rule of the one retry: which failure deserves it, when it starts, when there is none."""

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import grpc

from risk_service.client.channel import checked_deadline_s
from risk_service.client.errors import FailedCall


@dataclass(slots=True)
class Budget:
    """The time that one call has, retry included.

    Parameters
    ----------
    deadline_ms
        Time for everything, from now on.
    pause_ms
        Mean pause before the retry. Jittered, so that the clients of a service that
        restarts do not come back in one wave.
    now_s, draw
        Time source and randomness (0 to 1); tests give their own.
    """

    deadline_ms: float
    pause_ms: float
    now_s: Callable[[], float] = time.monotonic
    draw: Callable[[], float] = random.random
    _end_s: float = field(init=False)

    def __post_init__(self) -> None:
        """Start the clock."""
        self._end_s = self.now_s() + checked_deadline_s(self.deadline_ms)

    def left_s(self) -> float:
        """Return what is left, never below zero: gRPC takes no negative time."""
        return max(0.0, self._end_s - self.now_s())

    def retry_pause_s(self, error: FailedCall) -> float | None:
        """Return the pause before the one retry, or None when there is to be none.

        Only UNAVAILABLE is repeated: the service has not answered, and the request id
        makes a second try harmless. A timeout has used up the deadline already.
        """
        if error.code() is not grpc.StatusCode.UNAVAILABLE:
            return None
        pause_s = self.pause_ms / 1_000 * (0.5 + self.draw())
        return pause_s if pause_s < self.left_s() else None
