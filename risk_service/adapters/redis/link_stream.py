"""The log of links in Redis that services share: one call appends, stamps and reads.

A call is sent before the windows of a group are asked for and its reply is taken behind
theirs, over a connection of its own: the group waits once. ``links.lua`` says what a call
does. The name of the log holds the version of the rules: a service with other rules means
something else by the same links, and has a log of its own.
"""

from collections.abc import Generator, Sequence
from struct import Struct, error
from typing import NamedTuple, cast

import msgspec

from risk_service.adapters.redis.addresses import Address, Login
from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.node import Reply, pack, require_hiredis
from risk_service.adapters.redis.scripts import digest, source
from risk_service.domain.errors import StoreUnavailable
from risk_service.features.clusters.links import Link

# Some 85 bytes a link, and as many links as the group had that was published.
ENTRIES_KEPT = 100_000
# Of one call: so many groups of other services hold up an order no longer than a group does.
ENTRIES_MAX = 16
_LOGIN = Login()

_LINKS = source("links.lua")
_NAME = digest(_LINKS)
_ASKED = Struct("<7q")
_TOLD = Struct("<3q")
_ABOVE = Struct("<2q")
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(list[Link]).decode


class Ask(NamedTuple):
    """What a call is about; ``links`` rise by stamp.

    ``clock_us`` stamps the reading, ``floor_us`` is the least stamp that the caller's state
    can take, ``place_us`` the last entry that it has, ``published_us`` the stamp of its last
    link that the log is known to have.
    """

    clock_us: int
    floor_us: int
    place_us: int
    published_us: int
    links: Sequence[Link]


class Entry(NamedTuple):
    """Links that were published together, under the stamps of the log.

    ``before_us`` names the entry before it, 0 for the first one of the log.
    """

    id_us: int
    before_us: int
    links: list[Link]


class Heard(NamedTuple):
    """The answer to a call.

    ``read_us`` stamps the reading, 0 when more follows than was asked for; ``last_us`` names
    the log's last entry; ``published_us`` is the stamp of the caller's last link in it.
    """

    read_us: int
    last_us: int
    published_us: int
    entries: list[Entry]


class RedisLinkStream:
    """Talks to the log. Used by one thread; each service has its own.

    Parameters
    ----------
    addresses
        One server, or some nodes of a cluster: the log lies on one of them.
    version
        Of the rules by which links are read.
    origin
        Names the log of decisions whose links are published.
    timeout_s
        Longest wait of one call.
    """

    def __init__(
        self,
        addresses: Sequence[Address],
        version: str,
        origin: str,
        *,
        timeout_s: float,
        login: Login = _LOGIN,
        entries_kept: int = ENTRIES_KEPT,
    ) -> None:
        require_hiredis()
        self._cluster = Cluster(addresses, scripts=(_LINKS,), login=login, timeout_s=timeout_s)
        # In braces, so that a Redis Cluster keeps all three on one node.
        self.key = f"{{links:{version}}}".encode()
        keys = (self.key, self.key + b":head", self.key + b":origins")
        self._call = ("EVALSHA", _NAME, len(keys), *keys)
        self._origin = origin
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
        links = ask.links
        first, last = (links[0][2], links[-1][2]) if links else (0, 0)
        asked = _ASKED.pack(*ask[:4], first, last, ENTRIES_MAX)
        packed = _encode(links) if links else b""
        command = pack(*self._call, asked, self._origin, packed, self._kept)
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
        except (TypeError, ValueError, error, msgspec.DecodeError) as fault:
            raise StoreUnavailable("Redis: the log of links is damaged") from fault

    def close(self) -> None:
        """Close the connections."""
        if self._owed is not None:
            self._owed.close()
            self._owed = None
        self._cluster.close()


def _entry(stored: list[object]) -> Entry:
    name, fields = cast(tuple[bytes, list[bytes]], stored)
    shift_us, before_us = _ABOVE.unpack(fields[1])
    links = _decode(fields[3])
    if shift_us:
        links = [(account, of, stamp_us + shift_us) for account, of, stamp_us in links]
    return Entry(int(name.partition(b"-")[0]), before_us, links)
