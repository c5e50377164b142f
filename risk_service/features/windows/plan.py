"""A whole declaration, compiled: one plan per key group, and what an event brings to each."""

from collections.abc import Callable
from operator import eq, ge, gt, le, lt, ne

from risk_service.features.windows.event import MISSING_HASH, Event, field_hash
from risk_service.features.windows.moments import picker
from risk_service.features.windows.record_plan import RecordPlan
from risk_service.features.windows.terms import EventFilter, WindowSet

__all__ = ["CompiledWindows", "RecordPlan", "compile_windows", "pair_key"]

COMPARE: dict[str, Callable[[int, int], bool]] = {
    "=": eq, "!=": ne, "<": lt, "<=": le, ">": gt, ">=": ge
}  # fmt: skip
PAIR_SEPARATOR = "|"

_Test = tuple[Callable[[int, int], bool], int, int]


class CompiledWindows:
    """Turns events into record keys, filter bits and hashes.

    Attributes
    ----------
    plans
        One per key group, in the order of ``WindowSet.groups``.
    hashed
        Fields that some distinct counts, in the order of ``hashes``.
    """

    def __init__(self, window_set: WindowSet) -> None:
        self.window_set = window_set
        counted = {f.of for f in window_set.features if f.measure == "distinct"}
        self.hashed = tuple(name for name in window_set.fields if name in counted)
        self.plans = tuple(RecordPlan(g, window_set, self.hashed) for g in window_set.groups)
        places = {name: index for index, name in enumerate(window_set.fields)}
        keys = [[places[key] for key in group.keys] for group in window_set.groups]
        self._first_keys = picker([first for first, *_ in keys])
        self._pairs = [(group, key[1]) for group, key in enumerate(keys) if len(key) > 1]
        self._hash_fields = tuple(places[name] for name in self.hashed)
        self._no_hashes = (MISSING_HASH,) * len(self.hashed)
        distinct = {f.events for f in window_set.features if f.measure == "distinct"}
        filters = window_set.filters
        self._hashing = {kind for f in filters if f.name in distinct for kind in f.kinds}
        self._kinds = tuple(self._compile_kind(kind) for kind in window_set.kinds)

    def bits(self, event: Event) -> int:
        """Return which filters the event meets, one bit each."""
        bits, tests, _ = self._kinds[event.kind]
        columns = event.columns
        for bit, conditions in tests:
            for compare, column, value in conditions:
                if not compare(columns[column], value):
                    break
            else:
                bits |= bit
        return bits

    def keys(self, event: Event) -> tuple[str, ...]:
        """Return the record's key per group; empty where a field is missing."""
        fields = event.fields
        keys = list(self._first_keys(fields))
        for group, place in self._pairs:
            keys[group] = pair_key(keys[group], fields[place])
        return tuple(keys)

    def hashes(self, event: Event) -> tuple[int, ...]:
        """Return the hashes of the ``hashed`` fields; zeros for a kind that no distinct counts."""
        if not self._kinds[event.kind][2]:
            return self._no_hashes
        fields = event.fields
        return tuple([field_hash(fields[place]) for place in self._hash_fields])

    def _compile_kind(
        self, kind: str
    ) -> tuple[int, tuple[tuple[int, tuple[_Test, ...]], ...], bool]:
        fixed, tests = 0, []
        for index, item in enumerate(self.window_set.filters):
            if kind in item.kinds and item.where:
                tests.append((1 << index, self._compile_filter(item)))
            elif kind in item.kinds:
                fixed |= 1 << index
        return fixed, tuple(tests), kind in self._hashing

    def _compile_filter(self, item: EventFilter) -> tuple[_Test, ...]:
        columns = self.window_set.columns
        return tuple((COMPARE[c.op], columns.index(c.column), c.value) for c in item.where)


def pair_key(first: str, second: str) -> str:
    """Return the key of a pair; empty when either is missing.

    A separator within the first is escaped, so that different pairs never share a key.
    """
    if not first or not second:
        return ""
    if PAIR_SEPARATOR in first or "\\" in first:
        first = first.replace("\\", "\\\\").replace(PAIR_SEPARATOR, "\\|")
    return f"{first}{PAIR_SEPARATOR}{second}"


def compile_windows(window_set: WindowSet) -> CompiledWindows:
    """Return the compiled form of a declaration."""
    return CompiledWindows(window_set)
