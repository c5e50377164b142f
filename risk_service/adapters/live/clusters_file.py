"""Keeps the clusters over a restart: a snapshot beside the log, and the tail of the log.

The file is a cache of the log: one that is damaged, of another declaration or of another log
is made again from the log. Where links are shared, the log is that of all services
(``shared_links.py``), and the file holds the place in it: it may be copied from one service to
another.
"""

import logging
import secrets
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Lock

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from risk_service.adapters.live.engines import fastest_look
from risk_service.adapters.live.progress import Progress
from risk_service.adapters.sqlite.tail import LogTail
from risk_service.adapters.whole_file import replace_file
from risk_service.domain.errors import ConfigFault, StoreUnavailable
from risk_service.domain.reported import ORDER_LIFE
from risk_service.features.clusters.links import LinkReader
from risk_service.features.clusters.snapshot import Snapshot, restore, snapshot
from risk_service.features.clusters.state import ClusterState
from risk_service.features.clusters.terms import Rules
from risk_service.features.windows.terms import WindowSet

FILE_NAME = "clusters.msgpack"
ORIGIN_NAME = "links.origin"
# A replay applies some 15,000 events' links a second: so many are caught up in some seconds.
LINKS_BETWEEN = 50_000
SECONDS_BETWEEN = 3600.0
# A snapshot that looks further ahead than a clock is set back by in good order.
AHEAD_US = 60_000_000

log = logging.getLogger(__name__)


class LinkPlace(Struct, kw_only=True):
    """How far a state of clusters has come in the log of links that services share.

    ``entry_us`` names the last entry that was applied. ``published_us`` is the stamp of the
    last link of the log of decisions called ``origin`` that the shared one has.
    """

    origin: str
    entry_us: int = 0
    published_us: int = 0


class Kept(Struct, frozen=True, kw_only=True):
    """The content of the file; ``mark`` names rows that the log must have."""

    mark: str
    snapshot: bytes
    place: LinkPlace | None = None


def write_clusters(
    directory: Path, mark: str, taken: Snapshot, place: LinkPlace | None = None
) -> None:
    """Write a snapshot of clusters that had come to a mark of the log, and a place in the shared.

    Raises
    ------
    OSError
        The file cannot be written; the one before is left as it was.
    """
    kept = Kept(mark=mark, snapshot=taken.pack(), place=place)
    replace_file(directory / FILE_NAME, msgspec.msgpack.encode(kept))


class ClusterKeeper:
    """Opens the clusters of a state directory and keeps them.

    Parameters
    ----------
    tail
        The log; it must be open, and nothing may be written to it meanwhile.
    shared
        Links are shared: those of the log come back by the log of all services.

    Attributes
    ----------
    place
        Where links are shared: how far the state has come.
    replayed, ready_s
        How many events were read from the log at the start, and how long all of it took.

    Raises
    ------
    StoreUnavailable
        The log or the name of the links cannot be read, or that cannot be written.
    """

    def __init__(
        self,
        directory: Path,
        window_set: WindowSet,
        rules: Rules,
        tail: LogTail,
        *,
        shared: bool = False,
    ) -> None:
        self._path = directory / FILE_NAME
        self.place = LinkPlace(origin=_origin(directory)) if shared else None
        self._tail = tail
        self._nights = ThreadPoolExecutor(1, thread_name_prefix="clusters")
        self._writing = Lock()
        started_s = time.perf_counter()
        self.state = self._kept(rules) or self._empty(rules)
        self.replayed = 0 if shared else self._caught_up(LinkReader(window_set, rules), rules)
        self.state.look = fastest_look(rules)
        self.ready_s = time.perf_counter() - started_s
        figures = {"events": self.replayed, "ready_s": round(self.ready_s, 2)}
        log.info("clusters_ready", extra=figures)
        self._saved = (0, time.monotonic())
        if self.replayed >= LINKS_BETWEEN:
            self.save()

    def is_due(self) -> bool:
        """Tell whether enough has come since the last snapshot, and nothing holds one up."""
        applied, saved_s = self._saved
        is_much = self.state.applied - applied >= LINKS_BETWEEN
        is_long = time.monotonic() - saved_s >= SECONDS_BETWEEN
        return (is_much or is_long) and self.state.is_copied_at_once

    def save(self) -> None:
        """Write a snapshot; every link of the log must have been applied.

        A failure is logged: it costs a longer replay at the next start, nothing else.
        """
        self.taken()()

    def taken(self) -> Callable[[], None]:
        """Copy the clusters as they are, and return what writes the copy, in any thread."""
        mark, copy = self._tail.end()[1], snapshot(self.state)
        place = None if self.place is None else replace(self.place)
        self._saved = (self.state.applied, time.monotonic())
        return lambda: self._write(mark, copy, place)

    def _write(self, mark: str, copy: Snapshot, place: LinkPlace | None) -> None:
        try:
            # Closing down may meet a write that is still under way.
            with self._writing:
                write_clusters(self._path.parent, mark, copy, place)
        except OSError as error:
            log.warning("clusters_not_saved", extra={"error": error.strerror})

    def close(self) -> None:
        """Wait for a night that is being computed."""
        self._nights.shutdown()

    def _kept(self, rules: Rules) -> ClusterState[str] | None:
        try:
            kept = msgspec.msgpack.decode(self._path.read_bytes(), type=Kept)
            if self.place is not None or self._tail.has(kept.mark):
                state = restore(rules, kept.snapshot, self._nights.submit)
                if self.place is None and self._is_ahead(state):
                    log.warning("clusters_rebuilt", extra={"error_type": "clock"})
                    return None
                self._go_on(kept.place, state.applied_us)
                return state
        except FileNotFoundError:
            return None
        except (OSError, ValueError, ConfigFault) as error:
            log.warning("clusters_rebuilt", extra={"error_type": type(error).__name__})
            return None
        log.warning("clusters_rebuilt", extra={"error_type": "another log"})
        return None

    def _is_ahead(self, state: ClusterState[str]) -> bool:
        """Tell whether a clock that was far ahead has let nights come that are still to come.

        No order came meanwhile, or the log would be as far: it is better than the snapshot.
        """
        return state.read_us > max(self._tail.logged_us(), _clock_us()) + AHEAD_US

    def _empty(self, rules: Rules) -> ClusterState[str]:
        return ClusterState[str](rules, self._nights.submit)

    def _go_on(self, kept: LinkPlace | None, applied_us: int) -> None:
        """Go on from a place; a file without one holds the links of this service alone."""
        if self.place is None:
            return
        if kept is None:
            self.place.published_us = applied_us
            return
        self.place.entry_us = kept.entry_us
        if kept.origin == self.place.origin:
            self.place.published_us = kept.published_us

    def _caught_up(self, reader: LinkReader, rules: Rules) -> int:
        """Bring the state to the end of the log; return the events read."""
        try:
            return self._replay(reader, rules)
        except ValueError:
            # Services of before gave stamps behind what their snapshot had looked at.
            log.warning("clusters_rebuilt", extra={"error_type": "clock"})
        self.state = self._empty(rules)
        return self._replay(reader, rules)

    def _replay(self, reader: LinkReader, rules: Rules) -> int:
        """Apply the links that the log has and the state has not; return the events read.

        Without a snapshot that is the whole log: how old an account is no part of it tells.
        """
        beginning = self._tail.place_before(self.state.applied_us + 1)
        life = any(kind.name in rules.kinds for kind in ORDER_LIFE)
        progress, count = Progress("clusters_read", self._tail.logged_us()), 0
        for logged in self._tail.after(beginning, life=life):
            count += 1
            progress.reached(logged.stamp_us, count)
            links = reader.links(logged.event)
            if links is not None and logged.stamp_us > self.state.applied_us:
                self.state.apply(reader.account(logged.event), links, logged.stamp_us)
        return count


def _clock_us() -> int:
    return time.time_ns() // 1000


def _origin(directory: Path) -> str:
    """Return the name of this directory's links among those of others, for ever the same."""
    path = directory / ORIGIN_NAME
    try:
        # One that a power cut has emptied would be the name of others as well.
        name = path.read_text("ascii") if path.exists() else ""
        if not name:
            name = secrets.token_hex(8)
            replace_file(path, name.encode())
    except (OSError, UnicodeDecodeError) as error:
        raise StoreUnavailable(f"{path}: {error}") from error
    return name
