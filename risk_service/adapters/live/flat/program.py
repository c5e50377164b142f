"""A declaration as arrays, for loops that know nothing of Python objects."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from risk_service.adapters.live.flat import words as at
from risk_service.features.windows.layout import Layout
from risk_service.features.windows.moments import EVER_TILES
from risk_service.features.windows.plan import CompiledWindows
from risk_service.features.windows.tiles import EVER, UNIT_US, WINDOWS, Window

Ints = NDArray[np.int64]
_Rows = Iterable[tuple[int, ...]]

# Everything a window can be; the last is ``EVER``.
ALL_WINDOWS = (*WINDOWS, EVER)
EVER_WINDOW = len(WINDOWS)


class Program(NamedTuple):
    """One row of ``plans`` per key group; descriptors stand one after the other in ``operands``."""

    plans: Ints
    operands: Ints
    windows: Ints


def make_program(compiled: CompiledWindows) -> Program:
    """Return the arrays of a declaration."""
    operands: list[int] = []
    plans = np.zeros((len(compiled.plans), at.PLAN), np.int64)
    first_out = 0
    for row, plan in zip(plans, compiled.plans, strict=True):
        layout = plan.layout
        maps = len(layout.maps)
        row[at.VERSION] = plan.version
        row[at.ANY_BIT] = _any_bit(layout)
        row[at.TILE] = plan.tile
        row[at.FIRST_OUT], row[at.OUTS] = first_out, len(plan.names)
        row[at.HASHES] = at.COLUMNS + len(compiled.window_set.columns)
        row[at.STARTS] = at.HEAD + len(layout.seen) + len(layout.lasts) + 2 * maps
        for column, rows in _lists(layout, first_out):
            kept = list(rows)
            row[column], row[column + 1] = len(kept), len(operands)
            operands += [int(word) for descriptor in kept for word in descriptor]
        first_out += len(plan.names)
    windows = [
        (1, EVER_TILES) if w is EVER else (w.tile_us // UNIT_US, w.length_us // w.tile_us)
        for w in ALL_WINDOWS
    ]
    # A list may be empty, an array that is indexed may not.
    return Program(plans, np.array([*operands, 0], np.int64), np.array(windows, np.int64))


def _any_bit(layout: Layout) -> int:
    bits = 0
    for bit in (*(t.bit for t in layout.totals), *(m.bit for m in layout.maps), *layout.seen):
        bits |= bit
    return bits


def _lists(layout: Layout, first_out: int) -> list[tuple[int, _Rows]]:
    """Return the descriptors of a plan, each list with the column that has its length."""
    # The features in the order in which values are read.
    outs = iter(sorted(range(len(layout.order)), key=layout.order.__getitem__))
    totals = [(w, slot) for w, slots in layout.total_reads for slot in slots]
    ever = {slot for window, slot in totals if window is EVER}
    return [
        (at.N_TOTALS, [(t.bit, t.column, slot in ever) for slot, t in enumerate(layout.totals)]),
        (at.N_TOTAL_READS, [(_of(w), slot, first_out + next(outs)) for w, slot in totals]),
        (at.N_TIMED, [(_of(w),) for w, _ in layout.total_reads if w is not EVER]),
        (at.N_MAPS, [(m.bit, m.hash_index, m.cap, m.tile, _of(m.longest)) for m in layout.maps]),
        (at.N_DISTINCT, [(i, _of(w), first_out + next(outs)) for i, w in layout.distinct_reads]),
        (at.N_SEEN, [(bit,) for bit in layout.seen]),
        (at.N_SINCE, [(slot, _of(w), first_out + next(outs)) for slot, w in layout.since_reads]),
        (at.N_LASTS, [(last.bit, last.column, last.seen_slot) for last in layout.lasts]),
        (
            at.N_LAST_READS,
            [(i, seen, _of(w), first_out + next(outs)) for i, seen, w in layout.last_reads],
        ),
    ]


def _of(window: Window) -> int:
    return ALL_WINDOWS.index(window)
