"""What the events of a log count for: filters as bits, keys of a group as numbers."""

import operator
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_service.features.windows.terms import EventFilter, WindowFeature, WindowSet
from training.windows.log import EventLog, Int32s, Int64s

Bools = NDArray[np.bool_]
OPERATORS: dict[str, Callable[[Int64s, int], Bools]] = {
    "=": operator.eq,
    "!=": operator.ne,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}
_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_HALF = np.uint64(32)


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupPlan:
    """The features of one key group, and the bit of each filter that they count by."""

    number: int
    keys: tuple[str, ...]
    features: tuple[WindowFeature, ...]
    bits: dict[str, int]

    @property
    def mask(self) -> int:
        """Return the bits of all filters of the group."""
        return sum(1 << bit for bit in self.bits.values())


def plan_group(window_set: WindowSet, number: int) -> GroupPlan:
    """Return the plan of the key group of this number."""
    group = window_set.groups[number]
    wanted = {feature.events for feature in group.features}
    names = enumerate(one.name for one in window_set.filters)
    return GroupPlan(
        number=number,
        keys=group.keys,
        features=group.features,
        bits={name: bit for bit, name in names if name in wanted},
    )


def filter_bits(log: EventLog, window_set: WindowSet) -> Int64s:
    """Return the filters that count each event, as bits in the order of the declaration."""
    bits = np.zeros(len(log), np.int64)
    for bit, one in enumerate(window_set.filters):
        bits |= _chosen(log, window_set, one).astype(np.int64) << bit
    return bits


def _chosen(log: EventLog, window_set: WindowSet, one: EventFilter) -> Bools:
    counted = np.array([kind in one.kinds for kind in window_set.kinds], bool)
    chosen: Bools = counted[log.kind]
    for condition in one.where:
        # Few kinds pass, so their columns are fetched and no others.
        passed = np.flatnonzero(chosen)
        values = log.column(condition.column, passed)
        chosen[passed] = OPERATORS[condition.op](values, condition.value)
    return chosen


def keys_of(log: EventLog, names: tuple[str, ...], events: Int32s | Int64s) -> Int64s:
    """Return the key of each event as one number, 0 where a field is missing."""
    return key_numbers([log.field(name, events) for name in names])


def key_numbers(hashes: list[Int64s]) -> Int64s:
    """Return keys of one or two fields as one number each, 0 where a field is missing.

    The number of a pair is a hash again; two pairs in 10^9 share one with a chance of 3 %.
    """
    if len(hashes) == 1:
        return hashes[0]
    first, second = (one.view(np.uint64) for one in hashes)
    mixed = (first ^ (first >> _HALF)) * _GOLDEN
    mixed = ((mixed ^ (mixed >> _HALF)) + second) * _GOLDEN
    # A pair must never be taken for a missing one.
    pairs = np.maximum(mixed, np.uint64(1)).view(np.int64)
    return np.where((first == 0) | (second == 0), np.int64(0), pairs)
