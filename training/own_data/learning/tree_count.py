"""How many trees: one number for all folds, read off their curves together.

A few dozen positives make the curve of one fold chance: it peaks after two trees here, after two
hundred there. So a fold grows at least ``LEAST_GROWN`` trees before it may stop, and the number
that is kept is best on the mean of all curves, over a stretch of trees.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from lightgbm.callback import CallbackEnv, EarlyStopException

from training.progress import Advance
from training.train.booster import PATIENCE_TREES, SMOOTHED_TREES, Floats, Parameters, best_trees

MOST_TREES = 500
LEAST_GROWN = 150


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """A model of one fold as text, and its quality on held rows after each of its trees."""

    text: str
    curve: Floats


def grow(fitting: Any, stopping: Any, parameters: Parameters, advance: Advance) -> Grown:
    """Grow trees until the held rows have long been ranked no better.

    Parameters
    ----------
    fitting, stopping
        From ``binned``.
    advance
        Called as trees are grown, ``MOST_TREES`` in all.
    """
    watch = _Watch(advance)
    booster = lgb.train(
        dict(parameters),
        fitting,
        num_boost_round=MOST_TREES,
        valid_sets=[stopping],
        callbacks=[watch],
    )
    advance(MOST_TREES - len(watch.curve))
    return Grown(text=str(booster.model_to_string(num_iteration=-1)), curve=np.array(watch.curve))


def trees_of_all(curves: Sequence[Floats]) -> int:
    """Return the number of trees that is best on the mean of the curves.

    A fold that stopped is taken to stay where it was at its end.
    """
    longest = max(map(len, curves))
    ends = [float(one[-SMOOTHED_TREES:].mean()) for one in curves]
    levelled = [
        np.concatenate((one, np.full(longest - len(one), end)))
        for one, end in zip(curves, ends, strict=True)
    ]
    return best_trees(np.mean(levelled, axis=0))


class _Watch:
    """Notes the quality after each tree, and ends when it has long not got better."""

    def __init__(self, advance: Advance) -> None:
        self.curve: list[float] = []
        self._advance, self._best = advance, 0

    def __call__(self, env: CallbackEnv) -> None:
        results = env.evaluation_result_list or []
        self.curve.append(float(results[0][2]))
        self._advance(1)
        if self.curve[-1] > self.curve[self._best]:
            self._best = len(self.curve) - 1
        stale = len(self.curve) - 1 - self._best >= PATIENCE_TREES
        if stale and len(self.curve) >= LEAST_GROWN:
            raise EarlyStopException(self._best, results)
