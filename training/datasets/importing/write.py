"""Writes the two tables of a set of own events, and counts what the description tells."""

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from training.datasets.importing.convert import known_column, value_column
from training.datasets.importing.stray import MainSpan, main_span
from training.datasets.importing.ties import Ties
from training.datasets.own_events import LABEL_SCHEMA, TIME
from training.datasets.staging import table_writer


@dataclass(slots=True)
class LabelCount:
    """How many events have which value of a label, how long the longest took, the last event.

    ``ties`` tell in which order those of one time stand.
    """

    positives: int = 0
    negatives: int = 0
    longest_us: int = 0
    last_us: int | None = None
    ties: Ties = field(default_factory=Ties)


@dataclass(slots=True)
class Written:
    """What was written: rows, first and last time, missing cells per column, labels.

    ``main`` is when the events happened but those of stray times.
    """

    rows: int = 0
    first_us: int = 0
    last_us: int = 0
    missing: Counter[str] = field(default_factory=Counter)
    labels: dict[str, LabelCount] = field(default_factory=dict)
    main: MainSpan | None = None

    @property
    def label_rows(self) -> int:
        """Rows of ``labels.parquet``."""
        return sum(count.positives + count.negatives for count in self.labels.values())


def write_tables(
    directory: Path,
    schema: pa.Schema,
    labels: Iterable[str],
    batches: Iterable[pa.RecordBatch],
    tell: Callable[[int], None],
) -> Written:
    """Write ``events.parquet`` and ``labels.parquet``.

    Parameters
    ----------
    schema
        Columns of ``events.parquet``.
    batches
        Events in order of time, with the staged columns.
    tell
        Called with the number of events written so far.
    """
    written = Written(labels={name: LabelCount() for name in labels})
    with (
        table_writer(directory, "events", schema) as events,
        table_writer(directory, "labels", LABEL_SCHEMA) as known,
    ):
        for batch in batches:
            table = _events(batch, schema)
            events.write_batch(table)
            known.write_batch(_labels(batch, written.labels))
            _count(table, batch, written)
            tell(written.rows)
    written.main = main_span(directory)
    for count in written.labels.values():
        count.ties.end()
    return written


def _events(batch: pa.RecordBatch, schema: pa.Schema) -> pa.RecordBatch:
    columns = []
    for column in schema:
        if column.name == "event_at":
            columns.append(batch.column("at_us").cast(pa.int64()).cast(TIME))
        else:
            columns.append(batch.column(column.name).cast(column.type))
    return pa.RecordBatch.from_arrays(columns, schema=schema)


def _labels(batch: pa.RecordBatch, counts: dict[str, LabelCount]) -> pa.RecordBatch:
    """Return the label rows of a batch, an event's labels one after the other."""
    parts = [_label(batch, name, count) for name, count in counts.items()]
    if not parts:
        return pa.RecordBatch.from_pylist([], schema=LABEL_SCHEMA)
    positions = np.concatenate([position for position, _ in parts])
    rows = pa.concat_batches([part for _, part in parts])
    return rows.take(pa.array(np.argsort(positions, kind="stable")))


def _label(
    batch: pa.RecordBatch, name: str, count: LabelCount
) -> tuple["np.ndarray[tuple[int], np.dtype[np.intp]]", pa.RecordBatch]:
    value = batch.column(value_column(name))
    rows = np.flatnonzero(value.is_valid().to_numpy(zero_copy_only=False))
    taken = pa.array(rows)
    values = value.take(taken).cast(pa.int8())
    known = batch.column(known_column(name)).take(taken).cast(pa.int64())
    positives = pc.sum(values, min_count=0).as_py()
    count.positives += positives
    count.negatives += len(rows) - positives
    at_us = batch.column("at_us").take(taken)
    count.longest_us = max(count.longest_us, pc.max(pc.subtract(known, at_us)).as_py() or 0)
    if len(rows):
        count.last_us = at_us[-1].as_py()
    count.ties.add(at_us.cast(pa.int64()).to_numpy(), values.to_numpy() == 1)
    columns = [
        batch.column("event_id").take(taken).cast(pa.string()),
        pa.array([name] * len(rows), pa.string()),
        values,
        known.cast(TIME),
    ]
    return rows, pa.RecordBatch.from_arrays(columns, schema=LABEL_SCHEMA)


def _count(table: pa.RecordBatch, batch: pa.RecordBatch, written: Written) -> None:
    if not table.num_rows:
        return
    if not written.rows:
        written.first_us = batch.column("at_us")[0].as_py()
    written.rows += table.num_rows
    written.last_us = batch.column("at_us")[-1].as_py()
    for column in table.schema.names[2:]:
        written.missing[column] += table.column(column).null_count
