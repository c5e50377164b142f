"""The scripts that run in Redis, as commands and as replies. ``take.lua`` lays down the bytes."""

from collections.abc import Sequence
from hashlib import sha1
from importlib.resources import files
from struct import Struct
from typing import NamedTuple


def source(name: str) -> str:
    """Return the text of a script of this package."""
    return files(__package__).joinpath(name).read_text("utf-8")


def digest(text: str) -> bytes:
    """Return the name that Redis gives a script."""
    return sha1(text.encode()).hexdigest().encode()  # noqa: S324 - Redis names scripts by SHA-1


def evalsha(text: str) -> bytes:
    """Return the call of a script with one key and one argument, to be filled with ``%``."""
    head = b"*5\r\n$7\r\nEVALSHA\r\n$40\r\n" + digest(text) + b"\r\n$1\r\n1\r\n"
    return head + b"$%d\r\n%b\r\n$%d\r\n%b\r\n"


_TAKE_SOURCE = source("take.lua")
_FOLD_SOURCE = source("fold.lua")
_MEND_SOURCE = source("mend.lua")
SCRIPTS = (_TAKE_SOURCE, _FOLD_SOURCE, _MEND_SOURCE)
TAKE, FOLD, MEND = digest(_TAKE_SOURCE), digest(_FOLD_SOURCE), digest(_MEND_SOURCE)
# What ``take.lua`` says of a key that holds no value of an entity.
FOREIGN = "FOREIGN"

_TAKE_PART = Struct("<q16sqiiii")
_FOLD_PART = Struct("<16sqq")
_TAKEN_HEAD = Struct("<qqq")
_SEEN = [Struct(f"<{count}q") for count in range(65)]
ALWAYS_WHOLE = -1
# Behind what is stored: the last stamp that was given.
LAST_BYTES = 8


def command(script: bytes, keys: Sequence[bytes], argument: bytes) -> bytes:
    """Return the call of a script with some keys, each as the wire has it, and one argument."""
    count = b"%d" % len(keys)
    return b"*%d\r\n$7\r\nEVALSHA\r\n$40\r\n%b\r\n$%d\r\n%b\r\n%b$%d\r\n%b\r\n" % (
        len(keys) + 4,
        script,
        len(count),
        count,
        b"".join(keys),
        len(argument),
        argument,
    )


def plain_key(wire: bytes) -> bytes:
    """Return a key that is given as the wire has it."""
    return wire[wire.index(b"\n") + 1 : -2]


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


def take_part(
    ttl_ms: int, known: Known, form: tuple[int, int], entries: bytes, limit: int = ALWAYS_WHOLE
) -> bytes:
    """Return what the script is told of one entity.

    Parameters
    ----------
    ttl_ms
        How long it is kept after its last event; 0 for ever.
    form
        The width of an entry, and how many there are.
    """
    size, count = form
    return _TAKE_PART.pack(ttl_ms, known.head, known.length, size, limit, count, 0) + entries


def taken(reply: bytes, begin: int, events: int) -> tuple[Taken, int]:
    """Read what is said of some events from a byte on; return also where it ends."""
    first_us, old_bytes, from_byte = _TAKEN_HEAD.unpack_from(reply, begin)
    layout = _SEEN[events] if events < len(_SEEN) else Struct(f"<{events}q")
    seen_us = layout.unpack_from(reply, begin + _TAKEN_HEAD.size)
    end = begin + _TAKEN_HEAD.size + layout.size
    if from_byte < 0:
        return Taken(first_us, old_bytes, from_byte, seen_us, None), end
    stored_end = end + old_bytes - from_byte
    stored = reply[end:stored_end]
    return Taken(first_us, old_bytes, from_byte, seen_us, stored), stored_end + LAST_BYTES


def fold_part(known: Known, value: bytes) -> bytes:
    """Return what puts a folded value in the place of what was known."""
    return _FOLD_PART.pack(known.head, known.length, len(value)) + value
