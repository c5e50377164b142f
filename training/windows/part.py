"""All features of one key group over one hash part of the log."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from risk_service.features.windows.terms import WindowFeature
from risk_service.features.windows.tiles import ALWAYS_US, BY_NAME, NEVER_US, Window
from training.windows import kernels
from training.windows.group import GroupPlan
from training.windows.log import EventLog, Int32s, Int64s

Values = NDArray[np.float64] | NDArray[np.int32]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reads:
    """Reads of one key group in order of time: the number of the key (0 missing), and when."""

    keys: Int64s
    at_us: Int64s

    def __len__(self) -> int:
        """Return how many."""
        return len(self.at_us)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLog:
    """A log as one key group sees it; ``bits`` are those of ``group.filter_bits``."""

    log: EventLog
    plan: GroupPlan
    bits: Int64s


@dataclass(slots=True, kw_only=True)
class Part:
    """Events and reads of a share of the entities, entity by entity.

    ``events`` are positions in the log, ``reads`` positions in the part's reads. What
    several features share is computed once and kept as long as the part.
    """

    source: GroupLog
    events: Int32s
    reads: Int32s
    entity: Int32s
    event_starts: Int64s
    read_starts: Int64s
    happened_us: Int64s
    read_us: Int64s
    born: Int32s
    bits: Int64s
    _chosen: dict[str, Int32s] = field(default_factory=dict)
    _gone: dict[str, Int32s] = field(default_factory=dict)
    _numbered: dict[tuple[str, str], Int32s] = field(default_factory=dict)
    _amounts: dict[tuple[str, str], Int64s] = field(default_factory=dict)
    _newest: dict[str, Int32s] = field(default_factory=dict)

    def values(self) -> Iterator[Values]:
        """Yield each feature of the group, one value per read, in the order of ``reads``."""
        measures = {
            "count": self._count,
            "sum": self._sum,
            "distinct": self._distinct,
            "since": self._since,
            "last": self._last,
        }
        for feature in self.source.plan.features:
            yield measures[feature.measure](feature)

    def _count(self, feature: WindowFeature) -> Values:
        chosen, gone = self.chosen(feature.events), self.gone(feature.window)
        return kernels.counts(chosen, self.born, gone, self.read_us.size).astype(np.int32)

    def _sum(self, feature: WindowFeature) -> Values:
        chosen, gone = self.chosen(feature.events), self.gone(feature.window)
        amounts = self.amounts(feature.events, feature.of)
        total = kernels.sums(chosen, self.born, gone, amounts, self.read_us.size)
        return total.astype(np.float64)

    def _distinct(self, feature: WindowFeature) -> Values:
        chosen, gone = self.chosen(feature.events), self.gone(feature.window)
        values = self.numbered(feature.events, feature.of)
        found = kernels.distincts(chosen, self.born, gone, values, self.read_us.size)
        return np.minimum(found, feature.cap).astype(np.int32)

    def _since(self, feature: WindowFeature) -> Values:
        newest, seen = self._seen(feature)
        seconds = np.full(self.read_us.size, np.nan)
        seconds[seen] = (self.read_us[seen] - self.happened_us[newest[seen]]) / 1e6
        return seconds

    def _last(self, feature: WindowFeature) -> Values:
        newest, seen = self._seen(feature)
        values = np.full(self.read_us.size, np.nan)
        values[seen] = self.source.log.column(feature.of, self.events[newest[seen]])
        return values

    def _seen(self, feature: WindowFeature) -> tuple[Int32s, NDArray[np.bool_]]:
        """Return the newest event of each read, and whether the window holds it."""
        newest = self.newest(feature.events)
        seen = newest >= 0
        start_us = starts_us(BY_NAME[feature.window], self.read_us[seen])
        seen[seen] = self.happened_us[newest[seen]] >= start_us
        return newest, seen

    def chosen(self, name: str) -> Int32s:
        """Return the events that a filter counts."""
        if name not in self._chosen:
            bit = np.int64(1 << self.source.plan.bits[name])
            self._chosen[name] = np.flatnonzero(self.bits & bit).astype(np.int32)
        return self._chosen[name]

    def gone(self, name: str) -> Int32s:
        """Return the first read that each event does not count for any more."""
        if name not in self._gone:
            expiry_us = expiries_us(BY_NAME[name], self.happened_us)
            self._gone[name] = kernels.expiries(
                expiry_us, self.read_us, self.born, self.event_starts, self.read_starts
            )
        return self._gone[name]

    def numbered(self, events: str, name: str) -> Int32s:
        """Return the number of each chosen event's value of a field within its entity."""
        if (events, name) not in self._numbered:
            chosen = self.chosen(events)
            hashes = self.source.log.field(name, self.events[chosen])
            numbers, _ = kernels.dense_pairs(self.entity[chosen].astype(np.int64), hashes)
            numbers[hashes == 0] = -1
            self._numbered[events, name] = numbers
        return self._numbered[events, name]

    def amounts(self, events: str, name: str) -> Int64s:
        """Return a column of the chosen events."""
        if (events, name) not in self._amounts:
            chosen = self.events[self.chosen(events)]
            self._amounts[events, name] = self.source.log.column(name, chosen)
        return self._amounts[events, name]

    def newest(self, name: str) -> Int32s:
        """Return the newest event of a filter at each read."""
        if name not in self._newest:
            self._newest[name] = kernels.newest(
                self.chosen(name), self.born, self.happened_us, self.event_starts, self.read_starts
            )
        return self._newest[name]


def make_part(source: GroupLog, events: Int32s, keys: Int64s, reads: Reads) -> Part:
    """Group events (positions in the log, and their keys) and reads of the same entities."""
    arrived_us, happened_us, _ = source.log.times(source.plan.number)
    by_arrival = _by_arrival(arrived_us[events])
    events, keys = events[by_arrival], keys[by_arrival]
    both = np.concatenate((keys, reads.keys))
    numbers, entities = kernels.dense_pairs(both, both)
    order, event_starts = kernels.grouped(numbers[: events.size], entities)
    read_order, read_starts = kernels.grouped(numbers[events.size :], entities)
    read_us = reads.at_us[read_order]
    return Part(
        source=source,
        events=events[order],
        reads=read_order,
        entity=numbers[order],
        event_starts=event_starts,
        read_starts=read_starts,
        # Fetched in the order of the log, then turned: that misses the cache less.
        bits=source.bits[events][order],
        happened_us=happened_us[events][order],
        read_us=read_us,
        born=kernels.births(arrived_us[events][order], read_us, event_starts, read_starts),
    )


def _by_arrival(stamps: Int64s) -> Int64s | slice:
    """Return what sorts events by stamp; with one stamp for all groups they are sorted."""
    if np.all(stamps[1:] >= stamps[:-1]):
        return slice(None)
    return np.argsort(stamps, kind="stable")


def starts_us(window: Window, read_us: Int64s) -> Int64s:
    """Return ``tiles.start_us`` of each read."""
    if not window.tile_us:
        return np.full(read_us.size, ALWAYS_US)
    return window.tile_us * (read_us // window.tile_us - window.length_us // window.tile_us)


def expiries_us(window: Window, happened_us: Int64s) -> Int64s:
    """Return ``tiles.expiry_us`` of each event."""
    if not window.tile_us:
        return np.full(happened_us.size, NEVER_US)
    tiles = happened_us // window.tile_us + window.length_us // window.tile_us + 1
    return window.tile_us * tiles
