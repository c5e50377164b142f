"""One LightGBM model: how many trees, then all rows; same data and parameters, same bytes.

``fit_booster`` takes the fixed parameters of the promotion models; ``binned`` and ``boost``
are its two halves, for whoever tries several parameters on the same bins.

Deterministic histograms, a fixed order and one thread make training reproducible on any
machine. Two cores are used by fitting two models at a time (see ``fit``): threads inside
one model wait for each other at every split, which on a busy machine costs more than it gains.
On one thread columns one after the other take less time than rows one after the other and
add in the same order: the trees are the same.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from training.progress import Advance, uncounted
from training.words import fault

Floats = NDArray[np.float64]
# A matrix of model inputs; single precision halves the memory of millions of rows.
Matrix = NDArray[np.floating[Any]]
Parameters = Mapping[str, object]
MAXIMUM_TREES = 300
PATIENCE_TREES = 50
# Over so many trees the quality on stop is averaged: a few dozen abuses make its peaks chance.
SMOOTHED_TREES = 41
# What a fit counts as: the trees that stop may ask for, and as many for the model that is kept.
COUNTED_TREES = 2 * MAXIMUM_TREES
MAXIMUM_CLASS_WEIGHT = 10.0
# LightGBM's own number, and the most values that are looked at.
SAMPLED_ROWS = 200_000
SAMPLED_VALUES = 60_000_000

PARAMETERS: dict[str, object] = {
    "objective": "binary",
    "metric": "average_precision",
    "learning_rate": 0.05,
    "num_leaves": 31,
    "min_data_in_leaf": 40,
    "min_sum_hessian_in_leaf": 1.0,
    "feature_fraction": 0.6,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 10.0,
    "max_bin": 255,
    "deterministic": True,
    "force_col_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Inputs and labels of one slice: matrix of shape (n, features) and 0 or 1 per row."""

    matrix: Matrix
    label: NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """The rows of one model.

    ``train`` grows trees and ``stop`` says how many are right; ``learn``, both of them and what
    lies between, is what the model that is kept learns from.
    """

    train: Rows
    stop: Rows
    learn: Rows


@dataclass(frozen=True, slots=True, kw_only=True)
class Trained:
    """A fitted model as text, with what it took and what it uses.

    ``gain`` has one element per feature: the summed loss reduction of its splits.
    """

    text: str
    trees: int
    class_weight: float
    gain: Floats


def class_weight(label: NDArray[np.int8]) -> float:
    """Return the weight of a positive: the root of the imbalance, at most 10.

    The full ratio would make every rare, wrong label shout; the calibration afterwards
    undoes the shift of the probabilities either way.
    """
    positives = int(label.sum())
    ratio: float = ((len(label) - positives) / max(positives, 1)) ** 0.5
    return float(min(MAXIMUM_CLASS_WEIGHT, max(1.0, ratio)))


def fit_booster(
    name: str,
    lesson: Lesson,
    features: tuple[str, ...],
    seed: int,
    advance: Advance = uncounted,
) -> Trained:
    """Choose the number of trees by train and stop (``best_trees``), then grow them on everything.

    The newest orders tell most of what abusers do now, and the only question for which they
    had to be held back is answered by then. More rows carry more trees: the number grows with
    them.

    Parameters
    ----------
    advance
        Called as trees are grown, ``COUNTED_TREES`` in all.

    Raises
    ------
    ConfigFault
        Nothing could be learned: the model would have no split at all.
    """
    train = lesson.train
    parameters = _parameters(train, seed)
    fitting = binned(train, features, parameters)
    stopping = binned(lesson.stop, features, parameters, bins_of=fitting)
    best = best_trees(quality_by_trees(fitting, stopping, parameters, MAXIMUM_TREES, advance))
    parameters = _parameters(lesson.learn, seed)
    trees = round(best * len(lesson.learn.label) / len(train.label))
    trained = boost(binned(lesson.learn, features, parameters), parameters, trees)
    advance(COUNTED_TREES - MAXIMUM_TREES)
    if not trained.gain.any():
        told = fault("nothing_learned_orders", name=name, count=len(train.label))
        raise ConfigFault(told)
    return trained


def _parameters(rows: Rows, seed: int) -> Parameters:
    return PARAMETERS | {"seed": seed, "scale_pos_weight": class_weight(rows.label)}


def binned(
    rows: Rows,
    features: tuple[str, ...],
    parameters: Parameters,
    bins_of: Any = None,
    categorical: tuple[str, ...] = (),
) -> Any:
    """Return LightGBM's data set of these rows, with its own bins or those of another one.

    Bins are placed by a sample of the rows, of which LightGBM holds every value in a list of its
    own: with a thousand inputs more than the rows themselves take, so there fewer are looked at.
    """
    sampled = min(SAMPLED_ROWS, SAMPLED_VALUES // max(len(features), 1))
    return lgb.Dataset(
        rows.matrix,
        rows.label,
        reference=bins_of,
        feature_name=list(features),
        categorical_feature=list(categorical),
        params=dict(parameters) | {"bin_construct_sample_cnt": sampled},
    )


def quality_by_trees(
    fitting: Any, stopping: Any, parameters: Parameters, trees: int, advance: Advance = uncounted
) -> Floats:
    """Return the metric on ``stopping`` after each tree, shape (trees,) or fewer if none grow."""
    curve: dict[str, dict[str, list[float]]] = {}
    count = _Count(trees, advance)
    lgb.train(
        dict(parameters),
        fitting,
        num_boost_round=trees,
        valid_sets=[stopping],
        callbacks=[count, lgb.record_evaluation(curve)],
    )
    count.finish()
    ((quality,),) = (one.values() for one in curve.values())
    return np.asarray(quality, dtype=np.float64)


def best_trees(quality: Floats) -> int:
    """Return how many trees lie in the middle of the stretch that is best on the whole.

    The highest point alone may be a stroke of luck after a dozen trees.
    """
    stretch = min(SMOOTHED_TREES, len(quality))
    means = np.convolve(quality, np.full(stretch, 1 / stretch), mode="valid")
    return int(means.argmax()) + stretch // 2 + 1


class _Count:
    """Counts trees as they are grown, and at the end those that were not needed."""

    def __init__(self, trees: int, advance: Advance) -> None:
        self._left, self._advance = trees, advance

    def __call__(self, _: object) -> None:
        self._left -= 1
        self._advance(1)

    def finish(self) -> None:
        self._advance(self._left)


def boost(
    fitting: Any, parameters: Parameters, trees: int, advance: Advance = uncounted
) -> Trained:
    """Grow so many trees.

    Parameters
    ----------
    fitting
        From ``binned``.
    advance
        Called as trees are grown, and at the end with those that could not be.
    """
    count = _Count(trees, advance)
    booster = lgb.train(dict(parameters), fitting, num_boost_round=trees, callbacks=[count])
    count.finish()
    return Trained(
        text=str(booster.model_to_string(num_iteration=-1)),
        trees=int(booster.current_iteration()),
        class_weight=float(str(parameters.get("scale_pos_weight", 1.0))),
        gain=np.asarray(booster.feature_importance("gain"), dtype=np.float64),
    )


def raw_scores(text: str, matrix: Matrix, trees: int | None = None) -> Floats:
    """Return the raw scores (log odds before calibration) of a model, shape (n,).

    Parameters
    ----------
    trees
        How many of its trees count, from the first; None: all.
    """
    booster = lgb.Booster(model_str=text)
    found = booster.predict(matrix, raw_score=True, num_iteration=trees or -1, num_threads=1)
    return np.asarray(found, np.float64)
