"""The figures of a run on its test window, by the code that measures the promotion models."""

from collections.abc import Mapping
from dataclasses import asdict
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.evaluate.figures import plain
from training.evaluate.money import action_table
from training.measures.bootstrap import REPLICATES, resample_scores
from training.measures.groups import by_week
from training.measures.ranking import Ranking
from training.measures.reliability import reliability
from training.measures.test_slice import ModelScores, TestSlice
from training.own_data.learning.slices import Window
from training.own_data.prepared import OwnData
from training.progress import Tallies, untold

Json = dict[str, Any]
Rows = NDArray[np.int64]
LARGE_ROWS, LARGE_REPLICATES = 200_000, 50
LEAST_OF_BOTH = 5


def test_slice(data: OwnData, window: Window, train: Rows) -> TestSlice:
    """Return the labelled events of the test window.

    Parameters
    ----------
    train
        The training rows, to tell which events share no entity with them.
    """
    rows = window.labelled
    return TestSlice(
        abuse=data.labels.abuse,
        rows=rows,
        label=data.labels.value[rows],
        ordered_at_us=data.events.at_us[rows],
        account=data.clusters(rows),
        value_minor=np.ones(len(rows)),
        unseen=~data.seen(rows, train),
        matrix=np.empty((len(rows), 0)),
        features=(),
    )


def replicates_for(events: int) -> int:
    """Return how many replicates an interval over so many events rests on."""
    return REPLICATES if events < LARGE_ROWS else LARGE_REPLICATES


def figures(
    rows: TestSlice,
    scores: Mapping[str, ModelScores],
    served: str,
    seed: int,
    tally: Tallies = untold,
) -> Json:
    """Return all figures.

    Parameters
    ----------
    scores
        By the name of the set of inputs.
    tally
        Counts the replicates of the intervals.
    """
    replicates = replicates_for(len(rows.label))
    resampled = resample_scores(rows, scores, seed, replicates, tally)
    names = list(scores)
    gains = {
        name: resampled.difference(name, before, "pr_auc").as_dict()
        for before, name in pairwise(names)
    }
    best = scores[served]
    assert best.probability is not None  # noqa: S101 - every kept model is calibrated
    return {
        "events": len(rows.label),
        "positives": int(rows.label.sum()),
        "negatives": int((rows.label == 0).sum()),
        "base_rate": float(rows.label.mean()),
        "served": served,
        "metrics": plain(resampled.intervals()[served]),
        "comparison": {name: plain(metrics) for name, metrics in resampled.intervals().items()},
        "pr_auc_gain_of_step": gains,
        "calibration": asdict(reliability(rows.label, best.probability)),
        "actions": action_table(rows, best),
        "by_week": by_week(rows, best.raw),
        "unseen_entities": _unseen(rows, best),
        "bootstrap": {"replicates": replicates, "of": "the first entity"},
    }


def _unseen(rows: TestSlice, scores: ModelScores) -> Json:
    """Measure on events none of whose entities had an event in the training rows."""
    label, raw = rows.label[rows.unseen], scores.raw[rows.unseen]
    found: Json = {"events": len(label), "positives": int(label.sum())}
    if min(int(label.sum()), int((label == 0).sum())) >= LEAST_OF_BOTH:
        curve = Ranking.of(label, raw).curve()
        found["pr_auc"] = curve.average_precision()
        found["roc_auc"] = curve.roc_auc()
    return found
