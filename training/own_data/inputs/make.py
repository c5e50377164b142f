"""The model inputs of all events that are learned from or measured, as of each event."""

import shutil
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from training.labels import AbuseLabels
from training.own_data.events import Floats, OwnEvents
from training.own_data.fields.columns import category_column, own_columns
from training.own_data.fields.keys import fields_of
from training.own_data.inputs.column_file import ColumnFile, Floats32
from training.own_data.inputs.declare import declare
from training.own_data.inputs.formulas import KeyInputs, pair_rates, pair_windows
from training.own_data.inputs.habits import habits
from training.own_data.inputs.history import event_log
from training.own_data.inputs.links import link_columns
from training.own_data.inputs.role_inputs import RoleInputs, linked_roles
from training.own_data.inputs.steps import steps
from training.own_data.plan import FeaturePlan
from training.progress import Progress
from training.windows.build import build_windows, groups_done

Rows = NDArray[np.int64]


class InputGroup(StrEnum):
    """Where inputs come from, each step needing more than the one before."""

    OWN = "own"
    WINDOWS = "windows"
    RATES = "rates"
    LINKS = "links"


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Columns, one value per row; ``rows`` are places in the events."""

    rows: Rows
    columns: ColumnFile
    groups: Mapping[str, InputGroup]
    categorical: frozenset[str]

    def names(self, groups: Iterable[InputGroup]) -> tuple[str, ...]:
        """Return the inputs of some groups."""
        wanted = set(groups)
        return tuple(name for name, group in self.groups.items() if group in wanted)

    def matrix(self, at: Rows, names: tuple[str, ...]) -> Floats32:
        """Return a matrix of shape (at, names); ``at`` are places in ``rows``."""
        return self.columns.matrix(at, names)


@dataclass(slots=True)
class _Collected:
    columns: ColumnFile
    groups: dict[str, InputGroup] = field(default_factory=dict)

    def add(
        self, group: InputGroup, found: Iterable[tuple[str, NDArray[np.floating[Any]]]]
    ) -> None:
        for name, values in found:
            self.columns.add(name, values)
            self.groups[name] = group


def make_inputs(
    events: OwnEvents,
    labels: AbuseLabels,
    plan: FeaturePlan,
    wanted: NDArray[np.bool_],
    scratch: Path,
    tell: Progress,
) -> Inputs:
    """Return the inputs of the wanted events.

    Parameters
    ----------
    labels
        What was known when; each event sees what was known before it.
    scratch
        Directory for windows and inputs on their way; it is left as it was.
    tell
        Called with each step as it begins, and with how far it is.
    """
    tell("columns", 0, 0)
    rows = np.flatnonzero(wanted)
    found = _Collected(columns=ColumnFile(scratch, len(rows)))
    found.add(InputGroup.OWN, own_columns(events, plan, rows))
    fields = fields_of(events, plan.texts, plan.ages)
    tell("windows", 0, 0)
    log = event_log(events, fields, labels, plan, wanted)
    directory = Path(tempfile.mkdtemp(prefix=".windows-", dir=scratch))
    try:
        declared = declare(plan)
        done = groups_done(declared, tell, "windows")
        path = build_windows(log, declared, directory / "windows.parquet", progress=done)
        _add_windows(found, path, plan, events, rows)
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    found.add(InputGroup.WINDOWS, habits(events, fields, plan, rows))
    found.add(InputGroup.WINDOWS, steps(events, fields, plan, rows))
    for role in plan.roles:
        of_role = RoleInputs(plan, role, log, _amount(events, plan, rows))
        found.add(InputGroup.WINDOWS, of_role.windows())
        found.add(InputGroup.RATES, of_role.rates())
    tell("links", 0, 0)
    links = link_columns(
        log, fields, plan, rows, lambda number: tell("links", number, len(plan.links))
    )
    found.add(InputGroup.LINKS, links)
    for role in plan.roles:
        found.add(InputGroup.LINKS, linked_roles(role, log, fields, plan, rows))
    return Inputs(
        rows=rows,
        columns=found.columns,
        groups=found.groups,
        categorical=frozenset(category_column(one) for one in plan.categories),
    )


def _add_windows(
    found: _Collected, path: Path, plan: FeaturePlan, events: OwnEvents, rows: Rows
) -> None:
    amount = _amount(events, plan, rows)
    scales = {number.name: number.scale for number in plan.numbers}
    with pq.ParquetFile(path) as file:

        def read(name: str) -> Floats:
            column = file.read([name]).column(0)
            return np.asarray(column.to_numpy(), dtype=np.float64)

        for key in plan.keys:
            of_key = KeyInputs(plan, key, read, amount)
            found.add(InputGroup.WINDOWS, of_key.windows())
            for name in plan.history_numbers if key.full else ():
                now = events.numbers[name][rows]
                found.add(InputGroup.WINDOWS, of_key.numbers(name, scales[name], now))
            found.add(InputGroup.RATES, of_key.rates())
        for pair in plan.pairs:
            found.add(InputGroup.WINDOWS, pair_windows(pair, read))
            if pair.labels:
                found.add(InputGroup.RATES, pair_rates(plan, pair, read))


def _amount(events: OwnEvents, plan: FeaturePlan, rows: Rows) -> Floats | None:
    return events.amount[rows] if events.amount is not None and plan.has_amount else None


def chunks(count: int, size: int) -> Iterator[Rows]:
    """Yield the places 0 to count, some at a time."""
    for start in range(0, count, size):
        yield np.arange(start, min(start + size, count))
