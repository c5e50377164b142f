"""How sure a share of honest orders is: an upper bound that knows orders come by account.

Holds the exact binomial bound (Clopper and Pearson, 1934), one-sided, on a number of
observations that is divided by the design effect: orders of one customer resemble each
other, so they are fewer observations than orders (Korn and Graubard, 1998).

A threshold just above the (k+1)-th highest of n scores leaves k above it, and the bound
for k of n is then a tolerance limit (Wilks, 1941): choosing the threshold by looking at
the same scores does not weaken it. It says nothing of honest customers who change later.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.train.booster import Floats

CONFIDENCE = 0.95
# Where the likeness of an account's orders is measured: the mildest cap is of this size,
# and further up there are too few orders to tell.
TAIL = 0.01
HALVINGS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class HonestSample:
    """How many honest orders there are, and how many independent ones they are worth."""

    orders: int
    design_effect: float

    def bound(self, hit: int) -> float:
        """Return the share that honest orders stay below, when ``hit`` of them were hit."""
        low, high = 0.0, 1.0
        for _ in range(HALVINGS):
            middle = (low + high) / 2
            low, high = (low, middle) if self.holds(hit, middle) else (middle, high)
        return high

    def holds(self, hit: int, share: float) -> bool:
        """Tell whether the bound for ``hit`` is at most ``share``."""
        if share >= 1.0:
            return True
        seen, worth = math.ceil(hit / self.design_effect), self._worth
        # As few as seen, or fewer, must be an accident if the share were reached.
        return worth > seen and _at_most(seen, worth, share) <= 1 - CONFIDENCE

    @property
    def _worth(self) -> int:
        return math.floor(self.orders / self.design_effect)


def honest_sample(raw: Floats, account: NDArray[np.int64]) -> HonestSample:
    """Return what honest orders are worth as a sample.

    The design effect is that of the share of orders in the top ``TAIL`` of scores, by the
    linearised variance of a ratio over accounts; never below 1.

    Parameters
    ----------
    raw
        Raw scores of the honest orders, shape (n,).
    account
        Number of each order's account, shape (n,); a negative number is no account, and the
        order stands for itself.
    """
    if not len(raw):
        return HonestSample(orders=0, design_effect=1.0)
    hit = raw >= np.quantile(raw, 1 - TAIL)
    share = float(np.mean(hit))
    alone = account < 0
    cluster = np.where(alone, account.max() + 1 + np.cumsum(alone), account)
    _, place = np.unique(cluster, return_inverse=True)
    surplus = np.bincount(place, weights=hit - share)
    independent = len(raw) * share * (1 - share)
    effect = float(np.sum(surplus**2)) / independent if independent > 0 else 1.0
    return HonestSample(orders=len(raw), design_effect=max(1.0, effect))


def _at_most(seen: int, of: int, share: float) -> float:
    """Return the probability of at most ``seen`` hits among ``of`` orders."""
    if share <= 0.0:
        return 1.0
    odds = math.log(share) - math.log1p(-share)
    counts = np.arange(1, seen + 1)
    ways = np.concatenate(([0.0], np.cumsum(np.log((of - counts + 1) / counts))))
    logs = of * math.log1p(-share) + ways + np.arange(seen + 1) * odds
    return float(np.exp(logs).sum())
