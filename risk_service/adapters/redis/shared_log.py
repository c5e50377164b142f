"""A log in Redis that several services share: one call appends, stamps and reads.

A call may be sent before something else is asked for, and its reply taken behind that, over a
connection of its own: its caller waits once. ``shared_log.lua`` says what a call does.
"""

from collections.abc import Generator, Sequence
from struct import Struct, error
from typing import NamedTuple, cast

from risk_service.adapters.redis.addresses import Address, Login
from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.node import Reply, pack, require_hiredis
from risk_service.adapters.redis.scripts import digest, source
from risk_service.domain.errors import StoreUnavailable

ENTRIES_KEPT = 100_000
# Of one call: so many groups of other services hold up an order no longer than a group does.
ENTRIES_MAX = 16
_LOGIN = Login()

_SCRIPT = source("shared_log.lua")
_NAME = digest(_SCRIPT)
_ASKED = Struct("<7q")
_TOLD = Struct("<3q")
_ABOVE = Struct("<2q")
_BEHIND_NONE = -1
# In the form of all items.
_NO_ITEMS = b"\x90"


class Packed(NamedTuple):
    """What is appended: items under rising stamps from the first to the last, as bytes."""

    first_us: int
    last_us: int
    items: bytes


NOTHING = Packed(0, 0, b"")


class Ask(NamedTuple):
    """What a call is about.

    ``clock_us`` stamps the reading, ``floor_us`` is the least stamp that the caller can take,
    ``place_us`` the last entry that it has, ``published_us`` the stamp of its last item that
    the log is known to have.
    """

    clock_us: int
    floor_us: int
    place_us: int
    published_us: int
    appended: Packed = NOTHING


class Entry(NamedTuple):
    """Items that were appended together; each counts under its origin's stamp + ``shift_us``.

    ``before_us`` names the entry before it, 0 for the first one of the log. One whose head
    cannot be read follows none, and has no items.
    """

    id_us: int
    before_us: int
    shift_us: int
    items: bytes


class Heard(NamedTuple):
    """The answer to a call.

    ``read_us`` stamps the reading, 0 when more follows than was asked for; ``last_us`` names
    the log's last entry; ``published_us`` is the stamp of the caller's last item in it.
    """

    read_us: int
    last_us: int
    published_us: int
    entries: list[Entry]

    def misses(self, place_us: int) -> bool:
        """Tell whether entries are gone that followed a place: trimmed, or lost with Redis."""
        before = [place_us, *(entry.id_us for entry in self.entries)]
        chained = all(
            entry.before_us == one for entry, one in zip(self.entries, before, strict=False)
        )
        has_nothing = not self.entries and not self.read_us
        return not chained or has_nothing or place_us > self.last_us

    def place(self, place_us: int) -> int:
        """Return the place behind the entries, for one who had that place before."""
        if self.entries:
            return self.entries[-1].id_us
        return self.last_us if self.misses(place_us) else place_us


class SharedLog:
    """Talks to a log. Used by one thread; each service has its own.

    Parameters
    ----------
    addresses
        One server, or some nodes of a cluster: the log lies on one of them.
    name
        Of the log.
    timeout_s
        Longest wait of one call.

    Attributes
    ----------
    origin
        Names whose items are appended; another one has nothing in the log yet.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        name: str,
        origin: str,
        *,
        timeout_s: float,
        login: Login = _LOGIN,
        entries_kept: int = ENTRIES_KEPT,
    ) -> None:
        require_hiredis()
        self._cluster = Cluster(addresses, scripts=(_SCRIPT,), login=login, timeout_s=timeout_s)
        # In braces, so that a Redis Cluster keeps all three on one node.
        self.key = f"{{{name}}}".encode()
        keys = (self.key, self.key + b":head", self.key + b":origins")
        self._call = ("EVALSHA", _NAME, len(keys), *keys)
        self.origin = origin
        self._kept = entries_kept
        self._owed: Generator[tuple[int, Reply], None, None] | None = None

    @property
    def is_owed(self) -> bool:
        """Tell whether the reply to a call was not taken yet."""
        return self._owed is not None

    def send(self, ask: Ask) -> None:
        """Send a call; its reply must be taken before the next.

        Raises
        ------
        StoreUnavailable
            It could not be sent.
        """
        first_us, last_us, items = ask.appended
        asked = _ASKED.pack(*ask[:4], first_us, last_us, ENTRIES_MAX)
        command = pack(*self._call, asked, self.origin, items, self._kept)
        replies = self._cluster.run([self.key], [command], pausing=True)
        next(replies)
        self._owed = replies

    def take(self) -> Heard:
        """Return the reply to the call that was sent.

        Raises
        ------
        StoreUnavailable
            It did not come in time, or Redis refused the call. It may have been executed.
        """
        replies, self._owed = self._owed, None
        if replies is None:
            raise RuntimeError("no call was sent")
        ((_, reply),) = replies
        try:
            told, entries = cast(tuple[bytes, list[list[object]]], reply)
            read_us, last_us, published_us = _TOLD.unpack(told)
            return Heard(read_us, last_us, published_us, [_entry(one) for one in entries])
        except (TypeError, ValueError, IndexError, error) as fault:
            raise StoreUnavailable(f"Redis: {self.key!r} is damaged") from fault

    def drop(self) -> None:
        """Give up a reply that is owed, with its connection; the call may have been executed."""
        if self._owed is not None:
            self._owed.close()
            self._owed = None

    def close(self) -> None:
        """Close the connections."""
        self.drop()
        self._cluster.close()


def _entry(stored: list[object]) -> Entry:
    name, fields = cast(tuple[bytes, list[bytes]], stored)
    id_us = int(name.partition(b"-")[0])
    try:
        shift_us, before_us = _ABOVE.unpack(fields[1])
        return Entry(id_us, before_us, shift_us, fields[3])
    except (IndexError, error):
        return Entry(id_us, _BEHIND_NONE, 0, _NO_ITEMS)
