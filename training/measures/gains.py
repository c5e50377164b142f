"""What each step of features is worth: figures per step, and the paired gain over the last."""

from collections.abc import Mapping
from itertools import pairwise

from training.measures.bootstrap import resample_scores
from training.measures.test_slice import ModelScores, TestSlice

Json = dict[str, object]
METRICS = ("pr_auc", "recall_at_fpr_0.5pct")


def step_gains(rows: TestSlice, scores: Mapping[str, ModelScores], seed: int) -> list[Json]:
    """Return one entry per step, in the order of ``scores``, with 95 % intervals.

    ``gain`` holds the paired difference to the step before; the first has none.
    """
    resampled = resample_scores(rows, scores, seed)
    intervals = resampled.intervals()
    table: list[Json] = []
    for name in scores:
        figures = {metric: intervals[name][metric].as_dict() for metric in METRICS}
        table.append({"step": name, "gain": {}, **figures})
    for entry, (before, after) in zip(table[1:], pairwise(scores), strict=True):
        entry["gain"] = {
            metric: resampled.difference(after, before, metric).as_dict() for metric in METRICS
        }
    return table
