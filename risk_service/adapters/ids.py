"""Ids of decisions and challenges: sortable by time of creation, unique for ever."""

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case
_RANDOM_BITS = 80
_POOL_BYTES = 10 * 256


class TimeSortedIds:
    """Ids of 48 bits of milliseconds and 80 random bits, as in ULID.

    Sortable ids append to the end of their index, where random ones would touch a page
    each. The random part makes an id that was not handed out impossible to guess.
    """

    def __init__(self) -> None:
        self._pool = b""
        self._at = 0

    def new_id(self, prefix: str) -> str:
        """Return an id such as ``dec_01jd2q0v3m5x8r4k2t9w7y6z1a``."""
        if self._at >= len(self._pool):
            self._pool, self._at = os.urandom(_POOL_BYTES), 0  # one system call for many ids
        chunk = self._pool[self._at : self._at + 10]
        self._at += 10
        value = (time.time_ns() // 1_000_000) << _RANDOM_BITS | int.from_bytes(chunk, "big")
        return f"{prefix}_{_base32(value)}"


def _base32(value: int) -> str:
    return "".join([_ALPHABET[(value >> shift) & 31] for shift in range(125, -1, -5)])
