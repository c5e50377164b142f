"""Turns batches of the source into checked columns, and says which rows have which faults.

The columns are staged in a file; joining rows to events, repeated ids and the order of time
need all rows and come after (see ``assemble``).
"""

from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.datasets.importing.cells import Cells, text_values
from training.datasets.importing.conditions import RowCondition
from training.datasets.importing.faults import BatchFaults, FaultLog, RowFault
from training.datasets.importing.label_column import UNLABELLED, LabelColumn
from training.datasets.importing.mapping import EventMapping
from training.datasets.importing.number_column import NumberColumn, no_number, plain_floats
from training.datasets.importing.numbers import Numbers, bare, currencies, fixed_point
from training.datasets.importing.source_batch import SourceBatch
from training.datasets.importing.specs import (
    AmountSpec,
    DistinctSpec,
    LabelSpec,
    LaterSpec,
    TimeSpec,
)
from training.datasets.importing.sql import Sql
from training.datasets.importing.stray import Days
from training.datasets.importing.times import TimeColumn
from training.datasets.importing.where import meeting
from training.datasets.own_events import categorical_column, entity_column, numeric_column
from training.words import fault

# A sum of a million such amounts is still a whole number of 64 bits.
MOST_MINOR = 10**12
FOLLOWER_SCHEMA = pa.schema([("key", pa.string()), ("at_us", pa.int64())])
# Digits kept beyond the minor unit in a price that is multiplied by a quantity.
_GUARD_DIGITS = 4


def staged_schema(mapping: EventMapping) -> pa.Schema:
    """Return the columns of the staged rows."""
    names: dict[str, pa.DataType] = {
        "row": pa.int64(),
        "event_id": pa.string(),
        "at_us": pa.int64(),
    }
    names |= {entity_column(name): pa.string() for name in mapping.entities}
    if mapping.amount is not None:
        names["amount_minor"] = pa.int64()
    names |= {numeric_column(name): pa.float64() for name in mapping.numeric}
    names |= {categorical_column(name): pa.string() for name in mapping.categorical}
    for name, label in mapping.labels.items():
        if label.later is None:
            names |= {value_column(name): pa.int8(), known_column(name): pa.int64()}
        else:
            names[key_column(name)] = pa.string()
    for name, measure in mapping.counted.items():
        if isinstance(measure, DistinctSpec):
            names[distinct_column(name)] = pa.string()
    return pa.schema(names.items())


def value_column(label: str) -> str:
    """Return the staged column with a label's value, null where unlabelled."""
    return f"value__{label}"


def known_column(label: str) -> str:
    """Return the staged column with the time a label was known."""
    return f"known__{label}"


def key_column(label: str) -> str:
    """Return the staged column with what a later row must share."""
    return f"key__{label}"


def distinct_column(name: str) -> str:
    """Return the staged column whose different values are counted."""
    return f"distinct__{name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Staged:
    """What came of a batch: rows to keep, and later rows per label that they make."""

    rows: pa.Table
    followers: dict[str, pa.Table]


@dataclass(slots=True, kw_only=True)
class Converter:
    """Converts the batches of one source, one after the other.

    Parameters
    ----------
    source
        Path of the source, for errors.
    log
        Where refused rows go.
    now_us
        When the import runs.
    """

    mapping: EventMapping
    source: str
    log: FaultLog
    now_us: int
    sql: Sql = field(default_factory=Sql)
    filtered: int = 0
    latest_us: int = np.iinfo(np.int64).min
    days: Days = field(default_factory=Days)
    after_now: int = 0
    currencies: set[str] = field(default_factory=set)
    time: TimeColumn = field(init=False)
    labels: list[LabelColumn] = field(init=False)
    attributes: list[NumberColumn] = field(init=False)
    _numbers: Numbers = field(init=False)
    _schema: pa.Schema = field(init=False)

    def __post_init__(self) -> None:
        """Make a reader of every time and label."""
        self._numbers = Numbers.of(self.mapping.source)
        self._schema = staged_schema(self.mapping)
        self.time = self._time("event.time", self.mapping.event.time)
        self.attributes = [
            NumberColumn(
                name=name,
                spec=spec,
                numbers=self._numbers,
                since=None if spec.since is None else self._time(f"numeric.{name}", spec.since),
            )
            for name, spec in self.mapping.numeric.items()
        ]
        self.labels = [
            LabelColumn(
                name=name,
                spec=spec,
                numbers=self._numbers,
                at=self.time,
                known_at=self._known_at(name, spec),
                now_us=self.now_us,
            )
            for name, spec in self.mapping.labels.items()
            if spec.later is None
        ]

    def convert(self, batch: SourceBatch) -> Staged:
        """Check and convert a batch; its faults go to the log.

        Raises
        ------
        DataFault
            More rows are bad than may be left out, or the times mix zones.
        """
        every = Cells(batch, self.mapping.source)
        faults = BatchFaults(every.rows)
        kept = self._meeting(self.mapping.rows.where, every, faults)
        later = {
            name: self._meeting(spec.where, every, faults) for name, spec in self._later.items()
        }
        used = np.logical_or.reduce([kept, *later.values()]) & ~faults.bad
        self.filtered += int((~kept & ~used & ~faults.bad).sum())
        cells, kept = every.filtered(used), kept[used]
        timed = BatchFaults(cells.rows)
        at_us = self._times(cells, timed)
        followers = {
            name: self._followers(cells, spec, at_us, later[name][used] & ~timed.bad)
            for name, spec in self._later.items()
        }
        kept_timed = kept & ~timed.bad
        # Rows that only make labels of others are no events, and were left out by a condition.
        self.filtered += int((~kept & ~timed.bad).sum())
        rows, last = self._rows(cells.filtered(kept_timed), at_us[kept_timed])
        self.log.absorb(faults.found + timed.found + last)
        return Staged(rows=rows, followers=followers)

    @property
    def ends_us(self) -> dict[str, int]:
        """Return until when the source tells of each label that conditions make."""
        return {
            label.name: max(self.days.end_us, label.latest_us)
            for label in self.labels
            if label.spec.when
        }

    @property
    def _later(self) -> dict[str, LaterSpec]:
        labels = self.mapping.labels.items()
        return {name: label.later for name, label in labels if label.later is not None}

    def _meeting(
        self, conditions: tuple[RowCondition, ...], cells: Cells, faults: BatchFaults
    ) -> NDArray[np.bool_]:
        return meeting(conditions, cells, self._numbers, faults)

    def _time(self, key: str, spec: TimeSpec) -> TimeColumn:
        return TimeColumn(
            key=key, spec=spec, source=self.source, numbers=self._numbers, sql=self.sql
        )

    def _known_at(self, name: str, spec: LabelSpec) -> TimeColumn | None:
        if spec.known_at is None:
            return None
        return self._time(f"labels.{name}.known_at", spec.known_at)

    def _times(self, cells: Cells, faults: BatchFaults) -> NDArray[np.int64]:
        at_us, timed = self.time.read(cells, faults, np.ones(len(cells.rows), np.bool_))
        faults.mark(~timed, self.time.name, None, fault("no_time"))
        if timed.any():
            self.latest_us = max(self.latest_us, int(at_us[timed].max()))
            self.days.add(at_us[timed])
            self.after_now += int((at_us[timed] > self.now_us).sum())
        return at_us

    def _followers(
        self, cells: Cells, spec: LaterSpec, at_us: NDArray[np.int64], mask: NDArray[np.bool_]
    ) -> pa.Table:
        table = pa.table([cells.joined(spec.same), pa.array(at_us)], schema=FOLLOWER_SCHEMA)
        return table.filter(pc.and_(pa.array(mask), table.column("key").is_valid()))

    def _rows(self, cells: Cells, at_us: NDArray[np.int64]) -> tuple[pa.Table, list[RowFault]]:
        mapping, faults = self.mapping, BatchFaults(cells.rows)
        columns: dict[str, pa.Array] = {"row": pa.array(cells.rows), "at_us": pa.array(at_us)}
        columns["event_id"] = self._ids(cells, faults)
        for name, text in mapping.entities.items():
            columns[entity_column(name)] = text_values(cells, text, self.sql)
        if mapping.amount is not None:
            columns["amount_minor"] = self._amount(cells, mapping.amount, faults)
        for number in self.attributes:
            columns[numeric_column(number.name)] = number.read(cells, at_us, faults)
        for name, text in mapping.categorical.items():
            columns[categorical_column(name)] = text_values(cells, text, self.sql)
        for label in self.labels:
            found = label.read(cells, at_us, faults)
            absent = found.value == UNLABELLED
            columns[value_column(label.name)] = pa.array(found.value, mask=absent)
            columns[known_column(label.name)] = pa.array(found.known_us, mask=absent)
        for name, spec in self._later.items():
            columns[key_column(name)] = cells.joined(spec.same)
        for name, measure in mapping.counted.items():
            if isinstance(measure, DistinctSpec):
                columns[distinct_column(name)] = cells.text(measure.distinct)
        table = pa.table([columns[name] for name in self._schema.names], schema=self._schema)
        return table.filter(pa.array(~faults.bad)), faults.found

    def _ids(self, cells: Cells, faults: BatchFaults) -> pa.Array:
        names = self.mapping.event.id
        if names is None:
            return pa.array(cells.rows).cast(pa.string())
        ids = cells.joined(names)
        absent = ids.is_null().to_numpy(zero_copy_only=False)
        faults.mark(absent, " + ".join(names), None, fault("no_id"))
        return ids

    def _amount(self, cells: Cells, spec: AmountSpec, faults: BatchFaults) -> pa.Array:
        text = cells.text(spec.column)
        plain = bare(text)
        self.currencies |= currencies(text)
        digits = 0 if spec.minor else spec.digits
        if spec.times is None:
            values, bad = fixed_point(plain, digits, self._numbers)
            faults.mark(bad, spec.column, text, no_number(plain, bad, self._numbers))
        else:
            prices, bad = fixed_point(plain, digits + _GUARD_DIGITS, self._numbers)
            faults.mark(bad, spec.column, text, no_number(plain, bad, self._numbers))
            times = cells.text(spec.times)
            values = _product(prices, plain_floats(times, spec.times, self._numbers, faults))
        large = pc.fill_null(pc.greater(pc.abs(values), MOST_MINOR), False)
        reason = fault("large_amount", digits=digits)
        faults.mark(large.to_numpy(zero_copy_only=False), spec.column, text, reason)
        return values


def _product(prices: pa.Array, quantities: pa.Array) -> pa.Array:
    """Return prices, with guard digits, times quantities; halves are rounded away from zero."""
    exact = pc.multiply(prices.cast(pa.float64()), quantities).to_numpy(zero_copy_only=False)
    scaled = exact / 10**_GUARD_DIGITS
    absent = ~np.isfinite(scaled)
    # What is beyond any amount stays beyond it, and fits into 64 bits.
    size = np.minimum(np.floor(np.abs(np.where(absent, 0, scaled)) + 0.5), 10 * MOST_MINOR)
    return pa.array((np.sign(np.where(absent, 0, scaled)) * size).astype(np.int64), mask=absent)
