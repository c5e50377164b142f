"""From where on a service's log must be counted again, when it meets the servers of its windows."""

import logging
from collections.abc import Mapping

from msgspec.structs import replace

from risk_service.adapters.live.recovery import REPLAY_FROM_US
from risk_service.adapters.redis.addresses import Address
from risk_service.adapters.redis.history import Filled
from risk_service.adapters.redis.marks import Mark, RedisMarks, Server, furthest, least
from risk_service.adapters.shared.followed_file import Followed, Known
from risk_service.adapters.sqlite.tail import LogTail
from risk_service.domain.errors import StoreUnavailable

log = logging.getLogger(__name__)

Starts = dict[Address, Mark]


def named(address: Address) -> str:
    """Return how a server is written down."""
    return f"{address[0]}:{address[1]}"


class Meeting:
    """What the servers, the log and the service's own file say, put together.

    Parameters
    ----------
    version
        Of the declaration of windows.
    """

    def __init__(self, marks: RedisMarks, tail: LogTail, version: str) -> None:
        self._marks = marks
        self._tail = tail
        self._version = version

    def starts(
        self, followed: Followed, written: Mapping[Address, Mark]
    ) -> tuple[Starts, Followed]:
        """Return from where on the log must be counted on each server, and what is now known.

        Parameters
        ----------
        written
            The marks that this process has given; an older one was lost.

        Raises
        ------
        StoreUnavailable
            A server does not answer, or Redis is being filled with history.
        """
        servers, filled = self._marks.servers(), self._marks.filled()
        if filled is not None and not filled.whole:
            raise StoreUnavailable("Redis is being filled with history")
        starts = {
            address: self._start(address, server, (followed, written), filled)
            for address, server in servers.items()
        }
        if filled is None and followed.history_us and followed.windows == self._version:
            log.error("windows_history_lost")
        return starts, replace(
            followed,
            windows=self._version,
            is_whole=False,
            history_us=filled.until_us if filled is not None else followed.history_us,
            servers={named(at): Known(server.run, starts[at]) for at, server in servers.items()},
        )

    def end(self) -> Mark:
        """Return the end of the log."""
        return Mark(*self._tail.end()[0])

    def _start(
        self,
        address: Address,
        server: Server,
        ours: tuple[Followed, Mapping[Address, Mark]],
        filled: Filled | None,
    ) -> Mark:
        followed, _ = ours
        if server.mark is None:
            if followed.windows != self._version:
                return self._first(followed, filled)
            log.error("windows_lost", extra={"address": named(address)})
            return self._beginning(filled)
        mark = self._counted(address, server.run, server.mark, ours)
        # All that this log had when it was put back from a backup counts there.
        return mark if followed.unmet is None else least(mark, followed.unmet)

    def _counted(
        self, address: Address, run: str, mark: Mark, ours: tuple[Followed, Mapping[Address, Mark]]
    ) -> Mark:
        """Return the place up to which the log counts on a server that has a mark."""
        followed, written = ours
        known, given = followed.servers.get(named(address)), written.get(address)
        is_older = given is not None and furthest(mark, given) != mark
        is_of_others = followed.windows != self._version
        if is_of_others or known is None or known.run != run or is_older:
            return mark
        # The same run has kept everything: its mark may lag behind by a moment, or lead.
        return furthest(mark, known.mark)

    def _first(self, followed: Followed, filled: Filled | None) -> Mark:
        """Return the start where this declaration's windows have none of our marks."""
        if not followed.windows and followed.opened and self._marks.has_windows():
            # Services of before have counted what they logged, and left no marks.
            log.info("windows_adopted")
            return followed.opened
        return self._beginning(filled)

    def _beginning(self, filled: Filled | None) -> Mark:
        """Return the place from which windows may see events that no history has."""
        since_us = self._tail.logged_us() - REPLAY_FROM_US
        since_us = max(since_us, filled.until_us if filled is not None else 0, 1)
        return Mark(*self._tail.place_before(since_us))
