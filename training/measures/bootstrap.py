"""Intervals by bootstrap over accounts.

Orders of one account stand and fall together: a ring of 200 orders is one piece of
evidence, not 200. So accounts are drawn, with all their orders. All models of one
abuse see the same draws, which makes the interval of a difference a paired one.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.measures.ranking import Curve, Ranking
from training.measures.test_slice import ModelScores, TestSlice
from training.progress import Tallies, untold

FALSE_POSITIVE_RATES = (0.001, 0.005, 0.01)
METRICS: dict[str, Callable[[Curve], float]] = {
    "pr_auc": Curve.average_precision,
    "roc_auc": Curve.roc_auc,
    "recall_at_fpr_0.1pct": lambda curve: curve.recall_at(FALSE_POSITIVE_RATES[0]),
    "recall_at_fpr_0.5pct": lambda curve: curve.recall_at(FALSE_POSITIVE_RATES[1]),
    "recall_at_fpr_1pct": lambda curve: curve.recall_at(FALSE_POSITIVE_RATES[2]),
}
REPLICATES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Interval:
    """A figure with its 95 % interval."""

    value: float
    low: float
    high: float

    def as_dict(self) -> dict[str, float]:
        """Return plain JSON."""
        return {"value": self.value, "low": self.low, "high": self.high}


@dataclass(frozen=True, slots=True, kw_only=True)
class Resampled:
    """Every metric of every model: on the data, and on each replicate."""

    points: dict[str, dict[str, float]]
    drawn: dict[str, list[dict[str, float]]]

    def intervals(self) -> dict[str, dict[str, Interval]]:
        """Return every metric of every model with its interval."""
        return {
            name: {
                metric: _interval(value, [one[metric] for one in self.drawn[name]])
                for metric, value in figures.items()
            }
            for name, figures in self.points.items()
        }

    def difference(self, better: str, worse: str, metric: str) -> Interval:
        """Return the paired difference of one metric between two models."""
        pairs = zip(self.drawn[better], self.drawn[worse], strict=True)
        value = self.points[better][metric] - self.points[worse][metric]
        return _interval(value, [one[metric] - other[metric] for one, other in pairs])


def resample(
    rankings: Mapping[str, Ranking],
    clusters: NDArray[np.int64],
    seed: int,
    replicates: int = REPLICATES,
    tally: Tallies = untold,
) -> Resampled:
    """Measure all models on the data and on the same replicates.

    Parameters
    ----------
    rankings
        One ranking per model, all over the same rows.
    clusters
        Shape (n,): which account each row belongs to, numbered from 0.
    tally
        Counts the replicates.
    """
    advance = tally(replicates)
    points = {name: _figures(ranking.curve()) for name, ranking in rankings.items()}
    drawn: dict[str, list[dict[str, float]]] = {name: [] for name in rankings}
    for weight in draws(clusters, seed, replicates):
        for name, ranking in rankings.items():
            drawn[name].append(_figures(ranking.curve(weight)))
        advance(1)
    return Resampled(points=points, drawn=drawn)


def resample_scores(
    rows: TestSlice,
    scores: Mapping[str, ModelScores],
    seed: int,
    replicates: int = REPLICATES,
    tally: Tallies = untold,
) -> Resampled:
    """Measure the models that scored a slice; see ``resample``."""
    rankings = {name: Ranking.of(rows.label, one.raw) for name, one in scores.items()}
    return resample(rankings, rows.clusters, seed, replicates, tally)


def draws(clusters: NDArray[np.int64], seed: int, replicates: int) -> Iterator[NDArray[np.float64]]:
    """Yield how often each row counts in each replicate, accounts drawn with replacement."""
    count = int(clusters.max()) + 1
    rng = np.random.default_rng(seed)
    for _ in range(replicates):
        drawn = np.bincount(rng.integers(0, count, count), minlength=count)
        yield drawn[clusters].astype(np.float64)


def _figures(curve: Curve) -> dict[str, float]:
    return {name: measure(curve) for name, measure in METRICS.items()}


def _interval(value: float, drawn: list[float]) -> Interval:
    low, high = np.quantile(drawn, (0.025, 0.975)) if drawn else (value, value)
    return Interval(value=value, low=float(low), high=float(high))
