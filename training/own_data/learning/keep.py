"""From a candidate to a kept model: fitted on the whole window, calibrated, with thresholds."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from risk_service.models.fitting import KnotList, fit_anchors
from training.own_data.learning.learn import Held, Learning, fit_whole
from training.own_data.learning.sigmoid import sigmoid_of
from training.progress import Advance, uncounted
from training.train.booster import Floats, Trained
from training.train.calibrate import Calibrated
from training.train.costs import AbuseCost, ActionCost
from training.train.thresholds import CalibrateSlice, Threshold, set_thresholds
from training.words import fault

# Averaging models of several seeds steadies a model of few events; more events steady themselves.
SEVERAL_MODELS, SEVERAL_BELOW_ROWS = 5, 30_000

# No shop's costs are known here, so only the share of honest events decides: 1, 0.5 and 0.1 %.
SHARES = AbuseCost(
    loss_share=1.0,
    actions={
        "challenge": ActionCost(
            residual_share=0.5, friction_share=0.0, handling_minor=0, max_honest_share=0.01
        ),
        "review": ActionCost(
            residual_share=0.2, friction_share=1e-6, handling_minor=0, max_honest_share=0.005
        ),
        "deny": ActionCost(
            residual_share=0.0, friction_share=2e-6, handling_minor=0, max_honest_share=0.001
        ),
    },
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A model as it is kept in the run, and the candidate that it came from."""

    held: Held
    models: tuple[Trained, ...]
    calibrated: Calibrated
    anchors: KnotList
    thresholds: tuple[Threshold, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The models' texts."""
        return tuple(one.text for one in self.models)

    @property
    def gain(self) -> dict[str, float]:
        """Share of the loss reduction by input, largest first."""
        total = np.sum([one.gain for one in self.models], axis=0)
        share = total / max(float(total.sum()), 1e-300)
        order = np.argsort(-share, kind="stable")
        return {self.held.names[at]: float(share[at]) for at in order.tolist() if share[at] > 0}


def models_of(learning: Learning) -> int:
    """Return how many models are averaged."""
    return SEVERAL_MODELS if len(learning.at) < SEVERAL_BELOW_ROWS else 1


def keep(
    learning: Learning,
    held: Held,
    clusters: NDArray[np.int64],
    advance: Advance = uncounted,
) -> Kept:
    """Fit on the whole window; set probabilities and thresholds on what the folds held out.

    Parameters
    ----------
    clusters
        Who each training row belongs to: rows of one are no independent observations.
    advance
        Called as trees are grown.

    Raises
    ------
    ConfigFault
        The held out parts show that the model ranks no better than chance.
    """
    label = learning.label[held.at]
    try:
        calibrated = sigmoid_of(held.raw, label)
    except ValueError as error:
        calibrated = _flat(label, error)
    rows = CalibrateSlice(
        raw=held.raw,
        label=label,
        value_minor=np.ones(len(label)),
        account=clusters[held.at],
    )
    return Kept(
        held=held,
        models=fit_whole(learning, held, models_of(learning), advance),
        calibrated=calibrated,
        anchors=fit_anchors(held.raw[label == 0]),
        thresholds=set_thresholds(SHARES, rows, calibrated.probability),
    )


def _flat(label: NDArray[np.int8], error: ValueError) -> Calibrated:
    """Return nearly the base rate for every score: the folds saw no use in the ranking."""
    rate = float(label.mean())
    if not 0.0 < rate < 1.0:
        told = fault("no_calibration", what=fault("on_folds"), error=error)
        raise ConfigFault(told) from error
    return Calibrated(kind="platt", knots=((1e-6, float(np.log(rate / (1 - rate)))),), brier={})


def probabilities(calibrated: Calibrated, raw: Floats) -> Floats:
    """Return the probability of each raw score; equal scores are looked up once."""
    values, place = np.unique(raw, return_inverse=True)
    return calibrated.probability(values)[place]


def raw_thresholds(thresholds: tuple[Threshold, ...]) -> Mapping[str, float]:
    """Return the raw score from which each offered action is asked for."""
    return {one.action: one.raw for one in thresholds if one.offered}
