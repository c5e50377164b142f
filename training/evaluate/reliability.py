"""Whether a probability means what it says: Brier score, calibration error, bins."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Orders of similar probability: the mean predicted and the rate seen."""

    predicted: float
    seen: float
    orders: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Reliability:
    """Calibration of one model.

    ``brier_skill`` is 1 - Brier / Brier of the base rate: above 0 beats a constant.
    ``calibration_error`` is the mean of |predicted - seen| over orders.
    """

    brier: float
    brier_skill: float
    calibration_error: float
    bins: tuple[Bin, ...]


def reliability(label: NDArray[np.int8], probability: NDArray[np.float64]) -> Reliability:
    """Measure calibration over bins that hold equal sums of probability.

    Equal counts would put nearly every bin at nothing, since abuse is rare; equal sums
    put as many expected abuses into each.
    """
    base = float(label.mean())
    brier = float(np.mean((probability - label) ** 2))
    constant = base * (1 - base)
    order = np.argsort(probability, kind="stable")
    mass = np.cumsum(probability[order])
    edges = np.searchsorted(mass, np.linspace(0, mass[-1], BINS + 1)[1:-1])
    bins = tuple(
        Bin(
            predicted=float(probability[rows].mean()),
            seen=float(label[rows].mean()),
            orders=len(rows),
        )
        for rows in np.split(order, np.unique(edges))
        if len(rows)
    )
    error = sum(abs(one.predicted - one.seen) * one.orders for one in bins) / len(label)
    return Reliability(
        brier=brier,
        brier_skill=1 - brier / constant if constant else 0.0,
        calibration_error=error,
        bins=bins,
    )
