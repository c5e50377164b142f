"""Calibration figures against their definitions."""

import numpy as np
import pytest
from sklearn.metrics import brier_score_loss

from tests.fixtures.measured import ORDERS, a_slice, scores_of
from training.measures.reliability import BINS, LEAST_ORDERS, reliability


@pytest.mark.parametrize("seed", range(3))
def test_calibration_is_that_of_the_bins_and_brier_that_of_scikit_learn(seed: int) -> None:
    """Each order is in one bin, all of a bin lie beside each other, and none is nearly empty."""
    rows = a_slice(seed)
    probability = scores_of(rows, seed).probability
    assert probability is not None
    found = reliability(rows.label, probability)
    brier = brier_score_loss(rows.label, probability)
    base = rows.label.mean()
    assert found.brier == pytest.approx(brier)
    assert found.brier_skill == pytest.approx(1 - brier / (base * (1 - base)))
    ranked = np.argsort(probability, kind="stable")
    start, error = 0, 0.0
    for one in found.bins:
        mine = ranked[start : start + one.orders]
        start += one.orders
        assert one.predicted == pytest.approx(probability[mine].mean())
        assert one.seen == pytest.approx(rows.label[mine].mean())
        error += abs(one.predicted - one.seen) * one.orders / ORDERS
    assert start == ORDERS
    assert found.calibration_error == pytest.approx(error)
    assert found.calibration_error > 0.02
    assert 3 <= len(found.bins) <= BINS
    assert min(one.orders for one in found.bins) >= LEAST_ORDERS


def test_bins_are_of_equal_width_in_log_odds() -> None:
    """Where there are orders everywhere, they are cut at fourteenths of the way."""
    odds = np.linspace(-7.0, 7.0, 14_001)
    found = reliability((odds > 0).astype(np.int8), 1 / (1 + np.exp(-odds)))
    assert [one.orders for one in found.bins] == pytest.approx([1_000] * 14, abs=1)


@pytest.mark.parametrize(("few", "bins"), [(39, 1), (40, 2)])
@pytest.mark.parametrize("high", [False, True])
def test_a_bin_of_few_joins_its_neighbour(few: int, bins: int, high: bool) -> None:
    """At either end."""
    probability = np.where(np.arange(300) < few, 0.001, 0.9)
    probability = 1 - probability if high else probability
    found = reliability((np.arange(300) % 2).astype(np.int8), probability)
    assert len(found.bins) == bins


def test_one_class_has_no_skill() -> None:
    """A constant is right already."""
    assert reliability(np.zeros(5, np.int8), np.full(5, 0.1)).brier_skill == 0.0
