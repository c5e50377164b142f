"""What becomes of raw scores on their way to a kept model."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.fixtures.own_inputs import column_file
from training.own_data import learn
from training.own_data.inputs import InputGroup, Inputs
from training.own_data.keep import TILT, keep, probabilities, untied
from training.own_data.learn import Learning, Setting, hold_out, mean_raw
from training.own_data.slices import Fold
from training.train.calibrate import FITS, Calibrated

STEPS = st.lists(st.tuples(st.integers(-500, 500), st.booleans()), min_size=2, max_size=80).filter(
    lambda rows: len({positive for _, positive in rows}) == 2
)


@given(STEPS)
def test_probabilities_rank_as_raw_scores_do(rows: list[tuple[int, bool]]) -> None:
    """Tilted steps leave no two scores equal, and no probability moves by more than the tilt."""
    raw = np.array([score for score, _ in rows]) / 100
    positive = np.array([positive for _, positive in rows])
    flat = Calibrated(kind="isotonic", knots=FITS["isotonic"](raw, positive), brier={})
    tilted = untied(flat)
    asked = np.linspace(raw.min() - 0.5, raw.max() + 0.5, 300)
    found = probabilities(tilted, asked)
    assert (np.diff(found) > 0).all()
    assert np.abs(found - probabilities(flat, asked)).max() <= TILT
    assert 0.0 <= found.min() <= found.max() <= 1.0


def test_a_sigmoid_is_left_as_it_is() -> None:
    """It has no steps."""
    sigmoid = Calibrated(kind="platt", knots=((1.5, -2.0),), brier={})
    assert untied(sigmoid) is sigmoid


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("fold", "final"), [(1_000, 4_000), (4_000, 1_000), (10**6, 10**6)])
def test_probabilities_hold_whatever_share_of_negatives_was_fitted_on(
    monkeypatch: pytest.MonkeyPatch, fold: int, final: int, weighted: bool
) -> None:
    """Folds and the kept model leave out other negatives, and weigh positives by those that stay.

    Probabilities are of all events.
    """
    monkeypatch.setattr(learn, "FOLD_NEGATIVES", fold)
    monkeypatch.setattr(learn, "FINAL_NEGATIVES", final)
    rng = np.random.default_rng(1)
    rows = 24_000
    x = rng.normal(size=rows).astype(np.float32)
    label = (rng.random(rows) < 1 / (1 + np.exp(4 - 1.5 * x))).astype(np.int8)
    inputs = Inputs(
        rows=np.arange(rows),
        columns=column_file({"x": x}),
        groups={"x": InputGroup.OWN},
        categorical=frozenset(),
    )
    train, part = 16_000, np.arange(16_000)
    learning = Learning(
        inputs=inputs,
        at=part,
        label=label[:train],
        folds=(Fold(fit=part[:9_000], held=part[9_000:], embargoed=False),),
        seed=1,
    )
    parameters: dict[str, object] = {"num_leaves": 8, "min_data_in_leaf": 20}
    setting = Setting(name="usual", parameters=parameters, weighted=weighted)
    kept = keep(learning, hold_out(learning, ("x",), [setting])[0], part)
    later = np.arange(train, rows)
    raw = mean_raw(kept.texts, inputs, later, ("x",))
    found = probabilities(kept.calibrated, raw).mean()
    assert found == pytest.approx(label[later].mean(), rel=0.2)
