"""Numbers of one unit, whose difference tells what neither of them does.

Where a card lives and where it pays, a balance before and after: a tree splits on one of them at
a time, so that it would need a step for every place to see how far they lie apart. Of few
numbers all differences are inputs anyway; of many, those of two that lie close together beside how
far each of them spreads. Labels play no part in it. Limits: ``SAMPLE_ROWS`` events decide, or up
to twice as many, evenly spread; numbers that are missing nearly always, or that are each other,
have none.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from training.own_data.events import Floats
from training.own_data.plan import DifferencePlan

FEW_NUMBERS, MOST_DIFFERENCES = 5, 8
SAMPLE_ROWS = 20_000
# Both must be there in so many of the sampled events.
LEAST_TOGETHER = 0.05
# The difference may vary by such a part of what the steadier of the two does.
CLOSE_SHARE = 0.25
# Two that differ by less are one number, but for rounding.
SAME = 1e-9
# What a single wild value does to a variance is left out at both ends.
TAIL = 0.01
# The squares of what lies beyond are no numbers any more.
FARTHEST = 1e100


def differences(numbers: Mapping[str, Floats]) -> tuple[DifferencePlan, ...]:
    """Return the differences of numbers of one unit, the closest pairs first; none of few."""
    names = list(numbers)
    if len(names) <= FEW_NUMBERS:
        return ()
    values = np.stack([_sample(of) for of in numbers.values()])
    shares = _shares(values)
    first, second = np.nonzero(np.triu(shares < CLOSE_SHARE, 1))
    ranked = np.argsort(shares[first, second], kind="stable")[:MOST_DIFFERENCES]
    return tuple(DifferencePlan(first=names[first[at]], second=names[second[at]]) for at in ranked)


def _sample(values: Floats) -> Floats:
    """Return some values without their tails; NaN where there is none."""
    some = values[:: max(len(values) // SAMPLE_ROWS, 1)]
    some = np.where(np.abs(some) < FARTHEST, some, np.nan)
    there = some[np.isfinite(some)]
    if not len(there):
        return some
    return np.asarray(np.clip(some, *np.quantile(there, (TAIL, 1 - TAIL))))


def _shares(values: Floats) -> NDArray[np.float64]:
    """Return by how much each difference varies beside its numbers; infinite where it says nothing.

    Everything is taken over the events that have both, shape (numbers, numbers).
    """
    there = np.isfinite(values)
    known = np.where(there, values, 0.0)
    # Sums of squares would lose what is small beside a large mean.
    middle = known.sum(axis=1) / np.maximum(there.sum(axis=1), 1)
    known = np.where(there, known - middle[:, None], 0.0)
    both = there.astype(np.float64)
    count = both @ both.T
    often = count >= LEAST_TOGETHER * values.shape[1]
    count = np.maximum(count, 1.0)
    mean = known @ both.T / count
    spread = (known**2) @ both.T / count - mean**2
    apart = spread + spread.T - 2 * (known @ known.T / count - mean * mean.T)
    least = np.minimum(spread, spread.T)
    shares = np.full(apart.shape, np.inf)
    np.divide(apart, least, out=shares, where=often & (least > 0) & (apart > SAME * least))
    return shares
