"""Links of this service's log on their way to the log that all services share.

Those of the last groups wait in memory. What is more, and what a service that was killed
had not published, is read from its own log again.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from itertools import islice

from risk_service.adapters.sqlite.tail import LogTail
from risk_service.domain.reported import ORDER_LIFE
from risk_service.features.clusters.links import Link, LinkReader
from risk_service.features.clusters.terms import Rules

# Published in one call.
BATCH = 64
# In memory; some seconds of a busy service.
WAITING_MAX = 20_000
# Read from the log at a time: an order that comes just then waits for it.
READ_AT_ONCE = 256

# Links of the log behind a stamp, some of them.
ReadLog = Callable[[int, int], list[Link]]


def links_of_log(tail: LogTail, reader: LinkReader, rules: Rules) -> ReadLog:
    """Return what reads the links of a log."""
    life = any(kind.name in rules.kinds for kind in ORDER_LIFE)

    def after(stamp_us: int) -> Iterator[Link]:
        for logged in tail.after(tail.place_before(stamp_us + 1), life=life):
            links = reader.links(logged.event)
            if links is not None and logged.stamp_us > stamp_us:
                yield reader.account(logged.event), links, logged.stamp_us

    return lambda stamp_us, at_most: list(islice(after(stamp_us), at_most))


class Outbox:
    """Links of durable events that were not published yet, in the order of their stamps.

    Parameters
    ----------
    read_log
        Reads the log, by the thread that writes it.
    """

    def __init__(self, read_log: ReadLog) -> None:
        self._read_log = read_log
        self._waiting: deque[Link] = deque()
        # At first nobody knows how much of the log was published before.
        self._is_behind = True
        self._last_us = 0

    def __len__(self) -> int:
        """Return how many links wait in memory."""
        return len(self._waiting)

    def add(self, links: Sequence[Link]) -> None:
        """Take durable links; those of a log that must be read first are left to that."""
        if self._is_behind:
            return
        self._waiting.extend([link for link in links if link[2] > self._last_us])
        if links:
            self._last_us = max(self._last_us, links[-1][2])
        if len(self._waiting) > WAITING_MAX:
            self._waiting.clear()
            self._is_behind = True

    def batch(self) -> list[Link]:
        """Return what is published next."""
        return list(islice(self._waiting, BATCH))

    def published(self, up_to_us: int) -> None:
        """Forget the links up to a stamp: all services have them."""
        waiting = self._waiting
        while waiting and waiting[0][2] <= up_to_us:
            waiting.popleft()

    def fill(self, published_us: int) -> bool:
        """Read on in the log when that is due; tell whether there may be more.

        Parameters
        ----------
        published_us
            The stamp of the last link that all services have.
        """
        if not self._is_behind or self._waiting:
            return bool(self._waiting)
        links = self._read_log(published_us, READ_AT_ONCE)
        self._waiting.extend(links)
        self._last_us = links[-1][2] if links else published_us
        self._is_behind = bool(links)
        return self._is_behind
