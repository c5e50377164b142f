"""The accounts that were seen: a number for each, and when it was seen first and last."""

from array import array
from typing import Generic, TypeVar

import numpy as np

# Tokens when serving, their 64 bit hashes when a log is replayed: nothing depends on which.
Key = TypeVar("Key", bound=str | int)
UNKNOWN = -1


class Accounts(Generic[Key]):
    """Numbers accounts; numbers of forgotten ones are given again.

    Parameters
    ----------
    keep_us
        An account not seen for longer than this is new when it comes again.
    """

    __slots__ = ("first_us", "free", "keep_us", "keys", "last_us", "numbers")

    def __init__(self, keep_us: int) -> None:
        self.keep_us = keep_us
        self.numbers: dict[Key, int] = {}
        self.keys: list[Key | None] = []
        self.first_us: array[int] = array("q")
        self.last_us: array[int] = array("q")
        self.free: list[int] = []

    def __len__(self) -> int:
        """Return how many accounts are known."""
        return len(self.numbers)

    def find(self, key: Key, at_us: int) -> int:
        """Return the account's number at a time, or ``UNKNOWN``."""
        number = self.numbers.get(key, UNKNOWN)
        if number >= 0 and at_us - self.last_us[number] > self.keep_us:
            return UNKNOWN
        return number

    def seen(self, key: Key, at_us: int) -> int:
        """Note that the account was seen, and return its number."""
        number = self.numbers.get(key, UNKNOWN)
        if number < 0:
            number = self._new(key)
            self.first_us[number] = at_us
        elif at_us - self.last_us[number] > self.keep_us:
            self.first_us[number] = at_us
        self.last_us[number] = at_us
        return number

    def forget_before(self, before_us: int) -> None:
        """Forget the accounts that were last seen before a time."""
        idle = np.flatnonzero(np.frombuffer(self.last_us, np.int64) < before_us)
        for number in idle.tolist():
            key = self.keys[number]
            if key is not None:
                del self.numbers[key]
                self.keys[number] = None
                self.free.append(number)

    def key(self, number: int) -> Key:
        """Return the account that a number stands for."""
        key = self.keys[number]
        if key is None:
            raise LookupError(f"account number {number} was forgotten")
        return key

    def _new(self, key: Key) -> int:
        if self.free:
            number = self.free.pop()
            self.keys[number] = key
        else:
            number = len(self.keys)
            self.keys.append(key)
            self.first_us.append(0)
            self.last_us.append(0)
        self.numbers[key] = number
        return number
