"""Probabilities of later events, set on the few positives that the folds held out."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.fixtures.own_inputs import column_file
from training.own_data.inputs.make import InputGroup, Inputs
from training.own_data.learning.choose import settings_for
from training.own_data.learning.keep import keep, probabilities
from training.own_data.learning.learn import Learning, hold_out, mean_raw
from training.own_data.learning.sigmoid import sigmoid_of
from training.own_data.learning.slices import Fold

Floats = NDArray[np.float64]
ROWS = st.lists(st.tuples(st.integers(-900, 900), st.booleans()), min_size=4, max_size=80)


def log_loss(label: NDArray[np.int8], probability: Floats) -> float:
    """Return the mean loss of what happened, as told by its probability."""
    told = np.where(label == 1, probability, 1.0 - probability)
    return float(-np.log(np.maximum(told, 1e-9)).mean())


@given(ROWS)
def test_probabilities_rank_as_raw_scores_do_and_tell_as_many_positives(
    rows: list[tuple[int, bool]],
) -> None:
    """The mean probability of the held events is their share of positives."""
    raw = np.array([score for score, _ in rows]) / 100
    label = np.array([positive for _, positive in rows], np.int8)
    try:
        found = sigmoid_of(raw, label)
    except ValueError:
        return
    assert probabilities(found, raw).mean() == pytest.approx(label.mean(), abs=1e-9)
    assert (np.diff(probabilities(found, np.linspace(-12.0, 12.0, 300))) >= 0).all()


def test_the_slope_goes_half_the_way() -> None:
    """Held scores that say too little of each event make the kept model's steeper by half."""
    rng = np.random.default_rng(1)
    raw = rng.normal(-2.0, 1.0, 200_000)
    label = (rng.random(len(raw)) < 1 / (1 + np.exp(-(2.0 * raw + 2.0)))).astype(np.int8)
    ((slope, _),) = sigmoid_of(raw, label).knots
    assert slope == pytest.approx(1.5, rel=0.02)


@pytest.mark.parametrize("seed", range(4))
def test_later_events_do_not_pay_for_what_a_few_positives_lay_beside(seed: int) -> None:
    """Where eighty are positive no probability is nearly 0 or 1 that does not have to be."""
    rng = np.random.default_rng(seed)
    train, rows = 5_000, 25_000
    names = tuple("abcdef")
    columns = {name: rng.normal(size=rows).astype(np.float32) for name in names}
    truth = 1 / (1 + np.exp(5.2 - 1.4 * columns["a"] - 0.9 * columns["b"] * columns["c"]))
    label = (rng.random(rows) < truth).astype(np.int8)
    inputs = Inputs(
        rows=np.arange(rows),
        columns=column_file(columns),
        groups=dict.fromkeys(names, InputGroup.OWN),
        categorical=frozenset(),
    )
    edges = (2_000, 2_750, 3_500, 4_250, train)
    part = np.arange(train)
    folds = tuple(
        Fold(fit=part[:start], held=part[start:end], embargoed=False)
        for start, end in pairwise(edges)
    )
    learning = Learning(inputs=inputs, at=part, label=label[:train], folds=folds, seed=1)
    shallow = next(one for one in settings_for(label[:train]) if "shallow" in one.name)
    kept = keep(learning, hold_out(learning, names, [shallow])[0], part)
    later = np.arange(train, rows)
    found = probabilities(kept.calibrated, mean_raw(kept.texts, inputs, later, names))
    least = log_loss(label[later], truth[later])
    share = np.full(len(later), label[:train].mean())
    assert log_loss(label[later], found) < (least + log_loss(label[later], share)) / 2
