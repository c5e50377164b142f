"""What a run is measured on: the orders of a data set with their model inputs and labels."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import cast

from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Abuse
from risk_service.features.schema import FeatureSchema
from risk_service.identity.keys import load_identity_key
from risk_service.models.manifest import TrainingFacts
from training.datasets.description import Description, read_description
from training.progress import Progress
from training.promotion.later import later_tasks, refuse_without_later
from training.split import SliceName
from training.train.costs import load_costs
from training.train.fit import Task
from training.train.frame import Frame
from training.train.run_file import COSTS_FILE, RunFile, read_run_file
from training.train.source import description_sha256, load_frame, make_warehouse
from training.train.tasks import plan_tasks
from training.words import fault

# Of a data set that the run was not trained on, in a directory of its own.
WAREHOUSES = "evaluated"
# prepare, history, live features, point-in-time join
PREPARING = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluateRequest:
    """Which run to measure, on which data set and slice, trusting which public key.

    ``slice_name`` None is the test slice of the data set that was trained on, and of another one
    the orders that came later. Another one is prepared with ``keys/identity.key`` (None: the
    run's keys) in ``warehouse`` (None: in the run).
    """

    run: Path
    data: Path
    trust: Path
    slice_name: SliceName | None = None
    keys: Path | None = None
    warehouse: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """All orders of the data set, and which of them are measured."""

    frame: Frame
    tasks: Mapping[Abuse, Task]
    slice_name: SliceName


def is_other_data(request: EvaluateRequest, run: RunFile) -> bool:
    """Tell whether the data set is not the one that the run was trained on."""
    return run.dataset_sha256 != description_sha256(request.data)


def steps_of(request: EvaluateRequest) -> int:
    """Return how many steps a measurement announces, for a progress bar."""
    prepared = PREPARING if is_other_data(request, read_run_file(request.run)) else 0
    return 2 + prepared + 2 * len(Abuse)


def chosen_slice(request: EvaluateRequest, run: RunFile) -> SliceName:
    """Return which slice to measure.

    Raises
    ------
    ConfigFault
        Another data set is to be measured on a slice that only the run's own has.
    """
    if not is_other_data(request, run):
        return request.slice_name or SliceName.TEST
    if request.slice_name not in (None, SliceName.LATER):
        told = {"run": request.run, "data": request.data, "slice": request.slice_name}
        raise ConfigFault(fault("other_data_set", **told))
    return SliceName.LATER


def gather(
    request: EvaluateRequest,
    run: RunFile,
    facts: TrainingFacts,
    schema: FeatureSchema,
    tell: Progress,
    *,
    after: TrainingFacts | None = None,
) -> Material:
    """Form the model inputs of the data set, and choose the orders.

    Parameters
    ----------
    facts
        What the bundle says of its training.
    after
        The same of a second one: later orders are those that came after both.

    Raises
    ------
    ConfigFault
        The slice has no orders, or of one class only; or another data set cannot be prepared.
    """
    slice_name = chosen_slice(request, run)
    dataset, costs = read_description(request.data), load_costs(request.run / COSTS_FILE)
    both = [facts] if after is None else [facts, after]
    if slice_name is SliceName.LATER:
        refuse_without_later(both, dataset)
    warehouse = run.warehouse
    if is_other_data(request, run):
        warehouse = request.warehouse or _warehouse_in(request)
        key = load_identity_key((request.keys or request.run / "keys") / "identity.key")
        make_warehouse(request.data, warehouse, key, schema, tell)
    tell("vectors", 0, 0)
    frame = load_frame(warehouse, schema)
    if slice_name is SliceName.LATER:
        tasks = later_tasks(both, warehouse, dataset, frame, costs, run.seed)
    else:
        tasks = plan_tasks(warehouse, _as_trained(dataset, facts), frame, costs, run.seed)
    return Material(frame=frame, tasks=tasks, slice_name=slice_name)


def _warehouse_in(request: EvaluateRequest) -> Path:
    return request.run / WAREHOUSES / description_sha256(request.data)[:16]


def _as_trained(dataset: Description, facts: TrainingFacts) -> Description:
    """Let the data set end where it ended for a training as of some earlier time."""
    return replace(dataset, end_us=cast(int, facts.window["end_us"]))
