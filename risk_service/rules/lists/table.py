"""A million keys in some 40 bytes each: sorted, in one block of memory, with a directory.

The first bits of a key name its place in the directory, which says where the keys that begin
with them lie: fewer than one on average. So a look-up reads two numbers and, mostly, no key at all.
"""

import struct
from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from risk_service.rules.lists.entry import KEY_BYTES

_HEAD_BYTES = 4
_HEAD_BITS = 8 * _HEAD_BYTES
# Where the first 32 bits of a key lie in the hex digits of a token.
_HEAD_AT = -2 * KEY_BYTES
_HEAD_END = _HEAD_AT + 2 * _HEAD_BYTES
_NO_HEAD = "00" * _HEAD_BYTES


class Table:
    """The entries of one kind of entity, never changed.

    Parameters
    ----------
    keys
        16 bytes per entry, one behind the other.
    numbers, terms, expires_us
        Number, place of the terms and end of each entry (0: none), shape (entries,).
    """

    __slots__ = ("_expires_us", "_keys", "_numbers", "_shift", "_starts", "_terms", "size")

    def __init__(
        self,
        keys: bytes,
        numbers: NDArray[np.int64],
        terms: NDArray[np.uint32],
        expires_us: NDArray[np.int64],
    ) -> None:
        self.size = len(numbers)
        halves = np.frombuffer(keys, dtype=">u8").reshape(-1, 2)
        order = np.lexsort((halves[:, 1], halves[:, 0]))
        ordered = halves[order]
        bits = min(self.size.bit_length() + 1, _HEAD_BITS)
        self._shift = _HEAD_BITS - bits
        heads = (ordered[:, 0] >> np.uint64(64 - bits)).astype(np.int64)
        counts = np.bincount(heads, minlength=1 << bits)
        starts = np.zeros((1 << bits) + 1, dtype=np.uint32)
        np.cumsum(counts, out=starts[1:])
        self._keys = ordered.tobytes()
        # Memory views give plain integers at a third of what numpy's own scalars cost.
        self._starts = starts.data
        self._numbers = np.ascontiguousarray(numbers[order], dtype=np.int64).data
        self._terms = np.ascontiguousarray(terms[order], dtype=np.uint32).data
        self._expires_us = np.ascontiguousarray(expires_us[order], dtype=np.int64).data

    def doubtful(self, tokens: Sequence[str]) -> list[int]:
        """Return the places of the tokens like which any key begins; "" is no token.

        Of a whole group at once, as an order asks a dozen times and meets nothing as a rule.
        """
        starts, shift = self._starts, self._shift
        digits = "".join([token[_HEAD_AT:_HEAD_END] or _NO_HEAD for token in tokens])
        heads = struct.unpack(f">{len(tokens)}I", bytes.fromhex(digits))
        return [
            place
            for place, head in enumerate(heads)
            if starts[head >> shift] != starts[(head >> shift) + 1] and tokens[place]
        ]

    def find(self, key: bytes) -> Sequence[int]:
        """Return the places of the entries with this key."""
        head = int.from_bytes(key[:_HEAD_BYTES], "big") >> self._shift
        low, high = self._starts[head], self._starts[head + 1]
        if low == high:
            return ()
        keys = self._keys
        return [
            place
            for place in range(low, high)
            if keys[place * KEY_BYTES : place * KEY_BYTES + KEY_BYTES] == key
        ]

    def at(self, place: int) -> tuple[int, int, int]:
        """Return number, place of the terms and end of an entry."""
        return self._numbers[place], self._terms[place], self._expires_us[place]

    def rows(self) -> Iterator[tuple[bytes, int, int, int]]:
        """Yield key, number, place of the terms and end of every entry."""
        for place in range(self.size):
            yield self._keys[place * KEY_BYTES : (place + 1) * KEY_BYTES], *self.at(place)

    @property
    def bytes_held(self) -> int:
        """Return the memory that the entries take."""
        views = (self._starts, self._numbers, self._terms, self._expires_us)
        return len(self._keys) + sum(view.nbytes for view in views)
