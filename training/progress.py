"""How long work tells how far it is: the step that it is at, and what is done of how much of it."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Lock

# A step, what is done of it, and how much there is of it; 0 is not told.
Progress = Callable[[str, int, int], None]
# So much more is done.
Advance = Callable[[int], None]
# How much there is in all; what comes back takes what is done of it.
Tallies = Callable[[int], Advance]


def silent(_step: str, _done: int, _total: int) -> None:
    """Report nothing."""


def uncounted(_more: int) -> None:
    """Count nothing."""


def untold(_total: int) -> Advance:
    """Count nothing of any total."""
    return uncounted


def summed(tell: Progress, step: str) -> Progress:
    """Return what tells the parts of a step, which may lie beside each other, as one sum."""
    done_of: dict[str, int] = {}
    total_of: dict[str, int] = {}

    def report(part: str, done: int, total: int) -> None:
        done_of[part], total_of[part] = done, total
        tell(step, sum(done_of.values()), sum(total_of.values()))

    return report


class Tally:
    """Counts what several threads do towards one total.

    Parameters
    ----------
    tell
        Called with what is done and the total, one call at a time, never with less than before.
    """

    def __init__(self, tell: Callable[[int, int], None], total: int) -> None:
        self._tell, self._total = tell, total
        self._done, self._lock = 0, Lock()
        tell(0, total)

    def __call__(self, more: int) -> None:
        """Add what was done."""
        with self._lock:
            self._done += more
            self._tell(self._done, self._total)


def tallies(tell: Progress, step: str) -> Tallies:
    """Return what counts a step."""
    return lambda total: Tally(lambda done, of: tell(step, done, of), total)


@dataclass(slots=True)
class Timer:
    """Seconds spent per step; tells each step to the caller as it begins, and how far it is."""

    tell: Progress
    seconds: dict[str, float] = field(default_factory=dict)
    _running: tuple[str, float] | None = None

    def step(self, name: str) -> None:
        """Begin a step and end the one before."""
        self.stop()
        self._running = (name, time.perf_counter())
        self.tell(name, 0, 0)

    def report(self, name: str, done: int, total: int) -> None:
        """Tell how far a step is; another one than before begins with it."""
        if self._running is None or self._running[0] != name:
            self.step(name)
        self.tell(name, done, total)

    def tally(self, total: int) -> Advance:
        """Return what counts the running step."""
        name = self._running[0] if self._running is not None else ""
        return tallies(self.tell, name)(total)

    def stop(self) -> None:
        """End the running step."""
        if self._running is not None:
            name, since = self._running
            self.seconds[name] = self.seconds.get(name, 0.0) + time.perf_counter() - since
            self._running = None
