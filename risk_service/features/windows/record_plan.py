"""The compiled form of a declaration: what an event does to a record, and how it is read.

Times inside a record are tiles: multiples of 10 s since 1970, as integers.
"""

import zlib
from collections.abc import Iterable, Sequence

from msgspec import Struct

from risk_service.features.windows.layout import COUNT_COLUMN, Terms, lay_out
from risk_service.features.windows.moments import Moment, Starts, Thinning, picker
from risk_service.features.windows.terms import KeyGroup, WindowSet
from risk_service.features.windows.tiles import (
    BY_NAME,
    EVER,
    NEVER_US,
    UNIT_US,
    Window,
    expiry_us,
)

__all__ = ["MISSING", "Effect", "RecordPlan", "Thinning", "picker"]

MISSING = float("nan")
# Combinations of filters are few in life; a stranger's events must not fill the memory.
MAX_EFFECTS = 4_096


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
    current
        The moment of the latest read: most reads fall into the same 10 s.
    """

    def __init__(self, group: KeyGroup, window_set: WindowSet, hashed: Sequence[str]) -> None:
        self.group = group
        self.features = group.features
        self.names = tuple(feature.name for feature in self.features)
        self.version = zlib.crc32(f"{window_set.version} {group.name}".encode())
        layout = lay_out(self.features, Terms(window_set, hashed))
        self.layout = layout
        self.tile = layout.tile
        reads = layout.total_reads
        self.pick_now = picker([slot for _, slots in reads for slot in slots])
        ever = [slot for window, slots in reads if window is EVER for slot in slots]
        # What totals since ever are counted from.
        self.ever_zeros = (0,) * len(ever)
        self.drops_base = tuple(int(slot not in ever) for slot in range(len(layout.totals)))
        self.arrange = picker(layout.order)
        self._longest = longest(BY_NAME[feature.window] for feature in self.features)
        self._starts = Starts(layout)
        self.current = self._starts.moment(0)
        self._thinning = self._starts.thinning(0)
        self._effects: dict[int, Effect] = {}

    def moment(self, r_us: int) -> Moment:
        """Return the starts of all windows for a read at ``r_us``."""
        tile = r_us // UNIT_US
        moment = self.current
        if moment.tile != tile:
            moment = self.current = self._starts.moment(tile)
        return moment

    def thinning(self, at_us: int) -> Thinning:
        """Return what may be thinned out when nothing is read before ``at_us`` any more."""
        tile = at_us // UNIT_US
        thinning = self._thinning
        if thinning.tile != tile:
            thinning = self._thinning = self._starts.thinning(tile)
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


def longest(windows: Iterable[Window]) -> Window:
    """Return the window that reaches furthest back."""
    return max(windows, key=lambda window: NEVER_US if window is EVER else window.length_us)
