"""What the embedded store asks of those who keep its records, in one way or the other."""

from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from risk_service.adapters.live.parts import Part
from risk_service.adapters.live.records_file import RecordsFile, Row
from risk_service.domain.event import Event
from risk_service.features.clusters.features import ClusterFeatures
from risk_service.features.clusters.others import Views
from risk_service.features.windows.plan import CompiledWindows

Floats = NDArray[np.float64]
Keys = Sequence[tuple[str, ...]]


class Visit(NamedTuple):
    """When an event reads windows, the stamp under which it counts (0: not), and its time."""

    read_us: int
    applied_us: int
    tau_us: int


class Changes(Protocol):
    """A group of events at work: its changes wait for the log."""

    def observe(self, visits: Sequence[Visit]) -> Floats:
        """Let each event read, then count; return what they read, shape (events, features)."""

    def count(self, visits: Sequence[Visit]) -> None:
        """Let each event count, for those that follow in the group."""

    def apply(self) -> None:
        """Make the changes those of everybody."""

    def drop(self) -> None:
        """Forget what the group has changed."""


class Adder(Protocol):
    """Adds up the records of linked accounts, without any group's changes."""

    def rows(self, views: Views, events: Sequence[Event], observed: Floats, r_us: int) -> Floats:
        """Return the cluster features of orders, as ``ClusterFeatures.rows`` does."""


class Dirty(Protocol):
    """Changed records on their way to the file; they stay dirty until ``written``."""

    def __len__(self) -> int:
        """Return how many there are."""

    def pack(self, first: int, at_most: int, now_us: int) -> list[Row]:
        """Return the rows of some records from ``first`` on, at least one."""

    def written(self) -> None:
        """Take note that the file has all as they were packed; later changes stay dirty."""

    def give_back(self) -> None:
        """Take note that not all was written."""


class Keeper(Protocol):
    """Records in memory over the file; used by one thread at a time.

    The least recently used give way beyond ``records_max``; dirty ones stay until written.
    """

    records_max: int

    def __len__(self) -> int:
        """Return the number of records in memory."""

    @property
    def dirty_count(self) -> int:
        """Return how many records the file does not have as they are."""

    def begin(self, events: Sequence[Event], keys: Keys) -> Changes:
        """Load the records of a group; ``keys`` are those of each event by key group."""

    def read(self, group: int, keys: Sequence[str], r_us: int) -> Floats:
        """Return the windows of some keys without any group's changes; keep no new record."""

    def adder(self, features: ClusterFeatures) -> Adder | None:
        """Return what adds up records for these features; None: they must be read one by one."""

    def replay(self, events: Sequence[Event], keys: Keys, stamps_us: Sequence[int]) -> None:
        """Let events of the log count under their stamps, where they do not count already."""

    def make(self, part: Part, now_us: int) -> Iterator[list[Row]]:
        """Yield the packed records of a part in its order; none of them stays in memory."""

    def make_room(self) -> bool:
        """Drop clean records beyond the limit; False when dirty ones stand in the way."""

    def take_dirty(self) -> Dirty:
        """Return all that must be written."""


MakeKeeper = Callable[[CompiledWindows, RecordsFile, int], Keeper]
