"""The compiled form of a declaration: what an event does to a record, and how it is read.

Times inside a record are tiles: multiples of 10 s since 1970, as integers.
"""

import zlib
from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

from msgspec import Struct

from risk_service.features.windows.layout import COUNT_COLUMN, Terms, lay_out
from risk_service.features.windows.terms import KeyGroup, WindowSet
from risk_service.features.windows.tiles import (
    ALWAYS_US,
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
# Before every start and after ALWAYS_US, which stands for "nothing was seen yet".
FIRST_START_US = ALWAYS_US + 1

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
    """Where every window of a plan starts, for reads within one 10 s tile.

    ``totals`` pairs a start with what to pick of the row there. ``since`` and ``lasts`` carry
    the start in microseconds after their slots. ``merges`` (before, width): rows before that
    tile may have that width. No window reads totals before ``drop``, nor a map's values
    before its tile in ``forget``.
    """

    tile: int
    totals: tuple[tuple[int, Picker], ...]
    distincts: tuple[int, ...]
    since: tuple[tuple[int, int], ...]
    lasts: tuple[tuple[int, int, int], ...]
    merges: tuple[tuple[int, int], ...]
    drop: int
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
        timed = [read for read in layout.total_reads if read[0] is not EVER]
        ever = [slot for window, slots in layout.total_reads if window is EVER for slot in slots]
        self._timed = [(window, picker(slots)) for window, slots in timed]
        self.pick_now = picker([slot for _, slots in layout.total_reads for slot in slots])
        # What totals since ever are counted from.
        self.ever_zeros = (0,) * len(ever)
        self.keeps_base = tuple(int(slot in ever) for slot in range(len(layout.totals)))
        self.pick_maps = picker([index for index, _ in layout.distinct_reads])
        self.arrange = picker(layout.order)
        self._longest = longest(BY_NAME[feature.window] for feature in self.features)
        self._moment = self._moment_at(0)
        self._effects: dict[int, Effect] = {}

    def moment(self, r_us: int) -> Moment:
        """Return the starts of all windows for a read at ``r_us``."""
        tile = r_us // UNIT_US
        moment = self._moment
        if moment.tile != tile:
            moment = self._moment = self._moment_at(tile)
        return moment

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

    def _moment_at(self, tile: int) -> Moment:
        layout = self.layout
        at_us = tile * UNIT_US
        return Moment(
            tile=tile,
            totals=tuple((_start(window, at_us), pick) for window, pick in self._timed),
            distincts=tuple(_start(window, at_us) for _, window in layout.distinct_reads),
            since=tuple((slot, _since(window, at_us)) for slot, window in layout.since_reads),
            lasts=tuple(
                (slot, seen, _since(window, at_us)) for slot, seen, window in layout.last_reads
            ),
            merges=tuple(self._merges(at_us)),
            drop=min((_start(window, at_us) for window, _ in self._timed), default=tile + 1),
            forget=tuple(_start(item.longest, at_us) for item in layout.maps),
        )

    def _merges(self, at_us: int) -> Iterable[tuple[int, int]]:
        """Yield widths, narrow to wide, and the tile before which rows may have them.

        A wide tile may be merged when every window of finer tiles starts at its end or later.
        """
        windows = [window for window, _ in self._timed]
        for width in sorted({window.tile_us for window in windows})[1:]:
            before_us = min(start_us(w, at_us) for w in windows if w.tile_us < width)
            yield before_us // width * (width // UNIT_US), width // UNIT_US


def _start(window: Window, at_us: int) -> int:
    return start_us(window, at_us) // UNIT_US


def _since(window: Window, at_us: int) -> int:
    return max(FIRST_START_US, start_us(window, at_us))


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
