"""Cluster features: the records of an account's cluster and neighbours, added up.

What an order needs of other accounts is planned by ``ClusterFeatures.trip`` and turned into
columns by ``ClusterFeatures.rows``. The account's own values are those that its order's
first reading gave, the others' come from a second. Serving and the replay of a log call
the same ``rows``: an order's columns have the same bits whatever they are computed with.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_service.features.clusters.evidence import DAY_US
from risk_service.features.clusters.sources import ALONE, Source, sources_of
from risk_service.features.clusters.terms import FACTS, SCOPES, ClusterSet
from risk_service.features.clusters.view import ClusterView
from risk_service.features.windows.event import Event
from risk_service.features.windows.terms import WindowSet

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
MISSING = float("nan")
# Index of the row that stands for no record: the last one.
NO_ROW = -1
NO_FACTS = (MISSING,) * len(FACTS)


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """Which rows each order adds up: ``rows[starts[i] : starts[i + 1]]``, never none.

    A row below the number of orders is that order's own; then come those that were read,
    in the order of the keys; ``NO_ROW`` stands for a record that there is not.
    """

    rows: Ints
    starts: Ints


@dataclass(frozen=True, slots=True, kw_only=True)
class Trip:
    """What to read for a group of orders, and where it belongs.

    ``requests`` are (key group, keys), no key twice and no group without keys; ``facts`` has
    shape (orders, ``FACTS``); ``sides`` holds one ``Side`` per scope and source.
    """

    requests: tuple[tuple[int, tuple[str, ...]], ...]
    facts: Floats
    sides: dict[tuple[str, int], Side]


class ClusterFeatures:
    """Plans the second reading of orders and makes columns of what it gives.

    Parameters
    ----------
    window_set
        Declares the windows that features are made of.
    cluster_set
        Declares the features.

    Attributes
    ----------
    facts
        Columns that are facts: the column and the place among ``FACTS``.
    totals
        By scope, source and aggregate: the columns, and which of the source's they add up.

    Raises
    ------
    ConfigFault
        A feature's source is not a window feature keyed by the account.
    """

    def __init__(self, window_set: WindowSet, cluster_set: ClusterSet) -> None:
        self.account = cluster_set.rules.account
        self.names = cluster_set.names
        self.sources = sources_of(window_set, cluster_set)
        names = {
            name: (place, column)
            for place, source in enumerate(self.sources)
            for column, name in enumerate(source.names)
        }
        self.facts = [
            (at, FACTS.index(f.fact)) for at, f in enumerate(cluster_set.features) if f.fact
        ]
        self.totals: dict[tuple[str, int, str], tuple[list[int], list[int]]] = {}
        for at, feature in enumerate(cluster_set.features):
            if not feature.fact:
                place, column = names[feature.source]
                key = (feature.scope, place, feature.aggregate)
                outs, columns = self.totals.setdefault(key, ([], []))
                outs.append(at)
                columns.append(column)
        self.sides = tuple(dict.fromkeys((scope, place) for scope, place, _ in self.totals))

    def trip(self, views: Sequence[ClusterView[str] | None], events: Sequence[Event]) -> Trip:
        """Return what to read for some orders; None stands for an order without account."""
        keys: list[dict[str, int]] = [{} for _ in self.sources]
        sides = {}
        for scope, place in self.sides:
            others = [
                () if view is None
                else view.members if scope == SCOPES[0] else view.neighbours
                for view in views
            ]  # fmt: skip
            source = self.sources[place]
            rows = _other_rows(others, source, events, keys[place])
            if scope == SCOPES[0]:
                rows = [
                    found if view is None else [order, *found]
                    for order, (view, found) in enumerate(zip(views, rows, strict=True))
                ]
            sides[scope, place] = side_of([found or [NO_ROW] for found in rows])
        return Trip(
            requests=tuple(
                (source.group, tuple(known))
                for source, known in zip(self.sources, keys, strict=True)
                if known
            ),
            facts=facts_of(views),
            sides=sides,
        )

    def rows(self, trip: Trip, observed: Floats, read: Sequence[Floats]) -> Floats:
        """Return the cluster features of each order, NaN where missing.

        Parameters
        ----------
        trip
            The plan for these orders.
        observed
            All windows of the orders' own first reading, shape (orders, window features).
        read
            The answer to each request: shape (keys, features of the key group).
        """
        out = np.empty((len(trip.facts), len(self.names)))
        for at, fact in self.facts:
            out[:, at] = trip.facts[:, fact]
        answers = {group: values for (group, _), values in zip(trip.requests, read, strict=True)}
        values = [self._stacked(source, observed, answers) for source in self.sources]
        for (scope, place, aggregate), (outs, columns) in self.totals.items():
            side = trip.sides[scope, place]
            taken = values[place][side.rows][:, columns]
            out[:, outs] = _aggregated(aggregate, taken, side.starts)
        return out

    def _stacked(self, source: Source, observed: Floats, answers: dict[int, Floats]) -> Floats:
        """Return own rows, rows read, and one that is missing throughout."""
        own = observed[:, source.columns]
        missing = np.full((1, len(source.wanted)), MISSING)
        read = answers.get(source.group)
        if read is None:
            return np.concatenate([own, missing])
        return np.concatenate([own, read[:, source.wanted], missing])


def facts_of(views: Sequence[ClusterView[str] | ClusterView[int] | None]) -> Floats:
    """Return what views tell by themselves, shape (orders, ``FACTS``)."""
    facts = [
        NO_FACTS if view is None
        else (
            view.size,
            view.age_us / DAY_US,
            view.merges,
            view.hub_links,
            view.new_accounts,
            len(view.neighbours),
        )
        for view in views
    ]  # fmt: skip
    return np.array(facts, np.float64).reshape(len(views), len(FACTS))


def side_of(lists: Sequence[Sequence[int]]) -> Side:
    """Return a side from the rows of each order."""
    lengths = [len(rows) for rows in lists]
    starts = np.zeros(len(lists), np.int64)
    np.cumsum(lengths[:-1], out=starts[1:])
    return Side(rows=np.array([row for rows in lists for row in rows], np.int64), starts=starts)


def _other_rows(
    others: Sequence[tuple[str, ...]],
    source: Source,
    events: Sequence[Event],
    known: dict[str, int],
) -> list[list[int]]:
    """Return where each order's other accounts stand among the keys; adds new ones."""
    rows: list[list[int]] = []
    first = len(events)
    for accounts, event in zip(others, events, strict=True):
        if not accounts or not source.has_key(event):
            rows.append([])
            continue
        keys = accounts
        if source.beside != ALONE:
            keys = tuple([source.key(account, event) for account in accounts])
        rows.append([first + known.setdefault(key, len(known)) for key in keys])
    return rows


def _aggregated(aggregate: str, values: Floats, starts: Ints) -> Floats:
    """Add up the values that are there; NaN where none is."""
    there = ~np.isnan(values)
    counts = np.add.reduceat(there, starts, axis=0, dtype=np.int64)
    if aggregate == "max":
        total = np.maximum.reduceat(np.where(there, values, -np.inf), starts, axis=0)
    elif aggregate == "count":
        total = np.add.reduceat(there & (values > 0), starts, axis=0, dtype=np.float64)
    else:
        total = np.add.reduceat(np.where(there, values, 0.0), starts, axis=0)
    if aggregate == "mean":
        total = total / np.maximum(counts, 1)
    total[counts == 0] = MISSING
    return total
