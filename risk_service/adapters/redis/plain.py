"""Entities as Python objects: what runs where numba does not, and says what the loops do."""

import struct
from collections.abc import Iterable, Sequence
from itertools import chain

import numpy as np
from msgspec import Struct

from risk_service.adapters.redis.entity import Entity
from risk_service.adapters.redis.layout import FOLD_MIN_BYTES, Visit, event_hash
from risk_service.adapters.redis.scripts import ALWAYS_WHOLE, NOTHING, Taken, take_part, taken
from risk_service.adapters.redis.trips import MISSING, Damaged, Fold, Group, Keys, Requests
from risk_service.domain.errors import DataFault
from risk_service.domain.event import Event
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.tiles import NEVER_US


class _Call(Struct):
    """One entity of a trip, by group and key, and the events that meet it."""

    group: int
    wire: bytes
    visits: list[Visit]
    entity: Entity | None = None


class PlainEntities:
    """Implements ``trips.Entities``.

    Parameters
    ----------
    kept
        How many entities to keep, some 3 KB each.
    """

    def __init__(self, compiled: CompiledWindows, groups: Sequence[Group], kept: int) -> None:
        self.groups = groups
        self.missing = [[MISSING] * len(plan.names) for plan in compiled.plans]
        self._compiled = compiled
        self._kept_max = kept
        self._entities: dict[bytes, Entity] = {}

    def attempts(self, events: Sequence[Event]) -> "PlainTrip":
        """Begin a trip of events that read and, where they mean something, count."""
        calls = self._calls(events, map(self._compiled.keys, events), attempts=True)
        return PlainTrip(self, calls, len(events), ALWAYS_WHOLE)

    def others(self, events: Sequence[Event], keys: Keys | None = None) -> "PlainTrip":
        """Begin a trip of events that count and do not read; ``keys``, if not with all theirs."""
        calls = self._calls(events, keys or map(self._compiled.keys, events), attempts=False)
        return PlainTrip(self, calls, len(events), FOLD_MIN_BYTES)

    def looks(self, requests: Requests) -> tuple["PlainTrip", list[list[int]]]:
        """Begin a trip that reads other keys; return also the row of values of each."""
        rows: dict[tuple[int, str], int] = {}
        found = [
            [rows.setdefault((group, key), len(rows)) for key in keys] for group, keys in requests
        ]
        calls = []
        for (group, key), row in rows.items():
            look = self.groups[group].layout.look(row)
            calls.append(_Call(group, self.groups[group].key(key), [look]))
        return PlainTrip(self, calls, len(rows), ALWAYS_WHOLE), found

    def take_out(self, wire: bytes) -> Entity | None:
        """Take an entity out of the hands of others."""
        return self._entities.pop(wire, None)

    def keep(self, wire: bytes, entity: Entity) -> None:
        """Keep an entity as the one met last; the one met longest ago may have to go."""
        self._entities[wire] = entity
        if len(self._entities) > self._kept_max:
            del self._entities[next(iter(self._entities))]

    def _calls(
        self, events: Sequence[Event], keys: Iterable[tuple[str, ...]], *, attempts: bool
    ) -> list[_Call]:
        """Return one call per entity; attempts also meet those for which they do not count."""
        compiled = self._compiled
        calls: list[_Call] = []
        by_key: list[dict[str, _Call]] = [{} for _ in self.groups]
        for index, (event, keys_of) in enumerate(zip(events, keys, strict=True)):
            bits, hashes = compiled.bits(event), compiled.hashes(event)
            id_hash = event_hash(event.event_id)
            at_us = NEVER_US if attempts else event.at_us
            for number, key in enumerate(keys_of):
                layout = self.groups[number].layout
                counts = bits & layout.mask
                if not key or not (counts or attempts):
                    continue
                call = by_key[number].get(key)
                if call is None:
                    call = by_key[number][key] = _Call(number, self.groups[number].key(key), [])
                    calls.append(call)
                call.visits.append(
                    layout.visit(index, id_hash, at_us, counts, event.columns, hashes)
                    if counts
                    else layout.look(index)
                )
        return calls


class PlainTrip:
    """Implements ``trips.Trip``.

    Parameters
    ----------
    limit
        As the script takes it: ``ALWAYS_WHOLE`` where the events read.
    """

    def __init__(self, owner: PlainEntities, calls: Sequence[_Call], rows: int, limit: int) -> None:
        self.keys: Sequence[bytes] = [call.wire for call in calls]
        self.read_us = np.zeros((rows, len(owner.groups)), np.int64)
        self.applied_us = np.zeros((rows, len(owner.groups)), np.int64)
        self._owner = owner
        self._calls = calls
        self._limit = limit
        self._values = [list(owner.missing) for _ in range(rows)]
        self._folds: list[Fold] = []
        for call in calls:
            # Out of the hands of others until it is caught up with what is stored.
            call.entity = owner.take_out(call.wire)

    @property
    def values(self) -> np.ndarray:
        """What each event reads."""
        rows = [list(chain.from_iterable(row)) for row in self._values]
        width = sum(map(len, self._owner.missing))
        return np.array(rows, np.float64).reshape(len(rows), width)

    def parts(self, first: int, last: int) -> bytes:
        """Return the parts of the script's argument for some calls."""
        return b"".join([self._part(call) for call in self._calls[first:last]])

    def take(self, first: int, last: int, reply: bytes) -> None:
        """Take in what the script said to some calls."""
        begin = 0
        for place in range(first, last):
            call = self._calls[place]
            try:
                told, begin = taken(reply, begin, len(call.visits))
                self._meet(call, told)
            except (DataFault, struct.error) as fault:
                raise Damaged(place) from fault

    def finish(self) -> list[Fold]:
        """Forget the entities that were told nothing of; return folds that are due."""
        return self._folds

    def _part(self, call: _Call) -> bytes:
        layout = self._owner.groups[call.group].layout
        known = NOTHING if call.entity is None else call.entity.known
        entries = b"".join([visit.entry for visit in call.visits])
        form = (layout.size, len(call.visits))
        return take_part(layout.ttl_ms, known, form, entries, self._limit)

    def _meet(self, call: _Call, told: Taken) -> None:
        """Note the stamps of a call's events; let them read and count if the entity is known."""
        entity = None if told.stored is None else self._caught_up(call, told)
        for place, visit in enumerate(call.visits):
            stamp_us, before_us = told.first_us + place, told.seen_us[place]
            self.read_us[visit.event, call.group] = stamp_us
            if visit.counts:
                self.applied_us[visit.event, call.group] = before_us or stamp_us
            if entity is None:
                continue
            if self._limit == ALWAYS_WHOLE:
                self._values[visit.event][call.group] = entity.record.read(stamp_us)
            if visit.counts and not before_us:
                entity.add(visit, stamp_us)
        if entity is not None:
            if entity.is_due:
                self._folds.append(Fold(call.wire, entity.fold()))
            self._owner.keep(call.wire, entity)

    def _caught_up(self, call: _Call, told: Taken) -> Entity:
        """Return the entity as it was stored when the script took it."""
        entity, stored = call.entity, told.stored or b""
        if entity is not None and told.from_byte:
            entity.follow(stored)
            return entity
        return Entity(self._owner.groups[call.group].layout, stored)
