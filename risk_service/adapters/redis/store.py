"""The window store on Redis: one packed value per entity or pair, shared by all workers.

A group of events is one pipelined trip per node: for each entity one script that gives the
events their stamps, appends them, and returns what was stored before. So reading and
applying are one step of the entity (r = a), nobody waits for another, and nothing is tried
twice. Entries that have gathered behind a record are folded into it by whoever reads them;
the fold rides at the head of the next trip.

Keys are ``<prefix>:<version of the group's plan>:<entity>``: workers with another
declaration have records of their own.
"""

from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from risk_service.adapters.redis.addresses import Address, Login
from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.entity import Entities
from risk_service.adapters.redis.layout import FOLD_MIN_BYTES, EntryLayout, event_hash
from risk_service.adapters.redis.node import Reply, require_hiredis
from risk_service.adapters.redis.scripts import (
    ALWAYS_WHOLE,
    NOTHING,
    SCRIPTS,
    TakeCommand,
    Taken,
    taken,
)
from risk_service.domain.errors import DataFault, StoreUnavailable
from risk_service.domain.event import Event
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.record import Record
from risk_service.features.windows.tiles import NEVER_US
from risk_service.ports import Observed

MISSING = float("nan")
TIMEOUT_S = 0.05
_LOGIN = Login()


class _Group(Struct, frozen=True, kw_only=True):
    """One key group: how its entries look, and how its keys begin."""

    number: int
    layout: EntryLayout
    command: TakeCommand
    prefix: str
    missing: list[float]

    def call(self, key: str) -> "_Call":
        """Return a call for an entity, without events yet."""
        return _Call(group=self, key=(self.prefix + key).encode(), events=[], entries=[])

    def reading(self, key: str, place: int) -> "_Call":
        """Return a call that only reads."""
        call = self.call(key)
        call.events.append(place)
        call.entries.append(self.layout.no_entry)
        return call


class _Call(Struct, kw_only=True):
    """One script call: an entity and the events that meet it.

    An entry whose id is 0 is stamped without being appended.
    """

    group: _Group
    key: bytes
    events: list[int]
    entries: list[bytes]


class _Met(NamedTuple):
    """An event at one entity: the record before it counts, and both of its stamps."""

    event: int
    record: Record
    r_us: int
    a_us: int


class RedisWindowStore:
    """Implements ``ports.WindowStore``. Used by one thread; each worker has its own.

    After ``StoreUnavailable`` an event may count with some of its entities and not with
    others. To call again with the same events completes it, and gives the stamps under
    which they count.

    Parameters
    ----------
    addresses
        One server, or some nodes of a cluster.
    prefix
        How every key begins; stores that share it share their records.
    timeout_s
        Longest time of one call.
    """

    def __init__(
        self,
        compiled: CompiledWindows,
        addresses: Sequence[Address],
        *,
        prefix: str = "w",
        timeout_s: float = TIMEOUT_S,
        login: Login = _LOGIN,
    ) -> None:
        require_hiredis()
        self._compiled = compiled
        self._groups = _groups(compiled, prefix)
        self._width = len(compiled.window_set.names)
        self._cluster = Cluster(addresses, scripts=SCRIPTS, login=login, timeout_s=timeout_s)
        self._entities = Entities()
        self._folds: dict[bytes, bytes] = {}

    def observe(self, events: Sequence[Event], now_us: int) -> Observed:
        """Read each attempt's windows, then let it count; a repeated event id changes nothing.

        An attempt belongs to the stamp under which it is applied. A repeated one has the
        windows of now, and the stamp under which it was applied the first time.
        """
        groups = self._groups
        values = [[group.missing for group in groups] for _ in events]
        read_us = np.zeros((len(events), len(groups)), np.int64)
        applied_us = np.zeros_like(read_us)
        calls = self._calls(events, attempts=True)
        for call, reply in zip(calls, self._take(calls, now_us, ALWAYS_WHOLE), strict=True):
            group = call.group.number
            for met in self._meet(call, reply):
                values[met.event][group] = met.record.read(met.r_us)
                read_us[met.event, group] = met.r_us
                applied_us[met.event, group] = met.a_us
        rows = [list(chain.from_iterable(row)) for row in values]
        matrix = np.array(rows, np.float64).reshape(len(events), self._width)
        return Observed(values=matrix, read_us=read_us, applied_us=applied_us)

    def apply(self, events: Sequence[Event], now_us: int) -> NDArray[np.int64]:
        """Let life events and promotion actions count; a repeated event id changes nothing.

        The stamp is 0 where the event has no key, or means nothing to the group.
        """
        applied_us = np.zeros((len(events), len(self._groups)), np.int64)
        calls = self._calls(events, attempts=False)
        for call, reply in zip(calls, self._take(calls, now_us, FOLD_MIN_BYTES), strict=True):
            if reply.stored is not None:
                for met in self._meet(call, reply):
                    applied_us[met.event, call.group.number] = met.a_us
                continue
            for place, event in enumerate(call.events):
                stamp_us = reply.seen_us[place] or reply.first_us + place
                applied_us[event, call.group.number] = stamp_us
        return applied_us

    def read(self, group: int, keys: Sequence[str], now_us: int) -> NDArray[np.float64]:
        """Return the windows of other keys, shape (keys, features of the group)."""
        asked = self._groups[group]
        wanted = [key for key in dict.fromkeys(keys) if key]
        calls = [asked.reading(key, place) for place, key in enumerate(wanted)]
        found = {"": asked.missing}
        for call, reply in zip(calls, self._take(calls, now_us, ALWAYS_WHOLE), strict=True):
            for met in self._meet(call, reply):
                found[wanted[met.event]] = met.record.read(met.r_us)
        return np.array([found[key] for key in keys], np.float64).reshape(len(keys), -1)

    def close(self) -> None:
        """Close the connections; folds not sent yet are left to whoever reads next."""
        self._cluster.close()

    def _calls(self, events: Sequence[Event], *, attempts: bool) -> list[_Call]:
        """Return one call per entity; attempts also meet those for which they do not count."""
        compiled = self._compiled
        calls: dict[tuple[int, str], _Call] = {}
        for index, event in enumerate(events):
            bits, columns = compiled.bits(event), event.columns
            hashes = compiled.hashes(event)
            id_hash = event_hash(event.event_id)
            at_us = NEVER_US if attempts else event.at_us
            for group, key in zip(self._groups, compiled.keys(event), strict=True):
                counts = bits & group.layout.mask
                if not key or not (counts or attempts):
                    continue
                call = calls.get((group.number, key))
                if call is None:
                    call = calls[group.number, key] = group.call(key)
                call.events.append(index)
                call.entries.append(
                    group.layout.entry(id_hash, at_us, counts, columns, hashes)
                    if counts
                    else group.layout.no_entry
                )
        return list(calls.values())

    def _take(self, calls: Sequence[_Call], now_us: int, limit: int) -> list[Taken]:
        """Send the calls behind the folds that are due, and return what they say."""
        folds, self._folds = self._folds, {}
        keys = [*folds, *(call.key for call in calls)]
        commands = list(folds.values())
        for call in calls:
            entity = self._entities.get(call.key)
            known = NOTHING if entity is None else entity.known
            entries = b"".join(call.entries)
            commands.append(call.group.command.packed(call.key, entries, now_us, known, limit))
        if not calls:
            return []
        replies = self._cluster.run(keys, commands)[len(folds) :]
        return [
            taken(_bytes(reply), len(call.events))
            for call, reply in zip(calls, replies, strict=True)
        ]

    def _meet(self, call: _Call, reply: Taken) -> Iterator[_Met]:
        """Yield each event while its entity is as it was before, then let it count."""
        try:
            entity = self._entities.after(call.key, call.group.layout, reply)
        except DataFault as fault:
            raise StoreUnavailable(f"Redis key {call.key!r}: {fault}") from fault
        for place, event in enumerate(call.events):
            r_us, seen_us = reply.first_us + place, reply.seen_us[place]
            yield _Met(event, entity.record, r_us, seen_us or r_us)
            entry = call.entries[place]
            if not seen_us and entry is not call.group.layout.no_entry:
                entity.add(entry, r_us)
        fold = entity.fold(call.key)
        if fold is not None:
            self._folds[call.key] = fold


def _groups(compiled: CompiledWindows, prefix: str) -> list[_Group]:
    columns, hashes = len(compiled.window_set.columns), len(compiled.hashed)
    layouts = [EntryLayout(plan, columns, hashes) for plan in compiled.plans]
    return [
        _Group(
            number=number,
            layout=layout,
            command=TakeCommand(layout.size, layout.ttl_ms),
            prefix=f"{prefix}:{layout.plan.version:08x}:",
            missing=[MISSING] * len(layout.plan.features),
        )
        for number, layout in enumerate(layouts)
    ]


def _bytes(reply: Reply) -> bytes:
    if isinstance(reply, bytes):
        return reply
    raise StoreUnavailable(f"Redis gave {reply!r} where a value was expected")
