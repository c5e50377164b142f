"""Changes of a group that wait for the log: applied once it has them, else dropped.

An order of a group sees the orders before it. Where several share a record, they work on a
copy of it, which takes the record's place when the group is durable; everybody else's record
is only read meanwhile. So there is nothing to undo when a commit fails.
"""

from collections import Counter
from collections.abc import Sequence

from risk_service.adapters.live.cache import Held, RecordCache
from risk_service.domain.event import Event
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.record import Record

Floats = list[float]


class HeldBack:
    """The changes of one group of events.

    Parameters
    ----------
    keys
        Of every event, its record keys by group.
    """

    def __init__(
        self,
        compiled: CompiledWindows,
        cache: RecordCache,
        events: Sequence[Event],
        keys: Sequence[tuple[str, ...]],
    ) -> None:
        self.stamp_us = 0
        self.stamps: dict[str, int] = {}
        self._compiled = compiled
        self._plans = compiled.plans
        self._events = events
        self._keys = keys
        self._held: list[dict[str, Held]] = []
        self._shared: list[set[str]] = []
        for group, of_group in enumerate(zip(*keys, strict=True)):
            counted = Counter(of_group)
            counted.pop("", None)
            self._held.append(cache.hold(group, counted))
            self._shared.append({key for key, n in counted.items() if n > 1})
        self._copies: list[dict[str, Record]] = [{} for _ in self._plans]
        self._later: list[tuple[list[Held], int, int, int, tuple[int, ...], tuple[int, ...]]] = []
        self._missing = [[float("nan")] * len(plan.names) for plan in self._plans]

    def read(self, place: int, r_us: int) -> Floats:
        """Return the windows of an event, those of the group before it counted in."""
        values: Floats = []
        for group, key in enumerate(self._keys[place]):
            if key:
                record = self._copies[group].get(key) or self._held[group][key].record
                values += record.read(r_us)
            else:
                values += self._missing[group]
        return values

    def count(self, place: int, a_us: int, tau_us: int) -> None:
        """Let an event count: for the group at once where it shares, for all when durable."""
        event = self._events[place]
        bits = self._compiled.bits(event)
        hashes = self._compiled.hashes(event)
        alone: list[Held] = []
        for group, key in enumerate(self._keys[place]):
            if not key or self._plans[group].effect(bits).is_none:
                continue
            if key in self._shared[group]:
                self._copy(group, key).apply(a_us, tau_us, bits, event.columns, hashes)
            else:
                alone.append(self._held[group][key])
        self._later.append((alone, a_us, tau_us, bits, event.columns, hashes))
        self.stamps[event.event_id] = a_us
        self.stamp_us = a_us

    def apply(self, cache: RecordCache) -> None:
        """Make the changes those of everybody."""
        for alone, a_us, tau_us, bits, columns, hashes in self._later:
            for held in alone:
                held.record.apply(a_us, tau_us, bits, columns, hashes)
                cache.touch(held)
        for group, copies in enumerate(self._copies):
            for key, record in copies.items():
                held = self._held[group][key]
                held.record = record
                cache.touch(held)

    def _copy(self, group: int, key: str) -> Record:
        record = self._copies[group].get(key)
        if record is None:
            record = self._copies[group][key] = self._held[group][key].record.copy()
        return record
