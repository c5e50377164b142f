"""The scripts that run in Redis, as commands and as replies. ``take.lua`` lays down the bytes."""

from hashlib import sha1
from importlib.resources import files
from struct import Struct
from typing import NamedTuple


def source(name: str) -> str:
    """Return the text of a script of this package."""
    return files(__package__).joinpath(name).read_text("utf-8")


def evalsha(text: str) -> bytes:
    """Return the call of a script with one key and one argument, to be filled with ``%``."""
    digest = sha1(text.encode()).hexdigest()  # noqa: S324 - Redis names scripts by SHA-1
    head = b"*5\r\n$7\r\nEVALSHA\r\n$40\r\n" + digest.encode() + b"\r\n$1\r\n1\r\n"
    return head + b"$%d\r\n%b\r\n$%d\r\n%b\r\n"


_TAKE_SOURCE = source("take.lua")
_FOLD_SOURCE = source("fold.lua")
SCRIPTS = (_TAKE_SOURCE, _FOLD_SOURCE)

_TAKE = evalsha(_TAKE_SOURCE)
_FOLD = evalsha(_FOLD_SOURCE)
_TAKE_HEAD = Struct("<qq16sqii")
_FOLD_HEAD = Struct("<16sq")
_TAKEN_HEAD = Struct("<qqq")
_SEEN = [Struct(f"<{count}q") for count in range(65)]
ALWAYS_WHOLE = -1


class Taken(NamedTuple):
    """What the script says of one entity.

    ``first_us`` is the stamp of the first event, each further one has the next. ``seen_us``
    has 0 for an event that is new. ``stored`` are ``old_bytes`` bytes less those that the
    caller knew, or None when they were left out.
    """

    first_us: int
    old_bytes: int
    from_byte: int
    seen_us: tuple[int, ...]
    stored: bytes | None


class Known(NamedTuple):
    """How much of an entity's value the caller has already."""

    head: bytes
    length: int


NOTHING = Known(bytes(16), 0)


class TakeCommand:
    """The call that stamps and appends, for the entities of one group of keys.

    Parameters
    ----------
    entry_bytes
        Width of an entry.
    ttl_ms
        How long an entity is kept after its last event; 0 for ever.
    """

    def __init__(self, entry_bytes: int, ttl_ms: int) -> None:
        self._entry_bytes = entry_bytes
        self._ttl_ms = ttl_ms

    def packed(
        self, key: bytes, entries: bytes, now_us: int, known: Known, limit: int = ALWAYS_WHOLE
    ) -> bytes:
        """Return the command in the wire protocol."""
        head = _TAKE_HEAD.pack(
            now_us, self._ttl_ms, known.head, known.length, self._entry_bytes, limit
        )
        data = head + entries
        return _TAKE % (len(key), key, len(data), data)


def taken(reply: bytes, events: int) -> Taken:
    """Read the reply to a take of some events."""
    first_us, old_bytes, from_byte = _TAKEN_HEAD.unpack_from(reply)
    layout = _SEEN[events] if events < len(_SEEN) else Struct(f"<{events}q")
    seen_us = layout.unpack_from(reply, _TAKEN_HEAD.size)
    stored = None if from_byte < 0 else reply[_TAKEN_HEAD.size + 8 * events :]
    return Taken(first_us, old_bytes, from_byte, seen_us, stored)


def fold_command(key: bytes, known: Known, value: bytes) -> bytes:
    """Return the call that puts a folded value in the place of what was known."""
    data = _FOLD_HEAD.pack(known.head, known.length) + value
    return _FOLD % (len(key), key, len(data), data)
