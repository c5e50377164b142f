"""Ids of decisions and challenges: sortable by time of creation, unique for ever."""

import os
import time

_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"  # Crockford's base 32, lower case
_TIME_CHARS, _RANDOM_CHARS = 10, 16
_POOL_CHARS = _RANDOM_CHARS * 256
# The five lowest bits of each random byte make a character.
_CHARACTER_OF = bytes(ord(_ALPHABET[byte % 32]) for byte in range(256))


class TimeSortedIds:
    """Ids of 48 bits of milliseconds and 80 random bits, as in ULID.

    Sortable ids append to the end of their index, where random ones would touch a page
    each. The random part makes an id that was not handed out impossible to guess.
    """

    def __init__(self) -> None:
        self._pool = ""
        self._at = 0
        self._now_ms = -1
        self._time = ""

    def new_id(self, prefix: str) -> str:
        """Return an id such as ``dec_01jd2q0v3m5x8r4k2t9w7y6z1a``."""
        if self._at >= len(self._pool):
            # One system call for many ids.
            self._pool = os.urandom(_POOL_CHARS).translate(_CHARACTER_OF).decode("ascii")
            self._at = 0
        at = self._at
        self._at = end = at + _RANDOM_CHARS
        now_ms = time.time_ns() // 1_000_000
        if now_ms != self._now_ms:
            self._now_ms, self._time = now_ms, _base32(now_ms)
        return f"{prefix}_{self._time}{self._pool[at:end]}"


def _base32(value: int) -> str:
    shifts = range(5 * (_TIME_CHARS - 1), -1, -5)
    return "".join([_ALPHABET[(value >> shift) & 31] for shift in shifts])
