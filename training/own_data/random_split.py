"""The same model on a random split beside the split in time, and why they differ.

Both use the same inputs, each as of its event, the same parameters and as many rows to fit
and to measure. Only the choice of rows differs: at random, or earlier to fit and later to
measure. A random split is shown here and used nowhere.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluate.bootstrap import resample
from training.evaluate.figures import plain
from training.evaluate.ranking import Ranking
from training.own_data.choose import settings_for
from training.own_data.inputs import Inputs
from training.own_data.keep import SEVERAL_BELOW_ROWS, SEVERAL_MODELS
from training.own_data.learn import Held, Learning, fit_whole, mean_raw
from training.own_data.manifest import Manifest
from training.own_data.prepared import OwnData
from training.own_data.slices import Window

Json = dict[str, Any]
Rows = NDArray[np.int64]
REPLICATES = 100


def random_split(
    data: OwnData, windows: tuple[Window, Window], inputs: Inputs, manifest: Manifest
) -> Json:
    """Return the figures of both splits, for every set of inputs, and what tells them apart."""
    train, test = windows
    both = np.sort(np.concatenate((train.labelled, test.labelled)))
    drawn = np.random.default_rng(manifest.seed).permutation(len(both))
    cut = len(train.labelled)
    splits = {
        "time": (train.labelled, test.labelled),
        "random": (np.sort(both[drawn[:cut]]), np.sort(both[drawn[cut:]])),
    }
    found: Json = {
        name: _measure(data, inputs, manifest, fit, held) for name, (fit, held) in splits.items()
    }
    found["explanation"] = _explain(found, manifest.served)
    return found


def _measure(data: OwnData, inputs: Inputs, manifest: Manifest, fit: Rows, held: Rows) -> Json:
    label = data.labels.value[held]
    learning = Learning(
        inputs=inputs,
        at=np.searchsorted(inputs.rows, fit),
        label=data.labels.value[fit],
        folds=(),
        seed=manifest.seed,
    )
    at = np.searchsorted(inputs.rows, held)
    rankings = {
        name: Ranking.of(label, _fit(learning, manifest, name, at)) for name in manifest.sets()
    }
    clusters = np.unique(data.clusters(held), return_inverse=True)[1].astype(np.int64)
    resampled = resample(rankings, clusters, manifest.seed, REPLICATES)
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
    }


def _fit(learning: Learning, manifest: Manifest, name: str, at: Rows) -> NDArray[np.float64]:
    kept = manifest.models[name]
    setting = next(one for one in settings_for(learning) if one.name == kept.setting)
    held = Held(
        setting=setting,
        names=kept.features,
        by_fold=(),
        trees=kept.trees,
        at=np.empty(0, np.int64),
        raw=np.empty(0),
    )
    models = SEVERAL_MODELS if len(learning.at) < SEVERAL_BELOW_ROWS else 1
    texts = tuple(one.text for one in fit_whole(learning, held, models))
    return mean_raw(texts, learning.inputs, at, kept.features)


def _explain(found: Json, served: str) -> str:
    time, random = found["time"], found["random"]
    key = "positives_with_a_fitted_positive_of_the_same_entity"
    in_time, at_random = (one["models"][served]["pr_auc"]["value"] for one in (time, random))
    # PR-AUC starts at the base rate, so the two are compared as lifts over it.
    lifts = in_time / time["base_rate"], at_random / random["base_rate"]
    return (
        f"PR-AUC is {in_time:.3f} in time ({lifts[0]:.1f} times the base rate "
        f"{time['base_rate']:.2%}) and {at_random:.3f} at random ({lifts[1]:.1f} times "
        f"{random['base_rate']:.2%}). A random split fits on events that lie after the ones it "
        f"measures: {random[key]:.0%} of its measured positives share an entity with a fitted "
        f"positive, in time {time[key]:.0%}; and it mixes earlier and later conditions, so both "
        "sides have the same base rate. Neither is known when a model is used on what comes "
        "after its training: expect the figure in time."
    )
