"""The logistic regression baseline, kept as plain numbers.

Inputs are compressed by a signed logarithm, since counts and amounts have long tails,
then scaled. Missing values have become defaults in the vector builder.
"""

import warnings
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression

from training.train.booster import Matrix, Rows

Floats = NDArray[np.float64]
MAXIMUM_NEGATIVES = 20_000
ITERATIONS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Logistic:
    """A fitted regression; arrays of shape (features,)."""

    mean: Floats
    scale: Floats
    weight: Floats
    intercept: float

    @classmethod
    def fit(cls, rows: Rows, seed: int) -> Self:
        """Fit on all abuses and at most 20,000 honest orders, drawn by the seed."""
        rng = np.random.default_rng(seed)
        honest = np.flatnonzero(rows.label == 0)
        if len(honest) > MAXIMUM_NEGATIVES:
            honest = np.sort(rng.choice(honest, MAXIMUM_NEGATIVES, replace=False))
        kept = np.concatenate((np.flatnonzero(rows.label == 1), honest))
        compressed = _compress(rows.matrix[kept])
        mean = compressed.mean(axis=0)
        scale = compressed.std(axis=0)
        scale[scale < 1e-9] = 1.0
        model = LogisticRegression(C=0.1, class_weight="balanced", max_iter=ITERATIONS, tol=1e-3)
        with warnings.catch_warnings():
            # A baseline that has not reached the last digit is still a fair baseline.
            warnings.simplefilter("ignore", ConvergenceWarning)
            model.fit((compressed - mean) / scale, rows.label[kept])
        return cls(
            mean=mean, scale=scale, weight=model.coef_[0], intercept=float(model.intercept_[0])
        )

    def score(self, matrix: Floats) -> Floats:
        """Return log odds, shape (n,)."""
        scaled = (_compress(matrix) - self.mean) / self.scale
        return np.asarray(scaled @ self.weight + self.intercept)

    def as_dict(self) -> dict[str, object]:
        """Return plain JSON."""
        return {
            "mean": self.mean.tolist(),
            "scale": self.scale.tolist(),
            "weight": self.weight.tolist(),
            "intercept": self.intercept,
        }

    @classmethod
    def from_dict(cls, values: dict[str, list[float]]) -> Self:
        """Return the regression that ``as_dict`` wrote."""
        return cls(
            mean=np.asarray(values["mean"]),
            scale=np.asarray(values["scale"]),
            weight=np.asarray(values["weight"]),
            intercept=float(np.asarray(values["intercept"])),
        )


def _compress(matrix: Matrix) -> Floats:
    return np.asarray(np.sign(matrix) * np.log1p(np.abs(matrix)), dtype=np.float64)
