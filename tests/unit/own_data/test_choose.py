"""Which parameters are kept: what the folds can tell apart, and what they cannot."""

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from numpy.typing import NDArray

from tests.fixtures.own_inputs import column_file
from training.measures.leaks import single_feature_aucs
from training.measures.ranking import Ranking
from training.own_data.inputs.column_file import ColumnFile
from training.own_data.inputs.make import InputGroup, Inputs
from training.own_data.learning.choose import setting_named, settings_for, simplest_of_the_best
from training.own_data.learning.learn import Held, Learning, Setting, fit_whole, hold_out, mean_raw
from training.own_data.learning.single_inputs import inputs_alone
from training.own_data.learning.slices import SMALL_FOLDS, Fold

Matrix = NDArray[np.float32]
COLUMNS, ROWS, TEST_ROWS, SEEDS = 20, 500, 10_000, 5
NAMES = tuple(f"x{at}" for at in range(COLUMNS))


def held(name: str, leaves: int, *by_fold: float, weighted: bool = False) -> Held:
    """Return what the folds said of one candidate."""
    setting = Setting(name=name, parameters={"num_leaves": leaves}, weighted=weighted)
    none = np.empty(0)
    return Held(
        setting=setting, names=(), by_fold=by_fold, trees=20, at=none.astype(np.int64), raw=none
    )


def test_within_one_standard_error_the_simplest_is_taken() -> None:
    """The error is that of the best; what lies further below is worse, however simple it is."""
    best = held("wide", 63, 0.5, 0.6, 0.7)
    near, far = held("shallow", 8, 0.45, 0.6, 0.7), held("shallow", 8, 0.4, 0.5, 0.6)
    usual = held("usual", 31, 0.5, 0.6, 0.6)
    assert best.error == pytest.approx(0.0577, abs=1e-4)
    assert simplest_of_the_best([best, usual, near]) is near
    assert simplest_of_the_best([best, usual, far]) is usual
    heavy = held("usual, weighted", 31, 0.5, 0.6, 0.65, weighted=True)
    assert simplest_of_the_best([best, heavy, usual]) is usual


def test_two_folds_tell_no_error() -> None:
    """Large sets have two folds, and noise enough to learn from: the best one is taken."""
    best, simple = held("wide", 63, 0.5, 0.7), held("shallow", 8, 0.5, 0.69)
    assert best.error is None
    assert simplest_of_the_best([simple, best]) is best
    heavy = held("usual, weighted", 31, 0.51, 0.7, weighted=True)
    assert simplest_of_the_best([heavy, simple, best]) is best
    heavier = held("usual, weighted", 31, 0.6, 0.7, weighted=True)
    assert simplest_of_the_best([heavier, simple, best]) is heavier


def test_rare_positives_get_lighter_brakes_and_runs_of_before_keep_theirs() -> None:
    """Beside ten positives' worth of brake a handful of them alone in a leaf is nothing."""
    rare, common = (np.arange(2_000) < count for count in (40, 400))
    now = {one.name: one for one in settings_for(rare.astype(np.int8))}
    assert now["shallow, rare"].parameters["lambda_l2"] == 1.0
    assert "shallow" not in now
    of_before = setting_named("shallow", rare.astype(np.int8))
    assert "lambda_l2" not in of_before.parameters
    many = np.arange(100_000) < 1_000
    for label in (common, many):
        names = [one.name for one in settings_for(label.astype(np.int8))]
        assert "shallow" in names
        assert "shallow, rare" not in names


def noise(x: Matrix) -> NDArray[np.float64]:
    """Return log odds that nothing tells of."""
    return np.zeros(len(x)) + 0.5


def additive(x: Matrix) -> NDArray[np.float64]:
    """Return log odds that add up."""
    return np.asarray(0.9 * x[:, 0] + 0.7 * x[:, 1] + 0.5 * x[:, 2], np.float64)


def entangled(x: Matrix) -> NDArray[np.float64]:
    """Return log odds of columns that tell something together only."""
    both = (x[:, 0] > 0.3) & (x[:, 1] > 0)
    return np.asarray(1.5 * both + 2.0 * ((x[:, 2] > 0.5) & (x[:, 3] > 0.5)), np.float64)


def drawn(
    odds: Callable[[Matrix], NDArray[np.float64]], seed: int
) -> tuple[Learning, NDArray[np.int8]]:
    """Return a small training window with its folds, and all labels; the test lies behind it."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(ROWS + TEST_ROWS, COLUMNS)).astype(np.float32)
    label = (rng.random(len(x)) < 1 / (1 + np.exp(3.0 - odds(x)))).astype(np.int8)
    at = np.arange(ROWS)
    evidence = np.arange(1, ROWS + 1) / ROWS + np.cumsum(label[:ROWS]) / label[:ROWS].sum()
    edges = [*np.searchsorted(evidence / 2, SMALL_FOLDS)[:-1].tolist(), ROWS]
    learning = Learning(
        inputs=Inputs(
            rows=np.arange(len(x)),
            columns=column_file({name: x[:, place] for place, name in enumerate(NAMES)}),
            groups=dict.fromkeys(NAMES, InputGroup.OWN),
            categorical=frozenset(),
        ),
        at=at,
        label=label[:ROWS],
        folds=tuple(
            Fold(fit=at[:start], held=at[start:end], embargoed=False)
            for start, end in pairwise(edges)
        ),
        seed=seed,
    )
    return learning, label


def on_test(learning: Learning, label: NDArray[np.int8], held: Held) -> float:
    """Return the PR-AUC of a setting on what comes after."""
    test = np.arange(ROWS, ROWS + TEST_ROWS)
    texts = [one.text for one in fit_whole(learning, held, 2)]
    raw = mean_raw(texts, learning.inputs, test, NAMES)
    return Ranking.of(label[test], raw).curve().average_precision()


@pytest.mark.parametrize("odds", [noise, additive, entangled])
def test_the_choice_loses_nothing_on_few_events(
    odds: Callable[[Matrix], NDArray[np.float64]],
) -> None:
    """Over some seeds, what is kept ranks later events no worse than the best on the folds."""
    gains = []
    for seed in range(SEEDS):
        learning, label = drawn(odds, seed)
        tried = hold_out(learning, NAMES, settings_for(learning.label))
        best, chosen = max(tried, key=lambda one: one.quality), simplest_of_the_best(tried)
        if chosen is not best:
            gains.append(on_test(learning, label, chosen) - on_test(learning, label, best))
    assert gains
    # What a coin would gain or lose by another draw of the test.
    assert sum(gains) / SEEDS > -0.001


def test_inputs_are_looked_at_one_at_a_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """A thousand inputs of every positive are more than memory holds; the figures are the same."""
    learning, _ = drawn(entangled, 1)
    asked: list[int] = []
    matrix = ColumnFile.matrix

    def counted(self: ColumnFile, at: NDArray[np.int64], names: tuple[str, ...]) -> Matrix:
        asked.append(len(names))
        return matrix(self, at, names)

    whole = learning.inputs.matrix(learning.at, NAMES).astype(np.float64)
    monkeypatch.setattr(ColumnFile, "matrix", counted)
    found = inputs_alone(learning)
    assert found == single_feature_aucs(learning.label, whole, NAMES, learning.seed)
    assert asked == [1] * len(NAMES)
