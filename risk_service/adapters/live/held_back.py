"""Changes of a group that wait for the log: applied once it has them, else dropped.

An order of a group sees the orders before it. Where several share a record, they work on a
copy of it, which takes the record's place when the group is durable; everybody else's record
is only read meanwhile. So there is nothing to undo when a commit fails.
"""

import struct
from collections.abc import Callable, Sequence

import numpy as np

from risk_service.adapters.live.keeper import Floats, Visit
from risk_service.domain.event import Event
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.record import Record

# Combinations of filters are few in life; a stranger's events must not fill the memory.
BITS_MAX = 4_096


class Held:
    """A record in memory.

    ``dirty``: it has changed since it was last written. ``shared``: several events of the
    group in flight have it; their common copy is ``draft``, once one of them counts.
    """

    __slots__ = ("dirty", "draft", "group", "key", "record", "shared")

    def __init__(self, group: int, key: str, record: Record) -> None:
        self.group = group
        self.key = key
        self.record = record
        self.dirty = False
        self.shared = False
        self.draft: Record | None = None


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
    """Implements ``keeper.Changes``.

    Parameters
    ----------
    touch
        Told which records have changed.
    held
        By key group the record of each event, None where it has no key.
    """

    def __init__(
        self,
        compiled: CompiledWindows,
        effects: Effects,
        touch: Callable[[Held], None],
        events: Sequence[Event],
        held: Sequence[Sequence[Held | None]],
    ) -> None:
        self._compiled = compiled
        self._effects = effects
        self._touch = touch
        self._events = events
        self._shared: list[Held] = []
        self._later: list[_Change] = []
        for of_group in held:
            self._note_shared(of_group)
        self._held = list(zip(*held, strict=True))
        self._missing = [[float("nan")] * len(plan.names) for plan in compiled.plans]
        self._pack = struct.Struct(f"{len(compiled.window_set.names)}d").pack

    def observe(self, visits: Sequence[Visit]) -> Floats:
        """Let each event read, then count; return what they read, shape (events, features)."""
        rows = []
        for place, visit in enumerate(visits):
            rows.append(self._pack(*self._read(place, visit.read_us)))
            if visit.applied_us:
                self._count(place, visit)
        # Packed row by row: numpy would look at the type of every number.
        return np.frombuffer(b"".join(rows), np.float64).reshape(len(visits), -1)

    def count(self, visits: Sequence[Visit]) -> None:
        """Let each event count, for those that follow in the group."""
        for place, visit in enumerate(visits):
            if visit.applied_us:
                self._count(place, visit)

    def apply(self) -> None:
        """Make the changes those of everybody."""
        for alone, a_us, tau_us, bits, columns, hashes in self._later:
            for held in alone:
                held.record.apply(a_us, tau_us, bits, columns, hashes)
                if not held.dirty:
                    self._touch(held)
        for held in self._shared:
            if held.draft is not None:
                held.record = held.draft
                self._touch(held)
        self.drop()

    def drop(self) -> None:
        """Forget what the group has changed."""
        for held in self._shared:
            held.shared, held.draft = False, None

    def _note_shared(self, of_group: Sequence[Held | None]) -> None:
        seen: set[int] = set()
        for held in of_group:
            if held is None or held.shared:
                continue
            if id(held) in seen:
                held.shared = True
                self._shared.append(held)
            seen.add(id(held))

    def _read(self, place: int, r_us: int) -> list[float]:
        """Return the windows of an event, those of the group before it counted in."""
        values: list[float] = []
        for held, missing in zip(self._held[place], self._missing, strict=True):
            values += missing if held is None else (held.draft or held.record).read(r_us)
        return values

    def _count(self, place: int, visit: Visit) -> None:
        """Let an event count: for the group at once where it shares, for all when durable."""
        event, of_groups = self._events[place], self._held[place]
        _, a_us, tau_us = visit
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
