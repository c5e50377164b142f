"""What becomes of raw scores on their way to a kept model."""

import numpy as np
import pytest

from tests.fixtures.own_inputs import column_file
from training.own_data import learn
from training.own_data.inputs import InputGroup, Inputs
from training.own_data.keep import keep, probabilities
from training.own_data.learn import Learning, Setting, hold_out, mean_raw
from training.own_data.slices import Fold


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
