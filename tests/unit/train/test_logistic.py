"""The regression that boosted trees are held against is a fair one."""

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

from training.train import logistic
from training.train.booster import Rows
from training.train.logistic import Logistic


def some_rows(seed: int, n: int = 2_000) -> Rows:
    """Return inputs with long tails on unlike scales, one of them constant, and labels."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(n, 4)) * (1.0, 50.0, 1e4, 0.0) + (0.0, -20.0, 1e4, 7.0)
    odds = matrix[:, 0] + matrix[:, 1] / 50 - matrix[:, 2] / 1e4
    label = (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(np.int8)
    return Rows(matrix=matrix, label=label)


def test_log_odds_are_those_of_scikit_learn() -> None:
    """Signed logarithm, standard scale, balanced classes; a constant input says nothing."""
    rows = some_rows(1)
    fitted = Logistic.fit(rows, seed=1)
    expected = make_pipeline(
        FunctionTransformer(lambda one: np.sign(one) * np.log1p(np.abs(one))),
        StandardScaler(),
        LogisticRegression(C=0.1, class_weight="balanced", max_iter=300, tol=1e-3),
    )
    expected.fit(rows.matrix, rows.label)
    unseen = some_rows(2).matrix
    scores = fitted.score(unseen)
    assert scores == pytest.approx(expected.decision_function(unseen), abs=1e-3)
    assert fitted.scale[3] == 1.0
    assert abs(fitted.weight[3]) < 1e-9


def test_a_score_is_the_sum_of_weighted_inputs() -> None:
    """By hand: (5 - 1) / 2 * 3, the compressed -2 times -1, and a half."""
    one = Logistic(
        mean=np.array([1.0, 0.0]),
        scale=np.array([2.0, 1.0]),
        weight=np.array([3.0, -1.0]),
        intercept=0.5,
    )
    assert one.score(np.array([[np.expm1(5.0), -np.expm1(2.0)]])) == pytest.approx([8.5])


def test_every_abuse_and_some_honest_orders_are_learnt_from(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Which honest ones the seed says; few abuses are never thinned out."""
    rows = some_rows(3)
    whole = Logistic.fit(rows, seed=1).score(rows.matrix)
    monkeypatch.setattr(logistic, "MAXIMUM_NEGATIVES", 100)
    drawn = [Logistic.fit(rows, seed=seed).score(rows.matrix) for seed in (1, 1, 2)]
    assert (drawn[0] == drawn[1]).all()
    assert not (drawn[0] == drawn[2]).all()
    assert not (drawn[0] == whole).all()
    kept = np.flatnonzero(rows.label == 1)
    # With all abuses left the mean of their scores hardly moves.
    assert drawn[0][kept].mean() == pytest.approx(whole[kept].mean(), abs=0.5)
