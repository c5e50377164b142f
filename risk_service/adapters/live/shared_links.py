"""Links of all services that share their windows, in one order for all of them.

What a service has made durable it appends to a log in Redis, and every service applies the
entries of that log, its own among them, in their order and under their stamps. A state of
clusters is a function of what was applied, so all states that have come to the same place
are equal. A group of orders publishes what the groups before have left and reads what has
come, while its windows are asked for; in between a task does.
"""

import logging
import time
from collections.abc import Callable, Sequence

import msgspec

from risk_service.adapters.live.clusters_file import LinkPlace
from risk_service.adapters.live.outbox import Outbox
from risk_service.adapters.redis.shared_log import NOTHING, Ask, Entry, Heard, Packed, SharedLog
from risk_service.domain.errors import DataFault, StoreUnavailable
from risk_service.features.clusters.links import Link
from risk_service.features.clusters.state import ClusterState
from risk_service.features.clusters.terms import Rules

# At the end: what a service in good order has left, not the log of one that was away for long.
CLOSING_CALLS = 16

log = logging.getLogger(__name__)

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Link]).decode


def log_name(rules: Rules) -> str:
    """Return the name of the log; services with other rules mean something else by a link."""
    return f"links:{rules.version}"


def packed(links: Sequence[Link]) -> Packed:
    """Return links, rising by stamp, as they are appended."""
    return Packed(links[0][2], links[-1][2], _encode(links)) if links else NOTHING


def links_of(entry: Entry) -> list[Link]:
    """Return the links of an entry under the stamps of the log.

    Raises
    ------
    DataFault
        They cannot be read.
    """
    try:
        links = _decode(entry.items)
    except ValueError as error:  # of msgspec's own, or of a text that is none
        raise DataFault("log of links", None, f"an entry is damaged: {error}") from error
    shift_us = entry.shift_us
    return [(account, of, stamp_us + shift_us) for account, of, stamp_us in links]


class SharedLinks:
    """Implements ``decisions.link_log.LinkLog``. Used by the thread that commits to the log.

    While Redis is away the state stays as it is, and what becomes durable is published when
    it is back.

    Parameters
    ----------
    state
        Of clusters, as far as ``place`` says.
    logged_us
        Returns the greatest stamp of the service's own log.
    on_missed
        Told when entries are gone that the state has not got.

    Attributes
    ----------
    is_lost, is_behind
        Redis did not answer; more entries than one call's were waiting when it did last.
    """

    def __init__(
        self,
        state: ClusterState[str],
        place: LinkPlace,
        stream: SharedLog,
        outbox: Outbox,
        logged_us: Callable[[], int],
        on_missed: Callable[[], None],
    ) -> None:
        self._state = state
        self._place = place
        self._stream = stream
        self._outbox = outbox
        self._logged_us = logged_us
        self._on_missed = on_missed
        self._waiting: list[Link] = []
        self.is_lost = self.is_behind = False
        self._whole_s = time.monotonic()

    @property
    def state(self) -> ClusterState[str]:
        """Return who is linked to whom."""
        return self._state

    @property
    def reached_us(self) -> int:
        """Return which entry was applied last."""
        return self._place.entry_us

    @property
    def unpublished(self) -> int:
        """Return how many links wait for being published, as far as they are in memory."""
        return len(self._outbox)

    @property
    def has_news(self) -> bool:
        """Tell whether links of this service may wait for being published."""
        return bool(self._waiting) or len(self._outbox) > 0

    @property
    def behind_s(self) -> float:
        """Return how long ago the state had all that the log had, in seconds."""
        return time.monotonic() - self._whole_s

    @property
    def _least_us(self) -> int:
        """Return the least stamp of all links that are still to come."""
        return max(self._state.applied_us + 1, self._state.read_us)

    def begin(self, now_us: int) -> None:
        """Publish what is durable and ask for what has come, without waiting for the reply.

        A group never waits for a Redis that was lost: ``follow`` finds out that it is back.
        """
        self.settle()
        if self._stream.is_owed:
            # Of a group that failed before it came to that, most likely because Redis is away.
            self._stream.drop()
            self._lose("no reply was waited for")
        if not self.is_lost:
            self._ask(now_us)

    def arrive(self, r_us: int) -> int:
        """Apply what has come; return the stamp under which clusters are read.

        Behind the log, or without it, that is a stamp before all that is still to come.
        """
        read_us = self._take() if self._stream.is_owed else 0
        return read_us or self._least_us

    def add(self, links: Sequence[Link]) -> None:
        """Take the links of a group that is about to be written to the service's own log."""
        self._waiting += links

    def settle(self) -> None:
        """Let the links of the group before be published, or drop them with their commit."""
        waiting, self._waiting = self._waiting, []
        if waiting and waiting[-1][2] <= self._logged_us():
            self._outbox.add(waiting)

    def prepare(self, now_us: int) -> None:
        """Begin or finish the nightly run when it is due, also while no orders come."""
        self.follow(now_us)

    def follow(self, now_us: int) -> bool:
        """Publish and apply what there is, some of it; tell whether there is more.

        The night is prepared by the stamps of the log: no link before it may still come.
        """
        self.settle()
        self._stream.drop()
        self._ask(now_us)
        read_us = self._take() if self._stream.is_owed else 0
        if self.is_lost:
            return False
        if read_us:
            self._state.prepare(read_us)
        try:
            return self._outbox.fill(self._place.published_us) or not read_us
        except StoreUnavailable as error:
            # Nothing is lost: the next round reads the log again.
            log.warning("links_not_read", extra={"error": str(error)})
            return False

    def close(self) -> None:
        """Publish what is durable and close the connections; what remains the next start reads."""
        for _ in range(CLOSING_CALLS):
            if not (self.follow(0) and len(self._outbox)):
                break
        self._stream.close()

    def _ask(self, now_us: int) -> None:
        place, appended = self._place, packed(self._outbox.batch())
        ask = Ask(now_us, self._least_us, place.entry_us, place.published_us, appended)
        try:
            self._stream.send(ask)
        except StoreUnavailable as error:
            self._lose(str(error))

    def _take(self) -> int:
        """Take in a reply; return the stamp of the reading, 0 when there was none."""
        try:
            heard = self._stream.take()
        except StoreUnavailable as error:
            self._lose(str(error))
            return 0
        if self.is_lost:
            log.info("links_back")
            self.is_lost = False
        self._hear(heard)
        self.is_behind = not heard.read_us
        if heard.read_us:
            self._whole_s = time.monotonic()
        return heard.read_us

    def _hear(self, heard: Heard) -> None:
        place = self._place
        place.published_us = max(place.published_us, heard.published_us)
        self._outbox.published(heard.published_us)
        if heard.misses(place.entry_us):
            # It goes on behind the gap; the state lacks what was in it.
            self._miss("behind the log of links")
        reached_us = heard.place(place.entry_us)
        for entry in heard.entries:
            # First: one that cannot be applied must not be met again for ever.
            place.entry_us = entry.id_us
            self._apply(entry)
        place.entry_us = reached_us

    def _apply(self, entry: Entry) -> None:
        try:
            links = links_of(entry)
        except DataFault as fault:
            self._miss(str(fault))
            return
        for account, of, stamp_us in links:
            # Later ones were met only by a state that was made before it followed this log.
            self._state.apply(account, of, max(stamp_us, self._least_us))

    def _miss(self, state: str) -> None:
        log.error("links_missed", extra={"state": state})
        self._on_missed()

    def _lose(self, error: str) -> None:
        if not self.is_lost:
            log.warning("links_lost", extra={"error": error})
            self.is_lost = True
