"""Cost table and the thresholds that follow from it."""

from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Abuse, Outcome
from training.train.costs import DEFAULT_COSTS, ActionCost, load_costs
from training.train.thresholds import (
    NOT_OFFERED,
    CalibrateSlice,
    actions_of,
    break_even,
    raw_by_action,
    set_thresholds,
)


def sigmoid(x: np.ndarray) -> np.ndarray:
    """Return probabilities of log odds."""
    return 1 / (1 + np.exp(-x))


def a_slice(seed: int, honest: int = 8_000, abuses: int = 120) -> CalibrateSlice:
    """Return honest orders and abuses, one an account, whose raw scores overlap."""
    rng = np.random.default_rng(seed)
    raw = np.concatenate((rng.normal(-4, 1.5, honest), rng.normal(1, 2, abuses)))
    label = np.repeat(np.array([0, 1], dtype=np.int8), (honest, abuses))
    return CalibrateSlice(
        raw=raw.round(2),
        label=label,
        value_minor=np.full(len(raw), 9_900.0),
        account=np.arange(len(raw)),
    )


def test_shipped_table_is_valid_for_every_abuse() -> None:
    """The table in the package can be read and has a denial for every abuse."""
    costs = load_costs()
    assert all("deny" in costs.of(abuse).actions for abuse in Abuse)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("loss_share = 0.60", "loss_share = -1", "scalping.loss_share"),
        ("friction_share = 0.02", "friction_share = 0.5", "more friction than limit_quantity"),
        ("max_honest_share = 0.002", "max_honest_share = 0.5", "more honest orders"),
        ("format = 1", "format = 2", "format"),
        ("[refund]", "[refunds]", "refund"),
    ],
)
def test_wrong_entry_is_named(tmp_path: Path, old: str, new: str, message: str) -> None:
    """An analyst's slip is refused with the entry's name, not trained on."""
    path = tmp_path / "costs.toml"
    path.write_text(DEFAULT_COSTS.read_text("utf-8").replace(old, new, 1), "utf-8")
    with pytest.raises(ConfigFault, match=message):
        load_costs(path)


def test_break_even_is_where_the_costs_cross() -> None:
    """With loss 1, no residual, friction 0.25: acting pays from p = 0.2, whatever the value."""
    action = ActionCost(residual_share=0, friction_share=0.25, handling_minor=0, max_honest_share=1)
    assert break_even(action, [], 1.0, 5_000) == pytest.approx(0.2)
    assert break_even(action, [], 1.0, 70_000) == pytest.approx(0.2)


def test_action_that_costs_more_than_it_saves_never_begins() -> None:
    """Handling dearer than the loss puts the threshold above every score."""
    action = ActionCost(
        residual_share=0, friction_share=0.0, handling_minor=10_000, max_honest_share=1
    )
    assert break_even(action, [], 0.5, 5_000) > 1


@settings(deadline=None)  # no timed assertion
@given(seed=st.integers(0, 10_000))
def test_thresholds_rise_and_keep_their_caps(seed: int) -> None:
    """Harsher actions never begin earlier, and none hits more honest orders than its cap."""
    rows = a_slice(seed)
    costs = load_costs().scalping
    found = set_thresholds(costs, rows, sigmoid)
    assert [one.action for one in found] == ["limit_quantity", "challenge", "review", "deny"]
    assert all(a.raw <= b.raw for a, b in pairwise(found))
    honest = rows.raw[rows.label == 0]
    for one in found:
        assert np.mean(honest >= one.raw) == pytest.approx(one.honest_share)
        assert one.honest_share < one.honest_bound <= one.cap


def cost_of(action: ActionCost | None, loss_share: float, value: float, p: float) -> float:
    """Return what an order costs on average, by the words at the top of ``thresholds``."""
    if action is None:
        return p * value * loss_share
    left, hurt = action.residual_share, action.friction_share
    return p * value * loss_share * left + (1 - p) * value * hurt + action.handling_minor


@pytest.mark.parametrize("name", ["scalping", "brushing", "refund"])
def test_an_action_begins_where_it_is_the_cheapest_so_far(name: str) -> None:
    """Without caps: at the lowest score at which no milder action costs less, on an abuse's value.

    What honest customers pay plays no part.
    """
    costs = load_costs().of(Abuse(name))
    free = {
        one: action.model_copy(update={"max_honest_share": 1.0})
        for one, action in costs.actions.items()
    }
    rows = a_slice(5)
    rows.value_minor[rows.label == 1] *= np.linspace(0.1, 0.9, 120)
    value = float(rows.value_minor[rows.label == 1].mean())
    found = set_thresholds(costs.model_copy(update={"actions": free}), rows, sigmoid)
    scores, ceiling = np.unique(rows.raw).tolist(), np.inf
    for at, one in reversed(list(enumerate(found))):
        milder = [None, *(free[before.action] for before in found[:at])]
        pays = [
            raw
            for raw in scores
            if all(
                cost_of(free[one.action], costs.loss_share, value, sigmoid(raw))
                <= cost_of(other, costs.loss_share, value, sigmoid(raw))
                for other in milder
            )
        ]
        ceiling = min(ceiling, pays[0])
        assert one.raw == ceiling
        assert one.bound_by == ("cost" if pays[0] == ceiling else one.bound_by)
        honest = rows.raw[rows.label == 0]
        assert one.honest_share == (honest >= one.raw).sum() / len(honest)


def test_an_action_pays_from_the_very_score_on() -> None:
    """A score whose probability is the one from which it pays is enough."""
    action = ActionCost(residual_share=0, friction_share=0.25, handling_minor=0, max_honest_share=1)
    rows = replace(a_slice(1), raw=np.round(a_slice(1).raw))
    costs = load_costs().refund.model_copy(update={"loss_share": 0.75, "actions": {"deny": action}})
    (deny,) = set_thresholds(costs, rows, lambda raw: np.clip((raw + 8) / 32, 0, 1))
    assert (deny.break_even, deny.raw, deny.bound_by) == (0.25, 0.0, "cost")


def test_few_honest_orders_put_the_cap_above_them_all() -> None:
    """When the bound allows not one order, the threshold lies above every honest one."""
    rows = a_slice(3, honest=7_000)
    rows.raw[:5] = 6.0  # honest orders that look their worst
    deny = set_thresholds(load_costs().scalping, rows, sigmoid)[-1]
    assert deny.bound_by == "cap"
    assert not (rows.raw[rows.label == 0] >= deny.raw).any()


def test_too_few_honest_orders_offer_no_action() -> None:
    """3,000 honest orders, none of them hit, still cannot promise 0.05 %: nobody is denied."""
    found = {
        one.action: one
        for one in set_thresholds(load_costs().scalping, a_slice(3, honest=3_000), sigmoid)
    }
    assert found["deny"].bound_by == NOT_OFFERED
    assert found["deny"].honest_share == 0.0
    assert found["deny"].honest_bound > found["deny"].cap
    assert list(raw_by_action(found.values())) == ["limit_quantity", "challenge", "review"]
    assert found["review"].honest_bound <= found["review"].cap


def test_without_honest_orders_nothing_is_offered() -> None:
    """A slice that knows no honest order promises nothing to them."""
    found = set_thresholds(load_costs().scalping, a_slice(1, honest=0), sigmoid)
    assert not raw_by_action(found)
    assert {one.honest_bound for one in found} == {1.0}


def test_alike_orders_of_few_accounts_count_for_less() -> None:
    """When the worst honest orders come from a few accounts, the thresholds rise."""
    apart = a_slice(3)
    together = replace(apart, account=np.argsort(np.argsort(apart.raw)) // 4)
    costs = load_costs().scalping
    first, second = (set_thresholds(costs, rows, sigmoid) for rows in (apart, together))
    assert second[1].raw > first[1].raw
    assert second[1].honest_bound <= second[1].cap


def test_harshest_action_reached_is_taken() -> None:
    """Between two thresholds the milder holds; at a threshold the action begins."""
    taken = actions_of(np.array([-1.0, 0.0, 0.5, 2.0]), {"challenge": 0.0, "deny": 2.0})
    assert taken.tolist() == [Outcome.ALLOW, Outcome.CHALLENGE, Outcome.CHALLENGE, Outcome.DENY]
