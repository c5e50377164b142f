"""The use case behind ``risk evaluate``: measure a run through the serving scorer.

The bundle is verified as the service would verify it, and scored by the service's own
code, so what is measured is what will be served.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from risk_service.domain.vocabulary import Abuse
from risk_service.features.schema import load_schema
from risk_service.models.bundle import verify_bundle
from risk_service.models.scorer import Scorer
from risk_service.models.signature import load_trusted
from training.datasets.staging import write_rows
from training.evaluate.figures import abuse_figures
from training.evaluate.slices import BUNDLE_VARIANTS, baseline_scores, cut, served_scores
from training.measures.gains import step_gains
from training.measures.test_slice import ModelScores, TestSlice
from training.progress import Progress, tallies
from training.promotion.material import EvaluateRequest, Material, chosen_slice, gather
from training.train.costs import load_costs
from training.train.rules import load_rules
from training.train.run_file import COSTS_FILE, RunFile, read_run_file
from training.train.steps import feature_steps, read_steps, step_scores

Json = dict[str, Any]
PREDICTIONS = pa.schema(
    [
        ("order_id", pa.string()),
        ("ordered_at", pa.timestamp("us", tz="UTC")),
        ("abuse", pa.string()),
        ("variant", pa.string()),
        ("raw", pa.float64()),
        ("probability", pa.float64()),
        ("score", pa.int32()),
        ("label", pa.int8()),
    ]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Scored:
    """One abuse: its slice, what every model says of it, and the models of each step."""

    rows: TestSlice
    scores: Mapping[str, ModelScores]
    steps: Mapping[str, ModelScores]


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """The figures, and the scores behind them with the orders they belong to."""

    figures: Json
    scored: Mapping[Abuse, Scored]
    order_id: Any


def evaluate(request: EvaluateRequest, tell: Progress) -> Evaluation:
    """Verify the bundle, score the slice and measure.

    Raises
    ------
    BundleRefused
        The bundle fails a check.
    ConfigFault
        Another data set has no slice of that name, or no orders that came later.
    """
    schema = load_schema()
    run = read_run_file(request.run)
    chosen_slice(request, run)
    tell("verify the bundle", 0, 0)
    trusted = load_trusted([request.trust])
    scorer = Scorer(verify_bundle(request.run / "bundle", trusted, schema))
    material = gather(request, run, scorer.manifest.training, schema, tell)
    scored = _score(request.run, run, material, scorer, tell)
    costs = load_costs(request.run / COSTS_FILE)
    abuses = {}
    for abuse, one in scored.items():
        tally = tallies(tell, f"measure {abuse}")
        abuses[abuse.value] = abuse_figures(one.rows, one.scores, costs, run.seed, tally)
        if one.steps:
            abuses[abuse.value]["steps"] = step_gains(one.rows, one.steps, run.seed)
    return Evaluation(
        figures={
            "bundle_sha256": scorer.sha256,
            "slice": material.slice_name.value,
            "honest_orders": {name: found["honest_orders"] for name, found in abuses.items()},
            "abuses": abuses,
        },
        scored=scored,
        order_id=material.frame.order_id,
    )


def _score(
    directory: Path, run: RunFile, material: Material, scorer: Scorer, tell: Progress
) -> dict[Abuse, Scored]:
    rules, steps = load_rules(), feature_steps(load_schema())
    scored = {}
    for abuse, task in material.tasks.items():
        tell(f"score {abuse}", 0, 0)
        rows = cut(material.frame, task, material.slice_name)
        scores = served_scores(rows, scorer) | baseline_scores(rows, run.logistic[abuse], rules)
        kept = read_steps(directory, abuse.value, steps)
        of_steps = step_scores(rows, steps, kept) if kept else {}
        scored[abuse] = Scored(rows=rows, scores=scores, steps=of_steps)
    return scored


def write_predictions(evaluation: Evaluation, path: Path) -> int:
    """Write one row per order, abuse and variant of the bundle; return how many.

    The baselines have no calibrated probability and are left out. The file appears whole or
    not at all.

    Raises
    ------
    ConfigFault
        It cannot be written.
    """
    tables = []
    for abuse, one in evaluation.scored.items():
        for variant in BUNDLE_VARIANTS:
            scores = one.scores[variant]
            count = len(one.rows.label)
            columns = [
                pa.array(evaluation.order_id[one.rows.rows], pa.string()),
                pa.array(one.rows.ordered_at_us).cast(PREDICTIONS.field("ordered_at").type),
                pa.array([abuse.value] * count),
                pa.array([variant] * count),
                pa.array(scores.raw),
                pa.array(scores.probability),
                pa.array(np.asarray(scores.score).astype(np.int32)),
                pa.array(one.rows.label),
            ]
            tables.append(pa.Table.from_arrays(columns, schema=PREDICTIONS))
    table = pa.concat_tables(tables)
    write_rows(table, path)
    return int(table.num_rows)
