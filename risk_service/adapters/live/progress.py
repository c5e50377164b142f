"""Says in the log how far work at the start has come, when it takes longer than a moment."""

import logging
import time

EVERY_S = 2.0

log = logging.getLogger(__name__)


class Progress:
    """Says every other second how far work has come, nothing while it has just begun.

    Parameters
    ----------
    message
        The line in the log.
    last
        Where the work ends: a stamp, or a number of parts. It begins where it is first met.
    """

    def __init__(self, message: str, last: int) -> None:
        self._message = message
        self._first: int | None = None
        self._last = last
        self._next_s = time.monotonic() + EVERY_S

    def reached(self, place: int, count: int) -> None:
        """Take note that the work has come to a place, so many things being done."""
        if self._first is None:
            self._first = place
        now_s = time.monotonic()
        if now_s >= self._next_s:
            self._next_s = now_s + EVERY_S
            share = (place - self._first) / max(1, self._last - self._first)
            log.info(self._message, extra={"share": round(share, 3), "count": count})
