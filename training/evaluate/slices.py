"""Cuts the test slice out of a frame and lets the fitted models or the scorer score it."""

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.vocabulary import Abuse
from risk_service.models.anchors import score_of
from risk_service.models.manifest import Variant
from risk_service.models.scorer import ABUSES, Scorer
from training.measures.test_slice import FULL, LOGISTIC, ORDER_ONLY, RULES, ModelScores, TestSlice
from training.split import SliceName
from training.train.booster import Floats, raw_scores
from training.train.fit import FittedAbuse, Task
from training.train.frame import Frame
from training.train.logistic import Logistic
from training.train.rules import RuleBook
from training.train.thresholds import raw_by_action

BATCH_ROWS = 8_192
BUNDLE_VARIANTS: tuple[Variant, ...] = ("full", "order_only")


def cut(frame: Frame, task: Task, name: SliceName = SliceName.TEST) -> TestSlice:
    """Return the labelled orders of one slice, with what the models have seen of them."""
    rows = task.rows[name]
    return TestSlice(
        abuse=task.abuse,
        rows=rows,
        label=task.label(name),
        ordered_at_us=frame.ordered_at_us[rows],
        account=frame.account[rows],
        value_minor=frame.value_minor[rows],
        unseen=frame.unseen(rows, task.rows[SliceName.LEARN]),
        matrix=frame.matrix[rows],
        features=frame.features,
    )


def baseline_scores(rows: TestSlice, logistic: Logistic, rules: RuleBook) -> dict[str, ModelScores]:
    """Return what the two baselines say."""
    return {
        LOGISTIC: ModelScores(raw=logistic.score(rows.matrix)),
        RULES: ModelScores(raw=rules.score(Abuse(rows.abuse), rows.matrix, rows.features)),
    }


def fitted_scores(rows: TestSlice, fitted: FittedAbuse) -> dict[str, ModelScores]:
    """Score by the models as they were just fitted; equal to the scorer's to the last bit."""
    found: dict[str, ModelScores] = {}
    for name, variant in fitted.variants.items():
        at = [rows.features.index(feature) for feature in variant.features]
        raw = raw_scores(variant.trained.text, np.ascontiguousarray(rows.matrix[:, at]))
        score = score_of(variant.anchors)
        found[name] = ModelScores(
            raw=raw,
            probability=variant.calibrated.probability(raw),
            score=np.fromiter(map(score, raw.tolist()), dtype=np.int64, count=len(raw)),
            thresholds=raw_by_action(variant.thresholds),
        )
    return found


def served_scores(rows: TestSlice, scorer: Scorer) -> dict[str, ModelScores]:
    """Score through the serving scorer, in groups as the service would."""
    names: dict[Variant, str] = {"full": FULL, "order_only": ORDER_ONLY}
    return {
        names[variant]: _served(rows.matrix, scorer, variant, Abuse(rows.abuse))
        for variant in BUNDLE_VARIANTS
    }


def _served(matrix: Floats, scorer: Scorer, variant: Variant, abuse: Abuse) -> ModelScores:
    at = ABUSES.index(abuse)
    raw, probability = np.empty(len(matrix)), np.empty(len(matrix))
    score: NDArray[np.int64] = np.empty(len(matrix), dtype=np.int64)
    for start in range(0, len(matrix), BATCH_ROWS):
        part = slice(start, start + BATCH_ROWS)
        group = scorer.score(matrix[part], variant)
        raw[part] = group.raw[:, at]
        probability[part] = group.probability[:, at]
        score[part] = group.score[:, at]
    return ModelScores(
        raw=raw,
        probability=probability,
        score=score,
        thresholds={str(name): value for name, value in scorer.thresholds(variant, abuse).items()},
    )
