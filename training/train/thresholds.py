"""Thresholds from costs: each action begins where it pays, held back by its friction cap.

The cost of an action on an order of value v that is an abuse with probability p is

    cost(p) = p * v * loss * residual  +  (1 - p) * v * friction  +  handling

a straight line in p; doing nothing has residual 1 and friction 0. An action begins at the
probability from which it is cheaper than every milder one. That probability is turned into
a raw score through the calibration, on the calibrate slice. The friction cap is the lowest
raw score at which the upper confidence bound of the share of honest orders hit (``bounds``)
is the allowed one. The higher of the two holds. An action whose bound is above its cap even
when no honest order at all is hit is not offered: too little is known to claim the cap.
"""

import math
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.vocabulary import Outcome
from training.train.bounds import HonestSample, honest_sample
from training.train.costs import ACTIONS, AbuseCost, ActionCost

Floats = NDArray[np.float64]
NOT_OFFERED = "not offered, too few honest orders"


@dataclass(frozen=True, slots=True, kw_only=True)
class Threshold:
    """Where an action begins, and why there.

    ``raw`` is infinite when the action is not offered. ``break_even`` is the probability
    from which it pays (above 1: never); ``bound_by`` is "cost", "cap", that a harsher action
    begins first, or that it is not offered. ``honest_share`` is what it hits, with every
    harsher action, among the honest orders of the calibrate slice; ``honest_bound`` is the
    upper 95 % bound of that share, to be held against ``cap``.
    """

    action: str
    raw: float
    break_even: float
    bound_by: str
    honest_share: float
    honest_bound: float
    cap: float

    @property
    def offered(self) -> bool:
        """Whether any score asks for the action."""
        return math.isfinite(self.raw)


@dataclass(frozen=True, slots=True, kw_only=True)
class CalibrateSlice:
    """What thresholds are set on: the orders of the calibrate slice.

    ``account`` numbers the account of each order (-1: none).
    """

    raw: Floats
    label: NDArray[np.int8]
    value_minor: Floats
    account: NDArray[np.int64]

    @property
    def honest_descending(self) -> Floats:
        """Raw scores of honest orders, highest first."""
        return -np.sort(-self.raw[self.label == 0])

    @property
    def honest_sample(self) -> HonestSample:
        """What the honest orders are worth as a sample."""
        honest = self.label == 0
        return honest_sample(self.raw[honest], self.account[honest])


def set_thresholds(
    costs: AbuseCost, rows: CalibrateSlice, probability_of: Callable[[Floats], Floats]
) -> tuple[Threshold, ...]:
    """Set the threshold of every action, mild to harsh.

    Parameters
    ----------
    probability_of
        The calibration: raw scores to probabilities, never decreasing.
    """
    value = float(np.mean(rows.value_minor[rows.label == 1]))  # costs are linear in the value
    honest, sample = rows.honest_descending, rows.honest_sample
    known = np.unique(rows.raw)
    probability = probability_of(known)
    names = [name for name in ACTIONS if name in costs.actions]
    found: list[Threshold] = []
    for name in reversed(names):
        action = costs.actions[name]
        milder = [costs.actions[one] for one in names[: names.index(name)]]
        pays_from = break_even(action, milder, costs.loss_share, value)
        by_cost = _raw_from(pays_from, known, probability)
        by_cap = _raw_at_cap(honest, sample, action.max_honest_share)
        raw, bound_by = _stricter(by_cost, by_cap, found)
        hit = int(np.sum(honest >= raw))
        found.append(
            Threshold(
                action=name,
                raw=raw,
                break_even=pays_from,
                bound_by=bound_by,
                honest_share=hit / max(len(honest), 1),
                honest_bound=sample.bound(hit),
                cap=action.max_honest_share,
            )
        )
    return tuple(reversed(found))


def raw_by_action(thresholds: Iterable[Threshold]) -> dict[str, float]:
    """Return the raw score from which each offered action is asked for."""
    return {one.action: one.raw for one in thresholds if one.offered}


def _stricter(by_cost: float, by_cap: float, harsher: list[Threshold]) -> tuple[float, str]:
    """Return the raw score that holds, and the reason; ``harsher`` ends with the next one."""
    raw = max(by_cost, by_cap)
    if math.isinf(raw):
        return math.inf, NOT_OFFERED
    if harsher and raw >= harsher[-1].raw:
        return harsher[-1].raw, f"unused, {harsher[-1].action} begins first"
    return raw, "cap" if by_cap > by_cost else "cost"


def break_even(
    action: ActionCost, milder: list[ActionCost], loss_share: float, value_minor: float
) -> float:
    """Return the probability from which the action is cheaper than every milder one.

    Above 1 when it never is, since its handling costs more than it can save.
    """
    own = _line(action, loss_share, value_minor)
    lines = [(0.0, value_minor * loss_share), *(_line(m, loss_share, value_minor) for m in milder)]
    starts = [
        (own[0] - start) / (slope - own[1]) if slope > own[1] else float("inf")
        for start, slope in lines
    ]
    return max(0.0, *starts)


def _line(action: ActionCost, loss_share: float, value_minor: float) -> tuple[float, float]:
    """Return intercept and slope of the action's cost over the probability."""
    start = action.handling_minor + value_minor * action.friction_share
    slope = value_minor * (loss_share * action.residual_share - action.friction_share)
    return start, slope


def _raw_from(probability_wanted: float, known: Floats, probability: Floats) -> float:
    """Return the lowest raw score seen that reaches the probability; else above them all."""
    index = int(np.searchsorted(probability, probability_wanted, side="left"))
    return float(known[index] if index < len(known) else np.nextafter(known[-1], np.inf))


def _raw_at_cap(honest_descending: Floats, sample: HonestSample, cap: float) -> float:
    """Return the lowest raw score at which the bound keeps the cap; infinite when none does."""
    hits = range(len(honest_descending) + 1)
    # The bound rises with the hits: find the first number that breaks the cap.
    allowed = bisect_left(hits, True, key=lambda hit: not sample.holds(hit, cap)) - 1
    if allowed < 0:
        return np.inf
    if allowed >= len(honest_descending):
        return -np.inf
    # Strictly above the first one that is not allowed: ties must not slip through.
    return float(np.nextafter(honest_descending[allowed], np.inf))


def actions_of(raw: Floats, thresholds: Mapping[str, float]) -> NDArray[np.int8]:
    """Return per order the severity (``Outcome``) of the harshest action reached, 1 for none."""
    taken = np.full(len(raw), Outcome.ALLOW, dtype=np.int8)
    for action, outcome in ACTIONS.items():  # mild to harsh: the harshest stays
        if action in thresholds:
            taken[raw >= thresholds[action]] = outcome
    return taken
