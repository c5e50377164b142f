"""From a frame and its labels to one task per abuse: slices laid out, rows chosen."""

from pathlib import Path

from risk_service.domain.vocabulary import Abuse
from training.datasets.description import Description
from training.labels import read_labels
from training.split import members, plan_slices
from training.train.costs import CostTable
from training.train.fit import Task
from training.train.frame import Frame


def plan_tasks(
    warehouse: Path, dataset: Description, frame: Frame, costs: CostTable, seed: int
) -> dict[Abuse, Task]:
    """Return the task of every abuse that the data set has labels for.

    Raises
    ------
    ConfigFault
        The data set is too short for an abuse, or a slice has one class only.
    """
    labels = read_labels(warehouse / "labels.parquet", frame.order_id, dataset.maturity_days)
    tasks = {}
    for abuse, known in labels.items():
        plan = plan_slices(abuse, dataset.maturity_days[abuse], dataset.start_us, dataset.end_us)
        tasks[abuse] = Task(
            abuse=abuse,
            labels=known,
            plan=plan,
            rows=members(plan, frame.ordered_at_us, known),
            costs=costs.of(abuse),
            seed=seed,
        )
    return tasks


def check_length(dataset: Description) -> None:
    """Refuse a data set that is too short, before an hour is spent on its features.

    Raises
    ------
    ConfigFault
        Names the abuse whose labels take longest and the days it needs: enough for all.
    """
    slowest_first = sorted(dataset.maturity_days.items(), key=lambda one: -one[1])
    for abuse, days in slowest_first:
        plan_slices(abuse, days, dataset.start_us, dataset.end_us)
