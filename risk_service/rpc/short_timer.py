"""A timer of the event loop for parts of a millisecond, which is the loops' own unit.

Linux tells a file descriptor when a time is over; elsewhere the loop's own timer stands in,
and a wait takes a millisecond.
"""

import asyncio
import ctypes
import os
import sys
import weakref
from collections.abc import Callable

NS_PER_S = 1_000_000_000
# The unit of the loops' timers: a shorter one would fire at once.
LOOP_UNIT_S = 0.001


class _Spec(ctypes.Structure):
    """``struct itimerspec``: interval and first time, each in seconds and nanoseconds."""

    _fields_ = (
        ("every_s", ctypes.c_long),
        ("every_ns", ctypes.c_long),
        ("first_s", ctypes.c_long),
        ("first_ns", ctypes.c_long),
    )


class ShortTimer:
    """Calls back once after each ``start``; one that is started again forgets the time before.

    Parameters
    ----------
    call
        Called on the loop.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, call: Callable[[], None]) -> None:
        self._loop = loop
        self._call = call
        self._handle: asyncio.TimerHandle | None = None
        self._fd = _timer_fd()
        if self._fd is not None:
            weakref.finalize(self, os.close, self._fd)
            loop.add_reader(self._fd, self._fired, self._fd)

    def start(self, delay_s: float) -> None:
        """Call back when the time is over."""
        if self._fd is None:
            if self._handle is not None:
                self._handle.cancel()
            self._handle = self._loop.call_later(max(delay_s, LOOP_UNIT_S), self._call)
            return
        # Nothing would stop the timer.
        seconds, ns = divmod(max(1, int(delay_s * NS_PER_S)), NS_PER_S)
        _LIBC.timerfd_settime(self._fd, 0, ctypes.byref(_Spec(0, 0, seconds, ns)), None)

    def _fired(self, fd: int) -> None:
        try:
            os.read(fd, 8)
        except BlockingIOError:
            return  # started again since
        self._call()


_LIBC = ctypes.CDLL(None)


def _timer_fd() -> int | None:
    """Return a new descriptor, None where there are none."""
    if sys.platform != "linux":
        return None
    # TFD_NONBLOCK and TFD_CLOEXEC are those of ``open``.
    fd: int = _LIBC.timerfd_create(1, os.O_NONBLOCK | os.O_CLOEXEC)  # 1: CLOCK_MONOTONIC
    return None if fd < 0 else fd
