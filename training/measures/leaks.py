"""The leak alarm: no single model input may all but tell the label."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Abuse
from training.measures.ranking import Floats, single_feature_auc
from training.words import fault

REFUSED_AUC = 0.97
SUSPICIOUS_AUC = 0.90
MAXIMUM_HONEST = 20_000
MINIMUM_ABUSES = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class FeatureAuc:
    """ROC-AUC of one model input alone, in its better direction."""

    feature: str
    auc: float


def single_feature_aucs(
    label: NDArray[np.int8], matrix: Floats, features: tuple[str, ...], seed: int
) -> tuple[FeatureAuc, ...]:
    """Return all model inputs with the AUC of each alone, highest first.

    Uses every abuse and at most 20,000 honest orders drawn by the seed.
    """
    honest = np.flatnonzero(label == 0)
    if len(honest) > MAXIMUM_HONEST:
        honest = np.random.default_rng(seed).choice(honest, MAXIMUM_HONEST, replace=False)
    rows = np.concatenate((np.flatnonzero(label == 1), honest))
    sample = np.asfortranarray(matrix[rows])
    return ranked_alone(label[rows], ((name, sample[:, at]) for at, name in enumerate(features)))


def ranked_alone(
    label: NDArray[np.int8], columns: Iterable[tuple[str, Floats]]
) -> tuple[FeatureAuc, ...]:
    """Return inputs with the AUC of each alone, highest first; one column is held at a time."""
    found = [
        FeatureAuc(feature=name, auc=single_feature_auc(label, values)) for name, values in columns
    ]
    return tuple(sorted(found, key=lambda one: (-one.auc, one.feature)))


def refuse_leaks(abuse: Abuse, label: NDArray[np.int8], ranked: tuple[FeatureAuc, ...]) -> None:
    """Refuse to train when one input alone separates abuse from honesty.

    With fewer than 20 abuses a high figure is chance, so nothing is refused.

    Raises
    ------
    ConfigFault
        A feature has an AUC above 0.97; names it.
    """
    if int(label.sum()) >= MINIMUM_ABUSES and ranked[0].auc > REFUSED_AUC:
        told = {"feature": ranked[0].feature, "auc": ranked[0].auc, "most": REFUSED_AUC}
        raise ConfigFault(fault("leaking_feature", abuse=abuse, **told))
