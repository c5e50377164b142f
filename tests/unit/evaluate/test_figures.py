"""All figures of one abuse, the gain of each step, and those against the truth, counted again."""

from dataclasses import replace
from itertools import pairwise
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pyarrow as pa
import pytest
from sklearn.metrics import average_precision_score, roc_auc_score

from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Abuse
from tests.fixtures.measured import ORDERS, THRESHOLDS, a_slice, scores_of
from training.evaluate.figures import abuse_figures
from training.measures.gains import step_gains
from training.measures.test_slice import FULL, ORDER_ONLY, ModelScores
from training.promotion.against_truth import truth_figures
from training.promotion.evaluate import Evaluation, Scored
from training.train.costs import load_costs


def recall_at(label: np.ndarray, raw: np.ndarray, rate: float) -> float:
    """Return the recall of the lowest score that hurts so many of the honest at most."""
    honest = np.sort(raw[label == 0])[::-1]
    allowed = int(rate * len(honest) + 1e-9)
    return float((raw[label == 1] > honest[allowed]).mean())


def test_each_figure_is_that_of_its_model_and_of_its_orders() -> None:
    """Areas as scikit-learn has them; the gain is that of the full model over the order alone."""
    rows = a_slice(3)
    scores = {FULL: scores_of(rows, 1), ORDER_ONLY: scores_of(rows, 2)}
    weak = np.random.default_rng(9).normal(size=ORDERS)
    scores[ORDER_ONLY] = replace(scores[ORDER_ONLY], raw=weak)
    found = cast(dict[str, Any], abuse_figures(rows, scores, load_costs(), seed=1))
    abuses = int(rows.label.astype(int).sum())
    assert (found["orders"], found["abuses"]) == (ORDERS, abuses)
    assert (found["honest_orders"], found["accounts"]) == (ORDERS - abuses, len(set(rows.account)))
    assert found["base_rate"] == pytest.approx(abuses / ORDERS)
    for name, one in scores.items():
        of = found["models"][name]
        assert of["pr_auc"]["value"] == pytest.approx(average_precision_score(rows.label, one.raw))
        assert of["roc_auc"]["value"] == pytest.approx(roc_auc_score(rows.label, one.raw))
        for text, rate in (("0.1", 0.001), ("0.5", 0.005), ("1", 0.01)):
            recall = recall_at(rows.label, one.raw, rate)
            assert of[f"recall_at_fpr_{text}pct"]["value"] == pytest.approx(recall)
        for interval in of.values():
            assert interval["low"] <= interval["value"] <= interval["high"]
    gain = found["pr_auc_gain_of_history"]
    assert 0 < gain["low"] < gain["value"] < gain["high"]
    new = rows.unseen
    assert found["unseen_identities"] == {
        "orders": int(new.sum()),
        "abuses": int(rows.label[new].astype(int).sum()),
        "base_rate": pytest.approx(rows.label[new].mean()),
        "pr_auc": pytest.approx(average_precision_score(rows.label[new], scores[FULL].raw[new])),
        "roc_auc": pytest.approx(roc_auc_score(rows.label[new], scores[FULL].raw[new])),
        "recall_at_fpr_0.5pct": pytest.approx(
            recall_at(rows.label[new], scores[FULL].raw[new], 0.005)
        ),
    }
    assert set(found["calibration"]) == set(scores)


def test_a_step_gains_over_the_one_before() -> None:
    """What comes later and knows more gains; the first has nothing to gain over."""
    rows = a_slice(3)
    names = ("order", "slow", "windows")
    scores = {
        name: ModelScores(raw=scores_of(rows, 1).raw + noise * np.random.default_rng(7).normal(
            size=ORDERS)) for name, noise in zip(names, (5.0, 1.0, 0.0), strict=True)
    }  # fmt: skip
    table = cast(list[dict[str, Any]], step_gains(rows, scores, seed=1))
    assert [one["step"] for one in table] == list(names)
    assert table[0]["gain"] == {}
    for before, after in pairwise(table):
        gain = after["gain"]["pr_auc"]
        assert gain["value"] == pytest.approx(after["pr_auc"]["value"] - before["pr_auc"]["value"])
        assert 0 < gain["low"] <= gain["value"] <= gain["high"]


def the_truth() -> tuple[Evaluation, pa.Table, np.ndarray, np.ndarray]:
    """Return an evaluation with wrong labels, the truth of its orders in another order, and it."""
    rows, rng = a_slice(4), np.random.default_rng(8)
    abuse = np.where(rows.label == 1, "scalping", "").astype(object)
    wrong = rng.random(ORDERS) < 0.1
    abuse[wrong] = rng.choice(["", "scalping", "brushing"], int(wrong.sum()))
    kind = rng.choice(["one", "two", "three"], ORDERS).astype(object)
    ids = np.array([f"o{row}" for row in range(ORDERS + 50)], dtype=object)
    scores = {FULL: scores_of(rows, 5)}
    steps = {"order": ModelScores(raw=scores_of(rows, 6).raw)}
    scored = {Abuse.SCALPING: Scored(rows=rows, scores=scores, steps=steps)}
    evaluation = SimpleNamespace(scored=scored, order_id=ids)
    table = pa.table(
        {
            "order_id": ids[:ORDERS],
            "abuse": abuse,
            "strategy": np.where(abuse != "", kind, "").astype(object),
            "persona": np.where(abuse == "", kind, "").astype(object),
        }
    ).take(rng.permutation(ORDERS))
    return cast(Evaluation, evaluation), table, abuse, kind


def test_the_truth_tells_who_is_caught_and_who_is_hurt() -> None:
    """Orders of other abuses are neither; every share is of those that the row names."""
    evaluation, table, abuse, kind = the_truth()
    one = evaluation.scored[Abuse.SCALPING]
    raw, label = one.scores[FULL].raw, one.rows.label
    found = truth_figures(evaluation, table, seed=1)["scalping"]
    guilty, honest = abuse == "scalping", abuse == ""
    kept = guilty | honest
    assert (found["abuses"], found["honest_orders"]) == (guilty.sum(), honest.sum())
    assert found["wrong_labels"] == ((label == 1) != guilty)[kept].sum()
    area = average_precision_score(guilty[kept], raw[kept])
    assert found["models"][FULL]["pr_auc"]["value"] == pytest.approx(area)
    for figures, among in (("false_positives_by_persona", honest), ("recall_by_strategy", guilty)):
        bound = np.sort(raw[honest])[::-1][int(0.005 * honest.sum())]
        for name in ("one", "two", "three"):
            mine = among & (kind == name)
            assert found[figures][name] == {
                "orders": int(mine.sum()),
                "flagged": int((raw[mine] > bound).sum()),
                "share_flagged": pytest.approx((raw[mine] > bound).mean()),
                "share_acted_on": pytest.approx((raw[mine] >= THRESHOLDS["challenge"]).mean()),
            }
    step = one.steps["order"].raw
    bound = np.sort(step[honest])[::-1][int(0.005 * honest.sum())]
    for name, entry in found["recall_by_strategy_and_step"].items():
        mine = guilty & (kind == name)
        assert entry == {
            "orders": int(mine.sum()),
            "order": pytest.approx((step[mine] > bound).mean()),
        }


def test_the_truth_of_another_world_is_refused() -> None:
    """An order that it does not know."""
    evaluation, table, _, _ = the_truth()
    with pytest.raises(ConfigFault):
        truth_figures(evaluation, table.slice(1), seed=1)
