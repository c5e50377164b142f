"""How hard a written world is for the product's own model inputs.

``python -m training.simulate.model_inputs DIR [WAREHOUSE]`` prepares the world as
``risk train`` does and prints, for each abuse, the strongest single inputs on the test
slice and the PR-AUC of two small LightGBM: on all inputs and on the order's own.
"""

import json
import sys
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import lightgbm as lgb
import numpy as np
from sklearn.metrics import average_precision_score

from risk_service.domain.vocabulary import Abuse
from risk_service.features.schema import load_schema
from risk_service.identity.keys import IdentityKey
from training.datasets.description import read_description
from training.measures.leaks import FeatureAuc, single_feature_aucs
from training.progress import silent
from training.simulate.difficulty import PARAMS
from training.split import SliceName
from training.train.costs import DEFAULT_COSTS, load_costs
from training.train.fit import Task
from training.train.frame import Frame
from training.train.source import load_frame, make_warehouse
from training.train.tasks import plan_tasks

TREES = 60
SHOWN = 5
# The figures do not depend on the key: it only renames the entities.
_KEY = IdentityKey(key_id="k1", secret=bytes(range(32)))


@dataclass(frozen=True, slots=True, kw_only=True)
class InputDifficulty:
    """Figures of one abuse on the test slice, against the labels that training sees."""

    abuse: str
    abuses: int
    base_rate: float
    strongest: tuple[FeatureAuc, ...]
    strongest_on_train: tuple[FeatureAuc, ...]
    pr_auc_order_only: float
    pr_auc_full: float


def measure(directory: Path, warehouse: Path) -> list[InputDifficulty]:
    """Measure a written world; the warehouse is made there unless it is there."""
    schema = load_schema()
    make_warehouse(directory, warehouse, _KEY, schema, silent)
    frame = load_frame(warehouse, schema)
    costs = load_costs(DEFAULT_COSTS)
    tasks = plan_tasks(warehouse, read_description(directory), frame, costs, seed=1)
    return [_of_abuse(abuse, task, frame, schema.order_only) for abuse, task in tasks.items()]


def _of_abuse(
    abuse: Abuse, task: Task, frame: Frame, order_only: tuple[str, ...]
) -> InputDifficulty:
    train, test = (task.rows[name] for name in (SliceName.TRAIN, SliceName.TEST))
    label = task.label(SliceName.TEST)
    ranked = single_feature_aucs(label, frame.matrix[test], frame.features, task.seed)
    ranked_on_train = single_feature_aucs(
        task.label(SliceName.TRAIN), frame.matrix[train], frame.features, task.seed
    )
    return InputDifficulty(
        abuse=abuse.value,
        abuses=int(label.sum()),
        base_rate=float(label.mean()),
        strongest=ranked[:SHOWN],
        strongest_on_train=ranked_on_train[:SHOWN],
        pr_auc_order_only=_pr_auc(task, frame, frame.columns(order_only)),
        pr_auc_full=_pr_auc(task, frame, np.arange(len(frame.features))),
    )


def _pr_auc(task: Task, frame: Frame, columns: np.ndarray) -> float:
    train, test = (task.rows[name] for name in (SliceName.TRAIN, SliceName.TEST))
    data = lgb.Dataset(frame.matrix[np.ix_(train, columns)], label=task.label(SliceName.TRAIN))
    booster = lgb.train(PARAMS, data, num_boost_round=TREES)
    scores = booster.predict(frame.matrix[np.ix_(test, columns)])
    return float(average_precision_score(task.label(SliceName.TEST), scores))


def main() -> None:
    """Print the figures of the world in the directory on the command line, as JSON."""
    if len(sys.argv) not in (2, 3):
        raise SystemExit("usage: python -m training.simulate.model_inputs DIR [WAREHOUSE]")
    directory = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as scratch:
        warehouse = Path(sys.argv[2]) if len(sys.argv) == 3 else Path(scratch) / "warehouse"
        figures = [asdict(one) for one in measure(directory, warehouse)]
    sys.stdout.write(json.dumps(figures, indent=2) + "\n")


if __name__ == "__main__":
    main()
