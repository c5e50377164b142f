"""Reads a time column: ISO 8601, a strftime format, Unix numbers, or a Parquet timestamp.

A column has one zone: all of its times are naive (and read in the mapping's zone), or all
have the same offset. Anything else is an error, because a guess would shift some of the
events by hours; ``zone = "from value"`` says that every time brings its own.
"""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault, DataFault
from risk_service.domain.text import LocalizedText
from training.datasets.importing.cells import Cells
from training.datasets.importing.faults import BatchFaults, shortened
from training.datasets.importing.iso_time import NAIVE_S, Clock, iso_clock
from training.datasets.importing.numbers import Numbers, fixed_point
from training.datasets.importing.plain_text import plain_marks
from training.datasets.importing.specs import EPOCH, ISO8601, UNIX, TimeSpec
from training.datasets.importing.sql import Sql
from training.datasets.importing.time_advice import (
    advice_on_format,
    common_format,
    exchanged,
    unix_unit,
)
from training.datasets.importing.zones import FROM_VALUE, local_to_utc
from training.words import NOTHING, fault

_MICROSECOND = timedelta(microseconds=1)
EARLIEST_US = (datetime(1900, 1, 1, tzinfo=UTC) - EPOCH) // _MICROSECOND
LATEST_US = (datetime(2200, 1, 1, tzinfo=UTC) - EPOCH) // _MICROSECOND
DAY_US = timedelta(days=1) // _MICROSECOND
YEAR_US = timedelta(days=365) // _MICROSECOND
_UNIX_DIGITS = {"ms": 3, "us": 0, "ns": 0}
UNIT_S = {"min": 60, "h": 3600, "d": 86_400, "week": 604_800}
# Far out of any range, and an origin can still be added.
_MOST_US = 8 * 10**18
_MOST_MONTHS = 12 * 1000
_SAMPLE = 200


@dataclass(slots=True, kw_only=True)
class TimeColumn:
    """One time of a mapping, read batch by batch.

    Parameters
    ----------
    key
        Where it stands in the mapping, such as ``event.time``.
    source
        Path of the source, for errors.
    """

    key: str
    spec: TimeSpec
    source: str
    numbers: Numbers
    sql: Sql
    twice: int = 0
    first_in_1970: tuple[int, str] | None = None
    _first: dict[int, tuple[int, str]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """Return the column or columns as shown in errors."""
        return " + ".join(self.spec.column)

    def text(self, cells: Cells) -> pa.Array:
        """Return what stands in the column, for errors."""
        parts = [plain_marks(cells.text(name)) for name in self.spec.column]
        return parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, " ")

    def read(
        self, cells: Cells, faults: BatchFaults, needed: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Return microseconds since 1970 and which rows have a time.

        Parameters
        ----------
        needed
            Rows whose time is wanted; only those can be refused.

        Raises
        ------
        DataFault
            The column mixes time zones.
        """
        text = self.text(cells)
        present = text.is_valid().to_numpy(zero_copy_only=False) & needed & ~faults.bad
        at_us, bad, reason = self._parsed(cells, text, present)
        faults.mark(bad & present, self.name, text, reason)
        out = (at_us < EARLIEST_US) | (at_us >= LATEST_US)
        faults.mark(out & present & ~bad, self.name, text, self._out_of_range(text, out & present))
        sound = present & ~bad & ~out
        self._remember_1970(cells.rows, text, at_us, sound)
        return np.where(sound, at_us, 0), sound

    def _remember_1970(
        self,
        rows: NDArray[np.int64],
        text: pa.Array,
        at_us: NDArray[np.int64],
        sound: NDArray[np.bool_],
    ) -> None:
        if self.spec.format != UNIX or self.spec.origin != EPOCH or self.first_in_1970:
            return
        found = np.flatnonzero(sound & (at_us >= 0) & (at_us < YEAR_US))
        if len(found):
            self.first_in_1970 = (int(rows[found[0]]), str(text[int(found[0])].as_py()))

    def _parsed(
        self, cells: Cells, text: pa.Array, present: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_], LocalizedText]:
        if self.is_number(cells):
            return self._of_unix(text)
        clock = self._clock(cells, text)
        at_us, bad = self._in_zone(cells, text, clock, present)
        return at_us, clock.bad | bad, self._reason(text, clock.bad & present)

    def day_for_month(self, cells: Cells) -> LocalizedText:
        """Return that day and month may stand the other way round, where all cells allow it."""
        if self.is_typed(cells):
            return NOTHING
        found = exchanged(self.spec.format, self.text(cells).drop_null().unique().to_pylist())
        return fault("meant_day", key=self.key, format=found) if found else NOTHING

    def is_number(self, cells: Cells) -> bool:
        """Tell whether times are counted from an origin."""
        return self.spec.format == UNIX and not self.is_typed(cells)

    def is_typed(self, cells: Cells) -> bool:
        """Tell whether the file itself has days or timestamps, which need no format."""
        columns = self.spec.column
        return len(columns) == 1 and pa.types.is_temporal(cells.typed(columns[0]).type)

    def midnights(self, cells: Cells) -> NDArray[np.bool_]:
        """Tell which cells name the beginning of a day and no zone; times are no numbers."""
        clock = self._clock(cells, self.text(cells))
        return np.asarray((clock.offset_s == NAIVE_S) & (clock.local_us % DAY_US == 0))

    def _clock(self, cells: Cells, text: pa.Array) -> Clock:
        """Return times as they were written, whatever the zone of the mapping."""
        if self.is_typed(cells):
            return self._of_timestamps(cells.typed(self.spec.column[0]))
        return iso_clock(text) if self.spec.format == ISO8601 else self._of_format(text)

    def _of_timestamps(self, column: pa.Array) -> Clock:
        if pa.types.is_time(column.type):
            raise ConfigFault(fault("time_of_day", key=self.key, column=self.name))
        zone = getattr(column.type, "tz", None)
        stamps = column.cast(pa.timestamp("us", zone), safe=False).cast(pa.int64())
        local = pc.fill_null(stamps, 0).to_numpy(zero_copy_only=False)
        offset = np.full(len(local), NAIVE_S if zone is None else 0, np.int64)
        return Clock(local_us=local, offset_s=offset, bad=np.zeros(len(local), np.bool_))

    def _of_unix(
        self, text: pa.Array
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_], LocalizedText]:
        spec = self.spec
        if spec.unit == "month":
            return self._of_months(text)
        values, bad = fixed_point(text, _UNIX_DIGITS.get(spec.unit, 6), self.numbers)
        at_us = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
        if spec.unit == "ns":
            at_us = at_us // 1000
        factor = UNIT_S.get(spec.unit, 1)
        at_us = np.clip(at_us, -_MOST_US // factor, _MOST_US // factor) * factor
        reason = fault("no_unix_time", unit=spec.unit, advice=self._other_unit(text, bad))
        return at_us + origin_us(spec), bad, reason

    def _of_months(
        self, text: pa.Array
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_], LocalizedText]:
        """Return the first of so many calendar months after the one of the origin."""
        values, bad = fixed_point(text, 0, self.numbers)
        broken = pc.match_substring_regex(text, r"[.,]0*[1-9]")
        count = pc.fill_null(values, 0).to_numpy(zero_copy_only=False)
        count = np.clip(count, -_MOST_MONTHS, _MOST_MONTHS)
        # The month of the origin is that of its own zone, and so are all that follow.
        origin = self.spec.origin
        ahead_us = (origin.utcoffset() or timedelta()) // _MICROSECOND
        first = np.datetime64(origin.replace(tzinfo=None), "M")
        months = (first + count).astype("datetime64[us]").astype(np.int64) - ahead_us
        bad = bad | np.asarray(pc.fill_null(broken, False).to_numpy(zero_copy_only=False))
        return months, bad, fault("no_months")

    def _of_format(self, text: pa.Array) -> Clock:
        spec = self.spec
        try:
            # Only a format with %z gives a time with a zone; its local time is made again below.
            found = self.sql.column("epoch_us(try_strptime(v, ?))", text, spec.format)
        except duckdb.Error as error:
            words = str(error).partition("\n")[0]
            raise ConfigFault(
                fault("format_refused", key=self.key, format=spec.format, error=words)
            ) from error
        values = pc.fill_null(found, 0).to_numpy(zero_copy_only=False)
        bad = pc.and_(text.is_valid(), found.is_null()).to_numpy(zero_copy_only=False)
        offset = np.full(len(values), NAIVE_S, np.int64)
        if spec.format.endswith("%z"):
            tail = pc.extract_regex(text, pattern=r"(?P<z>[+-]\d{2}(?::?\d{2})?|Z)$")
            # An ISO time of our own with that offset tells its seconds.
            ends = pc.fill_null(pc.struct_field(tail, "z"), "Z")
            offset = iso_clock(pc.binary_join_element_wise("2000-01-01T00:00", ends, "")).offset_s
            values = values + offset * 1_000_000
        return Clock(local_us=values, offset_s=offset, bad=bad)

    def _in_zone(
        self, cells: Cells, text: pa.Array, clock: Clock, present: NDArray[np.bool_]
    ) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        sound = present & ~clock.bad
        naive = clock.offset_s == NAIVE_S
        if self.spec.zone == FROM_VALUE:
            at_us = clock.local_us - np.where(naive, 0, clock.offset_s) * 1_000_000
            return at_us, naive & sound
        self._check_one_zone(cells.rows, text, clock.offset_s, sound)
        if not (naive & sound).any():
            offset_us = np.where(naive, 0, clock.offset_s) * 1_000_000
            return clock.local_us - offset_us, np.zeros(len(naive), np.bool_)
        at_us, twice, never = local_to_utc(np.where(sound, clock.local_us, 0), self.spec.zone)
        self.twice += int((twice & sound).sum())
        return at_us, never & sound

    def _check_one_zone(
        self,
        rows: NDArray[np.int64],
        text: pa.Array,
        offset_s: NDArray[np.int64],
        sound: NDArray[np.bool_],
    ) -> None:
        found, where = np.unique(offset_s[sound], return_index=True)
        positions = np.flatnonzero(sound)[where]
        for offset, position in zip(found.tolist(), positions.tolist(), strict=True):
            value = shortened(str(text[position].as_py()))
            self._first.setdefault(offset, (int(rows[position]), value))
        if len(self._first) > 1:
            (row, value), (other_row, other) = sorted(self._first.values())[:2]
            told = {"column": self.name, "other": other, "value": value, "row": row}
            raise DataFault(self.source, other_row, fault("two_zones", key=self.key, **told))

    def _reason(self, text: pa.Array, bad: NDArray[np.bool_]) -> LocalizedText:
        spec = self.spec
        if spec.zone == FROM_VALUE and not bad.any():
            return fault("no_zone_of_its_own")
        if not bad.any():
            return fault("clocks_forward", zone=spec.zone)
        if spec.format != ISO8601:
            advice = self._other_format(text, bad)
            return fault("no_time_of_format", format=spec.format, advice=advice)
        examples = [str(text[row].as_py()) for row in np.flatnonzero(bad)[:_SAMPLE].tolist()]
        return fault("no_iso_time", advice=advice_on_format(examples))

    def _other_format(self, text: pa.Array, bad: NDArray[np.bool_]) -> LocalizedText:
        """Name another common format when it reads the good rows as well as the bad ones."""
        sample = text.drop_null().unique()[:_SAMPLE].to_pylist()
        wrong = [str(text[row].as_py()) for row in np.flatnonzero(bad)[:_SAMPLE].tolist()]
        found = common_format(sample + wrong)
        return fault("meant_value", value=found) if found else NOTHING

    def _out_of_range(self, text: pa.Array, out: NDArray[np.bool_]) -> LocalizedText:
        return fault("out_of_years", advice=self._other_unit(text, out))

    def _other_unit(self, text: pa.Array, bad: NDArray[np.bool_]) -> LocalizedText:
        if self.spec.format != UNIX or not bad.any():
            return NOTHING
        unit = unix_unit(str(text[int(np.flatnonzero(bad)[0])].as_py()))
        return NOTHING if unit in (None, self.spec.unit) else fault("other_unit", unit=unit)


def origin_us(spec: TimeSpec) -> int:
    """Return from when numbers count, in microseconds since 1970."""
    return (spec.origin - EPOCH) // _MICROSECOND
