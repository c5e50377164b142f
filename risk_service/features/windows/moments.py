"""Where windows start at one moment, and what of a record no later read can tell apart.

Times inside a record are tiles: multiples of 10 s since 1970, as integers.
"""

from collections.abc import Callable, Iterator, Sequence
from operator import itemgetter
from typing import Any

from msgspec import Struct

from risk_service.features.windows.layout import Layout
from risk_service.features.windows.tiles import EVER, UNIT_US, Window, start_us

# Reaches back before every order, and not as far as ALWAYS_US: "nothing was seen yet".
EVER_TILES = 10**9

Picker = Callable[[Sequence[Any]], tuple[Any, ...]]


class Moment(Struct, frozen=True, gc=False):
    """Where the windows of a plan start, for reads within one 10 s tile.

    ``totals`` pairs a start with what to pick of the row there, ``distincts`` a map with a
    start, ``since`` (slot, start in microseconds), ``lasts`` (slot, seen slot, start in
    microseconds). Other starts are tiles.
    """

    tile: int
    totals: tuple[tuple[int, Picker], ...]
    distincts: tuple[tuple[int, int], ...]
    since: tuple[tuple[int, int], ...]
    lasts: tuple[tuple[int, int, int], ...]


class Thinning(Struct, frozen=True, gc=False):
    """What no read within or after one 10 s tile can tell apart any more.

    Rows before ``drop`` are in no window. ``merges`` (before, width): rows before that tile
    may have that width. Values of map i before ``forget[i]`` are in no window.
    """

    tile: int
    drop: int
    merges: tuple[tuple[int, int], ...]
    forget: tuple[int, ...]


class Starts:
    """Works out where the windows of a layout start; each window once, however often read."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        timed = [(window, slots) for window, slots in layout.total_reads if window is not EVER]
        self._timed = [window for window, _ in timed]
        self._pickers = [picker(slots) for _, slots in timed]
        readers = (
            self._timed,
            [window for _, window in layout.distinct_reads],
            [window for _, window in layout.since_reads],
            [window for _, _, window in layout.last_reads],
        )
        windows = list(dict.fromkeys(window for some in readers for window in some))
        self._spans = [_span(window) for window in windows]
        self._places = [picker([windows.index(window) for window in some]) for some in readers]
        self._maps = [index for index, _ in layout.distinct_reads]
        self._since = [slot for slot, _ in layout.since_reads]
        self._lasts = [(slot, seen) for slot, seen, _ in layout.last_reads]

    def moment(self, tile: int) -> Moment:
        """Return the starts for reads within a tile."""
        starts = [(tile // width - count) * width for width, count in self._spans]
        totals, distincts, since, lasts = (place(starts) for place in self._places)
        return Moment(
            tile,
            tuple(zip(totals, self._pickers, strict=True)),
            tuple(zip(self._maps, distincts, strict=True)),
            tuple([(i, at * UNIT_US) for i, at in zip(self._since, since, strict=True)]),
            tuple([(i, j, at * UNIT_US) for (i, j), at in zip(self._lasts, lasts, strict=True)]),
        )

    def thinning(self, tile: int) -> Thinning:
        """Return what may be thinned out when nothing before a tile is read any more."""
        at_us = tile * UNIT_US
        starts = [start_us(window, at_us) // UNIT_US for window in self._timed]
        return Thinning(
            tile=tile,
            drop=min(starts, default=tile + 1),
            merges=tuple(_merges(self._timed, at_us)),
            forget=tuple(start_us(item.longest, at_us) // UNIT_US for item in self._layout.maps),
        )


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


def picker(indices: Sequence[int]) -> Picker:
    """Return a function that takes these items of a sequence, always as a tuple."""
    if len(indices) > 1:
        return itemgetter(*indices)
    if not indices:
        return lambda _: ()
    (index,) = indices
    return lambda items: (items[index],)
