"""Arrays as PostgreSQL takes them: what is short in its own notation, byte strings as they are."""

from collections.abc import Sequence
from struct import Struct

BYTEA_OID = 17
# Dimensions, whether there are NULLs, of which type; then of the one dimension size and start.
_HEAD = Struct(">iiIii")
_LENGTH = Struct(">i")
_EMPTY = Struct(">iiI")


def texts(values: Sequence[str]) -> str:
    """Return an array of texts."""
    if not values:
        return "{}"
    joined = '","'.join(values)
    if "\\" in joined or joined.count('"') > 2 * (len(values) - 1):
        quoted = [value.replace("\\", "\\\\").replace('"', '\\"') for value in values]
        joined = '","'.join(quoted)
    return '{"' + joined + '"}'


def numbers(values: Sequence[int | None]) -> str:
    """Return an array of numbers."""
    return "{" + ",".join(["NULL" if value is None else str(value) for value in values]) + "}"


def binaries(values: Sequence[bytes]) -> bytes:
    """Return an array of byte strings, in PostgreSQL's binary form."""
    if not values:
        return _EMPTY.pack(0, 0, BYTEA_OID)
    length = _LENGTH.pack
    parts = [_HEAD.pack(1, 0, BYTEA_OID, len(values), 1)]
    for value in values:
        parts += (length(len(value)), value)
    return b"".join(parts)
