"""All figures of one abuse on its test slice, as plain JSON."""

from collections.abc import Mapping
from dataclasses import asdict

from risk_service.domain.vocabulary import Abuse
from training.evaluate.money import action_table, money, review_budget
from training.measures.bootstrap import Interval, resample_scores
from training.measures.groups import by_week, false_positives_by_group
from training.measures.leaks import single_feature_aucs
from training.measures.ranking import Ranking
from training.measures.reliability import reliability
from training.measures.test_slice import FULL, ORDER_ONLY, ModelScores, TestSlice
from training.progress import Tallies, untold
from training.train.costs import CostTable

Json = dict[str, object]
TOP_SINGLE_FEATURES = 5


def abuse_figures(
    rows: TestSlice,
    scores: Mapping[str, ModelScores],
    costs: CostTable,
    seed: int,
    tally: Tallies = untold,
) -> Json:
    """Return every figure of one abuse.

    Parameters
    ----------
    scores
        By model name; "full" and "order_only" are the bundle's, the rest are baselines.
    tally
        Counts the replicates of the intervals.
    """
    resampled = resample_scores(rows, scores, seed, tally=tally)
    full = scores[FULL]
    gain = resampled.difference(FULL, ORDER_ONLY, "pr_auc")
    alone = single_feature_aucs(rows.label, rows.matrix, rows.features, seed)
    return {
        "orders": len(rows.label),
        "honest_orders": int((rows.label == 0).sum()),
        "abuses": int(rows.label.sum()),
        "accounts": int(rows.clusters.max()) + 1,
        "base_rate": float(rows.label.mean()),
        "models": {name: plain(metrics) for name, metrics in resampled.intervals().items()},
        "pr_auc_gain_of_history": gain.as_dict(),
        "calibration": {
            name: _calibration(rows, one)
            for name, one in scores.items()
            if one.probability is not None
        },
        "actions": action_table(rows, full),
        "money": money(rows, full, costs.of(Abuse(rows.abuse))),
        "review_budget": review_budget(rows, full, costs.review_budget_per_day),
        "by_week": by_week(rows, full.raw),
        "groups": false_positives_by_group(rows, full.raw),
        "unseen_identities": _unseen(rows, full),
        "single_features": [asdict(one) for one in alone[:TOP_SINGLE_FEATURES]],
    }


def plain(metrics: Mapping[str, Interval]) -> dict[str, dict[str, float]]:
    """Return intervals as plain JSON."""
    return {name: interval.as_dict() for name, interval in metrics.items()}


def _calibration(rows: TestSlice, scores: ModelScores) -> Json:
    assert scores.probability is not None  # noqa: S101 - the caller has filtered
    return asdict(reliability(rows.label, scores.probability))


def _unseen(rows: TestSlice, scores: ModelScores) -> Json:
    """Measure on identities that had no order in train: memory of tokens cannot help."""
    label, raw = rows.label[rows.unseen], scores.raw[rows.unseen]
    found: Json = {"orders": len(label), "abuses": int(label.sum())}
    if 0 < label.sum() < len(label):
        curve = Ranking.of(label, raw).curve()
        found |= {
            "base_rate": float(label.mean()),
            "pr_auc": curve.average_precision(),
            "roc_auc": curve.roc_auc(),
            "recall_at_fpr_0.5pct": curve.recall_at(0.005),
        }
    return found
