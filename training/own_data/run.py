"""The use case behind ``risk train`` on own events: from the data set to a run."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from training.measures.leaks import SUSPICIOUS_AUC, FeatureAuc
from training.measures.test_slice import ModelScores
from training.own_data.facts import learning_facts
from training.own_data.inputs.declare import declare
from training.own_data.inputs.make import Inputs
from training.own_data.learning.choose import INPUT_SETS, Choice, choose
from training.own_data.learning.keep import Kept, keep, models_of, probabilities, raw_thresholds
from training.own_data.learning.leaking_values import Telling, telling_values
from training.own_data.learning.learn import Learning, mean_raw
from training.own_data.learning.single_inputs import inputs_alone
from training.own_data.learning.slices import Window, folds, test_window, training_window
from training.own_data.manifest import (
    KeptModel,
    Manifest,
    write_manifest,
    write_models,
)
from training.own_data.manifest import Window as ManifestWindow
from training.own_data.measuring.level import level_notes
from training.own_data.measuring.measure import figures, test_slice
from training.own_data.periods import Periods, when
from training.own_data.plan import FeaturePlan
from training.own_data.planning.make_plan import make_plan
from training.own_data.prepared import OwnData, read_own_data
from training.own_data.report import OwnReport, write_report
from training.progress import Progress, Tallies, Timer, silent
from training.report.words import Note
from training.side_by_side import SideBySide
from training.train.run_file import run_directory, write_json
from training.train.source import description_sha256
from training.words import fault

Json = dict[str, Any]
METRICS_FILE, REPORT_FILE = "metrics.json", "report.html"
# What a run tells of, in this order; the sets of inputs each have their folds.
STEPS = (
    "read", "plan", "columns", "windows", "links", "search",
    *(f"folds {name}" for name in INPUT_SETS), "fit", "measure", "report",
)  # fmt: skip
# Sets of inputs are fitted side by side, a thread each.
SETS_AT_A_TIME = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTrainRequest:
    """What to train on, and where to put the run. ``label_delay_s`` None: as imported."""

    data: Path
    out: Path
    label: str
    periods: Periods
    label_delay_s: int | None = None
    seed: int = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTrained:
    """Every figure, and the warnings that belong on the screen."""

    metrics: Json
    warnings: tuple[Note, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Material:
    """What is fitted on and measured; ``telling`` are values that may give the label away."""

    data: OwnData
    telling: tuple[Telling, ...]
    train: Window
    test: Window
    plan: FeaturePlan
    inputs: Inputs
    learning: Learning


def train_own(request: OwnTrainRequest, tell: Progress = silent) -> OwnTrained:
    """Train, measure and report.

    Raises
    ------
    ConfigFault
        The run exists, the label is unknown, or a window has no events, one class only or
        too few positives.
    DataFault
        The data set cannot be read.
    """
    if (request.out / METRICS_FILE).exists():
        raise ConfigFault(fault("holds_a_run", path=request.out))
    with run_directory(request.out):
        return _train(request, Timer(tell))


def _train(request: OwnTrainRequest, timer: Timer) -> OwnTrained:
    material = _prepare(request, timer)
    train, test = material.train, material.test
    choice = choose(material.learning, timer)
    timer.step("fit")
    kept = _keep_all(material, choice, timer.tally)
    timer.step("measure")
    rows = test_slice(material.data, test, train.labelled)
    scores = score(material.inputs, test.labelled, kept)
    found = figures(rows, scores, choice.served, request.seed, timer.tally)
    alone = inputs_alone(material.learning)
    found |= _facts(request, material, kept, choice, alone)
    timer.step("report")
    _write_run(request, material, kept, choice)
    warnings = _warnings(material, found, alone)
    page = OwnReport(figures=found, rows=rows, scores=scores, warnings=warnings)
    write_report(request.out / REPORT_FILE, page)
    timer.stop()
    found["seconds"] = {name: round(spent, 2) for name, spent in timer.seconds.items()}
    write_json(request.out / METRICS_FILE, found)
    return OwnTrained(metrics=found, warnings=warnings)


def _prepare(request: OwnTrainRequest, timer: Timer) -> _Material:
    timer.step("read")
    periods = request.periods
    data = read_own_data(request.data, request.label, request.label_delay_s, periods)
    train = training_window(data.events, data.labels, periods)
    test = test_window(data.events, data.labels, periods)
    timer.step("plan")
    then = data.labels.as_of(periods.cutoff_us)
    plan = make_plan(data.events, then, periods.train_to_us, periods.cutoff_us)
    rows = np.concatenate((train.labelled, test.labelled))
    inputs = data.inputs(plan, rows, request.out, timer.report)
    learning = Learning(
        inputs=inputs,
        at=np.searchsorted(inputs.rows, train.labelled),
        label=train.label,
        folds=_folds(data, train),
        seed=request.seed,
    )
    return _Material(
        # A wide file's attributes are in the inputs now, and too many to lie in memory as well.
        data=data.without_attributes(),
        telling=telling_values(data.events, train.labelled, learning.label),
        train=train,
        test=test,
        plan=plan,
        inputs=inputs,
        learning=learning,
    )


def _folds(data: OwnData, train: Window) -> Any:
    then = data.labels.as_of(data.periods.cutoff_us)
    found = folds(then, data.events.at_us, train.labelled)
    if not found:
        raise ConfigFault(fault("no_folds", label=data.labels.abuse))
    return found


def _keep_all(material: _Material, choice: Choice, tally: Tallies) -> dict[str, Kept]:
    clusters = material.data.clusters(material.train.labelled)
    # Sets of the same inputs are one model. What takes longest begins first, or one thread
    # would end alone with it.
    different = {held.names: held for held in choice.by_set.values()}
    by_work = sorted(different.values(), key=lambda held: -len(held.names) * held.trees)
    learning = material.learning
    with SideBySide(SETS_AT_A_TIME) as pool:
        trees = models_of(learning) * sum(held.trees for held in by_work)
        advance = pool.counted(tally(trees))
        work = {
            held.names: pool.submit(keep, learning, held, clusters, advance) for held in by_work
        }
        return {name: work[held.names].result() for name, held in choice.by_set.items()}


def score(
    inputs: Inputs, rows: NDArray[np.int64], kept: Mapping[str, Kept]
) -> dict[str, ModelScores]:
    """Return what every kept model says of some events, which the inputs must hold."""
    at = np.searchsorted(inputs.rows, rows)
    found = {}
    for name, one in kept.items():
        raw = mean_raw(one.texts, inputs, at, one.held.names)
        found[name] = ModelScores(
            raw=raw,
            probability=probabilities(one.calibrated, raw),
            thresholds=raw_thresholds(one.thresholds),
        )
    return found


def _facts(
    request: OwnTrainRequest,
    material: _Material,
    kept: Mapping[str, Kept],
    choice: Choice,
    alone: tuple[FeatureAuc, ...],
) -> Json:
    train, test, learning = material.train, material.test, material.learning
    return {
        "label": request.label,
        "data_set": material.data.events.description.name,
        "label_delay_days": material.data.labels.maturity_days,
        "train": {
            "from": when(request.periods.train_from_us),
            "to": when(request.periods.train_to_us),
            "labels_known_by": when(request.periods.cutoff_us),
            "events": len(train.events),
            "labelled": len(train.labelled),
            "positives": int(learning.label.sum()),
            "label_not_known_at_cut": train.unknown,
            "unlabelled": train.unlabelled,
        },
        "test": {
            "from": when(request.periods.test_from_us),
            "to": when(request.periods.test_to_us),
            "events": len(test.events),
            "unlabelled": test.unlabelled,
        },
        "single_inputs": [{"input": one.feature, "auc": one.auc} for one in alone[:5]],
        **learning_facts(learning, choice, kept),
    }


def _warnings(material: _Material, found: Json, alone: tuple[FeatureAuc, ...]) -> tuple[Note, ...]:
    warnings = []
    if material.train.unknown:
        unknown, known_by = material.train.unknown, found["train"]["labels_known_by"]
        warnings.append(
            Note(
                f"{unknown:,} labelled events of the training window are left out: their labels "
                f"are not known on {known_by}, when the model is first used",
                f"训练时段有 {unknown:,} 个有标签的事件未使用："
                f"模型启用时（{known_by}）其标签尚未获知",
            )
        )
    if alone[0].auc > SUSPICIOUS_AUC:
        name, auc = alone[0].feature, alone[0].auc
        warnings.append(
            Note(
                f"input {name} alone has AUC {auc:.3f} on the training window; "
                "check that it was known when the event happened",
                f"训练时段仅凭输入 {name} 的 AUC 就达 {auc:.3f}，请确认事件发生时已知该信息",
            )
        )
    telling = (one.note() for one in material.telling)
    return (*warnings, *telling, *level_notes(found["calibration"]))


def _write_run(
    request: OwnTrainRequest, material: _Material, kept: Mapping[str, Kept], choice: Choice
) -> None:
    periods = request.periods
    manifest = Manifest(
        data=os.path.relpath(request.data, request.out),
        dataset_name=material.data.events.description.name,
        dataset_sha256=description_sha256(request.data),
        label=request.label,
        label_delay_s=request.label_delay_s,
        window=ManifestWindow(
            train_from_us=periods.train_from_us,
            train_to_us=periods.train_to_us,
            test_from_us=periods.test_from_us,
            test_to_us=periods.test_to_us,
        ),
        seed=request.seed,
        window_set=declare(material.plan).version,
        served=choice.served,
        models={name: _kept_model(request.out, name, one) for name, one in kept.items()},
        plan=material.plan,
    )
    write_manifest(request.out, manifest)


def _kept_model(run: Path, name: str, kept: Kept) -> KeptModel:
    file = name.replace("+ ", "").replace(" ", "_")
    return KeptModel(
        features=kept.held.names,
        setting=kept.held.setting.name,
        trees=kept.held.trees,
        files=write_models(run, file, kept.texts),
        calibration=kept.calibrated.kind,
        knots=kept.calibrated.knots,
        anchors=kept.anchors,
        thresholds=dict(raw_thresholds(kept.thresholds)),
        quality_on_folds=kept.held.quality,
    )
