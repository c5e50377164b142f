"""Counters and attributes of everything that has an identity in the world.

Accounts, devices, payment instruments, persons and phones are plain numbers, handed
out here to honest customers and attackers alike.
"""

from dataclasses import dataclass, field

import numpy as np

from training.simulate.arrays import Array
from training.simulate.places import AddressBook

UNKNOWN = -1


@dataclass(slots=True)
class Registry:
    """Hands out new identities and remembers the attributes of accounts and phones."""

    addresses: AddressBook
    _next: dict[str, int] = field(default_factory=dict)
    _registered: list[Array] = field(default_factory=list)
    _level: list[Array] = field(default_factory=list)
    _identity: list[Array] = field(default_factory=list)
    _virtual: list[Array] = field(default_factory=list)

    def new(self, kind: str, n: int) -> Array:
        """Return n new numbers of that kind."""
        first = self._next.get(kind, 0)
        self._next[kind] = first + n
        return np.arange(first, first + n)

    def new_accounts(self, registered_us: Array, level: Array, identity: Array) -> Array:
        """Open accounts; ``level`` is the verification level, ``identity`` the person behind it."""
        self._registered.append(registered_us.astype(np.int64))
        self._level.append(level.astype(np.int8))
        self._identity.append(identity.astype(np.int64))
        return self.new("account", registered_us.size)

    def new_phones(self, rng: np.random.Generator, n: int, virtual_share: float) -> Array:
        """Return n new phone numbers, a share of them of virtual operators."""
        self._virtual.append(rng.random(n) < virtual_share)
        return self.new("phone", n)

    def registered_us(self) -> Array:
        """Return when each account was opened; a view that may be written to."""
        self._registered = [np.concatenate(self._registered)]
        return self._registered[0]

    def levels(self) -> Array:
        """Return the verification level of each account."""
        return np.concatenate(self._level)

    def identities(self) -> Array:
        """Return the person behind each account."""
        return np.concatenate(self._identity)

    def virtual(self) -> Array:
        """Return which phones are of virtual operators."""
        return np.concatenate(self._virtual)


def verification(rng: np.random.Generator, n: int, shares: tuple[float, ...]) -> Array:
    """Return n verification levels 1 to 4 with the given shares."""
    levels: Array = 1 + rng.choice(4, n, p=shares)
    return levels
