"""Whether a probability means what it says: Brier score, calibration error, bins."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

BINS = 14
LEAST_ORDERS = 40
FLOOR = 1e-5


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
    """Measure calibration over bins of equal width in log odds, at least 40 orders each.

    Equal counts would put nearly every bin at nothing, since abuse is rare.
    """
    base = float(label.mean())
    brier = float(np.mean((probability - label) ** 2))
    constant = base * (1 - base)
    order = np.argsort(probability, kind="stable")
    edges = _edges(np.clip(probability[order], FLOOR, 1 - FLOOR))
    bins = tuple(
        Bin(
            predicted=float(probability[rows].mean()),
            seen=float(label[rows].mean()),
            orders=len(rows),
        )
        for rows in np.split(order, edges)
        if len(rows)
    )
    error = sum(abs(one.predicted - one.seen) * one.orders for one in bins) / len(label)
    return Reliability(
        brier=brier,
        brier_skill=1 - brier / constant if constant else 0.0,
        calibration_error=error,
        bins=bins,
    )


def _edges(ranked: NDArray[np.float64]) -> list[int]:
    """Return where the bins of ascending probabilities are cut."""
    odds = np.log(ranked / (1 - ranked))
    cuts = np.searchsorted(odds, np.linspace(odds[0], odds[-1], BINS + 1)[1:-1])
    edges: list[int] = []
    for cut in cuts.tolist():
        if cut - (edges[-1] if edges else 0) >= LEAST_ORDERS and len(ranked) - cut >= LEAST_ORDERS:
            edges.append(cut)
    return edges
