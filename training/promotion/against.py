"""Two runs on the same orders: those that came after all that either of them learned from.

Each run measured by itself is measured on orders of its own, the newer one on later ones: two such
figures say nothing of each other. Here both score the same orders, and their gain is paired.
"""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from risk_service.domain.vocabulary import Abuse
from risk_service.features.schema import FeatureSchema, load_schema
from risk_service.models.bundle import verify_bundle
from risk_service.models.scorer import Scorer
from risk_service.models.signature import load_trusted
from training.evaluate.money import action_table, money
from training.evaluate.slices import cut, served_scores
from training.measures.bootstrap import Interval, resample_scores
from training.measures.gains import METRICS
from training.measures.test_slice import FULL, ModelScores, TestSlice
from training.progress import Progress, tallies
from training.promotion.material import EvaluateRequest, gather
from training.split import SliceName
from training.train.costs import CostTable, load_costs
from training.train.run_file import COSTS_FILE, read_run_file

Json = dict[str, Any]
NEW, OLD = "new", "old"
BETTER, WORSE, SAME = "better", "worse", "no_difference_shown"


def compare(request: EvaluateRequest, against: Path, against_trust: Path, tell: Progress) -> Json:
    """Return the figures of a run and of the one before it on the same orders, as plain JSON.

    Parameters
    ----------
    request
        The new run, and the data set.
    against
        The run before it; both are held to the costs of the new one.

    Raises
    ------
    BundleRefused
        One of the bundles fails a check.
    ConfigFault
        No orders of the data set came after what both learned from.
    """
    schema = load_schema()
    run = read_run_file(request.run)
    tell("verify the bundle", 0, 0)
    scorers = {
        OLD: _scorer(against, against_trust, schema),
        NEW: _scorer(request.run, request.trust, schema),
    }
    later = replace(request, slice_name=SliceName.LATER)
    facts = scorers[NEW].manifest.training
    material = gather(later, run, facts, schema, tell, after=scorers[OLD].manifest.training)
    costs = load_costs(request.run / COSTS_FILE)
    abuses = {}
    for abuse, task in material.tasks.items():
        tell(f"score {abuse}", 0, 0)
        rows = cut(material.frame, task, SliceName.LATER)
        scores = {name: served_scores(rows, scorer)[FULL] for name, scorer in scorers.items()}
        tally = tallies(tell, f"measure {abuse}")
        resampled = resample_scores(rows, scores, run.seed, tally=tally)
        gain = {metric: resampled.difference(NEW, OLD, metric) for metric in METRICS}
        abuses[abuse.value] = {
            "from_us": int(rows.ordered_at_us.min()),
            "until_us": int(rows.ordered_at_us.max()),
            "orders": len(rows.label),
            "honest_orders": int((rows.label == 0).sum()),
            "abuses": int(rows.label.sum()),
            "runs": {
                name: _of_run(rows, scores[name], costs, found)
                for name, found in resampled.intervals().items()
            },
            "gain": {metric: one.as_dict() for metric, one in gain.items()},
            "verdict": verdict(gain["pr_auc"]),
        }
    return {
        "runs": {
            name: {"path": str(path), "bundle_sha256": scorers[name].sha256}
            for name, path in ((OLD, against), (NEW, request.run))
        },
        "abuses": abuses,
    }


def verdict(gain: Interval) -> str:
    """Return what a paired gain shows: nothing while its interval holds 0."""
    if gain.low > 0:
        return BETTER
    return WORSE if gain.high < 0 else SAME


def _scorer(run: Path, trust: Path, schema: FeatureSchema) -> Scorer:
    return Scorer(verify_bundle(run / "bundle", load_trusted([trust]), schema))


def _of_run(
    rows: TestSlice, scores: ModelScores, costs: CostTable, found: Mapping[str, Interval]
) -> Json:
    """Return how well a run ranks, and what its own thresholds do."""
    allowed, *_ = action_table(rows, scores)
    return {
        **{metric: found[metric].as_dict() for metric in METRICS},
        "abuses_stopped": 1 - _share(allowed, "abuse_share"),
        "honest_stopped": 1 - _share(allowed, "honest_share"),
        "saved_share": money(rows, scores, costs.of(Abuse(rows.abuse)))["saved_share"],
    }


def _share(row: Mapping[str, object], name: str) -> float:
    share = row[name]
    assert isinstance(share, float)  # noqa: S101 - the table's own type is wider
    return share
