"""The upper bound of a share, and what orders that come by account are worth."""

from math import erfc, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.train.bounds import CONFIDENCE, HonestSample, honest_sample


@pytest.mark.parametrize(
    ("orders", "hit", "bound"),
    # Clopper-Pearson as printed by tables and by scipy.stats.beta.ppf(0.95, hit + 1, orders - hit).
    [(10, 0, 0.258866), (100, 2, 0.061619), (8_000, 0, 0.000374396), (8_000, 4, 0.001143968)],
)
def test_bound_is_the_exact_one(orders: int, hit: int, bound: float) -> None:
    """One-sided 95 %, as published."""
    sample = HonestSample(orders=orders, design_effect=1.0)
    assert sample.bound(hit) == pytest.approx(bound, rel=2e-4)


@given(
    orders=st.integers(1, 20_000),
    hit=st.integers(0, 60),
    effect=st.floats(1.0, 8.0),
    share=st.floats(0.0, 1.0),
)
def test_share_holds_exactly_from_the_bound_on(
    orders: int, hit: int, effect: float, share: float
) -> None:
    """Asking whether a cap is kept and asking for the bound give one answer."""
    sample = HonestSample(orders=orders, design_effect=effect)
    bound = sample.bound(hit)
    if abs(bound - share) > 1e-9:
        assert sample.holds(hit, share) == (bound < share)


@given(hit=st.integers(0, 80), orders=st.integers(1_000, 9_000), effect=st.floats(1.0, 8.0))
def test_more_hits_or_likeness_never_lower_the_bound(hit: int, orders: int, effect: float) -> None:
    """The bound rises with the orders hit, and is never below their share."""
    sample = HonestSample(orders=orders, design_effect=effect)
    assert hit / orders < sample.bound(hit) <= sample.bound(hit + 1)


def test_bound_covers_as_often_as_it_says() -> None:
    """A threshold chosen by the bound on a sample keeps its cap in 95 of 100 worlds."""
    rng = np.random.default_rng(8)
    cap, orders, worlds = 0.005, 2_000, 2_000
    sample = HonestSample(orders=orders, design_effect=1.0)
    allowed = max(hit for hit in range(11) if sample.holds(hit, cap))
    # The share above the (k+1)-th highest of n uniform scores, over many worlds.
    chosen = np.sort(rng.random((worlds, orders)), axis=1)[:, -(allowed + 1)]
    assert np.mean(1 - chosen <= cap) >= CONFIDENCE - 0.01


def test_orders_apart_are_worth_themselves() -> None:
    """One order an account, or no account at all, has no design effect to speak of."""
    raw = np.random.default_rng(1).normal(size=5_000)
    for account in (np.arange(5_000), np.full(5_000, -1)):
        assert honest_sample(raw, account).design_effect == pytest.approx(1.0, abs=0.02)


def test_orders_without_an_account_are_not_alike() -> None:
    """The worst of all orders have none: each still stands for itself."""
    raw = -np.arange(4_000.0)
    account = np.where(np.arange(4_000) < 1_000, -1, np.arange(4_000))
    assert honest_sample(raw, account).design_effect == pytest.approx(1.0, abs=0.02)


def test_likeness_counts_where_the_threshold_lies() -> None:
    """Orders that come in tens at the top are few observations, though all others come alone."""
    raw, at = -np.arange(4_000.0), np.arange(4_000)
    account = np.where(at < 40, at // 10, at)
    sample = honest_sample(raw, account)
    assert sample.design_effect == pytest.approx(10.0, abs=0.2)


def test_part_of_an_observation_is_none() -> None:
    """100 orders that are worth 33.3 are worth 33."""
    whole = HonestSample(orders=33, design_effect=1.0)
    assert HonestSample(orders=100, design_effect=3.0).bound(0) == whole.bound(0)


def test_copies_are_worth_one_order() -> None:
    """When every account has four equal orders, they are a quarter as many observations."""
    raw = np.repeat(np.random.default_rng(1).normal(size=2_000), 4)
    sample = honest_sample(raw, np.repeat(np.arange(2_000), 4))
    assert sample.design_effect == pytest.approx(4.0, abs=0.1)
    assert sample.bound(0) == pytest.approx(
        HonestSample(orders=2_000, design_effect=1).bound(0), rel=0.05
    )


def test_no_honest_order_promises_nothing() -> None:
    """Without a single observation the bound is everything."""
    empty = honest_sample(np.empty(0), np.empty(0, dtype=np.int64))
    assert empty.bound(0) == 1.0
    assert not empty.holds(0, 0.99)


def test_bound_covers_when_orders_come_by_account() -> None:
    """Accounts of one to many alike orders: the cap is kept as often as it says all the same."""
    rng = np.random.default_rng(5)
    cap, accounts, worlds, kept = 0.005, 2_500, 100, 0
    for _ in range(worlds):
        account = np.repeat(np.arange(accounts), rng.geometric(0.25, accounts))
        own, habit = rng.normal(size=len(account)), rng.normal(size=accounts)
        raw = np.sqrt(0.2) * own + np.sqrt(0.8) * habit[account]
        sample = honest_sample(raw, account)
        allowed = max(hit for hit in range(60) if sample.holds(hit, cap))
        chosen = np.sort(raw)[-(allowed + 1)]
        kept += erfc(chosen / sqrt(2)) / 2 <= cap
    assert kept >= worlds * CONFIDENCE
