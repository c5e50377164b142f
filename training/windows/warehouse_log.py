"""The event log of a prepared promotion data set: orders, their life, promotion actions.

An order's attempt is read and counts at one stamp. A reported event arrives when the shop
recorded it and carries the fields and columns of its order. Nothing is left out silently:
``EventLog.refused`` counts and names what does not count, and a warning says so.
"""

import logging
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from risk_service.domain.errors import DataFault
from risk_service.domain.vocabulary import EventReason, EventType, RefusalReason
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.order_event import (
    ATTEMPT,
    KIND_OF,
    LOW_PARCEL_RATIO,
    LOW_RETURN_RATIO,
    WITHOUT_RETURN,
)
from training.datasets.checks import hashes
from training.datasets.warehouse import window_column
from training.windows import kernels
from training.windows.arrivals import Arrivals, arrange
from training.windows.log import EventLog, Int16s, Int32s, Int64s, Integers, Refused, hash_column
from training.words import fault

LOG = logging.getLogger(__name__)
EXAMPLES = 5
REPEATED_ID = "REPEATED_ID"
# Fields that an action knows; the others stay missing.
ACTION_FIELDS = ("account", "device", "ip", "ip_block", "campaign", "related")
_UNKNOWN = -1
_NARROW: tuple[type[np.signedinteger[Any]], ...] = (np.int8, np.int16, np.int32)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rows:
    """Rows of one table as events; ``kind`` and ``subject`` are -1 where unknown.

    ``own`` holds the columns that the rows have of their own.
    """

    ids: pa.ChunkedArray
    kind: Int16s
    at_us: Int64s
    arrived_us: Int64s
    subject: Int32s
    own: Mapping[str, Integers] = field(default_factory=dict)


def log_of_warehouse(warehouse: Path) -> EventLog:
    """Return the log of a warehouse of ``risk dataset prepare``.

    Raises
    ------
    DataFault
        A file is absent or lacks a column.
    """
    order_file, action_file = warehouse / "orders.parquet", warehouse / "actions.parquet"
    orders = _orders(order_file)
    tables = [orders, _life(warehouse / "events.parquet", orders.ids)]
    if action_file.is_file():
        tables.append(_actions(action_file, len(orders.ids)))
    every = _joined(tables)
    known = _known(every)
    ids = every.ids if known.size == len(every.ids) else every.ids.take(known)
    # Orders come first, so that an order precedes what was recorded in its own microsecond.
    reading = known < len(orders.ids)
    arrivals = arrange(ids, every.at_us[known], every.arrived_us[known], reading)
    kept = known[arrivals.rows]
    refused = tuple(_refused(every, ids, arrivals))
    for one in refused:
        told = "%s: %d events do not count, %s: %s"
        LOG.warning(told, warehouse, one.count, one.reason, ", ".join(one.examples))
    return EventLog(
        event_id=_ids_of_reads(every.ids, kept, arrivals.r_us),
        kind=every.kind[kept],
        a_us=arrivals.a_us,
        tau_us=arrivals.tau_us,
        r_us=arrivals.r_us,
        fields=dict(_fields(order_file, action_file if len(tables) > 2 else None)),
        columns=dict(_columns(order_file, sum(len(one.ids) for one in tables[2:]), every.own)),
        subject=every.subject[kept],
        own_columns={name: values[kept] for name, values in every.own.items()},
        refused=refused,
    )


def _orders(path: Path) -> _Rows:
    at_us = _times(path, "ordered_at")
    return _Rows(
        ids=_column(path, "order_id"),
        kind=np.full(at_us.size, ATTEMPT, np.int16),
        at_us=at_us,
        arrived_us=at_us,
        subject=np.arange(at_us.size, dtype=np.int32),
    )


def _life(path: Path, order_ids: pa.ChunkedArray) -> _Rows:
    kind = _kinds(_column(path, "event_type"))
    return _Rows(
        ids=_column(path, "event_id"),
        kind=kind,
        at_us=_times(path, "event_at"),
        arrived_us=_times(path, "recorded_at"),
        subject=_rows_of(order_ids, _column(path, "order_id")),
        own=_life_columns(path, kind),
    )


def _actions(path: Path, orders: int) -> _Rows:
    kind = _kinds(_column(path, "action_type"))
    return _Rows(
        ids=_column(path, "action_id"),
        kind=kind,
        at_us=_times(path, "action_at"),
        arrived_us=_times(path, "recorded_at"),
        subject=np.arange(orders, orders + kind.size, dtype=np.int32),
    )


def _life_columns(path: Path, kind: Int16s) -> dict[str, Integers]:
    """Return what ``order_event.life_event`` adds to the columns of the order."""
    numbers = {reason.name: reason.value for reason in EventReason}
    reason = _coded(_column(path, "reason"), numbers, EventReason.UNSPECIFIED).astype(np.int8)
    ratio = _column(path, "weight_ratio").to_numpy()
    returned = kind == KIND_OF[EventType.RETURN_RECEIVED]
    amounts = pc.fill_null(_column(path, "amount_minor"), 0)
    return {
        "reason": reason,
        "without_return": np.isin(reason, WITHOUT_RETURN).astype(np.int8),
        # An unknown weight is NaN here, and not below anything.
        "weight_low": (ratio < np.where(returned, LOW_RETURN_RATIO, LOW_PARCEL_RATIO)).astype(
            np.int8
        ),
        "amount_minor": amounts.to_numpy().astype(np.int64),
    }


def _joined(tables: list[_Rows]) -> _Rows:
    own: dict[str, Integers] = {}
    for name in dict.fromkeys(name for one in tables for name in one.own):
        # Whoever has no such column says nothing by it.
        parts = [one.own.get(name, np.zeros(len(one.ids), np.int8)) for one in tables]
        own[name] = np.concatenate(parts)
    return _Rows(
        ids=pa.chunked_array([chunk for one in tables for chunk in one.ids.chunks], pa.string()),
        kind=np.concatenate([one.kind for one in tables]),
        at_us=np.concatenate([one.at_us for one in tables]),
        arrived_us=np.concatenate([one.arrived_us for one in tables]),
        subject=np.concatenate([one.subject for one in tables]),
        own=own,
    )


def _known(rows: _Rows) -> Int64s:
    return np.flatnonzero((rows.kind >= 0) & (rows.subject >= 0))


def _fields(orders: Path, actions: Path | None) -> Iterator[tuple[str, Int64s]]:
    """Yield the hashes of each field, one per order, then one per action."""
    others = 0 if actions is None else pq.read_metadata(actions).num_rows
    for name in load_windows().fields:
        mine = hash_column(_column(orders, window_column(name)))
        if actions is not None and name in ACTION_FIELDS:
            yield name, np.append(mine, hash_column(_column(actions, name)))
        else:
            yield name, np.append(mine, np.zeros(others, np.int64))


def _columns(
    orders: Path, others: int, own: Mapping[str, Integers]
) -> Iterator[tuple[str, Integers]]:
    """Yield the columns that orders have, one number per order, then 0 per action."""
    for name in load_windows().columns:
        if name not in own:
            mine: Int64s = _column(orders, window_column(name)).to_numpy()
            yield name, _narrow(np.append(mine, np.zeros(others, np.int64)))


def _narrow(values: Int64s) -> Integers:
    """Return the numbers in the narrowest type that holds them: most are flags and units."""
    low, high = values.min(initial=0), values.max(initial=0)
    kinds = (kind for kind in _NARROW if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max)
    return values.astype(next(kinds, np.int64))


def _ids_of_reads(ids: pa.ChunkedArray, rows: Int64s, r_us: Int64s) -> pa.ChunkedArray:
    """Return the ids of events that read; of the others, whose ids did their work, null."""
    return ids.take(pa.array(rows, mask=r_us == 0))


def _refused(every: _Rows, ids: pa.ChunkedArray, arrivals: Arrivals) -> Iterator[Refused]:
    orderless = (every.subject < 0) & (every.kind >= 0)
    for reason, names, rows in (
        (RefusalReason.UNKNOWN_TYPE.name, every.ids, np.flatnonzero(every.kind < 0)),
        (RefusalReason.UNKNOWN_ORDER.name, every.ids, np.flatnonzero(orderless)),
        (REPEATED_ID, ids, arrivals.repeated),
        (RefusalReason.TOO_OLD.name, ids, arrivals.too_old),
    ):
        if rows.size:
            examples = tuple(names.take(rows[:EXAMPLES]).to_pylist())
            yield Refused(reason=reason, count=rows.size, examples=examples)


def _kinds(texts: pa.ChunkedArray) -> Int16s:
    numbers = {kind.name: number for kind, number in KIND_OF.items()}
    return _coded(texts, numbers, _UNKNOWN).astype(np.int16)


def _coded(texts: pa.ChunkedArray, numbers: Mapping[str, int], other: int) -> Int64s:
    """Return the number of each text."""
    places = pc.index_in(texts, pa.array(list(numbers))).to_numpy()
    codes = np.array([*numbers.values(), other], np.int64)
    return codes[np.where(np.isnan(places), len(numbers), places).astype(np.int64)]


def _rows_of(order_ids: pa.ChunkedArray, wanted: pa.ChunkedArray) -> Int32s:
    """Return the row of each wanted order, -1 where there is none."""
    known, asked = _hashes(order_ids), _hashes(wanted)
    both = np.concatenate((known, asked))
    numbers, _ = kernels.dense_pairs(np.zeros(both.size, np.int64), both)
    rows = np.full(both.size, _UNKNOWN, np.int32)
    # The first row of a repeated order is its row.
    rows[numbers[: known.size][::-1]] = np.arange(known.size, dtype=np.int32)[::-1]
    return rows[numbers[known.size :]]


def _hashes(texts: pa.ChunkedArray) -> Int64s:
    parts = [hashes(chunk).view(np.int64) for chunk in texts.chunks]
    return np.concatenate([*parts, np.empty(0, np.int64)])


def _column(path: Path, name: str) -> pa.ChunkedArray:
    if not path.is_file():
        raise DataFault(str(path), None, fault("prepare_first"))
    try:
        return pq.read_table(path, columns=[name], partitioning=None)[name]
    except (pa.ArrowException, OSError, KeyError) as error:
        raise DataFault(str(path), None, fault("prepare_again", name=name)) from error


def _times(path: Path, name: str) -> Int64s:
    times: NDArray[np.int64] = _column(path, name).cast(pa.int64()).to_numpy()
    return times
