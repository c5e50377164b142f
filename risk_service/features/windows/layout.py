"""Where a record keeps what its features need: slots shared by features of many windows."""

from collections.abc import Hashable, Iterable, Iterator, Sequence
from itertools import groupby
from typing import TypeVar

from msgspec import Struct

from risk_service.features.windows.terms import WindowFeature, WindowSet
from risk_service.features.windows.tiles import BY_NAME, DAY_US, EVER, NEVER_US, UNIT_US, Window

_Key = TypeVar("_Key", bound=Hashable)

COUNT_COLUMN = -1
# Tile of what no window reads: totals since ever need no finer rows.
LONGEST_TILE = DAY_US // UNIT_US


class Total(Struct, frozen=True, gc=False):
    """A running total of events (``COUNT_COLUMN``) or of a column; ``bit`` is the filter's."""

    bit: int
    column: int


class ValueMap(Struct, frozen=True, gc=False):
    """Values with the last tile they were seen in; ``tile`` is its width in 10 s."""

    bit: int
    hash_index: int
    cap: int
    tile: int
    longest: Window


class Last(Struct, frozen=True, gc=False):
    """The column's value of the latest event, whose time stands in ``seen_slot``."""

    bit: int
    column: int
    seen_slot: int


class Layout(Struct, frozen=True, kw_only=True):
    """Slots of a record, and which of them each read takes.

    Values are read in the order totals (window by window, since ever last), distinct,
    since, last; ``order[i]`` is the place of feature i among them.
    """

    totals: tuple[Total, ...]
    tile: int
    total_reads: tuple[tuple[Window, tuple[int, ...]], ...]
    maps: tuple[ValueMap, ...]
    distinct_reads: tuple[tuple[int, Window], ...]
    seen: tuple[int, ...]
    since_reads: tuple[tuple[int, Window], ...]
    lasts: tuple[Last, ...]
    last_reads: tuple[tuple[int, int, Window], ...]
    order: tuple[int, ...]


def lay_out(features: Sequence[WindowFeature], terms: "Terms") -> Layout:
    """Give every feature its slots."""
    totals = _of(features, ("count", "sum"))
    distinct, since, last = (_of(features, (m,)) for m in ("distinct", "since", "last"))
    total_slots = _slots(terms.total(feature) for _, feature in totals)
    map_slots = _slots(terms.values(feature) for _, feature in distinct)
    seen_slots = _slots(terms.bit(feature) for _, feature in (*since, *last))
    last_slots = _slots((terms.bit(f), terms.columns[f.of]) for _, f in last)
    totals.sort(key=lambda item: _rank(BY_NAME[item[1].window]))
    read = [index for index, _ in (*totals, *distinct, *since, *last)]
    return Layout(
        totals=tuple(Total(*slot) for slot in total_slots),
        tile=_finest([feature for _, feature in totals]),
        total_reads=tuple(_by_window(totals, total_slots, terms)),
        maps=tuple(_value_map(slot, distinct, terms) for slot in map_slots),
        distinct_reads=tuple((map_slots[terms.values(f)], BY_NAME[f.window]) for _, f in distinct),
        seen=tuple(seen_slots),
        since_reads=tuple((seen_slots[terms.bit(f)], BY_NAME[f.window]) for _, f in since),
        lasts=tuple(Last(bit, column, seen_slots[bit]) for bit, column in last_slots),
        last_reads=tuple(
            (
                last_slots[terms.bit(f), terms.columns[f.of]],
                seen_slots[terms.bit(f)],
                BY_NAME[f.window],
            )
            for _, f in last
        ),
        order=tuple(read.index(index) for index in range(len(features))),
    )


class Terms:
    """Names of a declaration as the numbers that a record knows them by."""

    def __init__(self, window_set: WindowSet, hashed: Sequence[str]) -> None:
        self.bits = {item.name: 1 << i for i, item in enumerate(window_set.filters)}
        self.columns = {name: i for i, name in enumerate(window_set.columns)}
        self.hashes = {name: i for i, name in enumerate(hashed)}

    def bit(self, feature: WindowFeature) -> int:
        """Return the bit of the feature's filter."""
        return self.bits[feature.events]

    def total(self, feature: WindowFeature) -> tuple[int, int]:
        """Return which running total a count or a sum reads."""
        column = COUNT_COLUMN if feature.measure == "count" else self.columns[feature.of]
        return self.bit(feature), column

    def values(self, feature: WindowFeature) -> tuple[int, int, int]:
        """Return which map a distinct reads."""
        return self.bit(feature), self.hashes[feature.of], feature.cap


_Item = tuple[int, WindowFeature]


def _of(features: Sequence[WindowFeature], measures: tuple[str, ...]) -> list[_Item]:
    return [(i, feature) for i, feature in enumerate(features) if feature.measure in measures]


def _slots(keys: Iterable[_Key]) -> dict[_Key, int]:
    return {key: slot for slot, key in enumerate(dict.fromkeys(keys))}


def _rank(window: Window) -> int:
    return NEVER_US if window is EVER else window.length_us


def _tile(window: Window) -> int:
    return LONGEST_TILE if window is EVER else window.tile_us // UNIT_US


def _finest(features: Iterable[WindowFeature]) -> int:
    return min((_tile(BY_NAME[feature.window]) for feature in features), default=LONGEST_TILE)


def _by_window(
    totals: Sequence[_Item], slots: dict[tuple[int, int], int], terms: Terms
) -> Iterator[tuple[Window, tuple[int, ...]]]:
    for name, items in groupby(totals, key=lambda item: item[1].window):
        yield BY_NAME[name], tuple(slots[terms.total(feature)] for _, feature in items)


def _value_map(slot: tuple[int, int, int], distinct: Sequence[_Item], terms: Terms) -> ValueMap:
    readers = [feature for _, feature in distinct if terms.values(feature) == slot]
    longest = max((BY_NAME[feature.window] for feature in readers), key=_rank)
    bit, hash_index, cap = slot
    return ValueMap(bit, hash_index, cap, _finest(readers), longest)
