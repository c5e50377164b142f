"""Metrics that depend only on the order in which a score ranks orders.

A ``Ranking`` sorts once; each metric then takes optional row weights, so that a
bootstrap replicate costs two cumulative sums. Orders with equal scores are taken
together: no metric depends on how ties happened to be sorted.
"""

from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Curve:
    """Weight of abuses and of honest orders at or above each distinct score, descending.

    ``threshold`` holds the distinct scores; an order is flagged when its score is at
    least the threshold.
    """

    threshold: Floats
    caught: Floats
    hurt: Floats

    @property
    def recall(self) -> Floats:
        """Share of abuses at or above each threshold."""
        return np.asarray(self.caught / max(self.caught[-1], np.finfo(float).tiny))

    @property
    def false_positive_rate(self) -> Floats:
        """Share of honest orders at or above each threshold."""
        return np.asarray(self.hurt / max(self.hurt[-1], np.finfo(float).tiny))

    @property
    def precision(self) -> Floats:
        """Share of abuses among the flagged orders."""
        flagged = self.caught + self.hurt
        return np.divide(self.caught, flagged, out=np.zeros_like(flagged), where=flagged > 0)

    def average_precision(self) -> float:
        """Return the area under the precision-recall curve, as a step sum."""
        return float(np.diff(self.recall, prepend=0.0) @ self.precision)

    def roc_auc(self) -> float:
        """Return the chance that an abuse scores above an honest order."""
        rate = np.concatenate(([0.0], self.false_positive_rate))
        recall = np.concatenate(([0.0], self.recall))
        return float(np.trapezoid(recall, rate))

    def recall_at(self, false_positive_rate: float) -> float:
        """Return the recall of the lowest threshold that keeps within the rate."""
        index = self._index_at(false_positive_rate)
        return 0.0 if index < 0 else float(self.recall[index])

    def threshold_at(self, false_positive_rate: float) -> float:
        """Return that threshold; above every score when even the first breaks the rate."""
        index = self._index_at(false_positive_rate)
        return float(
            np.nextafter(self.threshold[0], np.inf) if index < 0 else self.threshold[index]
        )

    def _index_at(self, false_positive_rate: float) -> int:
        # The tolerance keeps 5 of 1000 within 0.5 %.
        allowed = false_positive_rate * self.hurt[-1] * (1 + 1e-9)
        return int(np.searchsorted(self.hurt, allowed, side="right")) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Ranking:
    """Labels sorted by descending score. ``last`` marks the last row of each tie."""

    order: NDArray[np.int64]
    last: NDArray[np.int64]
    label: Floats
    score: Floats

    @classmethod
    def of(cls, label: NDArray[np.int8], score: Floats) -> Self:
        """Sort once. ``label`` is 0 or 1, ``score`` finite; both of shape (n,), n >= 1."""
        order = np.argsort(-score, kind="stable")
        ranked = score[order]
        last = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
        return cls(order=order, last=last, label=label[order].astype(np.float64), score=ranked)

    def curve(self, weight: Floats | None = None) -> Curve:
        """Return the curve, each row counted ``weight`` times (once when None)."""
        ranked = np.ones_like(self.label) if weight is None else weight[self.order]
        caught = np.cumsum(ranked * self.label)[self.last]
        total = np.cumsum(ranked)[self.last]
        return Curve(threshold=self.score[self.last], caught=caught, hurt=total - caught)


def single_feature_auc(label: NDArray[np.int8], column: Floats) -> float:
    """Return the ROC-AUC of one column alone, in the better direction; NaN ranks lowest."""
    known = column[np.isfinite(column)]
    floor = (known.min() if len(known) else 0.0) - 1.0
    filled = np.where(np.isfinite(column), column, floor)
    auc = Ranking.of(label, filled).curve().roc_auc()
    return max(auc, 1.0 - auc)
