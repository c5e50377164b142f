"""A shop's own events in memory: keys as numbers, labels with the time they became known."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from training.datasets.own_events import (
    AMOUNT_COLUMN,
    EVENTS,
    LABELS,
    OwnDescription,
    categorical_column,
    entity_column,
    numeric_column,
    read_own_description,
    verify_own_files,
)
from training.labels import NEVER_US, UNLABELLED, AbuseLabels, LabelTable, align_labels
from training.words import fault

Floats = NDArray[np.float64]
DAY_S = 86_400
MISSING = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Coded:
    """Texts as numbers: ``codes`` are places in ``levels``, -1 where there is none."""

    codes: NDArray[np.int32]
    levels: pa.Array

    def filled(self) -> pa.DictionaryArray:
        """Return the texts again, as a dictionary array."""
        mask = self.codes == MISSING
        indices = pa.array(np.where(mask, 0, self.codes), mask=mask)
        return pa.DictionaryArray.from_arrays(indices, self.levels)


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnEvents:
    """All events of a data set, sorted by time; arrays have one element per event.

    ``amount`` is in whole units of the currency, NaN where it is missing; None when the
    data set has no amount at all.
    """

    description: OwnDescription
    event_id: pa.Array
    at_us: NDArray[np.int64]
    entities: Mapping[str, Coded]
    categories: Mapping[str, Coded]
    numbers: Mapping[str, Floats]
    amount: Floats | None

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.at_us)


def read_events(directory: Path) -> OwnEvents:
    """Read a data set that ``risk dataset import`` wrote.

    Raises
    ------
    ConfigFault
        The different texts of a column are more than 2 GB.
    DataFault
        The directory holds no such data set, its files do not fit together, or one was changed
        since the import.
    """
    description = read_own_description(directory)
    verify_own_files(directory, description)
    with pq.ParquetFile(directory / EVENTS) as file:
        return _events_of(description, lambda name: file.read([name]).column(0))


def _events_of(description: OwnDescription, column: Callable[[str], pa.ChunkedArray]) -> OwnEvents:
    """Return the events; a column is read as it is turned, so that none lies there twice."""
    exponent = description.amount.exponent if description.amount is not None else 0
    amount = None
    if description.amount is not None:
        amount = _numbers(column(AMOUNT_COLUMN)) / 10.0**exponent
    return OwnEvents(
        description=description,
        event_id=column("event_id").combine_chunks(),
        at_us=column("event_at").cast(pa.int64()).to_numpy(),
        entities={name: _coded(column(entity_column(name))) for name in description.entities},
        categories={
            name: _coded(column(categorical_column(name))) for name in description.categorical
        },
        numbers={name: _numbers(column(numeric_column(name))) for name in description.numeric},
        amount=amount,
    )


def first_events(events: OwnEvents, rows: int) -> OwnEvents:
    """Return the first events as if no other had been read: with their own levels alone."""

    def first(coded: Coded) -> Coded:
        codes = coded.codes[:rows]
        # Levels stand in the order in which they first came.
        seen = int(codes.max(initial=MISSING)) + 1
        return Coded(codes=codes, levels=coded.levels.slice(0, seen))

    return replace(
        events,
        event_id=events.event_id[:rows],
        at_us=events.at_us[:rows],
        entities={name: first(coded) for name, coded in events.entities.items()},
        categories={name: first(coded) for name, coded in events.categories.items()},
        numbers={name: values[:rows] for name, values in events.numbers.items()},
        amount=None if events.amount is None else events.amount[:rows],
    )


def read_label(directory: Path, events: OwnEvents, label: str, delay_s: int | None) -> AbuseLabels:
    """Read one label of a data set, aligned to its events.

    Parameters
    ----------
    delay_s
        Label delay of the command line: no label is known before its event plus this, and an
        event younger than this is not learned from. None: what the data set says.

    Raises
    ------
    ConfigFault
        There is no such label; lists those there are.
    DataFault
        The labels do not fit the events.
    """
    known = events.description.labels
    if label not in known:
        there = ", ".join(known) or fault("none_at_all")
        raise ConfigFault(fault("no_label", path=directory, label=label, known=there))
    delay = known[label].delay_s if delay_s is None else delay_s
    source = LabelTable(path=directory / LABELS, order="event_id", label="label")
    found = align_labels(source, source.read(), events.event_id, label, delay / DAY_S)
    if delay_s is not None:
        assumed = events.at_us + delay_s * 1_000_000
        # A time that the source told can be made later, never earlier; an assumed one is replaced.
        if known[label].known_from != "delay":
            assumed = np.maximum(found.known_at_us, assumed)
        found = replace(found, known_at_us=np.where(found.value == UNLABELLED, NEVER_US, assumed))
    if known[label].known_from != "conditions":
        return found
    return found.settled(events.at_us, max(delay, known[label].delay_s))


def _coded(column: pa.ChunkedArray) -> Coded:
    """Return the texts as numbers; chunk by chunk, since one array holds 2 GB of texts at most.

    Raises
    ------
    ConfigFault
        The different texts alone are more.
    """
    try:
        encoded = pc.dictionary_encode(column)
    except pa.lib.ArrowCapacityError as error:
        raise ConfigFault(fault("own_events_too_many_texts")) from error
    chunks = [chunk.indices.fill_null(MISSING) for chunk in encoded.chunks]
    codes = pa.chunked_array(chunks, pa.int32()).to_numpy()
    # Each chunk has the levels of all, in the order in which they first came.
    levels = encoded.chunk(0).dictionary if chunks else pa.array([], column.type)
    return Coded(codes=codes.astype(np.int32), levels=levels)


def _numbers(column: pa.ChunkedArray) -> Floats:
    return np.asarray(column.cast(pa.float64()).to_numpy(zero_copy_only=False), dtype=np.float64)
