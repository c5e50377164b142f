"""The orders of a data set as the other tables may refer to them: known, and when placed."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from training.datasets.checks import BatchCheck, hashes
from training.datasets.source import Source


class KnownOrders:
    """Ids (as 64 bit hashes) and times of all orders: 16 bytes each.

    Parameters
    ----------
    id_hashes, ordered_at_us
        One element per order.
    """

    def __init__(self, id_hashes: NDArray[np.uint64], ordered_at_us: NDArray[np.int64]) -> None:
        order = np.argsort(id_hashes)
        self._hashes = id_hashes[order]
        self._times = ordered_at_us[order]

    def check(self, source: Source, position: int, batch: pa.RecordBatch, time: str) -> None:
        """Refuse a row of an unknown order, or one whose ``time`` lies before the order.

        Raises
        ------
        DataFault
            Names file, row and column.
        """
        if not batch.num_rows:
            return
        check = BatchCheck(source, position, batch)
        wanted = hashes(batch["order_id"])
        if not len(self._hashes):
            check.require(np.zeros(len(wanted), bool), "order_id", "of_no_order")
        at = np.minimum(np.searchsorted(self._hashes, wanted), len(self._hashes) - 1)
        check.require(self._hashes[at] == wanted, "order_id", "of_no_order")
        times = batch[time].cast(pa.int64()).to_numpy()
        check.require(times >= self._times[at], time, "earlier_than_order")
