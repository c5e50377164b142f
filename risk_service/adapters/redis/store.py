"""The window store on Redis: one packed value per entity or pair, shared by all workers.

A group of events is one pipelined trip per node: a script that gives the events of each
entity their stamps, appends them, and returns what was stored before; one call for many
entities where one server holds all keys, one for each in a cluster. So reading and
applying are one step of the entity (r = a), nobody waits for another, and nothing is tried
twice. Entries that have gathered behind a record are folded into it by whoever reads them;
the fold rides at the head of the next trip.

Keys are ``<prefix>:<version of the group's plan>:<entity>``: workers with another
declaration have records of their own.
"""

from collections.abc import Sequence
from contextlib import closing
from functools import partial

import numpy as np
from numpy.typing import NDArray

from risk_service.adapters.redis.addresses import Address, Login
from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.layout import STAMP
from risk_service.adapters.redis.mending import set_aside
from risk_service.adapters.redis.node import RefusedCommand, Reply, require_hiredis
from risk_service.adapters.redis.plain import PlainEntities
from risk_service.adapters.redis.scripts import FOLD, FOREIGN, SCRIPTS, TAKE, command, plain_key
from risk_service.adapters.redis.trips import (
    Damaged,
    Fold,
    Keys,
    MakeEntities,
    SetAside,
    Trip,
    groups_of,
)
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.event import Event
from risk_service.feature_ports import ObservedEach, ReadRows
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.tiles import MAX_AGE_US, too_old

TIMEOUT_S = 0.05
# Kept decoded, 1.5 to 3 KB each: customers come back, and so do their devices, sellers, goods.
KEPT_ENTITIES = 32_768
# Entities of one command, where one server holds all keys: it answers nobody else meanwhile.
BATCH = 64
_LOGIN = Login()


class RedisWindowStore:
    """Implements ``feature_ports.WindowStore``. Used by one thread; each worker has its own.

    After ``StoreUnavailable`` an event may count with some of its entities and not with
    others. To call again with the same events completes it, and gives the stamps under
    which they count. Its cause is ``SetAside`` where keys held what was no value: they begin
    anew, and the next call does not meet it any more.

    Parameters
    ----------
    addresses
        One server, or some nodes of a cluster.
    prefix
        How every key begins; stores that share it share their records.
    timeout_s
        Longest wait of one call.
    entities
        Makes what keeps records decoded; ``PlainEntities`` needs nothing but Python.
    """

    def __init__(
        self,
        compiled: CompiledWindows,
        addresses: Sequence[Address],
        *,
        prefix: str = "w",
        timeout_s: float = TIMEOUT_S,
        login: Login = _LOGIN,
        entities: MakeEntities = PlainEntities,
    ) -> None:
        require_hiredis()
        self._groups = groups_of(compiled, prefix)
        widths = [len(plan.names) for plan in compiled.plans]
        ends = np.cumsum(widths).tolist()
        self._columns = [slice(end - width, end) for end, width in zip(ends, widths, strict=True)]
        self._cluster = Cluster(addresses, scripts=SCRIPTS, login=login, timeout_s=timeout_s)
        self._make_entities = partial(entities, compiled, self._groups, KEPT_ENTITIES)
        self._entities = self._make_entities()
        self._folds: list[Fold] = []

    def observe(self, events: Sequence[Event], now_us: int) -> ObservedEach:
        """Read each attempt's windows, then let it count; a repeated event id changes nothing.

        An attempt belongs to the stamp under which it is applied. A repeated one has the
        windows of now, and the stamp under which it was applied the first time. The stamp is 0
        where the event has no key or means nothing to the group.
        """
        trip = self._entities.attempts(events)
        self._go(trip, now_us)
        return ObservedEach(values=trip.values, read_us=trip.read_us, applied_us=trip.applied_us)

    def apply(self, events: Sequence[Event], now_us: int) -> NDArray[np.int64]:
        """Let life events and promotion actions count; a repeated event id changes nothing.

        The stamp is 0 where the event has no key, means nothing to the group or is too old.
        """
        applied_us = np.zeros((len(events), len(self._groups)), np.int64)
        places = [place for place, event in enumerate(events) if not too_old(event.at_us, now_us)]
        if places:
            young = [events[place] for place in places]
            trip = self._entities.others(young)
            self._go(trip, now_us)
            at_us = np.array([event.at_us for event in young], np.int64)
            is_young = at_us[:, None] >= trip.applied_us - MAX_AGE_US
            applied_us[places] = np.where(is_young, trip.applied_us, 0)
        return applied_us

    def count_again(
        self, events: Sequence[Event], keys: Keys, now_us: int, timeout_s: float
    ) -> None:
        """Let events count where they do not yet, each with some of its keys.

        Whatever their kind, they belong to their own times.

        Parameters
        ----------
        keys
            Of each event by key group, empty where it is not to count.
        timeout_s
            Longest wait: such a group may be larger than one that somebody waits for.
        """
        self._go(self._entities.others(events, keys), now_us, timeout_s)

    def was_ended(self) -> bool:
        """Return whether Redis ended a connection while nobody used it, and may have begun anew."""
        return self._cluster.was_ended()

    def forget(self) -> None:
        """Know nothing of any entity, and connect anew: Redis may have gone back behind us."""
        self._entities = self._make_entities()
        self._folds = []
        self._cluster.close()

    def read_many(
        self, requests: Sequence[tuple[int, Sequence[str]]], now_us: int
    ) -> list[ReadRows]:
        """Return the windows of other keys, for each group and its keys, in one trip.

        Every read is stamped as ``observe`` stamps: nothing is applied before it any more
        that it has not seen, whatever the clocks of other workers say.
        """
        trip, rows = self._entities.looks(requests)
        self._go(trip, now_us)
        values, read_us = trip.values, trip.read_us
        found = []
        for (group, _), of_keys in zip(requests, rows, strict=True):
            at = _together(of_keys)
            found.append(
                ReadRows(values=values[at, self._columns[group]], read_us=read_us[at, group])
            )
        return found

    def key_of(self, group: int, key: str) -> bytes:
        """Return the Redis key of an entity, as operators look for it."""
        return plain_key(self._groups[group].key(key))

    def close(self) -> None:
        """Close the connections; folds not sent yet are left to whoever reads next."""
        self._cluster.close()

    def _go(self, trip: Trip, now_us: int, timeout_s: float | None = None) -> None:
        """Make a trip; what it meets that is no value of an entity begins anew."""
        if not trip.keys:
            return
        try:
            self._send(trip, now_us, timeout_s)
        except (Damaged, StoreUnavailable) as error:
            if not _is_foreign(error):
                raise
            words, aside = self._set_aside(trip.keys)
            raise StoreUnavailable(words) from SetAside(aside)
        finally:
            self._folds += trip.finish()

    def _send(self, trip: Trip, now_us: int, timeout_s: float | None) -> None:
        """Send the calls of a trip behind the folds that are due, and take in what is said."""
        batch = BATCH if self._cluster.is_single else 1
        keys, commands = _folding(self._folds, batch)
        self._folds = []
        behind, calls, clock = len(keys), len(trip.keys), STAMP.pack(now_us)
        spans = [(first, min(first + batch, calls)) for first in range(0, calls, batch)]
        for first, last in spans:
            chosen = trip.keys[first:last]
            keys.append(plain_key(chosen[0]))
            commands.append(command(TAKE, chosen, clock + trip.parts(first, last)))
        with closing(self._cluster.run(keys, commands, timeout_s=timeout_s)) as replies:
            for place, reply in replies:
                if place >= behind:
                    trip.take(*spans[place - behind], _bytes(reply))

    def _set_aside(self, wires: Sequence[bytes]) -> tuple[str, list[bytes]]:
        """Let entities begin anew whose keys hold no value; return what to say, and the keys."""
        aside: list[bytes] = []
        try:
            for key in set_aside(self._cluster, self._groups, wires):
                aside.append(key)  # noqa: PERF402 - what is gone is told also where the rest fails
        except StoreUnavailable as error:
            return str(error), aside
        named = ", ".join([repr(key) for key in aside])
        return f"Redis: no value of an entity, which begins anew: {named or 'gone already'}", aside


def _folding(folds: Sequence[Fold], batch: int) -> tuple[list[bytes], list[bytes]]:
    """Return the first key of each command that folds, and the commands."""
    keys, commands = [], []
    for first in range(0, len(folds), batch):
        chosen = folds[first : first + batch]
        argument = b"".join([fold.part for fold in chosen])
        keys.append(plain_key(chosen[0].key))
        commands.append(command(FOLD, [fold.key for fold in chosen], argument))
    return keys, commands


def _is_foreign(error: Damaged | StoreUnavailable) -> bool:
    """Tell whether a script, or the reader of what it said, met a value that is none of ours."""
    cause = error.__cause__
    is_refused = isinstance(cause, RefusedCommand) and cause.kind == FOREIGN
    return is_refused or isinstance(error, Damaged)


def _together(rows: list[int]) -> slice | list[int]:
    """Return rows as a slice where they follow each other, which they do unless keys repeat.

    Numpy looks at a part of a matrix; rows that it picks one by one it copies.
    """
    first = rows[0] if rows else 0
    end = first + len(rows)
    return slice(first, end) if rows == list(range(first, end)) else rows


def _bytes(reply: Reply) -> bytes:
    if isinstance(reply, bytes):
        return reply
    raise StoreUnavailable(f"Redis gave {reply!r} where a value was expected")
