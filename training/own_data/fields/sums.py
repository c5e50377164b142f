"""Numbers that add up, such as a balance before, what was paid and the balance after.

What is left over when they do not (money that left an account and arrived nowhere) is a sum of
three, which a tree forms of none of them and of no two; and a fee is a share of what was paid, so
that shares tell more than sums. Looked for are two numbers whose sum is a
third one in many events, and by far more often than beside the third one of another event, as
small counts are. Labels and names play no part in it. Limits: ``SAMPLE_ROWS`` events decide, or up
to twice as many, evenly spread, and the first ``MOST_NUMBERS`` numbers.
"""

from collections.abc import Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from training.own_data.events import Floats
from training.own_data.plan import SumPlan

SAMPLE_ROWS, MOST_NUMBERS, MOST_SUMS = 2_000, 40, 4
# In so many events all three are there, none is zero, and they add up.
LEAST_SHARE, BEYOND_CHANCE = 0.1, 5.0
# Sums of decimals differ by so much of them from what they are.
ROUNDED = 1e-9


def sums(numbers: Mapping[str, Floats]) -> tuple[SumPlan, ...]:
    """Return which two numbers add up to a third one, the surest first."""
    names = list(numbers)[:MOST_NUMBERS]
    if len(names) < 3:
        return ()
    values = np.stack([_sample(numbers[name]) for name in names])
    # The same numbers beside those of other events, half the sample away.
    others = np.roll(values, values.shape[1] // 2, axis=1)
    found = []
    for first, second in combinations(range(len(names)), 2):
        total = np.where(values[second] == 0, np.nan, values[first] + values[second])
        total[values[first] == 0] = np.nan
        share, chance = _shares(total, values), _shares(total, others)
        share[[first, second]] = 0.0
        sure = np.flatnonzero((share >= LEAST_SHARE) & (share >= BEYOND_CHANCE * chance))
        found += [(float(share[of]), (names[first], names[second], names[of])) for of in sure]
    ranked = sorted(found, key=lambda one: -one[0])[:MOST_SUMS]
    return tuple(
        SumPlan(first=one, second=two, whole=of, shares=True) for _, (one, two, of) in ranked
    )


def _sample(values: Floats) -> Floats:
    some = values[:: max(len(values) // SAMPLE_ROWS, 1)]
    return np.where(np.isfinite(some), some, np.nan)


def _shares(total: Floats, values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return in how many of the events each number is the total, shape (numbers,)."""
    same = np.abs(total - values) <= ROUNDED * np.abs(total)
    shares: NDArray[np.float64] = (same & (values != 0)).mean(axis=1)
    return shares
