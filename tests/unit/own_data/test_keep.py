"""What becomes of raw scores on their way to a kept model."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from training.own_data.keep import TILT, probabilities, untied
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
