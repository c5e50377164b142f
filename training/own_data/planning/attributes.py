"""What is kept of a category and of a number: levels that came often enough, a scale."""

import numpy as np

from training.own_data.events import MISSING, Coded, Floats
from training.own_data.plan import CategoryPlan, NumberPlan

# A level of a category must have come so often to be told from others.
LEAST_OF_LEVEL = 10
MOST_CODED_LEVELS = 64
WHOLE_RANGE = 1e9


def category_plan(name: str, coded: Coded) -> CategoryPlan:
    """Return the levels of a category that came often enough, most frequent first."""
    codes = coded.codes
    counts = np.bincount(codes[codes != MISSING], minlength=len(coded.levels))
    often = np.flatnonzero(counts >= LEAST_OF_LEVEL)
    texts = coded.levels.take(often).to_pylist()
    ranked = sorted(
        zip(texts, counts[often].tolist(), strict=True), key=lambda one: (-one[1], one[0])
    )
    levels = tuple(text for text, _ in ranked[:MOST_CODED_LEVELS])
    return CategoryPlan(name=name, levels=levels, coded=len(ranked) <= MOST_CODED_LEVELS)


def number_plan(name: str, values: Floats) -> NumberPlan:
    """Return the scale that makes nearly all values whole numbers below a thousand million."""
    known = np.abs(values[np.isfinite(values)])
    high = float(np.quantile(known, 0.999)) if len(known) else 0.0
    return NumberPlan(name=name, scale=WHOLE_RANGE / high if high > 0 else 1.0)
