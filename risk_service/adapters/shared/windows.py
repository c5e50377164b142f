"""Windows in Redis that never have a hole this service knows of.

An attempt or event counts in Redis before it is logged. Once one could not, the windows lack
something: from there on they are unavailable here, orders are decided without them and logged,
and when Redis answers again the log is counted from the place where it stopped, before new
orders read. What Redis lost by itself is found by the marks that it lost as well.
"""

import logging
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from risk_service.adapters.redis.addresses import Address
from risk_service.adapters.redis.marks import Mark, RedisMarks
from risk_service.adapters.redis.store import RedisWindowStore
from risk_service.adapters.redis.trips import SetAside
from risk_service.adapters.shared.followed_file import Followed, FollowedFile, Known
from risk_service.adapters.shared.healing import Healing
from risk_service.adapters.shared.meeting import Meeting, named
from risk_service.adapters.sqlite.tail import LogTail
from risk_service.domain.errors import DataFault, StoreUnavailable
from risk_service.domain.event import Event
from risk_service.feature_ports import Observed, ReadRows
from risk_service.features.windows.plan import CompiledWindows

# How often the marks are looked at and written: so much is counted again when Redis lost some.
BEAT_S = 1.0
# How often it is looked whether that is due, or Redis is back.
LOOK_S = 0.1
# An order that comes between two groups of old events waits for one of them.
PAUSE_S = 0.002
BATCH = 32
BATCH_MAX = 256
# A short tail is counted before the port opens, a long one while orders come.
START_S = 2.0
TOLD_EVERY_S = 10.0

log = logging.getLogger(__name__)

Answer = TypeVar("Answer")


class Told(NamedTuple):
    """Who is told how many seconds of the log do not count, and how many events count again.

    ``damaged`` is told how many values were none of ours and begin anew.
    """

    behind: Callable[[float], None]
    healed: Callable[[int], None]
    damaged: Callable[[int], None]


def _nobody(_figure: float) -> None:
    """Take no notice."""


NOBODY = Told(_nobody, _nobody, _nobody)


class SharedWindowStore:
    """Implements ``feature_ports.WindowStore``. Used by the one thread that commits to the log.

    Parameters
    ----------
    marks
        Of this service, on the same Redis.
    file, followed
        What the service remembers.

    Attributes
    ----------
    is_whole
        Whether all of the log counts, as far as is known; only then are windows available.
    """

    def __init__(  # noqa: PLR0913 - the composition root hands each part in
        self,
        store: RedisWindowStore,
        marks: RedisMarks,
        file: FollowedFile,
        followed: Followed,
        *,
        compiled: CompiledWindows,
        tail: LogTail,
        told: Told,
    ) -> None:
        self.is_whole = False
        self._store = store
        self._marks = marks
        self._file = file
        self._meeting = Meeting(marks, tail, compiled.window_set.version)
        followed = self._counted_to_here(followed) if followed.is_whole else followed
        end = self._meeting.end()
        self._followed = replace(
            followed, opened=followed.opened or end, unmet=followed.unmet or end
        )
        self._is_noted = False
        self._compiled = compiled
        self._tail = tail
        self._told = told
        self._healing: Healing | None = None
        # By server, the mark that it has been given.
        self._written: dict[Address, Mark] = {}
        self._since_us = tail.logged_us()
        self._last_seq = tail.end()[0].seq
        self._behind_s = self._said_s = self._beat_s = time.monotonic()
        self._said: set[str] = set()
        self._reason = "the start"

    def observe(self, events: Sequence[Event], now_us: int) -> Observed:
        """Read each attempt's windows, then let it count; a repeated event id changes nothing."""
        return self._asked(lambda: self._store.observe(events, now_us))

    def apply(self, events: Sequence[Event], now_us: int) -> NDArray[np.int64]:
        """Let life events and promotion actions count; a repeated event id changes nothing."""
        return self._asked(lambda: self._store.apply(events, now_us))

    def read_many(
        self, requests: Sequence[tuple[int, Sequence[str]]], now_us: int
    ) -> list[ReadRows]:
        """Return the windows of other keys, for each group and its keys."""
        return self._asked(lambda: self._store.read_many(requests, now_us))

    def start(self) -> None:
        """Count a tail that is short; a long one, or all of it, is left to ``step``.

        Raises
        ------
        StoreUnavailable
            What the windows lack cannot be noted.
        """
        self._note()
        ends_s = time.monotonic() + START_S
        while not self.is_whole and time.monotonic() < ends_s:
            time.sleep(self.step())

    def step(self) -> float:
        """Do what is due between two groups of orders; return after how many seconds again."""
        try:
            self._note()
            if self.is_whole:
                if time.monotonic() - self._beat_s >= BEAT_S:
                    self._beat()
            elif self._healing is None:
                self._meet()
            else:
                self._heal(self._healing)
        except StoreUnavailable as error:
            self._fall_behind(error)
        except DataFault as fault:
            # The log lacks what an event is about: nothing that comes behind it can count. It is
            # read again now and then, not in every pause between two orders.
            self._healing = None
            self._say("windows_not_healed", fault)
        self._tell()
        return LOOK_S if self._healing is None else PAUSE_S

    def close(self) -> None:
        """Close the connections."""
        self._store.close()
        self._marks.close()

    def _asked(self, ask: Callable[[], Answer]) -> Answer:
        if not self.is_whole:
            raise StoreUnavailable(f"the windows lack a part of this log since: {self._reason}")
        try:
            if self._store.was_ended():
                # By a Redis that has had enough of an idle connection, or by one that ended.
                self._store.forget()
                self._beat()
            return ask()
        except StoreUnavailable as error:
            self._fall_behind(error)
            raise

    def _fall_behind(self, error: Exception) -> None:
        """Take note, durably and before anything else is logged, that the log counts up to here.

        A note that cannot be written (``windows_not_noted``) is tried again with every step, and
        orders go on. Only a service that ends before that has taken all of its log to be counted
        when it starts again, and what it logged since then stays missing.
        """
        self._reason = str(error)
        self._say("windows_behind", error)
        if isinstance(error.__cause__, SetAside):
            self._say_aside(error.__cause__.keys)
        self._healing = None
        if not self.is_whole:
            return
        self.is_whole = False
        self._since_us, self._behind_s = self._tail.logged_us(), time.monotonic()
        self._followed, self._is_noted = self._counted_to_here(self._followed), False
        try:
            self._note()
        except StoreUnavailable as failure:
            log.error("windows_not_noted", extra={"error": str(failure)})  # noqa: TRY400 - it is tried again

    def _counted_to_here(self, followed: Followed) -> Followed:
        """Return that all of the log counts, and what comes may not."""
        end = self._meeting.end()
        known = {address: Known(one.run, end) for address, one in followed.servers.items()}
        return replace(followed, is_whole=False, servers=known)

    def _note(self) -> None:
        if not self._is_noted:
            self._file.write(self._followed)
            self._is_noted = True

    def _beat(self) -> None:
        """See that Redis has what it was given, and say how far the log has come."""
        filled, marks = self._marks.filled(), self._marks.read()
        if filled is not None and not filled.whole:
            raise StoreUnavailable("Redis is being filled with history")
        if marks != self._written:
            raise StoreUnavailable("Redis has lost what it had, or its keys have moved")
        self._write(dict.fromkeys(marks, self._meeting.end()))

    def _write(self, marks: dict[Address, Mark]) -> None:
        self._written = self._marks.write(marks)
        self._beat_s = time.monotonic()

    def _meet(self) -> None:
        starts, followed = self._meeting.starts(self._followed, self._written)
        # Where servers have begun anew, what was known of entities may never have been.
        self._store.forget()
        self._followed, self._is_noted = followed, False
        self._note()
        self._write(starts)
        # Not before: while Redis has the marks of a longer log, the next start must know.
        self._followed, self._is_noted = replace(followed, unmet=None), False
        self._healing = Healing(self._store, self._compiled, self._marks, self._tail, starts)
        self._last_seq = self._tail.end()[0].seq

    def _heal(self, healing: Healing) -> None:
        # More than has come meanwhile, or the end would never be reached.
        seq = self._tail.end()[0].seq
        size, self._last_seq = min(BATCH + seq - self._last_seq, BATCH_MAX), seq
        if counted := healing.step(size):
            self._told.healed(counted)
            self._written, self._since_us = healing.marks, healing.reached_us
            return
        self._write(dict.fromkeys(healing.marks, self._meeting.end()))
        known = {
            named(address): Known(self._followed.servers[named(address)].run, mark)
            for address, mark in self._written.items()
        }
        self._file.write(replace(self._followed, is_whole=True, servers=known))
        self._healing, self.is_whole = None, True
        self._said.clear()
        self._say_healed(healing)

    def _say_healed(self, healing: Healing) -> None:
        took_s = round(time.monotonic() - self._behind_s, 2)
        log.info("windows_healed", extra={"events": healing.counted, "ready_s": took_s})

    def _say_aside(self, keys: Sequence[bytes]) -> None:
        """Say of each key that what its account or pair had is lost."""
        for key in keys:
            log.error("windows_damaged", extra={"error": f"Redis key {key!r} begins anew"})
        self._told.damaged(len(keys))

    def _say(self, event: str, error: Exception) -> None:
        """Say once, until all is well again, why there are no windows."""
        if event not in self._said:
            self._said.add(event)
            log.warning(event, extra={"error": str(error)})

    def _tell(self) -> None:
        healing, now_s = self._healing, time.monotonic()
        behind_us = 0 if self.is_whole else self._tail.logged_us() - self._since_us
        self._told.behind(max(behind_us, 0) / 1e6)
        if healing is not None and now_s - self._said_s >= TOLD_EVERY_S:
            self._said_s = now_s
            behind = {"count": healing.counted, "behind_s": round(behind_us / 1e6)}
            log.info("windows_healing", extra=behind)
