"""The window store on Redis: one packed value per entity or pair, shared by all workers.

A group of events is one pipelined trip per node: for each entity one script that gives the
events their stamps, appends them, and returns what was stored before. So reading and
applying are one step of the entity (r = a), nobody waits for another, and nothing is tried
twice. Entries that have gathered behind a record are folded into it by whoever reads them;
the fold rides at the head of the next trip.

Keys are ``<prefix>:<version of the group's plan>:<entity>``: workers with another
declaration have records of their own.
"""

from collections.abc import Generator, Sequence
from contextlib import closing
from itertools import chain

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from risk_service.adapters.redis.addresses import Address, Login
from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.entity import KEPT_ENTITIES, Entities, Entity
from risk_service.adapters.redis.layout import FOLD_MIN_BYTES, EntryLayout, Visit, event_hash
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
from risk_service.features.windows.tiles import NEVER_US, too_old
from risk_service.ports import Observed, ReadRows

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
        """Return a call for an entity, without visits yet."""
        return _Call(self, key, (self.prefix + key).encode(), [])


class _Call(Struct):
    """One script call: an entity and the events that meet it."""

    group: _Group
    entity_key: str
    key: bytes
    visits: list[Visit]
    entity: Entity | None = None


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
        Longest wait of one call.
    kept_entities
        How many records to keep decoded, some 3 KB each.
    """

    def __init__(
        self,
        compiled: CompiledWindows,
        addresses: Sequence[Address],
        *,
        prefix: str = "w",
        timeout_s: float = TIMEOUT_S,
        login: Login = _LOGIN,
        kept_entities: int = KEPT_ENTITIES,
    ) -> None:
        require_hiredis()
        self._compiled = compiled
        self._groups = _groups(compiled, prefix)
        self._width = len(compiled.window_set.names)
        self._cluster = Cluster(addresses, scripts=SCRIPTS, login=login, timeout_s=timeout_s)
        self._entities = Entities(kept_entities)
        self._folds: dict[bytes, bytes] = {}

    def observe(self, events: Sequence[Event], now_us: int) -> Observed:
        """Read each attempt's windows, then let it count; a repeated event id changes nothing.

        An attempt belongs to the stamp under which it is applied. A repeated one has the
        windows of now, and the stamp under which it was applied the first time. The stamp is 0
        where the event has no key or means nothing to the group.
        """
        groups = self._groups
        values = [[group.missing for group in groups] for _ in events]
        read_us = [[0] * len(groups) for _ in events]
        applied_us = [[0] * len(groups) for _ in events]
        calls = self._calls(events, attempts=True)
        with closing(self._take(calls, now_us, ALWAYS_WHOLE)) as replies:
            for call, reply in replies:
                group = call.group.number
                seen = self._meet(call, reply, reads=True)
                for place, visit in enumerate(call.visits):
                    r_us = reply.first_us + place
                    values[visit.event][group] = seen[place]
                    read_us[visit.event][group] = r_us
                    if visit.counts:
                        applied_us[visit.event][group] = reply.seen_us[place] or r_us
        rows = [list(chain.from_iterable(row)) for row in values]
        shape = (len(events), len(groups))
        return Observed(
            values=np.array(rows, np.float64).reshape(len(events), self._width),
            read_us=np.array(read_us, np.int64).reshape(shape),
            applied_us=np.array(applied_us, np.int64).reshape(shape),
        )

    def apply(self, events: Sequence[Event], now_us: int) -> NDArray[np.int64]:
        """Let life events and promotion actions count; a repeated event id changes nothing.

        The stamp is 0 where the event has no key, means nothing to the group or is too old.
        """
        applied_us = np.zeros((len(events), len(self._groups)), np.int64)
        young = [event for event in events if not too_old(event.at_us, now_us)]
        places = [place for place, event in enumerate(events) if not too_old(event.at_us, now_us)]
        calls = self._calls(young, attempts=False)
        with closing(self._take(calls, now_us, FOLD_MIN_BYTES)) as replies:
            for call, reply in replies:
                if reply.stored is not None:
                    self._meet(call, reply, reads=False)
                for place, visit in enumerate(call.visits):
                    a_us = reply.seen_us[place] or reply.first_us + place
                    if not too_old(visit.at_us, a_us):
                        applied_us[places[visit.event], call.group.number] = a_us
        return applied_us

    def read_many(
        self, requests: Sequence[tuple[int, Sequence[str]]], now_us: int
    ) -> list[ReadRows]:
        """Return the windows of other keys, for each group and its keys, in one trip.

        Every read is stamped as ``observe`` stamps: nothing is applied before it any more
        that it has not seen, whatever the clocks of other workers say.
        """
        found: list[dict[str, tuple[int, list[float]]]] = [{} for _ in requests]
        calls = []
        for place, (group, keys) in enumerate(requests):
            for key in dict.fromkeys(keys):
                call = self._groups[group].call(key)
                call.visits.append(call.group.layout.look(place))
                calls.append(call)
        with closing(self._take(calls, now_us, ALWAYS_WHOLE)) as replies:
            for call, reply in replies:
                (row,) = self._meet(call, reply, reads=True)
                found[call.visits[0].event][call.entity_key] = (reply.first_us, row)
        return [
            _read_rows([rows[key] for key in keys], len(self._groups[group].missing))
            for (group, keys), rows in zip(requests, found, strict=True)
        ]

    def key_of(self, group: int, key: str) -> bytes:
        """Return the Redis key of an entity, as operators look for it."""
        return self._groups[group].call(key).key

    def close(self) -> None:
        """Close the connections; folds not sent yet are left to whoever reads next."""
        self._cluster.close()

    def _calls(self, events: Sequence[Event], *, attempts: bool) -> list[_Call]:
        """Return one call per entity; attempts also meet those for which they do not count."""
        compiled = self._compiled
        calls: list[_Call] = []
        by_key: list[dict[str, _Call]] = [{} for _ in self._groups]
        for index, event in enumerate(events):
            bits, hashes = compiled.bits(event), compiled.hashes(event)
            id_hash = event_hash(event.event_id)
            at_us = NEVER_US if attempts else event.at_us
            for group, key in zip(self._groups, compiled.keys(event), strict=True):
                layout = group.layout
                counts = bits & layout.mask
                if not key or not (counts or attempts):
                    continue
                call = by_key[group.number].get(key)
                if call is None:
                    call = by_key[group.number][key] = group.call(key)
                    calls.append(call)
                call.visits.append(
                    layout.visit(index, id_hash, at_us, counts, event.columns, hashes)
                    if counts
                    else layout.look(index)
                )
        return calls

    def _take(
        self, calls: Sequence[_Call], now_us: int, limit: int
    ) -> Generator[tuple[_Call, Taken], None, None]:
        """Send the calls behind the folds that are due; yield what is said to each."""
        if not calls:
            return
        folds, self._folds = self._folds, {}
        keys, commands = list(folds), list(folds.values())
        for call in calls:
            # Out of the hands of others until it is caught up with what is stored.
            call.entity = entity = self._entities.pop(call.key)
            known = NOTHING if entity is None else entity.known
            entries = b"".join([visit.entry for visit in call.visits])
            keys.append(call.key)
            commands.append(call.group.command.packed(call.key, entries, now_us, known, limit))
        with closing(self._cluster.run(keys, commands)) as replies:
            for place, reply in replies:
                if place >= len(folds):
                    call = calls[place - len(folds)]
                    yield call, taken(_bytes(reply), len(call.visits))

    def _meet(self, call: _Call, reply: Taken, *, reads: bool) -> list[list[float]]:
        """Return what each event sees of its entity, each before it counts itself."""
        entity = self._caught_up(call, reply)
        seen = []
        for place, visit in enumerate(call.visits):
            stamp_us = reply.first_us + place
            if reads:
                seen.append(entity.record.read(stamp_us))
            if visit.counts and not reply.seen_us[place]:
                entity.add(visit, stamp_us)
        if entity.is_due:
            self._folds[call.key] = entity.fold(call.key)
        self._entities.keep(call.key, entity)
        return seen

    def _caught_up(self, call: _Call, reply: Taken) -> Entity:
        """Return the entity as it was stored when the script took it."""
        entity, stored = call.entity, reply.stored or b""
        if entity is not None and reply.from_byte:
            entity.follow(stored)
            return entity
        try:
            return Entity(call.group.layout, stored)
        except DataFault as fault:
            raise _damaged(call.key, fault) from fault


def _read_rows(rows: Sequence[tuple[int, list[float]]], width: int) -> ReadRows:
    return ReadRows(
        values=np.array([row for _, row in rows], np.float64).reshape(len(rows), width),
        read_us=np.array([read_us for read_us, _ in rows], np.int64),
    )


def _damaged(key: bytes, fault: DataFault) -> StoreUnavailable:
    return StoreUnavailable(f"Redis key {key!r}: {fault}")


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
