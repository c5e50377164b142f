"""Fits of calibration and anchors to held-out raw scores, as plain knots.

Holds what training calls once per model; needs numpy only. Nothing here runs on the
request path.
"""

import math

import numpy as np
from numpy.typing import NDArray

from risk_service.models.anchors import rate_of_score

Floats = NDArray[np.float64]
KnotList = tuple[tuple[float, float], ...]

# Every 25 points below 900 and every 5 points above, where the policy's thresholds lie.
ANCHOR_SCORES = tuple(range(0, 900, 25)) + tuple(range(900, 1001, 5))
NEWTON_STEPS = 100


def fit_anchors(raw_of_honest: Floats) -> KnotList:
    """Return anchors (raw, score) from the raw scores of held-out honest orders.

    The raw score of an anchor is the least one that at most the stated share of honest
    orders reaches, so ties err to fewer false positives. Rates that the sample cannot
    show (less than one order) get no anchor: the score then ends below 1000 rather
    than claim what was not measured.

    Raises
    ------
    ValueError
        There is no honest order, or a raw score is not finite.
    """
    if raw_of_honest.size == 0 or not bool(np.isfinite(raw_of_honest).all()):
        raise ValueError("anchors need at least one honest order and finite raw scores")
    values, counts = np.unique(raw_of_honest, return_counts=True)
    reached = counts[::-1].cumsum()[::-1] / raw_of_honest.size
    knots: dict[float, float] = {}
    for score in ANCHOR_SCORES:
        # A hair of slack: 0.02 * 50 must count as one order in spite of rounding.
        within = reached <= rate_of_score(score) * (1.0 + 1e-12)
        if not within.any():
            break
        knots[float(values[int(np.argmax(within))])] = float(score)
    return tuple(knots.items())


def fit_platt(raw: Floats, positive: NDArray[np.bool_]) -> KnotList:
    """Return the one knot (slope, intercept) of a sigmoid fitted by Newton's method.

    Targets are smoothed as Platt does, so a slice without errors keeps a finite slope.

    Source: Lin, Lin and Weng, "A note on Platt's probabilistic outputs" (2007).

    Raises
    ------
    ValueError
        One class is missing, or higher raw scores do not mean more abuse.
    """
    positives = int(positive.sum())
    negatives = positive.size - positives
    if positives == 0 or negatives == 0:
        raise ValueError("calibration needs both classes")
    target = np.where(positive, (positives + 1.0) / (positives + 2.0), 1.0 / (negatives + 2.0))
    slope, intercept = _newton(raw, target, math.log((positives + 1.0) / (negatives + 1.0)))
    if not slope > 0.0:
        raise ValueError("higher raw scores do not mean more abuse: the model is unusable")
    return ((slope, intercept),)


def _newton(raw: Floats, target: Floats, intercept: float) -> tuple[float, float]:
    slope = 0.0
    loss = _log_loss(raw, target, slope, intercept)
    for _ in range(NEWTON_STEPS):
        p = 1.0 / (1.0 + np.exp(-np.clip(slope * raw + intercept, -500.0, 500.0)))
        error, weight = p - target, p * (1.0 - p) + 1e-12
        gradient = np.array([error @ raw, error.sum()])
        cross = weight @ raw
        hessian = np.array([[weight @ (raw * raw) + 1e-12, cross], [cross, weight.sum()]])
        step = np.linalg.solve(hessian, gradient)
        scale = 1.0
        while scale > 1e-10:
            tried = (slope - scale * step[0], intercept - scale * step[1])
            tried_loss = _log_loss(raw, target, *tried)
            if tried_loss <= loss:
                break
            scale /= 2.0
        else:
            break
        gained = loss - tried_loss
        (slope, intercept), loss = tried, tried_loss
        if gained <= 1e-12 * max(1.0, abs(loss)):
            break
    return float(slope), float(intercept)


def _log_loss(raw: Floats, target: Floats, slope: float, intercept: float) -> float:
    x = slope * raw + intercept
    return float((np.logaddexp(0.0, x) - target * x).sum())


def fit_isotonic(raw: Floats, positive: NDArray[np.bool_]) -> KnotList:
    """Return knots (raw, probability) by pooling adjacent violators.

    Each pooled block gives its two ends, so the function is flat on a block and linear
    between blocks.

    Raises
    ------
    ValueError
        One class is missing.
    """
    if positive.all() or not positive.any():
        raise ValueError("calibration needs both classes")
    values, inverse = np.unique(raw, return_inverse=True)
    weight: Floats = np.bincount(inverse).astype(np.float64)
    hits: Floats = np.bincount(inverse, weights=positive).astype(np.float64)
    knots: dict[float, float] = {}
    for first, last, level in _pool(hits, weight):
        knots[float(values[first])] = level
        knots[float(values[last])] = level
    return tuple(knots.items())


def _pool(hits: Floats, weight: Floats) -> list[tuple[int, int, float]]:
    blocks: list[list[float]] = []
    for i, (hit, count) in enumerate(zip(hits.tolist(), weight.tolist(), strict=True)):
        blocks.append([i, i, hit, count])
        while len(blocks) > 1 and blocks[-2][2] * blocks[-1][3] >= blocks[-1][2] * blocks[-2][3]:
            _, last, more_hits, more_count = blocks.pop()
            blocks[-1][1] = last
            blocks[-1][2] += more_hits
            blocks[-1][3] += more_count
    return [(int(a), int(b), hit / count) for a, b, hit, count in blocks]
