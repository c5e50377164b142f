"""Adds up the records of linked accounts where they lie."""

import struct
from collections.abc import Callable, Sequence

import numpy as np

from risk_service.adapters.live.flat import words as at
from risk_service.adapters.live.flat.blocks import free_all
from risk_service.adapters.live.flat.memory import Floats, Ints
from risk_service.adapters.live.flat.program import Program
from risk_service.adapters.live.flat.space import Space
from risk_service.adapters.live.flat.sums import (
    COUNT,
    MAX,
    MEAN,
    NOBODY,
    SPAN,
    SUM,
    Asked,
    Sums,
    add_up,
)
from risk_service.adapters.live.records_file import RecordKey
from risk_service.features.clusters.evidence import DAY_US
from risk_service.features.clusters.features import NO_FACTS, ClusterFeatures
from risk_service.features.clusters.others import Views
from risk_service.features.clusters.terms import FACTS, SCOPES
from risk_service.features.windows.event import Event

HOW = {"sum": SUM, "mean": MEAN, "max": MAX, "count": COUNT}
NO_SPAN = (NOBODY, 0, 0, 0)

Wanted = list[RecordKey]
# Returns the blocks of records, and those among them that must be freed again.
Find = Callable[[Wanted], tuple[Ints, Ints]]


class FlatAdder:
    """Implements ``keeper.Adder``.

    Parameters
    ----------
    find
        Finds the blocks of records; those of an empty key are 0.
    """

    def __init__(
        self, features: ClusterFeatures, space: Space, program: Program, find: Find
    ) -> None:
        self._features = features
        self._space = space
        self._program = program
        self._find = find
        self._sums = _sums(features)
        self._pack_facts = struct.Struct(f"{len(FACTS)}d").pack
        self._no_facts = self._pack_facts(*NO_FACTS)
        self._width = int(program.plans[-1, at.FIRST_OUT] + program.plans[-1, at.OUTS])
        # Load the loop, or compile it: better now than under the first order.
        nobody = Event("", 0, 0, (), ())
        self.rows([None], [nobody], np.empty((1, self._width)), 0)

    def rows(self, views: Views, events: Sequence[Event], observed: Floats, r_us: int) -> Floats:
        """Return the cluster features of the orders of a group, NaN where missing."""
        near: list[int] = []
        wanted: Wanted = []
        spans = self._spans(views, events, wanted, near)
        blocks, loaded = self._find(wanted)
        cells = blocks.reshape(-1, len(self._features.sources))
        asked = Asked(
            spans=np.array(spans, np.int64).reshape(len(views), SPAN),
            facts=self._facts(views),
            blocks=cells,
            near=np.array(near, np.int64),
            own=observed,
            read=np.empty((len(cells), self._width)),
            line=np.empty(len(cells) + 1),
        )
        out = np.empty((len(views), len(self._features.names)))
        memory = self._space.memory
        add_up(memory.words, tuple(self._program), tuple(self._sums), tuple(asked), out, r_us)
        if len(loaded):
            free_all(memory, loaded)
        return out

    def _spans(
        self, views: Views, events: Sequence[Event], wanted: Wanted, near: list[int]
    ) -> list[int]:
        """Return the span of each order; ``wanted`` gets the records of its cells."""
        spans: list[int] = []
        sources, first = self._features.sources, 0
        for view, event in zip(views, events, strict=True):
            if view is None:
                spans += NO_SPAN
                continue
            others, near_first = view.others, len(near)
            wanted += [
                (source.group, source.key(account, event) if source.has_key(event) else "")
                for account in others
                for source in sources
            ]
            near += [first + others.index(account) for account in view.neighbours]
            spans += (first, first + len(view.members), near_first, len(near))
            first += len(others)
        return spans

    def _facts(self, views: Views) -> Floats:
        pack = self._pack_facts
        rows = [
            self._no_facts if view is None
            else pack(
                view.size,
                view.age_us / DAY_US,
                view.merges,
                view.hub_links,
                view.new_accounts,
                len(view.neighbours),
            )
            for view in views
        ]  # fmt: skip
        return np.frombuffer(b"".join(rows)).reshape(len(views), len(FACTS))


def _sums(features: ClusterFeatures) -> Sums:
    """Return what is declared as arrays; columns are those among all windows."""
    totals = [
        (scope == SCOPES[0], HOW[aggregate], out, features.sources[place].columns[column])
        for (scope, place, aggregate), (outs, columns) in features.totals.items()
        for out, column in zip(outs, columns, strict=True)
    ]
    return Sums(
        np.array([source.group for source in features.sources], np.int64),
        np.array(features.facts, np.int64).reshape(-1, 2),
        np.array(totals, np.int64).reshape(-1, 4),
    )
