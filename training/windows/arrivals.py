"""Stamps for events that come with a time of arrival: their order, what is refused, why.

The same as the intake does one by one: the first arrival of an id is kept, an event that
happened more than 90 days before it arrived is too old, and stamps strictly increase.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from risk_service.features.windows.tiles import MAX_AGE_US
from training.datasets.checks import hashes
from training.windows import kernels
from training.windows.log import Int64s


@dataclass(frozen=True, slots=True, kw_only=True)
class Arrivals:
    """Events in order of arrival, as rows of what was given.

    ``rows`` are those that count, ``a_us``, ``tau_us`` and ``r_us`` run along them;
    ``repeated`` and ``too_old`` are the rows that were refused.
    """

    rows: Int64s
    a_us: Int64s
    tau_us: Int64s
    r_us: Int64s
    repeated: Int64s
    too_old: Int64s


def arrange(
    event_id: pa.ChunkedArray,
    at_us: Int64s,
    arrived_us: Int64s,
    reading: NDArray[np.bool_],
) -> Arrivals:
    """Put events into order of arrival and stamp them.

    Parameters
    ----------
    at_us, arrived_us
        When each event happened and reached us; of equal arrivals the first row is first.
    reading
        Events that read their windows: order attempts. They belong to the time of their
        stamp, whatever ``at_us`` says, and read at the stamp under which they count.
    """
    order: Int64s = np.argsort(arrived_us, kind="stable")
    again = _repeats(event_id, reading, order)
    rows = order[~again]
    steps = np.arange(rows.size)
    # The greatest of the clock and one more than the stamp before.
    a_us = np.maximum.accumulate(arrived_us[rows] - steps) + steps if rows.size else rows
    tau_us = np.where(reading[rows], a_us, np.minimum(at_us[rows], a_us))
    fresh = tau_us >= a_us - MAX_AGE_US
    kept = rows[fresh]
    return Arrivals(
        rows=kept,
        a_us=a_us[fresh],
        tau_us=tau_us[fresh],
        r_us=np.where(reading[kept], a_us[fresh], 0),
        repeated=order[again],
        too_old=rows[~fresh],
    )


def _repeats(
    event_id: pa.ChunkedArray, reading: NDArray[np.bool_], order: Int64s
) -> NDArray[np.bool_]:
    """Return which places of the order hold an id that came before.

    Attempts are known by decision id and reported events by the caller's: an attempt and an
    event never repeat one another.
    """
    chunks = [hashes(chunk).view(np.int64) for chunk in event_id.chunks]
    ranked = np.concatenate([*chunks, np.empty(0, np.int64)])[order]
    numbers, _ = kernels.dense_pairs(reading[order].astype(np.int64), ranked)
    # Numbers come in order of appearance, so a first one is greater than all before it.
    again: NDArray[np.bool_] = numbers <= np.maximum.accumulate(np.append(-1, numbers[:-1]))
    suspects = np.flatnonzero(again)
    if suspects.size:
        firsts = np.flatnonzero(~again)[numbers[suspects]]
        left, right = event_id.take(order[suspects]), event_id.take(order[firsts])
        # Two ids may share a hash by chance; only equal ids are one event.
        again[suspects] = pc.equal(left, right).to_numpy()
    return again
