"""From raw scores to probabilities: a sigmoid whose slope goes half the way to that of the folds.

What the folds hold out was scored by models of a part of the window. The slope that is right for
them is too steep or too flat for the kept model, which has seen all of it: as a log odds its own
score has slope one. The truth lies in between, so the mean of the two is taken, and the
level is set anew: the mean probability of the held events is their share of positives. Steps
(isotonic regression) say 0 and 1 of scores that a few dozen positives happened to lie beside,
and later events pay for it (docs/adr/0154-half-the-slope-of-the-folds.md).
"""

import numpy as np
from numpy.typing import NDArray

from risk_service.models.fitting import fit_platt
from training.train.booster import Floats
from training.train.calibrate import Calibrated

# Each halves where the level may lie; beyond sixty there is nothing left to halve.
HALVINGS = 60
# As far as a raw score and its level may lie apart.
FARTHEST = 50.0


def sigmoid_of(raw: Floats, label: NDArray[np.int8]) -> Calibrated:
    """Return the probabilities of raw scores.

    Parameters
    ----------
    raw, label
        Of the events that the folds held out.

    Raises
    ------
    ValueError
        Higher raw scores do not mean more positives, or one class is missing.
    """
    ((of_folds, _),) = fit_platt(raw, label == 1)
    slope = (1.0 + of_folds) / 2.0
    return Calibrated(kind="platt", knots=((slope, _level(slope * raw, label)),), brier={})


def _level(scores: Floats, label: NDArray[np.int8]) -> float:
    """Return what is added to all scores so that they tell as many positives as there are."""
    share = float(label.mean())
    low, high = -FARTHEST - float(scores.max()), FARTHEST - float(scores.min())
    for _ in range(HALVINGS):
        middle = (low + high) / 2.0
        told = float((1.0 / (1.0 + np.exp(-np.clip(scores + middle, -500.0, 500.0)))).mean())
        low, high = (middle, high) if told < share else (low, middle)
    return (low + high) / 2.0
