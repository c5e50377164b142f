"""What each kind of feature adds: models on ever more of the inputs, fitted alike.

The steps go from the order's own columns over stored history and live windows to identity
clusters and linked accounts. A derived feature belongs to the first step that knows all of
its parts. Only the last step is served; the others are kept beside the run, so that an
evaluation can measure them on other questions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from risk_service.features.formula import names_in
from risk_service.features.schema import Feature, FeatureSchema
from training.measures.test_slice import ModelScores, TestSlice
from training.progress import Advance, Tallies
from training.side_by_side import SideBySide
from training.train.booster import COUNTED_TREES, Trained, fit_booster, raw_scores
from training.train.fit import MODELS_AT_A_TIME, FittedAbuse, Task, lesson
from training.train.frame import Frame

STEPS = ("order", "slow", "windows", "clusters", "one_hop")
# What people read for a step, in English and Chinese.
STEP_LABELS = {
    "order": ("the order alone", "仅订单本身"),
    "slow": ("+ daily history", "＋每日历史"),
    "windows": ("+ live windows", "＋实时窗口"),
    "clusters": ("+ identity clusters", "＋身份簇"),
    "one_hop": ("+ linked accounts", "＋关联账号"),
}
DIRECTORY = "steps"


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureStep:
    """A step and all model inputs up to it, in vector order."""

    name: str
    features: tuple[str, ...]


def feature_steps(schema: FeatureSchema) -> tuple[FeatureStep, ...]:
    """Return the steps of a schema, those that add nothing left out."""
    level = {feature.name: _level(schema, feature) for feature in _inputs(schema)}
    for feature in schema.derived:
        level[feature.name] = max(level[name] for name in names_in(feature.derived or ""))
    steps: list[FeatureStep] = []
    for at, name in enumerate(STEPS):
        features = tuple(one for one in schema.names if level[one] <= at)
        if not steps or features != steps[-1].features:
            steps.append(FeatureStep(name=name, features=features))
    return tuple(steps)


def _inputs(schema: FeatureSchema) -> tuple[Feature, ...]:
    return (*schema.order, *schema.stored, *schema.live)


def _level(schema: FeatureSchema, feature: Feature) -> int:
    if feature.entity == "order":
        return 0
    if feature in schema.stored:
        return 1
    return {"cluster": 3, "neighbour": 4}.get(feature.entity, 2)


def fit_steps(
    frame: Frame, fitted: FittedAbuse, steps: Sequence[FeatureStep], tally: Tallies
) -> dict[str, Trained]:
    """Fit one model per step; what the bundle's variants use already is not fitted again.

    Parameters
    ----------
    tally
        Counts the trees.
    """
    known = {variant.features: variant.trained for variant in fitted.variants.values()}
    new = [step for step in steps if step.features not in known]
    with SideBySide(MODELS_AT_A_TIME) as pool:
        advance = pool.counted(tally(len(new) * COUNTED_TREES))
        fits = {
            step.name: pool.submit(_fit, frame, fitted.task, step.features, advance) for step in new
        }
        return {step.name: known.get(step.features) or fits[step.name].result() for step in steps}


def _fit(frame: Frame, task: Task, features: tuple[str, ...], advance: Advance) -> Trained:
    return fit_booster(task.abuse, lesson(frame, task, features), features, task.seed, advance)


def step_scores(
    rows: TestSlice, steps: Sequence[FeatureStep], texts: Mapping[str, str]
) -> dict[str, ModelScores]:
    """Return what the model of each step says of a slice."""
    found = {}
    for step in steps:
        at = [rows.features.index(feature) for feature in step.features]
        raw = raw_scores(texts[step.name], np.ascontiguousarray(rows.matrix[:, at]))
        found[step.name] = ModelScores(raw=raw)
    return found


def write_steps(run: Path, abuse: str, trained: Mapping[str, Trained]) -> None:
    """Keep the models of one abuse beside the run."""
    directory = run / DIRECTORY / abuse
    directory.mkdir(parents=True, exist_ok=True)
    for name, model in trained.items():
        (directory / f"{name}.txt").write_text(model.text, "utf-8")


def read_steps(run: Path, abuse: str, steps: Sequence[FeatureStep]) -> dict[str, str]:
    """Return the kept models of one abuse; nothing when the run was trained without them."""
    directory = run / DIRECTORY / abuse
    if not directory.is_dir():
        return {}
    return {step.name: (directory / f"{step.name}.txt").read_text("utf-8") for step in steps}
