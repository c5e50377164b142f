"""Fields of protobuf's wire format as bytes, for the messages that are written by hand.

Fields of proto3 without presence: what equals its default is left out, as protobuf does. A
message written field by field, by rising number, has the bytes that protobuf gives it.
"""

from struct import Struct

_VARINT, _FIXED_64, _LENGTH = 0, 1, 2
_SMALL_MAX = 1 << 14
# Numbers remembered per field: quantities, scores and what is left of a limit repeat.
_REMEMBERED = 1 << 14
_DOUBLE = Struct("<d").pack
_ZERO = _DOUBLE(0.0)
_64_BITS = (1 << 64) - 1


def varint(value: int) -> bytes:
    """Return a number of 64 bits, negative ones as their two's complement."""
    rest = value & _64_BITS
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    out.append(rest)
    return bytes(out)


_SMALL = tuple(varint(value) for value in range(_SMALL_MAX))


def length(size: int) -> bytes:
    """Return the length of what follows."""
    return _SMALL[size] if size < _SMALL_MAX else varint(size)


def tag(number: int, wire_type: int = _LENGTH) -> bytes:
    """Return what stands in front of a field; of a text or message unless told otherwise."""
    return varint(number << 3 | wire_type)


class NumberField(dict[int, bytes]):
    """A whole number as a field, by its value: ``field[3]``.

    Remembers some thousand values. A boolean and an enum are numbers too.
    """

    def __init__(self, number: int) -> None:
        super().__init__({0: b""})
        self._tag = tag(number, _VARINT)

    def __missing__(self, value: int) -> bytes:
        """Return the field of a value that is not remembered yet."""
        written = self._tag + varint(value)
        if len(self) < _REMEMBERED:
            self[int(value)] = written
        return written


class TextField:
    """A text as a field."""

    def __init__(self, number: int) -> None:
        self._tag = tag(number)

    def __call__(self, text: str) -> bytes:
        """Return the field of a text."""
        if not text:
            return b""
        data = text.encode()
        return self._tag + length(len(data)) + data


class DoubleField:
    """A floating-point number as a field."""

    def __init__(self, number: int) -> None:
        self._tag = tag(number, _FIXED_64)

    def __call__(self, value: float) -> bytes:
        """Return the field of a number; minus zero is none that is left out."""
        data = _DOUBLE(value)
        return b"" if data == _ZERO else self._tag + data
