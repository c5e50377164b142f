"""Calibration of raw scores (log odds) to probabilities, as plain data.

Holds the two kinds a bundle may carry: ``platt`` (one knot: slope and intercept of a
sigmoid) and ``isotonic`` (knots with linear interpolation, flat beyond both ends).

Each row is computed alone with scalar arithmetic: vectorised exponentials differ in the
last bit between positions of a batch, and a decision must not depend on its neighbours.
"""

import math
from bisect import bisect_right
from collections.abc import Callable, Sequence
from itertools import pairwise

Knots = Sequence[tuple[float, float]]
ScalarMap = Callable[[float], float]


def sigmoid(x: float) -> float:
    """Return the logistic function of ``x`` without overflow, in [0, 1]."""
    if x >= 0.0:
        return 1.0 / (1.0 + math.exp(-x))
    grown = math.exp(x)
    return grown / (1.0 + grown)


def piecewise_linear(knots: Knots) -> ScalarMap:
    """Return the function through ``knots`` (x strictly rising), flat beyond both ends.

    At a knot the answer is the knot's own value, to the last bit.
    """
    xs = [x for x, _ in knots]
    ys = [y for _, y in knots]
    last = len(xs) - 1

    def value(x: float) -> float:
        at = bisect_right(xs, x) - 1
        if at < 0:
            return ys[0]
        if at >= last:
            return ys[last]
        low, high = ys[at], ys[at + 1]
        inner = low + (high - low) * ((x - xs[at]) / (xs[at + 1] - xs[at]))
        # Monotone at the next knot too, however the two roundings fall.
        return min(inner, high)

    return value


def calibrator(kind: str, knots: Knots) -> ScalarMap:
    """Return the map from a raw score to a probability in [0, 1].

    Raises
    ------
    ValueError
        The kind is unknown or the knots do not describe a rising function.
    """
    check_calibration(kind, knots)
    if kind == "isotonic":
        return piecewise_linear(knots)
    slope, intercept = knots[0]
    return lambda raw: sigmoid(slope * raw + intercept)


def check_calibration(kind: str, knots: Knots) -> None:
    """Refuse knots that are no monotone map to [0, 1].

    Raises
    ------
    ValueError
        The message says what is wrong.
    """
    if kind == "platt":
        if len(knots) != 1 or not knots[0][0] > 0.0:
            raise ValueError("platt calibration needs one knot (slope > 0, intercept)")
        return
    if kind != "isotonic":
        raise ValueError(f"unknown calibration kind {kind!r}")
    check_rising(knots, high=1.0)


def check_rising(knots: Knots, high: float) -> None:
    """Refuse knots whose x is not strictly rising or whose y falls or leaves [0, high].

    Raises
    ------
    ValueError
        The message says what is wrong.
    """
    if not knots:
        raise ValueError("at least one knot is needed")
    if any(not (math.isfinite(x) and 0.0 <= y <= high) for x, y in knots):
        raise ValueError(f"a knot is not finite or outside 0 to {high:g}")
    for (x0, y0), (x1, y1) in pairwise(knots):
        if x1 <= x0 or y1 < y0:
            raise ValueError(f"knots do not rise at x = {x1!r}")
