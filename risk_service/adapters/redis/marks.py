"""How far the log of each service counts in Redis, as Redis itself knows it.

A service writes its place in its log under some keys of its own, after everything up to there
has been counted. What Redis loses, it loses from the end or as a whole, and the marks with it:
so they tell from where on a log must be counted again, and that nothing is left. In a cluster
they lie in 64 slots at equal distances, so that every server holds some of them.
"""

from collections.abc import Mapping, Sequence
from contextlib import closing
from functools import reduce
from typing import NamedTuple

import msgspec

from risk_service.adapters.redis.addresses import SLOTS, Address, Login, slot_of
from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.history import PREFIX, Filled, filled_key, read_filled
from risk_service.adapters.redis.node import Reply, pack
from risk_service.adapters.redis.trips import groups_of
from risk_service.domain.errors import StoreUnavailable
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.tiles import MAX_AGE_US

MARKS = 64
# Longer than the longest window: of a log that has not counted for so long, nothing is missing.
KEPT_MS = MAX_AGE_US // 1000 + 10 * 86_400_000
# Keys that are drawn to see whether there are windows at all.
DRAWN = 200


class Mark(NamedTuple):
    """A place in a service's log: the last place of its decisions, the last stamp of its events."""

    seq: int
    event_us: int


class Server(NamedTuple):
    """What one server says: which run of it this is, and the least mark on it.

    ``mark`` is None when one of those that belong there is missing.
    """

    run: str
    mark: Mark | None


class RedisMarks:
    """Reads and writes the marks of one service; used by one thread, and ``servers`` first.

    Parameters
    ----------
    service
        An id that no other service has.
    prefix
        That of the ``RedisWindowStore``.
    """

    def __init__(
        self,
        compiled: CompiledWindows,
        addresses: Sequence[Address],
        service: str,
        *,
        login: Login,
        timeout_s: float,
        prefix: str = PREFIX,
    ) -> None:
        self._cluster = Cluster(addresses, scripts=(), login=login, timeout_s=timeout_s)
        version = compiled.window_set.version
        self._filled = filled_key(prefix, version)
        marks = f"{prefix}:mark:{version}:{service}:"
        self._keys = [f"{marks}{{{tag}}}".encode() for tag in _tags()]
        self._prefixes = tuple(group.prefix.encode() for group in groups_of(compiled, prefix))

    def filled(self) -> Filled | None:
        """Return what is said about history, None when there never was any."""
        return read_filled(self._run([self._filled], [pack("GET", self._filled)])[0])

    def servers(self) -> dict[Address, Server]:
        """Return what every server says.

        One that holds none of the slots with marks goes by the least mark of all.
        """
        told = self._cluster.ask_each(pack("INFO", "server"))
        read = self.read()
        marks = [mark for mark in read.values() if mark is not None]
        all_mark = reduce(least, marks) if len(marks) == len(read) else None
        return {
            address: Server(_run_of(reply), read.get(address, all_mark))
            for address, reply in told.items()
        }

    def read(self) -> dict[Address, Mark | None]:
        """Return the least mark on each server, None where one is missing."""
        keys = self._own_keys()
        replies = self._run(keys, [pack("GET", key) for key in keys])
        found: dict[Address, Mark | None] = {}
        for key, reply in zip(keys, replies, strict=True):
            address, mark = self._cluster.address_of(key), _mark(reply)
            known = found.setdefault(address, mark)
            found[address] = None if known is None or mark is None else least(known, mark)
        return found

    def write(self, marks: Mapping[Address, Mark]) -> dict[Address, Mark]:
        """Write the mark of each server; return those of servers that hold some.

        Raises
        ------
        StoreUnavailable
            Redis does not take them, or keys have gone to a server that has no mark here.
        """
        keys = self._own_keys()
        addresses = [self._cluster.address_of(key) for key in keys]
        if not marks.keys() >= {*addresses}:
            raise StoreUnavailable("Redis cluster: its keys have gone to another server")
        packed = {address: msgspec.json.encode(mark) for address, mark in marks.items()}
        pairs = zip(keys, addresses, strict=True)
        self._run(keys, [pack("SET", key, packed[at], "PX", KEPT_MS) for key, at in pairs])
        return {address: marks[address] for address in addresses}

    def has_windows(self) -> bool:
        """Tell whether Redis holds windows of this declaration, as far as some keys tell.

        Raises
        ------
        StoreUnavailable
            It does not say: taken for an empty one it would be given the whole log.
        """
        draw = pack("RANDOMKEY")
        for address in self._cluster.ask_each(pack("PING")):
            for _ in range(DRAWN):
                key = self._cluster.ask(address, draw)
                if key is None:
                    break
                if not isinstance(key, bytes):
                    raise StoreUnavailable(f"Redis at {address[0]}:{address[1]}: {key!s}")
                if key.startswith(self._prefixes):
                    return True
        return False

    def address_of(self, key: bytes) -> Address:
        """Return the server that holds a key."""
        return self._cluster.address_of(key)

    def close(self) -> None:
        """Close the connections."""
        self._cluster.close()

    def _own_keys(self) -> list[bytes]:
        """Return where the marks lie: a single server needs one, a cluster all."""
        return self._keys[:1] if self._cluster.is_single else self._keys

    def _run(self, keys: Sequence[bytes], commands: Sequence[bytes]) -> list[Reply]:
        with closing(self._cluster.run(keys, commands)) as replies:
            return [reply for _, reply in sorted(replies, key=lambda one: one[0])]


def least(one: Mark, other: Mark) -> Mark:
    """Return the mark before which both logs' events count."""
    return Mark(min(one.seq, other.seq), min(one.event_us, other.event_us))


def furthest(one: Mark, other: Mark) -> Mark:
    """Return the mark that is further on."""
    return Mark(max(one.seq, other.seq), max(one.event_us, other.event_us))


def _tags() -> list[str]:
    """Return a hash tag for each of the slots that have marks."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < MARKS:
        found.setdefault(slot_of(str(number).encode()) * MARKS // SLOTS, str(number))
        number += 1
    return [found[place] for place in range(MARKS)]


def _mark(reply: Reply) -> Mark | None:
    if reply is None:
        return None
    try:
        return msgspec.json.decode(reply if isinstance(reply, bytes) else b"", type=Mark)
    except msgspec.MsgspecError as error:
        raise StoreUnavailable(f"Redis: {reply!r} is no mark") from error


def _run_of(reply: Reply) -> str:
    """Return the id of a server's run, which is another after every start."""
    lines = reply.decode().splitlines() if isinstance(reply, bytes) else []
    for line in lines:
        if line.startswith("run_id:"):
            return line.removeprefix("run_id:")
    raise StoreUnavailable(f"Redis: no run_id in {reply!r}")
