"""Walks orders and their lines side by side, a batch at a time.

Lines stand in the order of the orders, so nothing has to be joined and memory does not
grow with the file. A line without an order, an order without lines and a total that does
not add up are found on the way.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.datasets.source import Source
from training.datasets.table_checks import check_lines, check_orders
from training.words import fault


@dataclass(frozen=True, slots=True, kw_only=True)
class BasketBatch:
    """Checked orders and their lines.

    ``position`` is that of the first order in its file; ``line_counts`` has one element per
    order, and its sum is the number of lines.
    """

    position: int
    orders: pa.RecordBatch
    lines: pa.RecordBatch
    line_counts: NDArray[np.int64]


def baskets(orders: Source, lines: Source, covers_us: tuple[int, int]) -> Iterator[BasketBatch]:
    """Yield all orders with their lines.

    Parameters
    ----------
    orders, lines
        The two files.
    covers_us
        Start (inclusive) and end (exclusive) of the data set.

    Raises
    ------
    DataFault
        Names file, row and column.
    """
    reader = _LineReader(orders, lines)
    latest_us = covers_us[0]
    for position, batch in orders.batches():
        latest_us = check_orders(orders, position, batch, (latest_us, covers_us[1]))
        taken, starts = reader.take(position, batch["order_id"])
        _check_goods(orders, position, batch, (taken, starts))
        counts = np.diff(np.append(starts, taken.num_rows))
        yield BasketBatch(position=position, orders=batch, lines=taken, line_counts=counts)
    reader.finish()


class _LineReader:
    """Hands out the lines of the next orders; holds no more than two batches' worth."""

    def __init__(self, orders: Source, lines: Source) -> None:
        self._orders = orders
        self._lines = lines
        self._batches = lines.batches()
        self._held = _empty(lines)
        self._position = 0

    def take(self, position: int, order_ids: pa.Array) -> tuple[pa.RecordBatch, NDArray[np.int64]]:
        """Return the orders' lines and the index of each order's first."""
        wanted = len(order_ids)
        starts = _run_starts(self._held["order_id"])
        # One run more than wanted shows that the last wanted one is complete.
        while len(starts) <= wanted and self._more():
            starts = _run_starts(self._held["order_id"])
        found = self._held["order_id"].take(pa.array(starts[:wanted]))
        self._compare(position, order_ids, found, starts)
        end = int(starts[wanted]) if len(starts) > wanted else self._held.num_rows
        taken = self._held.slice(0, end)
        self._check_line_numbers(taken, starts[:wanted])
        self._held = self._held.slice(end)
        self._position += end
        return taken, starts[:wanted]

    def finish(self) -> None:
        """Refuse lines behind those of the last order."""
        if self._held.num_rows or self._more():
            raise self._orphan(0)

    def _more(self) -> bool:
        for position, batch in self._batches:
            check_lines(self._lines, position, batch)
            if batch.num_rows:
                both = pa.Table.from_batches([self._held, batch]).combine_chunks()
                self._held = both.to_batches()[0]
                return True
        return False

    def _compare(
        self, position: int, order_ids: pa.Array, found: pa.Array, starts: NDArray[np.int64]
    ) -> None:
        same = pc.equal(found, order_ids.slice(0, len(found)))
        index = pc.index(same, False).as_py()
        if index < 0 and len(found) == len(order_ids):
            return
        if index < 0 or self._is_order(found[index].as_py()):
            row = position + (len(found) if index < 0 else index)
            raise self._orders.column_fault(row, "order_id", fault("no_lines"))
        raise self._orphan(int(starts[index]))

    def _is_order(self, order_id: str) -> bool:
        """Look the id up in the whole file: only to name the right fault."""
        return any(
            pc.index(batch["order_id"], order_id).as_py() >= 0
            for _, batch in self._orders.batches()
        )

    def _orphan(self, index: int) -> Exception:
        return self._lines.column_fault(
            self._position + index,
            "order_id",
            fault("orphan"),
        )

    def _check_line_numbers(self, taken: pa.RecordBatch, starts: NDArray[np.int64]) -> None:
        numbers = taken["line_no"].to_numpy()
        rising = np.ones(len(numbers), bool)
        rising[1:] = numbers[1:] > numbers[:-1]
        rising[starts] = True
        if not rising.all():
            row = self._position + int(np.argmin(rising))
            raise self._lines.column_fault(row, "line_no", fault("no_lines_rising"))


def _check_goods(
    source: Source,
    position: int,
    orders: pa.RecordBatch,
    lines: tuple[pa.RecordBatch, NDArray[np.int64]],
) -> None:
    taken, starts = lines
    if not orders.num_rows:
        return
    amounts = taken["quantity"].to_numpy().astype(np.int64) * taken["unit_price_minor"].to_numpy()
    good = np.add.reduceat(amounts, starts) == orders["goods_minor"].to_numpy()
    if not good.all():
        row = position + int(np.argmin(good))
        raise source.column_fault(row, "goods_minor", fault("other_goods"))


def _run_starts(ids: pa.Array) -> NDArray[np.int64]:
    """Return where each run of equal ids begins."""
    if not len(ids):
        return np.empty(0, np.int64)
    changes = pc.not_equal(ids.slice(1), ids.slice(0, len(ids) - 1))
    return np.append(0, np.flatnonzero(changes.to_numpy(zero_copy_only=False)) + 1)


def _empty(source: Source) -> pa.RecordBatch:
    return pa.RecordBatch.from_pylist([], schema=source.table.schema)
