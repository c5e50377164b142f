"""The use case ``risk dataset import``: a mapping and a file in, a set of own events out.

Two passes: the source is read, checked and staged batch by batch, then the staged rows are
joined, put in order and written. The result appears whole or not at all. Memory is bounded
by batches and by DuckDB's limit, whatever the size of the source.
"""

import shutil
import time
from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa

from risk_service.domain.text import LocalizedText
from training.datasets.importing.assemble import Assembly
from training.datasets.importing.convert import Converter
from training.datasets.importing.describe import describe
from training.datasets.importing.faults import FaultLog
from training.datasets.importing.mapping import ReadMapping, read_mapping
from training.datasets.importing.mapping_columns import columns_used
from training.datasets.importing.source_batch import SourceFile
from training.datasets.importing.source_file import check_columns, open_source
from training.datasets.importing.staging import Staging
from training.datasets.importing.stray import MainSpan
from training.datasets.importing.verdict import check_labels, check_rows, notes, ties_by_label
from training.datasets.importing.write import Written, write_tables
from training.datasets.own_events import (
    MAPPING,
    OwnDescription,
    OwnSource,
    events_schema,
    sha256_of,
    write_own_description,
)
from training.datasets.staging import appearing_whole
from training.progress import Progress, silent

_STAGING = ".staging"


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What an import wrote.

    ``missing`` counts the empty cells of each column; ``last_us`` is the time of the last event
    that has a label, by label, None where no event has one; ``main`` is when the events happened
    but those of stray times, None where there are none; ``notes`` are what the reader should
    know though nothing is wrong, of which the description keeps the English words.
    """

    out: Path
    description: OwnDescription
    missing: dict[str, int]
    last_us: dict[str, int | None]
    main: MainSpan | None = None
    notes: tuple[LocalizedText, ...] = ()


def import_events(
    mapping_file: Path,
    source: Path,
    out: Path,
    progress: Progress = silent,
) -> Imported:
    """Import a file of events.

    Parameters
    ----------
    mapping_file
        TOML, see docs/own-data.md.
    source
        CSV, compressed CSV or Parquet.
    out
        Directory to write; must be absent or empty.
    progress
        Called with a stage, what is done and what there is (bytes or rows; 0 when unknown).

    Raises
    ------
    ConfigFault
        The mapping is wrong or does not fit the file, or ``out`` cannot be written.
    DataFault
        Rows or values are at fault; names file, row, column and value. Nothing is left.
    """
    read = read_mapping(mapping_file)
    wanted = [column for _, column in columns_used(read.mapping)]
    file = open_source(source, read.mapping.source, wanted)
    columns = check_columns(file, read)
    with appearing_whole(out) as partial:
        now_us = time.time_ns() // 1000
        run = _Run(read=read, file=file, partial=partial, progress=progress, now_us=now_us)
        description, written, told = run.import_columns(columns)
    return Imported(
        out=out,
        description=description,
        missing=dict(written.missing),
        last_us={name: count.last_us for name, count in written.labels.items()},
        main=written.main,
        notes=told,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One import: what is read with which mapping, and where it goes."""

    read: ReadMapping
    file: SourceFile
    partial: Path
    progress: Progress
    now_us: int

    def import_columns(
        self, columns: list[str]
    ) -> tuple[OwnDescription, Written, tuple[LocalizedText, ...]]:
        """Read, check, join and write; return the description and what it does not tell whole."""
        mapping = self.read.mapping
        path = str(self.file.path)
        staging = Staging(self.partial / _STAGING, mapping)
        with FaultLog(self.file.path, mapping.rows.max_bad_rows, self.partial) as log, staging:
            converter = Converter(mapping=mapping, source=path, log=log, now_us=self.now_us)
            for batch in self.file.batches(columns, log):
                staging.write(converter.convert(batch))
                self.progress("reading", *self.file.progress())
            log.check()
        check_rows(converter, staging.rows, log.count)
        assembly = Assembly(
            mapping=mapping,
            source=path,
            directory=staging.directory,
            latest_us=converter.days.end_us,
            ends_us=converter.ends_us,
        )
        description, written = self._write(assembly, converter, staging.rows, log.count)
        shutil.rmtree(staging.directory)
        return description, written, self._notes(assembly, converter, written)

    def _write(
        self, assembly: Assembly, converter: Converter, staged: int, refused: int
    ) -> tuple[OwnDescription, Written]:
        mapping = self.read.mapping
        written = self._tables(assembly, staged)
        if by_label := ties_by_label(written):
            assembly.by_lot = True
            written = self._tables(assembly, staged)
            assembly.notes += by_label
        check_labels(converter, written)
        source = OwnSource(
            file=self.file.path.name,
            sha256=sha256_of(self.file.path),
            rows=staged + refused + converter.filtered,
            filtered=converter.filtered,
            refused=refused,
            duplicates=assembly.duplicates,
            grouped=staged - assembly.duplicates - written.rows,
            notes=tuple(note.en for note in self._notes(assembly, converter, written)),
        )
        (self.partial / MAPPING).write_text(self.read.text, encoding="utf-8")
        description = describe(mapping, source, written, self.partial)
        write_own_description(self.partial, description)
        return description, written

    def _tables(self, assembly: Assembly, staged: int) -> Written:
        mapping = self.read.mapping
        total = staged if mapping.group is None else 0
        return write_tables(
            self.partial,
            self._schema(),
            mapping.labels,
            assembly.batches(),
            lambda rows: self.progress("writing", rows, total),
        )

    def _notes(
        self, assembly: Assembly, converter: Converter, written: Written
    ) -> tuple[LocalizedText, ...]:
        stray = () if written.main is None else written.main.notes
        return (*self.file.notes, *notes(converter), *assembly.notes, *stray)

    def _schema(self) -> pa.Schema:
        mapping = self.read.mapping
        return events_schema(
            mapping.entities,
            mapping.amount is not None,
            [*mapping.numeric, *mapping.counted],
            mapping.categorical,
        )
