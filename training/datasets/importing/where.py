"""Which rows meet the conditions of a mapping.

An empty cell meets no comparison but ``!=`` and the ones that begin with ``not``. A number is
compared as a number, a text character by character. Limits: no comparison of two columns.
"""

from collections.abc import Callable, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.datasets.importing.cells import Cells, whole_numbers
from training.datasets.importing.conditions import ORDERED, RowCondition, Scalar
from training.datasets.importing.faults import BatchFaults
from training.datasets.importing.numbers import Numbers, floats, unmarked
from training.words import fault

Mask = NDArray[np.bool_]
_ORDER: dict[str, Callable[[pa.Array, pa.Scalar], pa.Array]] = {
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
_OPPOSITES = {
    "!=": "=",
    "not in": "in",
    "not starts with": "starts with",
    "not contains": "contains",
}


def meeting(
    conditions: Sequence[RowCondition], cells: Cells, numbers: Numbers, faults: BatchFaults
) -> Mask:
    """Return the rows that meet every condition.

    A row whose cell should be compared as a number and is none is refused, unless an
    earlier condition left it out already.
    """
    kept = np.ones(len(cells.rows), np.bool_)
    for condition in conditions:
        if condition.operator in ORDERED and not isinstance(condition.values[0], str):
            met = _ordered_numbers(condition, cells, numbers, faults, kept)
        else:
            met = _met(condition.operator, condition, cells, numbers)
        kept &= met
    return kept


def _ordered_numbers(
    condition: RowCondition, cells: Cells, numbers: Numbers, faults: BatchFaults, kept: Mask
) -> Mask:
    text = cells.text(condition.column)
    values, bad = floats(unmarked(text), numbers)
    reason = fault("no_number_where", operator=condition.operator)
    faults.mark(bad & kept, condition.column, text, reason)
    return _mask(_ORDER[condition.operator](values, pa.scalar(float(condition.values[0]))))


def _met(operator: str, condition: RowCondition, cells: Cells, numbers: Numbers) -> Mask:
    if operator in _OPPOSITES:
        return ~_met(_OPPOSITES[operator], condition, cells, numbers)
    text = cells.text(condition.column)
    if operator in ("missing", "present"):
        present = np.asarray(text.is_valid().to_numpy(zero_copy_only=False))
        return present if operator == "present" else ~present
    first = condition.values[0] if condition.values else ""
    if operator == "starts with":
        return _mask(pc.starts_with(text, str(first)))
    if operator == "contains":
        return _mask(pc.match_substring(text, str(first)))
    if operator in ORDERED:
        return _mask(_ORDER[operator](text, pa.scalar(str(first))))
    met = np.zeros(len(text), np.bool_)
    for value in condition.values:
        met |= _equal(text, value, numbers)
    return met


def _equal(text: pa.Array, value: Scalar, numbers: Numbers) -> Mask:
    if isinstance(value, bool):
        return _mask(pc.equal(pc.utf8_lower(text), "true" if value else "false"))
    if isinstance(value, str):
        return _mask(pc.equal(text, value)) | _mask(pc.equal(whole_numbers(text), value))
    values, _ = floats(unmarked(text), numbers)
    return _mask(pc.equal(values, pa.scalar(float(value))))


def _mask(met: pa.Array) -> Mask:
    return np.asarray(pc.fill_null(met, False).to_numpy(zero_copy_only=False))
