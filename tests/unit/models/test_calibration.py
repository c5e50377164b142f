"""Calibration and score anchors: monotone, in range, exact where they must be."""

import math
from functools import partial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from risk_service.models.anchors import rate_of_score, score_of
from risk_service.models.calibration import calibrator, piecewise_linear, sigmoid
from risk_service.models.fitting import fit_anchors, fit_isotonic, fit_platt

finite = st.floats(-50, 50)
knots = st.lists(
    st.tuples(finite, st.floats(0, 1)), min_size=1, max_size=30, unique_by=lambda k: k[0]
)


def rising(pairs: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Sort both coordinates, so that the pairs describe a rising function."""
    xs, ys = sorted(x for x, _ in pairs), sorted(y for _, y in pairs)
    return list(zip(xs, ys, strict=True))


@given(knots, finite, finite)
def test_interpolation_is_monotone_and_in_range(
    pairs: list[tuple[float, float]], a: float, b: float
) -> None:
    """A higher raw score never means a lower probability, to the last bit."""
    curve = piecewise_linear(rising(pairs))
    low, high = sorted((a, b))
    assert 0.0 <= curve(low) <= curve(high) <= 1.0


@given(knots)
def test_interpolation_meets_its_knots(pairs: list[tuple[float, float]]) -> None:
    """At a knot the value is the knot's own."""
    curve = piecewise_linear(rising(pairs))
    assert [curve(x) for x, _ in rising(pairs)] == [y for _, y in rising(pairs)]


@given(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6))
def test_the_sigmoid_is_monotone_and_never_overflows(a: float, b: float) -> None:
    """Any finite log odds have a probability."""
    low, high = sorted((a, b))
    assert 0.0 <= sigmoid(low) <= sigmoid(high) <= 1.0


@pytest.mark.parametrize(
    ("kind", "bad"),
    [
        ("platt", [(0.0, 1.0)]),
        ("platt", [(1.0, 0.0), (1.0, 0.0)]),
        ("isotonic", []),
        ("isotonic", [(0.0, 0.2), (0.0, 0.3)]),
        ("isotonic", [(0.0, 0.5), (1.0, 0.4)]),
        ("isotonic", [(0.0, 1.5)]),
        ("isotonic", [(math.inf, 0.5)]),
        ("isotonic", [(0.0, math.nan)]),
        ("spline", [(0.0, 0.5)]),
    ],
)
def test_maps_that_do_not_rise_are_refused(kind: str, bad: list[tuple[float, float]]) -> None:
    """A calibration that would rank orders differently than the model is no calibration."""
    with pytest.raises(ValueError, match=r"knot|calibration"):
        calibrator(kind, bad)


def test_the_documented_points_hold() -> None:
    """600 is 10 %, 900 is 2 %, 1000 is 0.01 % of honest orders."""
    points = {0: 1.0, 600: 0.1, 900: 0.02, 1000: 0.0001}
    for score, rate in points.items():
        assert rate_of_score(score) == pytest.approx(rate, rel=1e-12)
    assert rate_of_score(926.17) == pytest.approx(0.005, rel=1e-3)


@given(st.floats(0, 999.9), st.floats(0.01, 100))
def test_a_higher_score_stands_for_a_lower_rate(score: float, more: float) -> None:
    """No two scores name one false positive rate."""
    higher = min(score + more, 1000.0)
    assert 0.0001 <= rate_of_score(higher) < rate_of_score(score) <= 1.0


def test_a_score_of_900_is_reached_by_2_percent_of_honest_orders() -> None:
    """On the sample it was fitted to, each anchor's share is met and never passed."""
    raw = np.random.default_rng(1).normal(size=50_000)
    score = score_of(fit_anchors(raw))
    scores = np.array([score(x) for x in raw.tolist()])
    for wanted, rate in ((600, 0.1), (900, 0.02), (1000, 0.0001)):
        assert np.mean(scores >= wanted) == pytest.approx(rate, rel=1e-9)


def test_ties_err_to_fewer_false_positives() -> None:
    """Where many honest orders share one raw score, the share stays at or under the rate."""
    raw = np.random.default_rng(2).integers(0, 12, size=5000).astype(float)
    score = score_of(fit_anchors(raw))
    scores = np.array([score(x) for x in raw.tolist()])
    for wanted in (600, 900):
        assert np.mean(scores >= wanted) <= rate_of_score(wanted)


def test_a_small_sample_claims_no_rate_it_cannot_show() -> None:
    """Among 100 honest orders nothing says 1 in 10,000: scores end at 1 %."""
    score = score_of(fit_anchors(np.arange(100.0)))
    highest = score(1e9)
    assert highest > 900
    assert rate_of_score(highest) >= 0.01


@given(st.lists(st.floats(-20, 20), min_size=1, max_size=200), finite, finite)
def test_scores_are_monotone_whole_numbers(honest: list[float], a: float, b: float) -> None:
    """Whatever the honest sample, a higher raw score never has a lower score."""
    score = score_of(fit_anchors(np.array(honest)))
    low, high = sorted((a, b))
    assert 0 <= score(low) <= score(high) <= 1000


@given(knots, st.lists(finite, max_size=20))
def test_scores_are_the_interpolation_rounded_down(
    pairs: list[tuple[float, float]], probes: list[float]
) -> None:
    """The search says what interpolation says, also one float beside a change of score."""
    anchors = [(x, 1000.0 * y) for x, y in rising(pairs)]
    score, line = score_of(anchors), piecewise_linear(anchors)
    assert isinstance(score, partial)
    at = [*probes, *(x for x, _ in anchors), *(x for x in score.args[0] if math.isfinite(x))]
    for x in at:
        for beside in (math.nextafter(x, -math.inf), x, math.nextafter(x, math.inf)):
            assert score(beside) == int(line(beside))


def sample(seed: int = 3) -> tuple[np.ndarray, np.ndarray]:
    """Return raw scores and labels of known odds."""
    random = np.random.default_rng(seed)
    raw = random.normal(size=4000) * 2
    return raw, random.random(4000) < 1 / (1 + np.exp(-(1.7 * raw - 1.1)))


def test_platt_finds_the_odds() -> None:
    """The fit agrees with unpenalised logistic regression, but for the smoothed targets."""
    raw, positive = sample()
    ((slope, intercept),) = fit_platt(raw, positive)
    reference = LogisticRegression(C=1e10, tol=1e-10).fit(raw.reshape(-1, 1), positive)
    assert slope == pytest.approx(reference.coef_[0, 0], rel=1e-2)
    assert intercept == pytest.approx(reference.intercept_[0], rel=1e-2)


def test_platt_stays_finite_without_errors() -> None:
    """A slice that the model parts perfectly gives a finite slope."""
    ((slope, intercept),) = fit_platt(np.array([-2.0, -1.0, 1.0, 2.0]), np.array([0, 0, 1, 1]) > 0)
    assert math.isfinite(slope)
    assert math.isfinite(intercept)


def test_isotonic_is_scikit_learns() -> None:
    """Pooling adjacent violators gives scikit-learn's function."""
    raw, positive = sample()
    ours = calibrator("isotonic", fit_isotonic(raw, positive))
    reference = IsotonicRegression(out_of_bounds="clip").fit(raw, positive.astype(float))
    grid = np.linspace(-9, 9, 500)
    assert [ours(x) for x in grid.tolist()] == pytest.approx(reference.predict(grid), abs=1e-9)


@pytest.mark.parametrize("fit", [fit_platt, fit_isotonic])
@pytest.mark.parametrize("value", [True, False])
def test_one_class_cannot_be_calibrated(fit: object, value: bool) -> None:
    """Without both classes there is nothing to fit, and that is said."""
    with pytest.raises(ValueError, match="both classes"):
        fit(np.arange(5.0), np.full(5, value))  # type: ignore[operator] # one of two functions


def test_a_model_that_ranks_backwards_is_unusable() -> None:
    """Falling odds are an error, not a calibration."""
    raw, positive = sample()
    with pytest.raises(ValueError, match="unusable"):
        fit_platt(-raw, positive)
