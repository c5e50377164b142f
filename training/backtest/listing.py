"""Flagged events and entities, listed: the first of them in the result, all in a file."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from training.backtest.columns import MISSING, Texts
from training.backtest.population import Population
from training.backtest.request import moment
from training.backtest.sweep import RowColumn
from training.backtest.truth import State
from training.datasets.staging import file_appearing_whole
from training.words import fault

Json = dict[str, Any]
Flags = NDArray[np.bool_]
Int64s = NDArray[np.int64]
BATCH_ROWS = 65_536
SUFFIXES = (".parquet", ".csv")
TIME = pa.timestamp("us", tz="UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flagged:
    """What a sweep flagged: the events of a period, which of them, and what the rule read."""

    population: Population
    flags: Flags
    values: Mapping[str, RowColumn]

    @property
    def places(self) -> Int64s:
        """Return the flagged events, in their order."""
        return np.flatnonzero(self.flags)


def events(flagged: Flagged, limit: int) -> list[Json]:
    """Return the first flagged events with all that speaks for them."""
    population = flagged.population
    entities = {name: population.texts(name) for name in population.entities}
    found = []
    for place in flagged.places[:limit].tolist():
        one: Json = {
            "event_id": population.event_id(place),
            "time": moment(int(population.at_us[place])),
            "entities": {
                name: plain(texts.part(place, place + 1)[0]) for name, texts in entities.items()
            },
            "state": State(int(population.truth.state[place])).word,
            "labels": {
                name: _known(int(values[place]))
                for name, values in population.truth.labels.values()
            },
        }
        if population.money is not None:
            minor = float(population.money.minor[place])
            one["amount"] = None if np.isnan(minor) else minor / 10**population.money.exponent
        one["values"] = {
            name: plain(column.part(place, place + 1)[0]) for name, column in flagged.values.items()
        }
        found.append(one)
    return found


def entities(flagged: Flagged, limit: int) -> dict[str, Json]:
    """Return the flagged entities of each kind, the most often flagged first."""
    return {
        name: _entity(flagged, flagged.population.texts(name), limit)
        for name in flagged.population.entities
    }


def _entity(flagged: Flagged, texts: Texts, limit: int) -> Json:
    places = flagged.places
    with_key = places[texts.codes[places] != MISSING]
    codes = texts.codes[with_key]
    states = flagged.population.truth.state[with_key]
    size = len(texts.levels)
    counts = np.bincount(codes, minlength=size)
    by_state = {state: np.bincount(codes[states == state], minlength=size) for state in State}
    first, last = np.full(size, MISSING), np.full(size, MISSING)
    # Written in turn: the last write of a key stays.
    first[codes[::-1]], last[codes] = with_key[::-1], with_key
    keys = np.flatnonzero(counts)
    order = keys[np.lexsort((first[keys], -counts[keys]))]
    at_us = flagged.population.at_us
    return {
        "flagged": len(keys),
        "all": len(np.unique(texts.codes[texts.codes != MISSING])),
        "events_without": int((texts.codes[places] == MISSING).sum()),
        "split": _worst(by_state, keys),
        "split_all": _split_all(flagged.population.truth.state, texts),
        "truncated": len(keys) > limit,
        "listed": [
            {
                "key": texts.levels[code],
                "events": int(counts[code]),
                "first": moment(int(at_us[first[code]])),
                "last": moment(int(at_us[last[code]])),
                **{state.word: int(by_state[state][code]) for state in State},
            }
            for code in order[:limit].tolist()
        ],
    }


def _split_all(states: NDArray[np.int8], texts: Texts) -> Json:
    """Return all entities of the period by the worst that any of their events turned out to be."""
    counts = {
        state: np.bincount(
            texts.codes[(states == state) & (texts.codes != MISSING)], minlength=len(texts.levels)
        )
        for state in State
    }
    return _worst(counts, np.flatnonzero(sum(counts.values())))


def _worst(by_state: Mapping[State, Int64s], keys: Int64s) -> Json:
    """Return entities by the worst of their events that are counted."""
    left = np.ones(len(keys), np.bool_)
    found = {}
    for state in State:
        mine = left & (by_state[state][keys] > 0)
        found[state.word] = int(mine.sum())
        left &= ~mine
    return found


def check_suffix(path: Path) -> None:
    """Refuse a file of flagged events that is neither Parquet nor CSV."""
    if path.suffix not in SUFFIXES:
        raise ConfigFault(fault("flags_suffix", path=path))


def write_flags(flagged: Flagged, path: Path) -> None:
    """Write all flagged events to a file that appears whole or not at all.

    Columns: ``event_id``, ``event_at``, ``entity__NAME``, ``amount_minor``, ``state``,
    ``label__NAME`` (1, 0 or null) and ``value__NAME`` of what the rule read.

    Raises
    ------
    ConfigFault
        The file cannot be written.
    """
    with file_appearing_whole(path) as partial:
        tables = _tables(flagged)
        head = next(tables)
        writer = (
            pq.ParquetWriter(partial, head.schema, compression="zstd")
            if path.suffix == ".parquet"
            else pa_csv.CSVWriter(partial, head.schema)
        )
        with writer:
            writer.write_table(head)
            for table in tables:
                writer.write_table(table)


def _tables(flagged: Flagged) -> Iterator[pa.Table]:
    places = flagged.places
    for start in range(0, max(len(places), 1), BATCH_ROWS):
        yield _table(flagged, places[start : start + BATCH_ROWS])


def _table(flagged: Flagged, places: Int64s) -> pa.Table:
    population = flagged.population
    columns: dict[str, pa.Array] = {
        "event_id": population.ids.take(pa.array(places)).cast(pa.string()),
        "event_at": pa.array(population.at_us[places], TIME),
    }
    for name in population.entities:
        columns[f"entity__{name}"] = pa.array(population.texts(name).at(places), pa.string())
    if population.money is not None:
        minor = population.money.minor[places]
        columns["amount_minor"] = pa.array(
            np.nan_to_num(minor).astype(np.int64), mask=np.isnan(minor)
        )
    words = [State(code).word for code in population.truth.state[places].tolist()]
    columns["state"] = pa.array(words, pa.string())
    for name, values in population.truth.labels.values():
        known = values[places]
        columns[f"label__{name}"] = pa.array(known, mask=known < 0)
    for name, column in flagged.values.items():
        columns[f"value__{name}"] = _values(column, places)
    return pa.table(columns)


def _values(column: RowColumn, places: Int64s) -> pa.Array:
    if isinstance(column, Texts):
        return pa.array(column.at(places), pa.string())
    found = [plain(column.part(place, place + 1)[0]) for place in places.tolist()]
    if any(isinstance(one, list) for one in found):
        return pa.array([None if one is None else " ".join(map(str, one)) for one in found])
    kind = pa.string() if any(isinstance(one, str) for one in found) else pa.float64()
    return pa.array(found, kind)


def plain(value: object) -> Any:
    """Return a value as JSON has it: None where missing, whole numbers as such."""
    if isinstance(value, float):
        if value != value:
            return None
        return int(value) if value.is_integer() and abs(value) < 2**53 else value
    return value


def _known(value: int) -> int | None:
    return None if value < 0 else value
