"""History that is put into Redis before the first order, and the word that says it is whole.

A value is what an entity has after a fold: a record, no entries, no ids; the ids of history
come never again. Until all are in, the word says ``filling``: services leave such windows
alone, and a fill that was killed begins anew.
"""

import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from enum import StrEnum
from itertools import islice
from secrets import token_hex

import msgspec

from risk_service.adapters.live.records_file import RecordKey, Row
from risk_service.adapters.redis.addresses import Address, Login
from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.layout import GUARD_MS, STAMP, VALUE_HEAD
from risk_service.adapters.redis.node import Reply, pack, require_hiredis
from risk_service.adapters.redis.scripts import plain_key
from risk_service.adapters.redis.trips import groups_of
from risk_service.domain.errors import ConfigFault, StoreUnavailable
from risk_service.domain.refusals import refusal
from risk_service.domain.text import LocalizedText
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.tiles import NEVER_US

PREFIX = "w"
TIMEOUT_S = 20.0
# Values in one pipeline: some 0.4 MB, and a second of Redis's time at the very most.
BATCH = 1000
SCANNED = 1000
# Services look at the word every second; then they leave the windows alone.
NOTICE_S = 3.0

log = logging.getLogger(__name__)


class Existing(StrEnum):
    """What to do about windows that Redis has already."""

    REFUSE = "refuse"
    REPLACE = "replace"
    KEEP = "keep"


class Filled(msgspec.Struct, frozen=True):
    """The word: of which declaration, up to which time, whether whole, and by whom."""

    windows: str
    until_us: int
    whole: bool
    token: str


def filled_key(prefix: str, version: str) -> bytes:
    """Return where the word about a declaration lies."""
    return f"{prefix}:filled:{version}".encode()


def read_filled(reply: Reply) -> Filled | None:
    """Return the word in a reply, None for none.

    Raises
    ------
    StoreUnavailable
        It is no such word.
    """
    if reply is None:
        return None
    try:
        return msgspec.json.decode(reply if isinstance(reply, bytes) else b"", type=Filled)
    except ValueError as error:  # of msgspec, or of a text that is none
        raise StoreUnavailable(f"Redis: {reply!r} is no word about history") from error


class RedisHistory:
    """Fills Redis with records. Implements ``live.rebuild.Sink``; used by one thread.

    Parameters
    ----------
    prefix
        That of the ``RedisWindowStore`` which is to read them.
    notice_s
        How long running services are given before their windows are taken away.
    """

    by_name = True

    def __init__(
        self,
        compiled: CompiledWindows,
        addresses: Sequence[Address],
        *,
        login: Login | None = None,
        prefix: str = PREFIX,
        notice_s: float = NOTICE_S,
    ) -> None:
        require_hiredis()
        self._where = ", ".join(f"{host}:{port}" for host, port in addresses)
        self._cluster = Cluster(addresses, scripts=(), login=login or Login(), timeout_s=TIMEOUT_S)
        self._groups = groups_of(compiled, prefix)
        self._version = compiled.window_set.version
        self._prefix = prefix
        self._notice_s = notice_s
        self._word = filled_key(prefix, self._version)
        self._ours = Filled(self._version, 0, False, token_hex(8))

    def begin(self, until_us: int, existing: Existing) -> bool:
        """Claim the windows for the history up to a time; return whether they are to be filled.

        Raises
        ------
        ConfigFault
            There are windows already, and nobody said what to do about them.
        StoreUnavailable
            Redis does not answer.
        """
        found = read_filled(self._call("GET", self._word))
        if existing is Existing.KEEP:
            self._is_history_until(until_us, found)
            return False
        has_windows = found is not None or next(self._windows(), None) is not None
        half_done = found is not None and not found.whole
        if has_windows and not half_done and existing is Existing.REFUSE:
            raise ConfigFault(self._refusal(found))
        self._ours = Filled(self._version, until_us, False, self._ours.token)
        self._call("SET", self._word, msgspec.json.encode(self._ours))
        if has_windows:
            time.sleep(self._notice_s)
            self._delete()
        return True

    def fill(self, rows: Sequence[Row], names: Mapping[bytes, RecordKey]) -> None:
        """Write records, some at a time.

        Raises
        ------
        ConfigFault
            Somebody else has begun to fill these windows.
        StoreUnavailable
            Redis does not take them.
        """
        for first in range(0, len(rows), BATCH):
            keys, commands = [self._word], [pack("GET", self._word)]
            for row in rows[first : first + BATCH]:
                group, name = names[row.key]
                key = plain_key(self._groups[group].key(name))
                keys.append(key)
                commands.append(self._set(key, row))
            for place, reply in self._run(keys, commands):
                if not place:
                    self._still_ours(reply)

    def finish(self) -> None:
        """Say that the history is whole.

        Raises
        ------
        ConfigFault
            Somebody else has begun to fill these windows.
        """
        self._still_ours(self._call("GET", self._word))
        whole = msgspec.structs.replace(self._ours, whole=True)
        self._call("SET", self._word, msgspec.json.encode(whole))

    def close(self) -> None:
        """Close the connections."""
        self._cluster.close()

    def _set(self, key: bytes, row: Row) -> bytes:
        """Return what writes a record as if it had just been folded at the history's end."""
        until_us = self._ours.until_us
        stamp_us = until_us - 1
        head = VALUE_HEAD.pack(stamp_us, 0, len(row.record))
        value = head + row.record + STAMP.pack(stamp_us)
        if row.expires_us >= NEVER_US:
            return pack("SET", key, value)
        # From now on, not by the calendar: a recorded world is replayed by a clock of its own.
        ttl_ms = (row.expires_us - until_us) // 1000 + GUARD_MS
        return pack("SET", key, value, "PX", ttl_ms)

    def _is_history_until(self, until_us: int, found: Filled | None) -> None:
        if found is None or not found.whole or found.until_us != until_us:
            raise ConfigFault(refusal("redis_other_history", where=self._where))

    def _refusal(self, found: Filled | None) -> LocalizedText:
        until: str | LocalizedText = ""
        if found is not None:
            day = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(found.until_us // 1_000_000))
            until = refusal("redis_until", day=day)
        return refusal("redis_holds_windows", where=self._where, until=until)

    def _still_ours(self, reply: Reply) -> None:
        found = read_filled(reply)
        if found is None or found.token != self._ours.token:
            raise ConfigFault(refusal("redis_other_backfill", where=self._where))

    def _windows(self) -> Iterator[bytes]:
        """Yield every key of windows of this declaration, and of the marks of services."""
        marks = f"{self._prefix}:mark:{self._version}:"
        wanted = tuple(one.encode() for one in (marks, *(group.prefix for group in self._groups)))
        for address in self._cluster.ask_each(pack("PING")):
            cursor, is_first = b"0", True
            while is_first or cursor != b"0":
                cursor, keys = self._scanned(address, cursor)
                is_first = False
                yield from (key for key in keys if key.startswith(wanted))

    def _scanned(self, address: Address, cursor: bytes) -> tuple[bytes, list[bytes]]:
        scan = pack("SCAN", cursor, "MATCH", f"{self._prefix}:*", "COUNT", SCANNED)
        match self._cluster.ask(address, scan):
            case [bytes(cursor), list(keys)]:
                return cursor, keys
            case reply:
                raise StoreUnavailable(f"Redis at {address[0]}:{address[1]}: {reply!r}")

    def _delete(self) -> None:
        found, deleted = self._windows(), 0
        while keys := list(islice(found, BATCH)):
            self._run(keys, [pack("UNLINK", key) for key in keys])
            deleted += len(keys)
        log.info("windows_deleted", extra={"count": deleted})

    def _call(self, *command: str | bytes) -> Reply:
        key = command[1]
        return self._run([key if isinstance(key, bytes) else key.encode()], [pack(*command)])[0][1]

    def _run(self, keys: Sequence[bytes], commands: Sequence[bytes]) -> list[tuple[int, Reply]]:
        with closing(self._cluster.run(keys, commands)) as replies:
            return list(replies)
