"""Changes of a group that wait for the log: applied once it has them, else dropped.

An order of a group sees the orders before it. Where several share a record, they work on a
copy of it, which takes the record's place when the group is durable; everybody else's record
is only read meanwhile. So there is nothing to undo when a commit fails.
"""

from collections.abc import Sequence

from risk_service.adapters.live.cache import Held, RecordCache
from risk_service.domain.event import Event
from risk_service.features.windows.plan import CompiledWindows

# Combinations of filters are few in life; a stranger's events must not fill the memory.
BITS_MAX = 4_096

_Change = tuple[list[Held], int, int, int, tuple[int, ...], tuple[int, ...]]


class Effects:
    """Which key groups an event with some filter bits changes."""

    def __init__(self, compiled: CompiledWindows) -> None:
        self._plans = compiled.plans
        self._groups: dict[int, tuple[int, ...]] = {}

    def groups(self, bits: int) -> tuple[int, ...]:
        """Return the groups whose records change."""
        groups = self._groups.get(bits)
        if groups is None:
            if len(self._groups) >= BITS_MAX:
                self._groups.clear()
            groups = self._groups[bits] = tuple(
                group for group, plan in enumerate(self._plans) if not plan.effect(bits).is_none
            )
        return groups


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
        effects: Effects,
        cache: RecordCache,
        events: Sequence[Event],
        keys: Sequence[tuple[str, ...]],
    ) -> None:
        self.stamp_us = 0
        self.stamps: dict[str, int] = {}
        self._compiled = compiled
        self._effects = effects
        self._events = events
        self._shared: list[Held] = []
        self._later: list[_Change] = []
        keys_by_group = enumerate(zip(*keys, strict=True))
        by_group = [self._hold(cache, group, of_group) for group, of_group in keys_by_group]
        self._held = list(zip(*by_group, strict=True))
        self._missing = [[float("nan")] * len(plan.names) for plan in compiled.plans]

    def _hold(self, cache: RecordCache, group: int, keys: Sequence[str]) -> list[Held | None]:
        """Return the record of each event of one key group; note those that several share."""
        held = cache.hold(group, [key for key in dict.fromkeys(keys) if key])
        if len(held) < len(keys):
            seen = set()
            for key in keys:
                if key in seen and not held[key].shared:
                    held[key].shared = True
                    self._shared.append(held[key])
                if key:
                    seen.add(key)
        return [held[key] if key else None for key in keys]

    def read(self, place: int, r_us: int) -> list[float]:
        """Return the windows of an event, those of the group before it counted in."""
        values: list[float] = []
        for held, missing in zip(self._held[place], self._missing, strict=True):
            values += missing if held is None else (held.draft or held.record).read(r_us)
        return values

    def count(self, place: int, a_us: int, tau_us: int) -> None:
        """Let an event count: for the group at once where it shares, for all when durable."""
        event, of_groups = self._events[place], self._held[place]
        bits = self._compiled.bits(event)
        columns, hashes = event.columns, self._compiled.hashes(event)
        alone: list[Held] = []
        for group in self._effects.groups(bits):
            held = of_groups[group]
            if held is None:
                continue
            if held.shared:
                if held.draft is None:
                    held.draft = held.record.copy()
                held.draft.apply(a_us, tau_us, bits, columns, hashes)
            else:
                alone.append(held)
        self._later.append((alone, a_us, tau_us, bits, columns, hashes))
        self.stamps[event.event_id] = a_us
        self.stamp_us = a_us

    def apply(self, cache: RecordCache) -> None:
        """Make the changes those of everybody."""
        for alone, a_us, tau_us, bits, columns, hashes in self._later:
            for held in alone:
                held.record.apply(a_us, tau_us, bits, columns, hashes)
                if not held.dirty:
                    cache.touch(held)
        for held in self._shared:
            if held.draft is not None:
                held.record = held.draft
                cache.touch(held)
        self.drop()

    def drop(self) -> None:
        """Forget what the group has changed among itself."""
        for held in self._shared:
            held.shared, held.draft = False, None
