"""Turns what was fitted into the content of a bundle."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import cast

import numpy as np
from pydantic import JsonValue

from risk_service.domain.vocabulary import Abuse
from risk_service.features.schema import FeatureSchema
from risk_service.models.manifest import Action, Calibration, TrainingFacts
from training.datasets.description import Description
from training.measures.test_slice import FULL, ORDER_ONLY
from training.registry.writer import BundleContent, TrainedModel
from training.split import SliceName
from training.train.booster import Floats
from training.train.fit import FittedAbuse, FittedVariant, Task
from training.train.frame import Frame
from training.train.thresholds import raw_by_action

Json = dict[str, JsonValue]
GOLDEN_ABUSES, GOLDEN_HONEST = 8, 40
MANIFEST_METRICS = ("pr_auc", "roc_auc", "recall_at_fpr_0.5pct")


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What was trained on: the data set, the digest of its description, the schema, the seed."""

    dataset: Description
    dataset_sha256: str
    schema: FeatureSchema
    seed: int


def bundle_content(
    source: Source,
    frame: Frame,
    fitted: Mapping[Abuse, FittedAbuse],
    figures: Mapping[Abuse, Mapping[str, object]],
) -> BundleContent:
    """Return the content of the bundle.

    It is dated by the end of the data, not by the clock: the same data and seed give the
    same bytes.
    """
    return BundleContent(
        schema_version=source.schema.version,
        features=source.schema.names,
        models={
            abuse: {name: _model(variant) for name, variant in one.variants.items()}
            for abuse, one in fitted.items()
        },
        golden_rows=_golden(frame, fitted),
        training=_facts(source, {abuse.value: one.task for abuse, one in fitted.items()}),
        metrics={abuse.value: _metrics(figures[abuse]) for abuse in fitted},
        created_at=datetime.fromtimestamp(source.dataset.end_us // 1_000_000, tz=UTC),
    )


def _model(variant: FittedVariant) -> TrainedModel:
    return TrainedModel(
        text=variant.trained.text,
        features=variant.features,
        calibration=Calibration(kind=variant.calibrated.kind, knots=variant.calibrated.knots),
        anchors=variant.anchors,
        thresholds=cast(dict[Action, float], raw_by_action(variant.thresholds)),
    )


def _golden(frame: Frame, fitted: Mapping[Abuse, FittedAbuse]) -> Floats:
    """Return vectors of the calibrate slices, abuses and honest orders, spread over time."""
    chosen: set[int] = set()
    for one in fitted.values():
        rows, label = one.task.rows[SliceName.CALIBRATE], one.task.label(SliceName.CALIBRATE)
        for mark, count in ((1, GOLDEN_ABUSES), (0, GOLDEN_HONEST)):
            part = rows[label == mark]
            at = np.linspace(0, len(part) - 1, min(count, len(part))).astype(np.int64)
            chosen.update(part[at].tolist())
    return frame.matrix[np.array(sorted(chosen), dtype=np.int64)]


def _facts(source: Source, tasks: Mapping[str, Task]) -> TrainingFacts:
    dataset = source.dataset
    slices: Json = {
        abuse: {
            part.name.value: {
                "start_us": part.start_us,
                "end_us": part.end_us,
                "cutoff_us": part.cutoff_us,
            }
            for part in (*task.plan.slices, task.plan.learned)
        }
        for abuse, task in tasks.items()
    }
    counts: Json = {
        abuse: {
            name.value: {"orders": len(rows), "abuses": int(task.label(name).sum())}
            for name, rows in task.rows.items()
        }
        for abuse, task in tasks.items()
    }
    return TrainingFacts(
        window={"start_us": dataset.start_us, "end_us": dataset.end_us},
        slices=slices,
        counts=counts,
        maturity={abuse: task.plan.maturity_days for abuse, task in tasks.items()},
        dataset={"name": dataset.name, "sha256": source.dataset_sha256, "seed": source.seed},
    )


def _metrics(figures: Mapping[str, object]) -> Json:
    """Return the few figures that travel with the bundle; baselines are no part of it."""
    plain = cast(dict[str, dict[str, dict[str, JsonValue]]], figures)
    models: Json = {
        name: {metric: plain["models"][name][metric] for metric in MANIFEST_METRICS}
        for name in (FULL, ORDER_ONLY)
    }
    return {"models": models, "base_rate": cast(JsonValue, figures["base_rate"])}
