"""Scores of 0 to 1000 anchored to the false positive rate among honest orders.

Holds the meaning of a score and its computation from a bundle's anchors. Between the
fixed points the score is linear in the logarithm of the false positive rate f (the share
of honest orders whose raw score is at least as high):

====== =======
f      score
====== =======
1      0
0.10   600
0.02   900
0.0001 1000
====== =======

so that 600 <= s <= 900 is ``600 + 300 * ln(0.10 / f) / ln(5)``, and 0.5 % is 926.

Source: AWS documents the points 600 = 10 % and 900 = 2 % for Fraud Detector ("Model
scores"); the floor of 1 in 10,000 for 1000 is ours: it is the smallest rate that a
calibration slice of some ten thousand honest orders can still measure.
"""

import math
from bisect import bisect_right
from collections.abc import Callable
from functools import partial
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from risk_service.models.calibration import Knots, check_rising

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

_SIGN_BIT = np.int64(-(1 << 63))

FIXED_POINTS: tuple[tuple[float, float], ...] = (
    (1.0, 0.0),
    (0.10, 600.0),
    (0.02, 900.0),
    (0.0001, 1000.0),
)
MAX_SCORE = 1000.0


def rate_of_score(score: float) -> float:
    """Return the false positive rate that a score of 0 to 1000 stands for."""
    for (f0, s0), (f1, s1) in pairwise(FIXED_POINTS):
        if score < s1:
            return f0 * math.exp(math.log(f1 / f0) * (score - s0) / (s1 - s0))
        if score == s1:
            return f1
    return FIXED_POINTS[-1][0]


def check_anchors(anchors: Knots) -> None:
    """Refuse anchors that are no monotone map to 0 to 1000.

    Raises
    ------
    ValueError
        The message says what is wrong.
    """
    check_rising(anchors, high=MAX_SCORE)


def score_of(anchors: Knots) -> Callable[[float], int]:
    """Return the map from a raw score to a whole score of 0 to 1000.

    Rounds down, so that a score reaches 900 exactly where the false positive rate has
    come down to 2 %.

    Raises
    ------
    ValueError
        The anchors are no monotone map.
    """
    check_anchors(anchors)
    lowest, highest = int(anchors[0][1]), int(anchors[-1][1])
    starts = _starts(anchors, np.arange(lowest + 1, highest + 1, dtype=np.float64))
    # One search in C per order and model, where interpolating costs three times as much.
    return partial(bisect_right, [-math.inf] * lowest + starts.tolist())


def _starts(anchors: Knots, scores: Floats) -> Floats:
    """Return the lowest raw score at which the anchors' line reaches each score.

    Halves the floats between two anchors until none is left between reached and not, and
    computes the line as ``piecewise_linear`` does, so that not one bit differs from it.
    """
    xs, ys = np.array(anchors, dtype=np.float64).T
    after = np.searchsorted(ys, scores, side="left")
    x0, x1, low, high = xs[after - 1], xs[after], ys[after - 1], ys[after]
    below, reached = _ordinal(x0), _ordinal(x1)
    for _ in range(64):
        # The mean of two integers whose sum may not fit.
        middle = (below >> 1) + (reached >> 1) + (below & reached & 1)
        x = _float_at(middle)
        line = np.minimum(low + (high - low) * ((x - x0) / (x1 - x0)), high)
        # Where nothing lies between, the middle is ``below`` and stays so.
        reaches = line >= scores
        reached = np.where(reaches, middle, reached)
        below = np.where(reaches, below, middle)
    return _float_at(reached)


def _ordinal(x: Floats) -> Ints:
    """Return the number of each float in the order of floats; both zeros have 0."""
    bits = x.view(np.int64)
    return np.where(bits < 0, _SIGN_BIT - bits, bits)


def _float_at(ordinal: Ints) -> Floats:
    bits = np.where(ordinal < 0, _SIGN_BIT - ordinal, ordinal)
    return bits.view(np.float64)
