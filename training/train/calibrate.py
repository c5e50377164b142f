"""Chooses how raw scores become probabilities, by cross-fitted Brier score."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from risk_service.models.calibration import calibrator
from risk_service.models.fitting import KnotList, fit_isotonic, fit_platt

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Kind = Literal["platt", "isotonic"]
FOLDS = 5
FITS: dict[Kind, Callable[[Floats, Bools], KnotList]] = {
    "platt": fit_platt,
    "isotonic": fit_isotonic,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibrated:
    """The chosen calibration and the cross-fitted Brier score of each candidate."""

    kind: Kind
    knots: KnotList
    brier: dict[str, float]

    def probability(self, raw: Floats) -> Floats:
        """Return probabilities by the very function that serving uses, shape (n,)."""
        value = calibrator(self.kind, self.knots)
        return np.fromiter(map(value, raw.tolist()), dtype=np.float64, count=len(raw))


def choose_calibration(raw: Floats, label: NDArray[np.int8], seed: int) -> Calibrated:
    """Fit Platt and isotonic, keep the one with the lower Brier score on held-out folds.

    Isotonic follows any monotone shape and needs many abuses for it; where they are few,
    Platt's two numbers win. Fewer abuses than two a fold always take Platt.

    Raises
    ------
    ValueError
        Higher raw scores do not mean more abuse.
    """
    positive = label == 1
    brier: dict[str, float] = {}
    if int(positive.sum()) >= 2 * FOLDS:
        folds = _folds(positive, seed)
        brier = {kind: _cross_fitted_brier(fit, raw, positive, folds) for kind, fit in FITS.items()}
    isotonic_wins = bool(brier) and brier["isotonic"] < brier["platt"]
    kind: Kind = "isotonic" if isotonic_wins else "platt"
    return Calibrated(kind=kind, knots=FITS[kind](raw, positive), brier=brier)


def _folds(positive: Bools, seed: int) -> NDArray[np.int64]:
    """Return the fold of each row, both classes spread evenly."""
    rng = np.random.default_rng(seed)
    fold = np.empty(len(positive), dtype=np.int64)
    for side in (positive, ~positive):
        rows = rng.permutation(np.flatnonzero(side))
        fold[rows] = np.arange(len(rows)) % FOLDS
    return fold


def _cross_fitted_brier(
    fit: Callable[[Floats, Bools], KnotList],
    raw: Floats,
    positive: Bools,
    folds: NDArray[np.int64],
) -> float:
    kind: Kind = "platt" if fit is fit_platt else "isotonic"
    errors = np.empty(len(raw))
    for fold in range(FOLDS):
        out = folds == fold
        fitted = Calibrated(kind=kind, knots=fit(raw[~out], positive[~out]), brier={})
        errors[out] = (fitted.probability(raw[out]) - positive[out]) ** 2
    return float(errors.mean())
