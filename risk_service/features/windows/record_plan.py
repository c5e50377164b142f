"""The compiled form of a declaration: what an event does to a record, and how it is read.

Times inside a record are tiles: multiples of 10 s since 1970, as integers.
"""

import zlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from msgspec import Struct

from risk_service.features.windows.layout import COUNT_COLUMN, Layout, Terms, lay_out
from risk_service.features.windows.terms import KeyGroup, WindowSet
from risk_service.features.windows.tiles import (
    BY_NAME,
    EVER,
    NEVER_US,
    UNIT_US,
    Window,
    expiry_us,
    start_us,
)

MISSING = float("nan")
# Combinations of filters are few in life; a stranger's events must not fill the memory.
MAX_EFFECTS = 4_096
# Reaches back before every order, and not as far as ALWAYS_US: "nothing was seen yet".
EVER_TILES = 10**9

Picker = Callable[[Sequence[Any]], tuple[Any, ...]]


class Effect(Struct, frozen=True, gc=False):
    """What one event does to a record, by slot.

    ``counts`` are totals that grow by one, ``sums`` (slot, column) those that grow by a
    column, ``values`` (map, hash, tile width, cap), ``lasts`` (slot, column).
    """

    counts: tuple[int, ...]
    sums: tuple[tuple[int, int], ...]
    values: tuple[tuple[int, int, int, int], ...]
    seen: tuple[int, ...]
    lasts: tuple[tuple[int, int, int], ...]

    @property
    def is_none(self) -> bool:
        """Return whether the record stays as it is."""
        return not (self.counts or self.sums or self.values or self.seen)


class Moment(Struct, frozen=True, gc=False):
    """Where the windows of a plan start, for reads within one 10 s tile.

    Starts of ``totals`` (per picker), of ``distincts`` (per feature) are tiles; those of
    ``since_us`` and ``lasts_us`` (per feature) are microseconds.
    """

    tile: int
    totals: tuple[int, ...]
    distincts: tuple[int, ...]
    since_us: tuple[int, ...]
    lasts_us: tuple[int, ...]


class Thinning(Struct, frozen=True, gc=False):
    """What no read within or after one 10 s tile can tell apart any more.

    Rows before ``drop`` are in no window. ``merges`` (before, width): rows before that tile
    may have that width. Values of map i before ``forget[i]`` are in no window.
    """

    tile: int
    drop: int
    merges: tuple[tuple[int, int], ...]
    forget: tuple[int, ...]


class RecordPlan:
    """How the records of one key group are kept and read.

    Parameters
    ----------
    group
        The features of the record.
    window_set
        What they refer to.
    hashed
        Fields whose hashes an event brings, in their order.

    Attributes
    ----------
    version
        32 bits that change with anything that could change a stored record or its reading.
    """

    def __init__(self, group: KeyGroup, window_set: WindowSet, hashed: Sequence[str]) -> None:
        self.group = group
        self.features = group.features
        self.names = tuple(feature.name for feature in self.features)
        self.version = zlib.crc32(f"{window_set.version} {group.name}".encode())
        layout = lay_out(self.features, Terms(window_set, hashed))
        self.layout = layout
        self.tile = layout.tile
        timed = [(window, slots) for window, slots in layout.total_reads if window is not EVER]
        ever = [slot for window, slots in layout.total_reads if window is EVER for slot in slots]
        self.pick_before = tuple(picker(slots) for _, slots in timed)
        self.pick_now = picker([slot for _, slots in layout.total_reads for slot in slots])
        # What totals since ever are counted from.
        self.ever_zeros = (0,) * len(ever)
        self.keeps_base = tuple(int(slot in ever) for slot in range(len(layout.totals)))
        self.pick_maps = picker([index for index, _ in layout.distinct_reads])
        self.since_slots = tuple(slot for slot, _ in layout.since_reads)
        self.last_slots = tuple((slot, seen) for slot, seen, _ in layout.last_reads)
        self.arrange = picker(layout.order)
        self._total_windows = [window for window, _ in timed]
        self._starts = _Starts(layout, self._total_windows)
        self._longest = longest(BY_NAME[feature.window] for feature in self.features)
        self._moment = self._starts.moment(0)
        self._thinning = self._thinning_at(0)
        self._effects: dict[int, Effect] = {}

    def moment(self, r_us: int) -> Moment:
        """Return the starts of all windows for a read at ``r_us``."""
        tile = r_us // UNIT_US
        moment = self._moment
        if moment.tile != tile:
            moment = self._moment = self._starts.moment(tile)
        return moment

    def thinning(self, at_us: int) -> Thinning:
        """Return what may be thinned out when nothing is read before ``at_us`` any more."""
        tile = at_us // UNIT_US
        thinning = self._thinning
        if thinning.tile != tile:
            thinning = self._thinning = self._thinning_at(tile)
        return thinning

    def effect(self, bits: int) -> Effect:
        """Return what an event with these filter bits does."""
        effect = self._effects.get(bits)
        if effect is None:
            if len(self._effects) >= MAX_EFFECTS:
                self._effects.clear()
            effect = self._effects[bits] = self._effect_of(bits)
        return effect

    def expires_us(self, stamp_us: int) -> int:
        """Return when a record that was last changed at ``stamp_us`` reads as an empty one."""
        return expiry_us(self._longest, stamp_us)

    def _effect_of(self, bits: int) -> Effect:
        layout = self.layout
        totals = [
            (slot, total.column) for slot, total in enumerate(layout.totals) if total.bit & bits
        ]
        return Effect(
            counts=tuple(slot for slot, column in totals if column == COUNT_COLUMN),
            sums=tuple((slot, column) for slot, column in totals if column != COUNT_COLUMN),
            values=tuple(
                (index, item.hash_index, item.tile, item.cap)
                for index, item in enumerate(layout.maps)
                if item.bit & bits
            ),
            seen=tuple(slot for slot, bit in enumerate(layout.seen) if bit & bits),
            lasts=tuple(
                (slot, item.column, item.seen_slot)
                for slot, item in enumerate(layout.lasts)
                if item.bit & bits
            ),
        )

    def _thinning_at(self, tile: int) -> Thinning:
        at_us = tile * UNIT_US
        windows = self._total_windows
        starts = [start_us(window, at_us) // UNIT_US for window in windows]
        return Thinning(
            tile=tile,
            drop=min(starts, default=tile + 1),
            merges=tuple(_merges(windows, at_us)),
            forget=tuple(start_us(item.longest, at_us) // UNIT_US for item in self.layout.maps),
        )


class _Starts:
    """Works out where windows start; each window once, however many features have it."""

    def __init__(self, layout: Layout, totals: Sequence[Window]) -> None:
        distincts = [window for _, window in layout.distinct_reads]
        since = [window for _, window in layout.since_reads]
        lasts = [window for _, _, window in layout.last_reads]
        windows = list(dict.fromkeys([*totals, *distincts, *since, *lasts]))
        self._spans = [_span(window) for window in windows]
        self._pick = [
            picker([windows.index(window) for window in readers])
            for readers in (totals, distincts, since, lasts)
        ]

    def moment(self, tile: int) -> Moment:
        starts = [(tile // width - count) * width for width, count in self._spans]
        starts_us = [start * UNIT_US for start in starts]
        totals, distincts, since, lasts = self._pick
        return Moment(tile, totals(starts), distincts(starts), since(starts_us), lasts(starts_us))


def _span(window: Window) -> tuple[int, int]:
    """Return the width of the window's tiles in 10 s, and how many it reaches back."""
    if window is EVER:
        return 1, EVER_TILES
    return window.tile_us // UNIT_US, window.length_us // window.tile_us


def _merges(windows: Sequence[Window], at_us: int) -> Iterator[tuple[int, int]]:
    """Yield widths, narrow to wide, and the tile before which rows may have them.

    A wide tile may be merged when every window of finer tiles starts at its end or later.
    """
    for width_us in sorted({window.tile_us for window in windows})[1:]:
        before_us = min(start_us(w, at_us) for w in windows if w.tile_us < width_us)
        yield before_us // width_us * (width_us // UNIT_US), width_us // UNIT_US


def longest(windows: Iterable[Window]) -> Window:
    """Return the window that reaches furthest back."""
    return max(windows, key=lambda window: NEVER_US if window is EVER else window.length_us)


def picker(indices: Sequence[int]) -> Picker:
    """Return a function that takes these items of a sequence, always as a tuple."""
    if len(indices) > 1:
        return itemgetter(*indices)
    if not indices:
        return lambda _: ()
    (index,) = indices
    return lambda items: (items[index],)
