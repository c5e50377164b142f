"""What one entity keeps, and how its windows are read.

A record is a list of tiles with running totals, per distinct a map of values to the last
tile they were seen in, and times last seen. A window is the total now less the total
before its start: one binary search, whatever the heat of the entity. Old tiles are merged
into the wider ones that the remaining windows need, so rows stay a few hundred.
Limits: totals are int64; they are exact in the packed form and in Python.
"""

from bisect import bisect_left, insort
from operator import mul, sub

from msgspec import DecodeError, Struct, msgpack

from risk_service.domain.errors import DataFault
from risk_service.features.windows.record_plan import MISSING, RecordPlan, Thinning
from risk_service.features.windows.tiles import ALWAYS_US, UNIT_US

# Rows that are let grow before old tiles are merged; doubles with what is left of them.
FIRST_LIMIT = 32
# So few are not worth merging: they cost less than the search for what to merge.
FEW_ROWS = 4
UNSEEN_US = ALWAYS_US


class _Packed(Struct, array_like=True, gc=False):
    """A record as msgpack: its lists as they are, so that no Python runs per element."""

    version: int
    stamp_us: int
    starts: list[int]
    rows: list[list[int]]
    maps: list[dict[int, int]]
    seen: list[int]
    lasts: list[int]


_ENCODER = msgpack.Encoder()
_DECODER = msgpack.Decoder(_Packed)


class Record:
    """The windows of one entity or pair.

    Stamps never go back: neither those under which events are applied nor those of reads.
    Repeated events are the caller's to leave out.

    Parameters
    ----------
    plan
        What the record keeps.

    Attributes
    ----------
    stamp_us
        The greatest stamp applied so far; 0 for an empty record.
    """

    __slots__ = ("_lasts", "_limit", "_maps", "_rows", "_seen", "_starts", "_tiles", "plan",
                 "stamp_us")  # fmt: skip

    def __init__(self, plan: RecordPlan) -> None:
        layout = plan.layout
        self.plan = plan
        self.stamp_us = 0
        # starts[i] is a tile, rows[i + 1] the totals up to its end, rows[0] those before all.
        self._starts: list[int] = []
        self._rows: list[list[int]] = [[0] * len(layout.totals)]
        self._maps: list[dict[int, int]] = [{} for _ in layout.maps]
        # The tiles of each map, sorted.
        self._tiles: list[list[int]] = [[] for _ in layout.maps]
        self._seen = [UNSEEN_US] * len(layout.seen)
        self._lasts = [0] * len(layout.lasts)
        self._limit = FIRST_LIMIT

    @property
    def row_count(self) -> int:
        """Tiles and values kept: what memory grows with."""
        return len(self._starts) + sum(map(len, self._tiles))

    def apply(
        self,
        a_us: int,
        tau_us: int,
        bits: int,
        columns: tuple[int, ...],
        hashes: tuple[int, ...],
    ) -> None:
        """Let an event count.

        Parameters
        ----------
        a_us, tau_us
            The stamp under which it is applied, and its effective time.
        bits, hashes
            As ``CompiledWindows`` gives them.
        columns
            The event's columns.
        """
        effect = self.plan.effect(bits)
        if a_us > self.stamp_us:
            self.stamp_us = a_us
        tile = tau_us // UNIT_US
        if effect.counts or effect.sums:
            self._add(tile - tile % self.plan.tile, effect.counts, effect.sums, columns)
        for index, hash_index, width, cap in effect.values:
            value = hashes[hash_index]
            if value:
                _see(self._maps[index], self._tiles[index], value, tile - tile % width, cap)
        for slot, column, seen_slot in effect.lasts:
            if tau_us >= self._seen[seen_slot]:
                self._lasts[slot] = columns[column]
        for slot in effect.seen:
            if tau_us > self._seen[slot]:
                self._seen[slot] = tau_us

    def copy(self) -> "Record":
        """Return an independent record of the same state; they share rows, which never change."""
        record = Record.__new__(Record)
        record.plan = self.plan
        record.stamp_us = self.stamp_us
        record._starts = self._starts.copy()
        record._rows = self._rows.copy()
        record._maps = [values.copy() for values in self._maps]
        record._tiles = [tiles.copy() for tiles in self._tiles]
        record._seen = self._seen.copy()
        record._lasts = self._lasts.copy()
        record._limit = self._limit
        return record

    def _add(
        self,
        tile: int,
        counts: tuple[int, ...],
        sums: tuple[tuple[int, int], ...],
        columns: tuple[int, ...],
    ) -> None:
        starts, rows = self._starts, self._rows
        if len(starts) >= self._limit:
            self._merge(self.plan.thinning(self.stamp_us))
            self._limit = max(FIRST_LIMIT, 2 * len(starts))
        if not starts or tile > starts[-1]:
            first = len(rows)
            starts.append(tile)
            rows.append(rows[-1])
        else:
            place = bisect_left(starts, tile)
            first = place + 1
            if starts[place] != tile:
                starts.insert(place, tile)
                rows.insert(first, rows[place])
        for at in range(first, len(rows)):
            # A copy of the record may have the same row.
            row = rows[at] = rows[at].copy()
            for slot in counts:
                row[slot] += 1
            for slot, column in sums:
                row[slot] += columns[column]

    def read(self, r_us: int) -> list[float]:
        """Return the features at ``r_us``; NaN where last or since have no event."""
        plan = self.plan
        moment = plan.current
        if moment.tile != r_us // UNIT_US:
            moment = plan.moment(r_us)
        starts, rows, all_tiles = self._starts, self._rows, self._tiles
        before: list[int] = []
        for start, pick in moment.totals:
            before += pick(rows[bisect_left(starts, start)])
        before += plan.ever_zeros
        values: list[float] = list(map(sub, plan.pick_now(rows[-1]), before))
        for index, start in moment.distincts:
            tiles = all_tiles[index]
            values.append(len(tiles) - bisect_left(tiles, start))
        for slot, start_us in moment.since:
            seen_us = self._seen[slot]
            values.append((r_us - seen_us) / 1e6 if seen_us >= start_us else MISSING)
        for slot, seen_slot, start_us in moment.lasts:
            values.append(self._lasts[slot] if self._seen[seen_slot] >= start_us else MISSING)
        return list(map(float, plan.arrange(values)))

    def _merge(self, thinning: Thinning) -> None:
        """Drop rows that no window tells from their neighbours any more."""
        starts, rows = self._starts, self._rows
        if len(starts) <= FEW_ROWS:
            return
        drop = bisect_left(starts, thinning.drop)
        if drop:
            base = list(map(mul, rows[drop], self.plan.drops_base))
            del starts[:drop], rows[:drop]
            # Totals that nothing reads from the beginning start at 0 again: they stay short.
            rows[:] = [list(map(sub, row, base)) for row in rows]
        for before, width in thinning.merges:
            end = bisect_left(starts, before)
            if end < 2:
                break
            # The first tile of each wide one stays, with the totals before it.
            wide = [tile // width for tile in starts[:end]]
            if len(set(wide)) < end:
                places = [0, *(i for i in range(1, end) if wide[i] != wide[i - 1])]
                starts[:end] = [starts[place] for place in places]
                rows[:end] = [rows[place] for place in places]

    def _forget(self, thinning: Thinning) -> None:
        """Drop values that are in no window any more."""
        for index, start in enumerate(thinning.forget):
            tiles = self._tiles[index]
            if tiles and tiles[0] < start:
                del tiles[: bisect_left(tiles, start)]
                kept = {value: t for value, t in self._maps[index].items() if t >= start}
                self._maps[index] = kept

    def pack(self, now_us: int = 0) -> bytes:
        """Return the record as msgpack, without what no read from ``now_us`` on can see.

        Parameters
        ----------
        now_us
            A stamp before which nothing will be read any more; the last one applied if less.
        """
        thinning = self.plan.thinning(max(now_us, self.stamp_us))
        self._merge(thinning)
        self._forget(thinning)
        return _ENCODER.encode(
            _Packed(
                self.plan.version,
                self.stamp_us,
                self._starts,
                self._rows,
                self._maps,
                self._seen,
                self._lasts,
            )
        )

    @staticmethod
    def unpack(plan: RecordPlan, data: bytes) -> "Record":
        """Return the record that was packed.

        Raises
        ------
        DataFault
            The bytes are no record of this plan: it must be rebuilt from the log.
        """
        try:
            packed = _DECODER.decode(data)
        except DecodeError as error:
            raise DataFault("window record", None, f"is damaged: {error}") from error
        if packed.version != plan.version:
            raise DataFault("window record", None, f"is of other windows than {plan.group.name}")
        if not _has_form(packed, plan):
            raise DataFault("window record", None, f"has not the form of {plan.group.name}")
        record = Record.__new__(Record)
        record.plan = plan
        record.stamp_us = packed.stamp_us
        record._starts = packed.starts
        record._rows = packed.rows
        record._maps = packed.maps
        record._tiles = [sorted(tiles.values()) for tiles in packed.maps]
        record._seen = packed.seen
        record._lasts = packed.lasts
        record._limit = max(FIRST_LIMIT, 2 * len(packed.starts))
        return record


def _has_form(packed: _Packed, plan: RecordPlan) -> bool:
    """Tell whether there is as much of everything as a plan reads."""
    layout, rows = plan.layout, packed.rows
    return (
        len(rows) == len(packed.starts) + 1
        and {*map(len, rows)} == {len(layout.totals)}
        and len(packed.maps) == len(layout.maps)
        and len(packed.seen) == len(layout.seen)
        and len(packed.lasts) == len(layout.lasts)
    )


def _see(seen: dict[int, int], tiles: list[int], value: int, tile: int, cap: int) -> None:
    """Remember the latest tile of a value; the ``cap`` values seen last are kept."""
    before = seen.get(value)
    if before is None:
        if len(tiles) >= cap:
            if tile <= tiles[0]:
                return
            oldest = tiles.pop(0)
            del seen[next(value for value, kept in seen.items() if kept == oldest)]
    elif tile <= before:
        return
    else:
        # Out and in again: the map stays nearly in order of tiles.
        del seen[value], tiles[bisect_left(tiles, before)]
    seen[value] = tile
    insort(tiles, tile)
