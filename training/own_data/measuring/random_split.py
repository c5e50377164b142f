"""The same model on a random split beside the split in time, and why they differ.

Both use the same inputs, each as of its event, the same parameters and as many rows to fit
and to measure. Only the choice of rows differs: at random, or earlier to fit and later to
measure. A random split is shown here and used nowhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluate.figures import plain
from training.measures.bootstrap import resample
from training.measures.ranking import Ranking
from training.own_data.inputs.make import Inputs
from training.own_data.learning.choose import INPUT_SETS, setting_named
from training.own_data.learning.keep import models_of
from training.own_data.learning.learn import Held, Learning, fit_whole, mean_raw
from training.own_data.learning.slices import Window
from training.own_data.manifest import Manifest
from training.own_data.measuring.measure import replicates_for
from training.own_data.prepared import OwnData
from training.report.words import Note

Json = dict[str, Any]
Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
OWN = next(iter(INPUT_SETS))


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """What the split in time gave: the run, its inputs, and raw scores of its test events.

    ``raw`` holds one array per set of inputs, over the labelled events of the test window.
    """

    data: OwnData
    train: Window
    test: Window
    inputs: Inputs
    manifest: Manifest
    raw: Mapping[str, Floats]


def random_split(run: Beside) -> Json:
    """Return the figures of both splits, and what tells them apart.

    Shown are the inputs of the kept model, and the event's own columns alone.
    """
    names = [name for name in run.manifest.sets() if name in (OWN, run.manifest.served)]
    train, test = run.train.labelled, run.test.labelled
    both = np.sort(np.concatenate((train, test)))
    drawn = np.random.default_rng(run.manifest.seed).permutation(len(both))
    fit, held = np.sort(both[drawn[: len(train)]]), np.sort(both[drawn[len(train) :]])
    learning = Learning(
        inputs=run.inputs,
        at=np.searchsorted(run.inputs.rows, fit),
        label=run.data.labels.value[fit],
        folds=(),
        seed=run.manifest.seed,
    )
    at = np.searchsorted(run.inputs.rows, held)
    found: Json = {
        "time": _measure(run, train, test, {name: run.raw[name] for name in names}),
        "random": _measure(run, fit, held, {name: _fit(learning, run, name, at) for name in names}),
    }
    told = _explain(found, run.manifest.served)
    found |= {"explanation": told.en, "explanation_zh": told.zh}
    return found


def _measure(run: Beside, fit: Rows, held: Rows, raw: Mapping[str, Floats]) -> Json:
    data = run.data
    label = data.labels.value[held]
    rankings = {name: Ranking.of(label, one) for name, one in raw.items()}
    clusters = np.unique(data.clusters(held), return_inverse=True)[1].astype(np.int64)
    resampled = resample(rankings, clusters, run.manifest.seed, replicates_for(len(held)))
    guilty = fit[data.labels.value[fit] == 1]
    positive = held[label == 1]
    return {
        "fitted": len(fit),
        "measured": len(held),
        "positives": int(label.sum()),
        "base_rate": float(label.mean()),
        "models": {name: plain(metrics) for name, metrics in resampled.intervals().items()},
        "positives_with_a_fitted_positive_of_the_same_entity": float(
            data.seen(positive, guilty).mean()
        ),
        "events_with_a_fitted_event_of_the_same_entity": float(data.seen(held, fit).mean()),
        "labels_known_of_the_first_entity": _history(run, held),
    }


def _history(run: Beside, rows: Rows) -> float:
    """Return how many labels are known on average of the first entity with a history."""
    keys = run.manifest.plan.keys
    if not keys:
        return 0.0
    known = run.inputs.columns[f"{keys[0].field}__known_ever"]
    values = known[np.searchsorted(run.inputs.rows, rows)].astype(np.float64)
    return float(np.nan_to_num(values).mean())


def _fit(learning: Learning, run: Beside, name: str, at: Rows) -> Floats:
    kept = run.manifest.models[name]
    # The parameters are those of the run: how many positives are drawn here has no say in them.
    setting = setting_named(kept.setting, run.train.label)
    held = Held(
        setting=setting,
        names=kept.features,
        by_fold=(),
        trees=kept.trees,
        at=np.empty(0, np.int64),
        raw=np.empty(0),
    )
    texts = tuple(one.text for one in fit_whole(learning, held, models_of(learning)))
    return mean_raw(texts, learning.inputs, at, kept.features)


def _explain(found: Json, served: str) -> Note:
    time, random = found["time"], found["random"]
    key = "positives_with_a_fitted_positive_of_the_same_entity"
    in_time, at_random = (one["models"][served]["pr_auc"]["value"] for one in (time, random))
    # PR-AUC starts at the base rate, so the two are compared as lifts over it.
    lifts = in_time / time["base_rate"], at_random / random["base_rate"]
    history = "labels_known_of_the_first_entity"
    return Note(
        f"PR-AUC is {in_time:.3f} in time ({lifts[0]:.1f} times the base rate "
        f"{time['base_rate']:.2%}) and {at_random:.3f} at random ({lifts[1]:.1f} times "
        f"{random['base_rate']:.2%}). Two things pull apart. A random split fits on events that "
        f"lie after the ones it measures and mixes earlier with later conditions, which flatters: "
        f"{random[key]:.0%} of its measured positives share an entity with a fitted positive, in "
        f"time {time[key]:.0%}. But inputs are as of each event in both splits, and its measured "
        f"events lie earlier, with less history: {random[history]:.1f} labels known of the first "
        f"entity on average, in time {time[history]:.1f}. A model is used on what comes after its "
        "training: expect the figure in time.",
        f"按时间切分的 PR-AUC 为 {in_time:.3f}"
        f"（基准比例 {time['base_rate']:.2%} 的 {lifts[0]:.1f} 倍），"
        f"随机切分为 {at_random:.3f}（基准比例 {random['base_rate']:.2%} 的 {lifts[1]:.1f} 倍）。"
        "差异来自两方面。随机切分用晚于被测事件的事件拟合，且混合了前后不同的情况，结果偏乐观："
        f"被测正样本中有 {random[key]:.0%} 与拟合用的正样本同属一个实体，"
        f"按时间切分为 {time[key]:.0%}。"
        "但两种切分的输入都以各事件当时为准，随机切分的被测事件更早、历史更短："
        f"首个实体平均已知标签 {random[history]:.1f} 个，按时间切分为 {time[history]:.1f} 个。"
        "模型用于训练之后的事件：请以按时间切分的结果为准。",
    )
