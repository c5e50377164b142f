"""Fits everything for one abuse: both variants, calibrated and anchored, and a baseline."""

import logging
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Abuse
from risk_service.models.fitting import KnotList, fit_anchors
from risk_service.models.manifest import Variant
from training.labels import AbuseLabels
from training.measures.leaks import SUSPICIOUS_AUC, FeatureAuc, refuse_leaks, single_feature_aucs
from training.progress import Advance, Tallies, uncounted, untold
from training.side_by_side import SideBySide
from training.split import SliceName, SlicePlan
from training.train.booster import (
    COUNTED_TREES,
    Floats,
    Lesson,
    Rows,
    Trained,
    fit_booster,
    raw_scores,
)
from training.train.calibrate import Calibrated, choose_calibration
from training.train.costs import AbuseCost
from training.train.frame import Frame
from training.train.logistic import Logistic
from training.train.thresholds import CalibrateSlice, Threshold, set_thresholds
from training.words import fault

log = logging.getLogger(__name__)
MODELS_AT_A_TIME = 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One abuse to be learned: labels, slices and the row numbers of each slice."""

    abuse: Abuse
    labels: AbuseLabels
    plan: SlicePlan
    rows: dict[SliceName, NDArray[np.int64]]
    costs: AbuseCost
    seed: int

    def label(self, name: SliceName) -> NDArray[np.int8]:
        """Return the labels of one slice."""
        return self.labels.value[self.rows[name]]


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedVariant:
    """One model ready for the bundle."""

    features: tuple[str, ...]
    trained: Trained
    calibrated: Calibrated
    anchors: KnotList
    thresholds: tuple[Threshold, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class FittedAbuse:
    """What was learned of one abuse, and how strong each input is alone on train."""

    task: Task
    variants: dict[Variant, FittedVariant]
    logistic: Logistic
    single_features: tuple[FeatureAuc, ...]


def fit_abuse(
    frame: Frame,
    task: Task,
    variants: dict[Variant, tuple[str, ...]],
    tally: Tallies = untold,
) -> FittedAbuse:
    """Fit the variants and the logistic baseline of one abuse, two at a time.

    Parameters
    ----------
    tally
        Counts the trees.

    Raises
    ------
    ConfigFault
        A single feature gives the label away, or nothing could be learned.
    """
    train = task.rows[SliceName.TRAIN]
    label = task.label(SliceName.TRAIN)
    ranked = single_feature_aucs(label, frame.matrix[train], frame.features, task.seed)
    refuse_leaks(task.abuse, label, ranked)
    if ranked[0].auc > SUSPICIOUS_AUC:
        log.warning(
            "%s: feature %s alone has AUC %.3f on train; check that it was known at the order",
            task.abuse, ranked[0].feature, ranked[0].auc,
        )  # fmt: skip
    # LightGBM and BLAS work outside the interpreter's lock, so threads are enough.
    with SideBySide(MODELS_AT_A_TIME) as pool:
        advance = pool.counted(tally(len(variants) * COUNTED_TREES))
        logistic = pool.submit(
            Logistic.fit, rows_of(frame, task, SliceName.LEARN, frame.features), task.seed
        )
        fits = {
            name: pool.submit(fit_variant, frame, task, of, advance)
            for name, of in variants.items()
        }
        return FittedAbuse(
            task=task,
            variants={name: fit.result() for name, fit in fits.items()},
            logistic=logistic.result(),
            single_features=ranked,
        )


def fit_variant(
    frame: Frame, task: Task, features: tuple[str, ...], advance: Advance = uncounted
) -> FittedVariant:
    """Fit, calibrate, anchor and set thresholds for the model on these features.

    Any part of the features may be given, so that an ablation is a loop over groups.
    """
    trained = fit_booster(task.abuse, lesson(frame, task, features), features, task.seed, advance)
    held = rows_of(frame, task, SliceName.CALIBRATE, features)
    raw = raw_scores(trained.text, held.matrix)
    try:
        calibrated = choose_calibration(raw, held.label, task.seed)
    except ValueError as error:
        what = fault("on_slice", abuse=task.abuse)
        raise ConfigFault(fault("no_calibration", what=what, error=error)) from error
    log.info(
        "%s, %d features: %d trees, %s calibration (cross-fitted Brier %s)",
        task.abuse,
        len(features),
        trained.trees,
        calibrated.kind,
        calibrated.brier or "not compared",
    )
    held_slice = CalibrateSlice(
        raw=raw,
        label=held.label,
        value_minor=frame.value_minor[task.rows[SliceName.CALIBRATE]],
        account=frame.account[task.rows[SliceName.CALIBRATE]],
    )
    return FittedVariant(
        features=features,
        trained=trained,
        calibrated=calibrated,
        anchors=fit_anchors(raw[held.label == 0]),
        thresholds=set_thresholds(task.costs, held_slice, calibrated.probability),
    )


def lesson(frame: Frame, task: Task, features: tuple[str, ...]) -> Lesson:
    """Return the rows that a model on these features is fitted on."""
    return Lesson(
        train=rows_of(frame, task, SliceName.TRAIN, features),
        stop=rows_of(frame, task, SliceName.STOP, features),
        learn=rows_of(frame, task, SliceName.LEARN, features),
    )


def rows_of(frame: Frame, task: Task, name: SliceName, features: tuple[str, ...]) -> Rows:
    """Return inputs and labels of one slice."""
    at = frame.columns(features)
    return Rows(matrix=_block(frame, task.rows[name], at), label=task.label(name))


def _block(frame: Frame, rows: NDArray[np.int64], at: NDArray[np.int64]) -> Floats:
    if len(at) == len(frame.features):
        return frame.matrix[rows]
    return np.ascontiguousarray(frame.matrix[np.ix_(rows, at)])
