"""The event log as numpy columns: what happened, when it reached us, when it was read.

Entity keys and values to be counted are 64 bit hashes of their texts, 0 where missing; two
texts of one field that share a hash would be one entity, which among ten million values
happens to one pair in 400,000 logs. Times are microseconds since 1970 UTC.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from risk_service.features.windows.event import field_hash

Int16s = NDArray[np.int16]
Int32s = NDArray[np.int32]
Int64s = NDArray[np.int64]
# Columns may be kept narrow; they are counted as int64.
Integers = NDArray[np.integer[Any]]
_TEXTS_AT_A_TIME = 10_000


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupStamps:
    """Stamps that each key group gave by itself, as a store of many workers does.

    All have shape (events, key groups), 0 where the event has no such key: when the event
    was applied, the time it belongs to, and when its windows were read (0 also for none).
    """

    applied_us: Int64s
    effective_us: Int64s
    read_us: Int64s


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Events that do not count: why, how many, and the ids of the first of them."""

    reason: str
    count: int
    examples: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventLog:
    """Events in order of arrival.

    Parameters
    ----------
    event_id
        Id of each event; only those of reading events are looked at.
    kind
        Place in the kinds of the set of windows.
    a_us, tau_us
        When the event counts from (strictly increasing), and the time it belongs to. A stamp
        of 0: it only reads and never counts, as an order whose challenge was passed.
    r_us
        When the event's windows were read; 0 where they were not.
    fields, columns
        Hashes and numbers, one element per event, or per subject when there are subjects.
    subject
        Row of ``fields`` and ``columns`` that each event speaks of: the events of one order
        share the order's row. None: each event has its own.
    own_columns
        Columns that differ between the events of one subject, one element per event.
    stamps
        Stamps by key group instead of ``a_us``, ``tau_us`` and ``r_us``.
    refused
        What of the source is not in the log.
    """

    event_id: pa.Array | pa.ChunkedArray
    kind: Int16s
    a_us: Int64s
    tau_us: Int64s
    r_us: Int64s
    fields: Mapping[str, Int64s]
    columns: Mapping[str, Integers]
    subject: Int32s | None = None
    own_columns: Mapping[str, Integers] = field(default_factory=dict)
    stamps: GroupStamps | None = None
    refused: tuple[Refused, ...] = ()

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.kind)

    @property
    def reads(self) -> Int64s:
        """Return the events whose windows were read, as positions in the log."""
        return np.flatnonzero(self.r_us > 0)

    def field(self, name: str, events: Int32s | Int64s | None = None) -> Int64s:
        """Return a field of some events, or of all."""
        return self._spread(self.fields[name], events).astype(np.int64, copy=False)

    def column(self, name: str, events: Int32s | Int64s | None = None) -> Int64s:
        """Return a column of some events, or of all."""
        if name in self.own_columns:
            own = self.own_columns[name]
            values = own if events is None else own[events]
        else:
            values = self._spread(self.columns[name], events)
        return values.astype(np.int64, copy=False)

    def times(self, group: int) -> tuple[Int64s, Int64s, Int64s]:
        """Return (arrival, effective time, time of read) of all events in a key group."""
        if self.stamps is None:
            return self.a_us, self.tau_us, self.r_us
        stamps = self.stamps
        return (
            stamps.applied_us[:, group],
            stamps.effective_us[:, group],
            stamps.read_us[:, group],
        )

    def _spread(self, values: Integers, events: Int32s | Int64s | None) -> Integers:
        if events is None:
            return values if self.subject is None else values[self.subject]
        return values[events if self.subject is None else self.subject[events]]


def hash_column(texts: pa.Array | pa.ChunkedArray) -> Int64s:
    """Return the 64 bit hash of each text as the online records have it; 0 for "" and null."""
    if isinstance(texts, pa.ChunkedArray):
        texts = texts.combine_chunks()
    coded = texts if pa.types.is_dictionary(texts.type) else pc.dictionary_encode(texts)
    # One hash per distinct text: an entity comes by many times.
    words = [field_hash(text) if text else 0 for text in _texts(coded.dictionary)]
    hashes = np.array([*words, 0], np.int64)
    places: Int64s = pc.fill_null(coded.indices, len(words)).to_numpy(zero_copy_only=False)
    return hashes[places]


def _texts(levels: pa.Array) -> Iterator[str | None]:
    """Yield texts, few of them as objects at a time: long ones are many times as large so."""
    for start in range(0, len(levels), _TEXTS_AT_A_TIME):
        yield from levels.slice(start, _TEXTS_AT_A_TIME).to_pylist()
