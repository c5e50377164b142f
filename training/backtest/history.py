"""History variables of every event of a period, from the events before it and only those.

An event sees the events that stand before it in the data set: earlier ones, and of its own
time those of an earlier row of the source. A label is seen when it was known by the event's
time and is that of an earlier event. The windows are those of ``training.windows`` (its
kernels compute them), the edges as ``lengths`` says. Linear in the events, whatever the heat
of a key; distinct values are not capped.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from training.backtest.kernels import firsts, float_sums, greatest
from training.backtest.lengths import Edges, window_of
from training.windows import kernels
from training.windows.part import expiries_us

Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]
MISSING = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What happened to keys: events, or labels that became known.

    One element per fact: ``key`` numbers the key (-1 none), ``place`` is the number of events
    that precede or are the fact, less one: an event is seen by those with a greater place.
    ``at_us`` is the time the fact belongs to. ``place`` never falls.
    """

    key: Int32s
    place: Int64s
    at_us: Int64s


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    """The events that read: those of places ``start`` to ``stop``, with their keys and times."""

    start: int
    stop: int
    key: Int32s
    at_us: Int64s


@dataclass(slots=True, kw_only=True)
class KeyHistory:
    """Facts and reads of one key, entity by entity; what variables share is computed once.

    ``facts`` are places among the facts given, ``reads`` places in the period.
    """

    edges: Edges
    rows: int
    facts: Int32s
    reads: Int32s
    entity: Int32s
    fact_starts: Int64s
    read_starts: Int64s
    at_us: Int64s
    read_us: Int64s
    born: Int32s
    _gone: dict[str, Int32s] = field(default_factory=dict)

    def count(self, chosen: Flags, window: str) -> Floats:
        """Return how many of the chosen facts each read sees."""
        mine = self._mine(chosen)
        found = kernels.counts(mine, self.born, self.gone(window), self.read_us.size)
        return self._spread(found.astype(np.float64))

    def total(self, chosen: Flags, amounts: Int64s, window: str) -> Floats:
        """Return the sum of the chosen facts' amounts, exact up to 2^53."""
        mine = self._mine(chosen)
        theirs = amounts[self.facts[mine]]
        found = kernels.sums(mine, self.born, self.gone(window), theirs, self.read_us.size)
        return self._spread(found.astype(np.float64))

    def total_of_floats(self, chosen: Flags, values: Floats, window: str) -> Floats:
        """Return the sum of the chosen facts' values, right to a rounding.

        NaN where it is beyond the greatest number there is.
        """
        mine = self._mine(chosen)
        spans = (self.born, self.gone(window))
        found = float_sums(
            mine, spans, values[self.facts[mine]], self.fact_starts, self.read_starts
        )
        return self._spread(np.where(np.isfinite(found), found, np.nan))

    def distinct(self, chosen: Flags, codes: Int32s, window: str) -> Floats:
        """Return how many different codes the chosen facts have; -1 is none."""
        mine = self._mine(chosen)
        theirs = codes[self.facts[mine]].astype(np.int64)
        numbers, _ = kernels.dense_pairs(self.entity[mine].astype(np.int64), theirs)
        numbers[theirs == MISSING] = MISSING
        found = kernels.distincts(mine, self.born, self.gone(window), numbers, self.read_us.size)
        return self._spread(found.astype(np.float64))

    def greatest(self, chosen: Flags, values: Floats, window: str) -> Floats:
        """Return the greatest of the chosen facts' values; NaN when there is none."""
        mine = self._mine(chosen)
        theirs = values[self.facts[mine]]
        spans = (self.born, self.gone(window))
        return self._spread(greatest(mine, spans, theirs, self.fact_starts, self.read_starts))

    def newest(self, chosen: Flags) -> Int32s:
        """Return the newest chosen fact of each row of the period; -1 is none."""
        mine = self._mine(chosen)
        found = kernels.newest(mine, self.born, self.at_us, self.fact_starts, self.read_starts)
        return self._facts_of(found)

    def first(self, chosen: Flags) -> Int32s:
        """Return the first chosen fact of each row of the period; -1 is none."""
        mine = self._mine(chosen)
        return self._facts_of(firsts(mine, self.born, self.fact_starts, self.read_starts))

    def gone(self, name: str) -> Int32s:
        """Return the first read that each fact does not count for any more."""
        if name not in self._gone:
            window = window_of(name, self.edges)
            if window is None:
                raise ValueError(f"{name} is not a window")
            self._gone[name] = kernels.expiries(
                expiries_us(window, self.at_us),
                self.read_us,
                self.born,
                self.fact_starts,
                self.read_starts,
            )
        return self._gone[name]

    def _mine(self, chosen: Flags) -> Int32s:
        return np.flatnonzero(chosen[self.facts]).astype(np.int32)

    def _facts_of(self, found: Int32s) -> Int32s:
        out = np.full(self.rows, MISSING, np.int32)
        seen = found != MISSING
        out[self.reads[seen]] = self.facts[found[seen]]
        return out

    def _spread(self, values: Floats) -> Floats:
        """Return one value per row of the period, NaN where the key is missing."""
        out = np.full(self.rows, np.nan)
        out[self.reads] = values
        return out


def key_history(facts: Facts, period: Period, edges: Edges, *, with_now: bool) -> KeyHistory:
    """Group facts and reads by key.

    Parameters
    ----------
    with_now
        Each event sees itself too.
    """
    with_key = np.flatnonzero(facts.key != MISSING)
    reading = np.flatnonzero(period.key != MISSING)
    size = 1 + max(int(facts.key.max(initial=-1)), int(period.key.max(initial=-1)))
    order, fact_starts = kernels.grouped(facts.key[with_key], size)
    read_order, read_starts = kernels.grouped(period.key[reading], size)
    mine = with_key[order].astype(np.int32)
    reads = reading[read_order].astype(np.int32)
    arrived = facts.place[mine] - (1 if with_now else 0)
    return KeyHistory(
        edges=edges,
        rows=period.stop - period.start,
        facts=mine,
        reads=reads,
        entity=facts.key[mine],
        fact_starts=fact_starts,
        read_starts=read_starts,
        at_us=facts.at_us[mine],
        read_us=period.at_us[reads],
        born=kernels.births(
            arrived, reads.astype(np.int64) + period.start, fact_starts, read_starts
        ),
    )


def joined_keys(columns: list[Int32s]) -> Int32s:
    """Return one number per combination of codes, -1 where any is missing."""
    found = columns[0]
    for other in columns[1:]:
        numbers, _ = kernels.dense_pairs(found.astype(np.int64), other.astype(np.int64))
        found = np.where((found == MISSING) | (other == MISSING), np.int32(MISSING), numbers)
    return found
