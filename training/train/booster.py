"""One LightGBM model: fixed parameters, early stopping, the same bytes for the same data.

Deterministic histograms, row-wise order and one thread make training reproducible on any
machine. Two cores are used by fitting two models at a time (see ``fit``): threads inside
one model wait for each other at every split, which on a busy machine costs more than half.
"""

from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Abuse

Floats = NDArray[np.float64]
MAXIMUM_TREES = 300
PATIENCE_TREES = 50
MAXIMUM_CLASS_WEIGHT = 10.0

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
    "force_row_wise": True,
    "num_threads": 1,
    "verbosity": -1,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Rows:
    """Inputs and labels of one slice: matrix of shape (n, features) and 0 or 1 per row."""

    matrix: Floats
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
    abuse: Abuse, train: Rows, stop: Rows, features: tuple[str, ...], seed: int
) -> Trained:
    """Fit on train, choose the number of trees on stop.

    Raises
    ------
    ConfigFault
        Nothing could be learned: the model would have no split at all.
    """
    weight = class_weight(train.label)
    parameters = PARAMETERS | {"seed": seed, "scale_pos_weight": weight}
    fitting = lgb.Dataset(train.matrix, train.label, feature_name=list(features), params=parameters)
    stopping = lgb.Dataset(stop.matrix, stop.label, reference=fitting, params=parameters)
    booster = lgb.train(
        parameters,
        fitting,
        num_boost_round=MAXIMUM_TREES,
        valid_sets=[stopping],
        callbacks=[lgb.early_stopping(PATIENCE_TREES, verbose=False)],
    )
    gain = np.asarray(booster.feature_importance("gain"), dtype=np.float64)
    if not gain.any():
        raise ConfigFault(f"{abuse}: nothing could be learned from {len(train.label)} orders")
    trees = int(booster.best_iteration or booster.current_iteration())
    text = str(booster.model_to_string(num_iteration=trees))
    return Trained(text=text, trees=trees, class_weight=weight, gain=gain)


def raw_scores(text: str, matrix: Floats) -> Floats:
    """Return the raw scores (log odds before calibration) of a model, shape (n,)."""
    booster = lgb.Booster(model_str=text)
    return np.asarray(booster.predict(matrix, raw_score=True, num_threads=1), dtype=np.float64)
