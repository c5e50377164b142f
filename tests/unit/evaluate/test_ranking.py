"""Ranking metrics, held against scikit-learn and by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import average_precision_score, roc_auc_score

from training.measures.bootstrap import Resampled, draws, resample
from training.measures.ranking import Ranking, single_feature_auc


def sample(seed: int, n: int = 400, levels: int = 40) -> tuple[np.ndarray, np.ndarray]:
    """Return labels and scores with many ties."""
    rng = np.random.default_rng(seed)
    label = (rng.random(n) < 0.2).astype(np.int8)
    label[:2] = (0, 1)
    score = np.floor(rng.normal(label, 1.0) * levels / 6)
    return label, score


@settings(deadline=None)  # no timed assertion
@given(seed=st.integers(0, 100_000))
def test_areas_equal_scikit_learn_with_ties_and_weights(seed: int) -> None:
    """PR-AUC and ROC-AUC are scikit-learn's, tied scores and row weights included."""
    label, score = sample(seed)
    weight = np.random.default_rng(seed).integers(0, 3, len(label)).astype(float)
    weight[:2] = 1
    curve, weighted = Ranking.of(label, score).curve(), Ranking.of(label, score).curve(weight)
    assert curve.average_precision() == pytest.approx(average_precision_score(label, score))
    assert curve.roc_auc() == pytest.approx(roc_auc_score(label, score))
    assert weighted.average_precision() == pytest.approx(
        average_precision_score(label, score, sample_weight=weight)
    )
    assert weighted.roc_auc() == pytest.approx(roc_auc_score(label, score, sample_weight=weight))


@settings(deadline=None)  # no timed assertion
@given(seed=st.integers(0, 100_000), rate=st.sampled_from([0.001, 0.005, 0.01, 0.1]))
def test_recall_keeps_within_the_rate_and_no_lower_threshold_does(seed: int, rate: float) -> None:
    """The threshold flags at most the rate of honest orders; the next lower one flags more."""
    label, score = sample(seed, n=2_000)
    curve = Ranking.of(label, score).curve()
    threshold = curve.threshold_at(rate)
    honest = score[label == 0]
    assert np.mean(honest >= threshold) <= rate
    assert curve.recall_at(rate) == pytest.approx(np.mean(score[label == 1] >= threshold))
    lower = score[score < threshold]
    assert np.mean(honest >= lower.max()) > rate


def test_ties_count_together() -> None:
    """A score shared by an abuse and an honest order cannot be had for half its price."""
    label = np.array([1, 0, 1, 0], dtype=np.int8)
    curve = Ranking.of(label, np.array([1.0, 1.0, 0.0, 0.0])).curve()
    assert curve.recall_at(0.4) == 0
    assert curve.recall_at(0.5) == 0.5


def test_weight_of_two_is_a_row_twice() -> None:
    """Weights mean repetition, which is what a bootstrap draw is."""
    label, score = sample(5)
    weight = np.ones(len(label))
    weight[:50] = 2
    twice = Ranking.of(np.append(label, label[:50]), np.append(score, score[:50])).curve()
    once = Ranking.of(label, score).curve(weight)
    assert once.average_precision() == pytest.approx(twice.average_precision())


def test_one_feature_is_measured_in_its_better_direction() -> None:
    """A feature that falls with abuse is as telling as one that rises; NaN ranks lowest."""
    label = np.array([0, 0, 0, 1, 1], dtype=np.int8)
    rising = np.array([np.nan, 1.0, 2.0, 3.0, 4.0])
    assert single_feature_auc(label, rising) == 1.0
    assert single_feature_auc(label, -np.arange(5.0)) == 1.0
    assert single_feature_auc(label, np.zeros(5)) == 0.5


def test_draws_take_whole_accounts() -> None:
    """All orders of an account count equally often in a replicate."""
    clusters = np.array([0, 0, 0, 1, 2, 2])
    for weight in draws(clusters, seed=3, replicates=20):
        assert weight[0] == weight[1] == weight[2]
        assert weight[4] == weight[5]
        assert weight[[0, 3, 4]].sum() == 3


def test_interval_is_wider_when_orders_hang_together() -> None:
    """Copies of an account's orders add no evidence: the clustered interval stays wide."""
    label, score = sample(11, n=300, levels=600)
    label, score = np.repeat(label, 10), np.repeat(score, 10)
    model = {"m": Ranking.of(label, score)}
    apart = resample(model, np.arange(3_000), seed=1).intervals()["m"]["pr_auc"]
    wide = resample(model, np.repeat(np.arange(300), 10), seed=1).intervals()["m"]["pr_auc"]
    assert wide.high - wide.low > 2 * (apart.high - apart.low)
    assert wide.low <= wide.value <= wide.high


def test_intervals_are_reproducible() -> None:
    """The same seed gives the same interval."""
    label, score = sample(2)
    one, two = (
        resample({"m": Ranking.of(label, score)}, np.arange(len(label)), seed=9, replicates=30)
        for _ in range(2)
    )
    assert one.intervals() == two.intervals()


def test_difference_is_paired() -> None:
    """Two models that rank alike differ by nothing in every replicate."""
    label, score = sample(2)
    models = {"a": Ranking.of(label, score), "b": Ranking.of(label, 3 * score + 1)}
    found = resample(models, np.arange(len(label)), seed=9, replicates=30)
    gap = found.difference("a", "b", "pr_auc")
    assert (gap.value, gap.low, gap.high) == (0.0, 0.0, 0.0)


def test_a_difference_is_that_of_the_better_less_the_worse_draw_by_draw() -> None:
    """The interval is a paired one: draws that move both models together widen nothing."""
    figures = [{"pr_auc": value} for value in (0.2, 0.9, 0.4)]
    lower = [{"pr_auc": value["pr_auc"] - 0.1} for value in figures]
    measured = Resampled(
        points={"trees": {"pr_auc": 0.5}, "line": {"pr_auc": 0.38}},
        drawn={"trees": figures, "line": lower},
    )
    ahead = measured.difference("trees", "line", "pr_auc")
    assert (ahead.value, ahead.low, ahead.high) == pytest.approx((0.12, 0.1, 0.1))
    behind = measured.difference("line", "trees", "pr_auc")
    assert (behind.value, behind.low, behind.high) == pytest.approx((-0.12, -0.1, -0.1))
    whole = measured.intervals()["trees"]["pr_auc"]
    assert (whole.value, whole.low, whole.high) == pytest.approx((0.5, 0.21, 0.875))


def test_every_account_is_drawn_as_often_as_any_other() -> None:
    """Over many replicates each counts about once in each, the first and the last as well."""
    clusters = np.repeat(np.arange(10), 3)
    mean = np.mean(list(draws(clusters, seed=1, replicates=2_000)), axis=0)
    assert mean == pytest.approx(np.ones(30), abs=0.1)
    assert all(one.sum() == 30 for one in draws(clusters, seed=2, replicates=20))
