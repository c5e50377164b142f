"""One LightGBM model: early stopping, the same bytes for the same data and parameters.

``fit_booster`` takes the fixed parameters of the promotion models; ``binned`` and ``boost``
are its two halves, for whoever tries several parameters on the same bins.

Deterministic histograms, a fixed order and one thread make training reproducible on any
machine. Two cores are used by fitting two models at a time (see ``fit``): threads inside
one model wait for each other at every split, which on a busy machine costs more than half.
On one thread columns one after the other take half the time of rows one after the other and
add in the same order: the trees are the same.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault

Floats = NDArray[np.float64]
# A matrix of model inputs; single precision halves the memory of millions of rows.
Matrix = NDArray[np.floating[Any]]
Parameters = Mapping[str, object]
MAXIMUM_TREES = 300
PATIENCE_TREES = 50
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
    name: str, train: Rows, stop: Rows, features: tuple[str, ...], seed: int
) -> Trained:
    """Fit on train, choose the number of trees on stop.

    Raises
    ------
    ConfigFault
        Nothing could be learned: the model would have no split at all.
    """
    weight = class_weight(train.label)
    parameters = PARAMETERS | {"seed": seed, "scale_pos_weight": weight}
    fitting = binned(train, features, parameters)
    stopping = binned(stop, features, parameters, bins_of=fitting)
    trained = boost(fitting, stopping, parameters, MAXIMUM_TREES)
    if not trained.gain.any():
        raise ConfigFault(f"{name}: nothing could be learned from {len(train.label)} orders")
    return trained


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


def boost(fitting: Any, stopping: Any, parameters: Parameters, trees: int) -> Trained:
    """Grow trees; with ``stopping`` end where it has not got better for some time.

    Parameters
    ----------
    fitting, stopping
        From ``binned``; None as ``stopping`` grows exactly ``trees``.
    """
    callbacks: list[Callable[..., Any]] = []
    if stopping is not None:
        callbacks.append(lgb.early_stopping(PATIENCE_TREES, verbose=False))
    booster = lgb.train(
        dict(parameters),
        fitting,
        num_boost_round=trees,
        valid_sets=[stopping] if stopping is not None else [],
        callbacks=callbacks,
    )
    best = int(booster.best_iteration or 0)
    grown = best if best > 0 else int(booster.current_iteration())
    return Trained(
        text=str(booster.model_to_string(num_iteration=grown)),
        trees=grown,
        class_weight=float(str(parameters.get("scale_pos_weight", 1.0))),
        gain=np.asarray(booster.feature_importance("gain"), dtype=np.float64),
    )


def raw_scores(text: str, matrix: Matrix, threads: int = 1) -> Floats:
    """Return the raw scores (log odds before calibration) of a model, shape (n,)."""
    booster = lgb.Booster(model_str=text)
    return np.asarray(booster.predict(matrix, raw_score=True, num_threads=threads), np.float64)
