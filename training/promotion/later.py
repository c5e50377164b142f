"""Orders that came after all that a run learned from: those of a newer data set, or of any other.

A run names the slices of its own data set only. What may measure it honestly beside them are
orders from the begin of its test slice on, whoever placed them: when the test slice begins, the
run had learned, stopped, calibrated and set its thresholds.
"""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Abuse
from risk_service.models.manifest import TrainingFacts
from training.datasets.description import Description
from training.labels import DAY_US, AbuseLabels, read_labels
from training.split import SliceName, SlicePlan, TimeSlice, refuse_one_class, warmup_days
from training.train.costs import CostTable
from training.train.fit import Task
from training.train.frame import Frame
from training.words import fault


def later_tasks(
    facts: Sequence[TrainingFacts],
    warehouse: Path,
    dataset: Description,
    frame: Frame,
    costs: CostTable,
    seed: int,
) -> dict[Abuse, Task]:
    """Return a task per abuse with two slices: ``LATER``, and what of ``LEARN`` is in the data.

    The orders are those from the run's test slice on whose labels have matured by the end of the
    data set, but none of its first days, which have no history yet.

    Parameters
    ----------
    facts
        Of the run; of several, the orders are later than all that any learned from, and
        ``LEARN`` is that of the first.

    Raises
    ------
    ConfigFault
        There are no such orders, or of one class only; names the abuse.
    """
    labels = read_labels(warehouse / "labels.parquet", frame.order_id, dataset.maturity_days)
    tasks = {}
    for abuse, known in labels.items():
        plan = _plan([_slices_of(one, abuse) for one in facts], abuse, dataset)
        tasks[abuse] = Task(
            abuse=abuse,
            labels=known,
            plan=plan,
            rows=_rows(plan, dataset, frame.ordered_at_us, known),
            costs=costs.of(abuse),
            seed=seed,
        )
    return tasks


def refuse_without_later(facts: Sequence[TrainingFacts], dataset: Description) -> None:
    """Refuse a data set that ends too early for any later order, before it is prepared.

    Raises
    ------
    ConfigFault
        No label of an order that came later can have matured; names the abuse.
    """
    for abuse, days in dataset.maturity_days.items():
        plan = _plan([_slices_of(one, abuse) for one in facts], abuse, dataset)
        if plan[SliceName.LATER].start_us > dataset.end_us - days * DAY_US:
            raise _nothing_later(plan, dataset)


def _nothing_later(plan: SlicePlan, dataset: Description) -> ConfigFault:
    told = {"abuse": plan.abuse, "data": dataset.name, "maturity": plan.maturity_days}
    start = datetime.fromtimestamp(plan[SliceName.LATER].start_us / 1e6, UTC)
    return ConfigFault(fault("nothing_later", start=f"{start:%Y-%m-%d}", **told))


def _slices_of(facts: TrainingFacts, abuse: Abuse) -> Mapping[str, Mapping[str, int]]:
    slices = cast(Mapping[str, Mapping[str, Mapping[str, int]]], facts.slices)
    return slices[abuse.value]


def _plan(
    runs: Sequence[Mapping[str, Mapping[str, int]]], abuse: Abuse, dataset: Description
) -> SlicePlan:
    warmed_up_us = dataset.start_us + DAY_US * warmup_days(
        (dataset.end_us - dataset.start_us) // DAY_US
    )
    learned = runs[0]["learn"]
    later_us = max(warmed_up_us, *(slices["test"]["start_us"] for slices in runs))
    learn, later = (
        TimeSlice(name=name, start_us=start_us, end_us=end_us, cutoff_us=dataset.end_us)
        for name, start_us, end_us in (
            (SliceName.LEARN, learned["start_us"], learned["end_us"]),
            (SliceName.LATER, later_us, dataset.end_us),
        )
    )
    return SlicePlan(
        abuse=abuse,
        maturity_days=dataset.maturity_days[abuse],
        start_us=dataset.start_us,
        end_us=dataset.end_us,
        slices=(learn, later),
    )


def _rows(
    plan: SlicePlan, dataset: Description, ordered_at_us: NDArray[np.int64], known: AbuseLabels
) -> dict[SliceName, NDArray[np.int64]]:
    rows = {}
    for part in plan.slices:
        inside = (ordered_at_us >= part.start_us) & (ordered_at_us < part.end_us)
        rows[part.name] = np.flatnonzero(inside & known.usable(ordered_at_us, part.cutoff_us))
    if not len(rows[SliceName.LATER]):
        raise _nothing_later(plan, dataset)
    refuse_one_class(plan.abuse, SliceName.LATER, known.value[rows[SliceName.LATER]])
    return rows
