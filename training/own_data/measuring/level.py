"""Whether the probabilities of a test window lie as high as its positives are frequent.

They are set on the training window. Where the file begins not long before it, histories are
short then, and of the labels that are known most are positive, since innocence is known after the
delay; later events look different, and the same model says too much or too little of each.
"""

from collections.abc import Mapping
from math import sqrt
from typing import Any

from training.report.words import Note

# Chance alone explains less, and nobody minds it.
_LEAST_RATIO, _LEAST_POSITIVES, _DEVIATIONS = 1.5, 20, 4


def level_notes(calibration: Mapping[str, Any]) -> tuple[Note, ...]:
    """Return a warning where probabilities are too high or too low by half or more.

    Parameters
    ----------
    calibration
        That of the figures: bins of labelled events, with what was predicted and seen.
    """
    bins = calibration["bins"]
    events = sum(one["orders"] for one in bins)
    expected = sum(one["orders"] * one["predicted"] for one in bins)
    seen = sum(one["orders"] * one["seen"] for one in bins)
    most = max(expected, seen)
    is_near = most < _LEAST_RATIO * min(expected, seen)
    if seen < _LEAST_POSITIVES or is_near or most - min(expected, seen) < _DEVIATIONS * sqrt(most):
        return ()
    said, found = expected / events, seen / events
    way, way_zh = ("high", "高") if expected > seen else ("low", "低")
    return (
        Note(
            f"probabilities are too {way} on the test window: {said:.2%} on average, and "
            f"{found:.2%} are positive; rank by them, and do not read them as shares",
            f"测试时段的概率整体偏{way_zh}：平均 {said:.2%}，实际正样本 {found:.2%}；"
            "请只用于排序，不要当作比例",
        ),
    )
