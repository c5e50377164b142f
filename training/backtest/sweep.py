"""Evaluates a condition on row after row, in the order of the events."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from risk_service.rules.expression import Fault, Value
from risk_service.rules.faults import MISSING_VALUE
from risk_service.rules.screen import clauses, impossible
from training.backtest.condition import Condition

Flags = NDArray[np.bool_]
Progress = Callable[[int, int], None]
BATCH_ROWS = 16_384
MOST_EXAMPLES = 10


class RowColumn(Protocol):
    """Values of a variable, one per row; NaN where it is missing."""

    def part(self, start: int, stop: int) -> Sequence[Value]:
        """Return some rows."""


@dataclass(slots=True)
class Faults:
    """Rows on which a condition could not be told: by code, by missing name, and the first."""

    codes: Counter[str] = field(default_factory=Counter)
    names: Counter[str] = field(default_factory=Counter)
    details: dict[str, str] = field(default_factory=dict)
    rows: dict[str, list[int]] = field(default_factory=dict)

    def add(self, row: int, fault: Fault) -> None:
        """Count the fault of a row."""
        self.codes[fault.code] += 1
        if fault.code == MISSING_VALUE:
            self.names.update(fault.names)
        else:
            self.details.setdefault(fault.code, fault.detail)
        rows = self.rows.setdefault(fault.code, [])
        if len(rows) < MOST_EXAMPLES:
            rows.append(row)


def sweep(
    condition: Condition,
    columns: Mapping[str, RowColumn],
    rows: int,
    done: Progress = lambda _done, _rows: None,
    applies: Flags | None = None,
) -> tuple[Flags, Faults]:
    """Return which rows a condition is true of, and the rows where it cannot be told.

    Parameters
    ----------
    columns
        Of the variables that the condition reads.
    done
        Called with the rows done and the rows in all.
    applies
        Rows that are looked at; None: all.
    """
    flagged = np.zeros(rows, np.bool_)
    faults = Faults()
    evaluate, names = condition.expression.evaluate, tuple(columns)
    # What plainly cannot hold is told at a tenth of the cost; the result is the same.
    kinds = {name: one.kind for name, one in condition.variables.items()}
    screen = clauses(condition.expression.tree, kinds)
    for start in range(0, rows, BATCH_ROWS):
        stop = min(start + BATCH_ROWS, rows)
        for row, values in enumerate(_rows(columns, start, stop), start):
            named = dict(zip(names, values, strict=True))
            if (applies is not None and not applies[row]) or impossible(screen, named):
                continue
            result = evaluate(named)
            if result is True:
                flagged[row] = True
            elif result is not False:
                faults.add(row, result)
        done(stop, rows)
    return flagged, faults


def _rows(columns: Mapping[str, RowColumn], start: int, stop: int) -> Iterator[tuple[Any, ...]]:
    if not columns:
        # A condition without variables, such as 'true', still has rows.
        return iter([()] * (stop - start))
    return zip(*(column.part(start, stop) for column in columns.values()), strict=True)
