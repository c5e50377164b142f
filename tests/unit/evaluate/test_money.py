"""What decisions cost and catch, counted once more order by order."""

from dataclasses import replace

import numpy as np
import pytest

from tests.fixtures.measured import THRESHOLDS, a_slice, scores_of
from training.evaluate.money import action_table, money, review_budget
from training.labels import DAY_US
from training.measures.test_slice import ModelScores, TestSlice
from training.train.costs import AbuseCost, ActionCost

SEEDS = range(3)
COSTS = AbuseCost(
    loss_share=0.7,
    actions={
        name: ActionCost(
            residual_share=residual,
            friction_share=friction,
            handling_minor=handling,
            max_honest_share=0.1,
        )
        for name, residual, friction, handling in (
            ("challenge", 0.5, 0.01, 30),
            ("review", 0.2, 0.02, 800),
            ("deny", 0.0, 0.2, 5),
        )
    },
)


def drawn(seed: int) -> tuple[TestSlice, ModelScores]:
    """Return a slice and its scores."""
    rows = a_slice(seed)
    return rows, scores_of(rows, seed + 100)


def action(raw: float) -> str:
    """Return the harshest action that a score reaches."""
    return next((name for name in ("deny", "review", "challenge") if raw >= THRESHOLDS[name]), "")


@pytest.mark.parametrize("seed", SEEDS)
def test_money_is_what_the_orders_cost_one_by_one(seed: int) -> None:
    """Loss of what is left, friction of the honest alone, handling of everybody who is met."""
    rows, scores = drawn(seed)
    lost = friction = handling = without = 0.0
    orders = zip(scores.raw, rows.label.tolist(), rows.value_minor.tolist(), strict=True)
    for raw, label, value in orders:
        cost = COSTS.actions.get(action(raw))
        without += 0.7 * value * label
        lost += 0.7 * value * label * (1.0 if cost is None else cost.residual_share)
        if cost is not None:
            friction += 0.0 if label else cost.friction_share * value
            handling += cost.handling_minor
    found = money(rows, scores, COSTS)
    assert found == {
        "without_model_minor": pytest.approx(without, abs=0.6),
        "with_model_minor": pytest.approx(lost + friction + handling, abs=0.6),
        "lost_minor": pytest.approx(lost, abs=0.6),
        "friction_minor": pytest.approx(friction, abs=0.6),
        "handling_minor": handling,
        "saved_share": pytest.approx(1 - (lost + friction + handling) / without),
    }


def test_without_abuse_nothing_is_saved() -> None:
    """Nothing could be lost, so there is no share of it."""
    rows, scores = drawn(0)
    found = money(replace(rows, label=np.zeros_like(rows.label)), scores, COSTS)
    assert (found["without_model_minor"], found["saved_share"]) == (0, 0.0)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_order_stands_in_one_row_of_the_actions(seed: int) -> None:
    """Of all abuses, and of all honest orders; with what is harsher in one column alone."""
    rows, scores = drawn(seed)
    harsh = ["", "challenge", "review", "deny"]
    got = [harsh.index(action(raw)) for raw in scores.raw]
    pairs = list(zip(got, rows.label.tolist(), strict=True))
    abuses, honest = rows.label.tolist().count(1), rows.label.tolist().count(0)
    for at, entry in enumerate(action_table(rows, scores)):
        caught, hurt = pairs.count((at, 1)), pairs.count((at, 0))
        worse = sum(one >= at and not label for one, label in pairs)
        assert entry == {
            "action": harsh[at] or "allow",
            "abuses": caught,
            "abuse_share": pytest.approx(caught / abuses),
            "honest": hurt,
            "honest_share": pytest.approx(hurt / honest),
            "honest_share_or_harsher": pytest.approx(worse / honest),
        }


def test_what_is_not_offered_is_no_row() -> None:
    """A model without a threshold allows everything."""
    rows, scores = drawn(0)
    found = action_table(rows, replace(scores, thresholds={"deny": 2.0}))
    assert [one["action"] for one in found] == ["allow", "deny"]
    (allow,) = action_table(rows, replace(scores, thresholds=None))
    assert (allow["abuse_share"], allow["honest_share"]) == (1.0, 1.0)


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("per_day", [1, 7, 1_000])
def test_reviewers_open_the_highest_accounts_of_each_day(seed: int, per_day: int) -> None:
    """An account is right when any of its orders of the day was an abuse, and counts once."""
    rows, scores = drawn(seed)
    # Without ties it is certain whom they open.
    raw = scores.raw + np.random.default_rng(seed).random(len(scores.raw)) * 1e-6
    best: dict[tuple[int, int], float] = {}
    guilty: dict[tuple[int, int], int] = {}
    days = (rows.ordered_at_us // DAY_US).tolist()
    for day, account, score, label in zip(
        days, rows.account.tolist(), raw, rows.label, strict=True
    ):
        best[day, account] = max(best.get((day, account), -np.inf), score)
        guilty[day, account] = max(guilty.get((day, account), 0), int(label))
    opened = [
        pair
        for day in set(days)
        for pair in sorted((one for one in best if one[0] == day), key=lambda one: -best[one])[
            :per_day
        ]
    ]
    right = sum(guilty[pair] for pair in opened)
    assert review_budget(rows, replace(scores, raw=raw), per_day) == {
        "per_day": per_day,
        "days": 17,
        "reviewed": len(opened),
        "precision": pytest.approx(right / len(opened)),
        "recall": pytest.approx(right / sum(guilty.values())),
    }
