"""What the decisions cost: actions taken, money saved, precision at the review budget."""

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.vocabulary import Outcome
from training.labels import DAY_US
from training.measures.test_slice import ModelScores, TestSlice
from training.train.costs import ACTIONS, AbuseCost
from training.train.thresholds import actions_of

Json = dict[str, object]


def action_table(rows: TestSlice, scores: ModelScores) -> list[Json]:
    """Return per action how many abuses and honest orders get it: the confusion table."""
    taken = actions_of(scores.raw, scores.thresholds or {})
    names = {Outcome.ALLOW: "allow"} | {outcome: name for name, outcome in ACTIONS.items()}
    offered = [Outcome.ALLOW, *(ACTIONS[name] for name in ACTIONS if name in _names(scores))]
    abuses, honest = int(rows.label.sum()), int((rows.label == 0).sum())
    table: list[Json] = []
    for outcome in offered:
        hit = taken == outcome
        caught, hurt = int((hit & (rows.label == 1)).sum()), int((hit & (rows.label == 0)).sum())
        worse = int(((taken >= outcome) & (rows.label == 0)).sum())
        table.append(
            {
                "action": names[outcome],
                "abuses": caught,
                "abuse_share": caught / max(abuses, 1),
                "honest": hurt,
                "honest_share": hurt / max(honest, 1),
                "honest_share_or_harsher": worse / max(honest, 1),
            }
        )
    return table


def money(rows: TestSlice, scores: ModelScores, costs: AbuseCost) -> Json:
    """Return the cost with and without the model, minor units, and the share saved."""
    taken = actions_of(scores.raw, scores.thresholds or {})
    abuse = rows.label == 1
    without = float(costs.loss_share * rows.value_minor[abuse].sum())
    lost = np.where(abuse, costs.loss_share * rows.value_minor, 0.0)
    friction = np.zeros(len(lost))
    handling = np.zeros(len(lost))
    for name, action in costs.actions.items():
        hit = taken == ACTIONS[name]
        lost[hit] *= action.residual_share
        friction[hit & ~abuse] = action.friction_share * rows.value_minor[hit & ~abuse]
        handling[hit] = action.handling_minor
    total = float(lost.sum() + friction.sum() + handling.sum())
    return {
        "without_model_minor": round(without),
        "with_model_minor": round(total),
        "lost_minor": round(float(lost.sum())),
        "friction_minor": round(float(friction.sum())),
        "handling_minor": round(float(handling.sum())),
        "saved_share": 1 - total / without if without else 0.0,
    }


def review_budget(rows: TestSlice, scores: ModelScores, per_day: int) -> Json:
    """Return precision and recall when reviewers take the top accounts of each day.

    An account counts once a day, by its highest order: reviewers open accounts, not rows.
    """
    day = rows.ordered_at_us // DAY_US
    picked = _best_of_each(day, rows.account, scores.raw)
    abusive = _abusive(day, rows)
    found = reviewed = 0
    for today in np.unique(day):
        mine = picked[day[picked] == today]
        top = mine[np.argsort(-scores.raw[mine], kind="stable")][:per_day]
        found += int(abusive[top].sum())
        reviewed += len(top)
    return {
        "per_day": per_day,
        "days": len(np.unique(day)),
        "reviewed": reviewed,
        "precision": found / max(reviewed, 1),
        "recall": found / max(int(abusive[picked].sum()), 1),
    }


def _best_of_each(
    day: NDArray[np.int64], account: NDArray[np.int64], raw: NDArray[np.float64]
) -> NDArray[np.int64]:
    """Return the row of the highest score per day and account."""
    order = np.lexsort((-raw, account, day))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (np.diff(day[order]) != 0) | (np.diff(account[order]) != 0)
    return np.asarray(order[first], dtype=np.int64)


def _abusive(day: NDArray[np.int64], rows: TestSlice) -> NDArray[np.bool_]:
    """Tell per row whether its account did anything abusive that day."""
    pair = np.unique(np.stack((day, rows.account)), axis=1, return_inverse=True)[1].ravel()
    return np.asarray(np.bincount(pair, weights=rows.label)[pair] > 0)


def _names(scores: ModelScores) -> set[str]:
    return set(scores.thresholds or {})
