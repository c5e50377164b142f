"""What the store asks of those who know its entities, in one way or the other.

A trip is a group of calls, one per entity. The store sends them, in commands of one call or
of many, hands in what comes back, and finishes the trip, whatever became of it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from risk_service.adapters.redis.layout import EntryLayout
from risk_service.domain.event import Event
from risk_service.features.windows.plan import CompiledWindows

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
# Of each event by key group, empty where it has none.
Keys = Sequence[tuple[str, ...]]
# For each key group some keys.
Requests = Sequence[tuple[int, Sequence[str]]]
MISSING = float("nan")


class Group(NamedTuple):
    """One key group: how its entries look, and how its keys begin."""

    layout: EntryLayout
    prefix: str

    def key(self, key: str) -> bytes:
        """Return the Redis key of an entity, as the wire has it."""
        name = (self.prefix + key).encode()
        return b"$%d\r\n%b\r\n" % (len(name), name)


def groups_of(compiled: CompiledWindows, prefix: str) -> list[Group]:
    """Return the key groups of a declaration, each with its version in its keys."""
    columns, hashes = len(compiled.window_set.columns), len(compiled.hashed)
    layouts = [EntryLayout(plan, columns, hashes) for plan in compiled.plans]
    return [Group(layout, f"{prefix}:{layout.plan.version:08x}:") for layout in layouts]


class Fold(NamedTuple):
    """What folds one entity: its key, as the wire has it, and its part of the argument."""

    key: bytes
    part: bytes


class Damaged(Exception):
    """What a call was told is no value of its entity; ``call`` is its place."""

    def __init__(self, call: int) -> None:
        super().__init__(call)
        self.call = call


class SetAside(Exception):
    """Some keys held what was no value of an entity, and begin anew; ``keys`` names them."""

    def __init__(self, keys: Sequence[bytes]) -> None:
        super().__init__(keys)
        self.keys = keys


class Trip(Protocol):
    """The calls of one trip.

    Attributes
    ----------
    keys
        Of each call, as the wire has them.
    read_us, applied_us
        Its stamps, shape (events, key groups).
    """

    keys: Sequence[bytes]
    read_us: Ints
    applied_us: Ints

    @property
    def values(self) -> Floats:
        """What each event reads, shape (events, features)."""

    def parts(self, first: int, last: int) -> bytes:
        """Return the parts of the script's argument for some calls."""

    def take(self, first: int, last: int, reply: bytes) -> None:
        """Take in what the script said to some calls.

        Raises
        ------
        Damaged
            It is no value.
        """

    def finish(self) -> list[Fold]:
        """Forget the entities that were told nothing of; return folds that are due."""


class Entities(Protocol):
    """What a worker knows of entities. Each is out of the hands of others during a trip."""

    def attempts(self, events: Sequence[Event]) -> Trip:
        """Begin a trip of events that read and, where they mean something, count."""

    def others(self, events: Sequence[Event], keys: Keys | None = None) -> Trip:
        """Begin a trip of events that count and do not read; ``keys``, if not with all theirs."""

    def looks(self, requests: Requests) -> tuple[Trip, list[list[int]]]:
        """Begin a trip that reads other keys; return also the row of values of each."""


MakeEntities = Callable[[CompiledWindows, Sequence[Group], int], Entities]
