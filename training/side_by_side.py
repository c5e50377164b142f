"""Threads for work that takes minutes, which end when whoever waits for them stops waiting.

A pool of the standard library finishes what it was given, whatever happened: after Ctrl-C a
command would go on for as long as its fits take.
"""

from concurrent.futures import ThreadPoolExecutor
from threading import Event
from types import TracebackType

from training.progress import Advance


class NotNeeded(Exception):
    """Raised in a thread whose result nobody waits for any more."""


class SideBySide(ThreadPoolExecutor):
    """Threads that stop at their next step when the block that holds them is left by an error.

    What they work on has to count its steps by ``counted``.
    """

    def __init__(self, threads: int) -> None:
        super().__init__(threads)
        self._stopped = Event()

    def counted(self, advance: Advance) -> Advance:
        """Return what counts a step, and ends the work when nobody waits for it."""

        def step(more: int) -> None:
            if self._stopped.is_set():
                raise NotNeeded
            advance(more)

        return step

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Wait for the threads: for their work, or, after an error, for their next step."""
        if kind is not None:
            self._stopped.set()
            self.shutdown(wait=False, cancel_futures=True)
        self.shutdown(wait=True)
