"""What becomes of raw scores on their way to a kept model."""

from itertools import pairwise

import numpy as np
import pytest
from sklearn.metrics import average_precision_score

from risk_service.models.fitting import fit_anchors
from tests.fixtures.own_inputs import column_file
from training.own_data.inputs.make import InputGroup, Inputs
from training.own_data.learning import learn
from training.own_data.learning.keep import keep, probabilities
from training.own_data.learning.learn import Learning, Setting, hold_out, mean_raw
from training.own_data.learning.slices import Fold


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


def test_what_is_kept_is_set_on_what_the_folds_held_out() -> None:
    """Quality, anchors and thresholds are of held rows with their own labels and clusters."""
    rng = np.random.default_rng(3)
    rows = 12_000
    x = rng.normal(size=rows).astype(np.float32)
    label = (rng.random(rows) < 1 / (1 + np.exp(3 - x))).astype(np.int8)
    inputs = Inputs(
        rows=np.arange(rows),
        columns=column_file({"x": x}),
        groups={"x": InputGroup.OWN},
        categorical=frozenset(),
    )
    edges = (4_000, 8_000, rows)
    learning = Learning(
        inputs=inputs,
        at=np.arange(rows),
        label=label,
        folds=tuple(
            Fold(fit=np.arange(start), held=np.arange(start, end), embargoed=False)
            for start, end in pairwise(edges)
        ),
        seed=1,
    )
    setting = Setting(name="usual", parameters={"num_leaves": 8, "min_data_in_leaf": 20})
    (held,) = hold_out(learning, ("x",), [setting])
    assert held.at.tolist() == list(range(4_000, rows))
    for (start, end), quality in zip(pairwise(edges), held.by_fold, strict=True):
        raw = held.raw[start - 4_000 : end - 4_000]
        assert quality == pytest.approx(average_precision_score(label[start:end], raw))
        assert len(np.unique(raw)) <= 8**2 * held.trees
    alone = keep(learning, held, np.arange(rows))
    alike = keep(learning, held, np.argsort(np.argsort(np.r_[x[:4_000], held.raw])) // 40)
    honest = held.raw[label[4_000:] == 0]
    assert alone.anchors == fit_anchors(honest)
    for one, other in zip(alone.thresholds, alike.thresholds, strict=True):
        assert one.honest_share == pytest.approx(np.mean(honest >= one.raw))
        assert other.raw > one.raw or not one.offered
