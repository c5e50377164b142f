"""A numeric attribute of the events: a number of the row, or how long ago a time of it was.

A time is turned into the seconds from it to the event: the age of an account or of a person
says something of an event, a date as such only when it was. A time after its event gives a
negative number and is counted, since it may be one that nobody knew at the event.
"""

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from risk_service.domain.text import LocalizedText
from training.datasets.importing.cells import Cells, without
from training.datasets.importing.faults import BatchFaults
from training.datasets.importing.numbers import Numbers, floats, in_seconds, unmarked
from training.datasets.importing.specs import NumberSpec
from training.datasets.importing.times import TimeColumn
from training.words import fault

_SECOND_US = 1_000_000
# How numbers are written: the mark of decimals, and that of thousands.
_WAYS = ((".", ","), (",", "."), (",", " "), (".", " "), (".", "'"))


@dataclass(slots=True, kw_only=True)
class NumberColumn:
    """One numeric attribute, read batch by batch.

    Parameters
    ----------
    since
        Reader of the time that the seconds are counted from; None for a number.
    """

    name: str
    spec: NumberSpec
    numbers: Numbers
    since: TimeColumn | None
    after: int = 0

    def read(self, cells: Cells, at_us: NDArray[np.int64], faults: BatchFaults) -> pa.Array:
        """Return the number of each row, null where missing."""
        if self.since is not None:
            return self._elapsed(self.since, cells, at_us, faults)
        (column,) = self.spec.columns
        typed = cells.typed(column)
        if pa.types.is_boolean(typed.type):
            return typed.cast(pa.int8()).cast(pa.float64())
        text = cells.text(column)
        if self.spec.missing:
            text = without(text, self.spec.missing)
        return plain_floats(in_seconds(text), column, self.numbers, faults)

    def _elapsed(
        self, since: TimeColumn, cells: Cells, at_us: NDArray[np.int64], faults: BatchFaults
    ) -> pa.Array:
        absent = pc.is_in(since.text(cells), value_set=pa.array(self.spec.missing, pa.string()))
        then_us, timed = since.read(cells, faults, ~absent.to_numpy(zero_copy_only=False))
        self.after += int((timed & (then_us > at_us)).sum())
        return pa.array((at_us - then_us) / _SECOND_US, mask=~timed)


def plain_floats(text: pa.Array, name: str, numbers: Numbers, faults: BatchFaults) -> pa.Array:
    """Return the numbers of a column; a cell that is none is a fault of its row."""
    bare = unmarked(text)
    values, bad = floats(bare, numbers)
    faults.mark(bad, name, text, no_number(bare, bad, numbers))
    return values


def no_number(bare: pa.Array, bad: NDArray[np.bool_], numbers: Numbers) -> LocalizedText:
    """Return what is wrong with the cells that should be numbers.

    Parameters
    ----------
    bare
        All cells, without currencies; another way of writing that reads those that are good,
        and most of those that are bad, is named.
    """
    ways = [way for way in _WAYS if bad.any() and _reads(way, bare, bad)]
    if len({decimal for decimal, _ in ways}) == 1:
        return fault("no_number_so", decimal=ways[0][0], thousands=ways[0][1])
    is_plain = numbers.decimal == "." and not numbers.thousands
    return fault("no_number_marks" if is_plain else "no_number")


def _reads(way: tuple[str, str], bare: pa.Array, bad: NDArray[np.bool_]) -> bool:
    still = floats(bare, Numbers(decimal=way[0], thousands=way[1]))[1]
    return not still[~bad].any() and 2 * int(still.sum()) <= int(bad.sum())
