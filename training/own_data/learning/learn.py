"""One model on some inputs: fitted on folds in time, then on the whole training window.

The folds tell how many trees are right, one number for all of them, and what the scores mean:
each part of the window is predicted by a model that was fitted before it, and on those
predictions probabilities and thresholds are set. The model that is kept has seen the whole window,
with the same parameters. All positives are fitted on, and no more negatives than pay for their
time.
"""

from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from training.measures.ranking import Ranking
from training.own_data.inputs.make import Inputs, chunks
from training.own_data.learning.slices import Fold
from training.own_data.learning.tree_count import MOST_TREES, Grown, grow, trees_of_all
from training.progress import Advance, Tallies, uncounted, untold
from training.side_by_side import SideBySide
from training.train.booster import (
    PARAMETERS,
    Floats,
    Parameters,
    Rows,
    Trained,
    binned,
    boost,
    class_weight,
    raw_scores,
)
from training.words import fault

Places = NDArray[np.int64]
# Fitting two models at a time, one thread each, is faster than two threads in one.
MODELS_AT_A_TIME = 2
# The whole window is larger than what the folds were fitted on.
MORE_TREES = 1.1
# Of two folds the one difference tells drift as well as noise.
LEAST_FOLDS_OF_ERROR = 3
FOLD_NEGATIVES = 100_000
FINAL_NEGATIVES = 400_000
CHUNK_ROWS = 32_768
# To find bins LightGBM copies up to 200,000 rows in double precision, three times a matrix of
# single precision: of two wide ones at a time, these copies alone would fill the memory.
WIDE_VALUES = 100_000_000
_WIDE = Lock()


@dataclass(frozen=True, slots=True, kw_only=True)
class Learning:
    """What is learned from: the inputs, the training rows among them, their labels.

    ``at`` are places in the rows of ``inputs``, in order of time; folds are places in ``at``.
    """

    inputs: Inputs
    at: Places
    label: NDArray[np.int8]
    folds: tuple[Fold, ...]
    seed: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """Parameters of one candidate; ``weighted`` gives positives the root of the imbalance."""

    name: str
    parameters: dict[str, object]
    weighted: bool = False

    @property
    def leaves(self) -> int:
        """Leaves of a tree at most: the more, the more it can learn by heart."""
        return int(str(self.parameters["num_leaves"]))

    def weight(self, label: NDArray[np.int8]) -> float:
        """Return the weight of a positive among the rows that are fitted on."""
        return class_weight(label) if self.weighted else 1.0

    def all_parameters(self, label: NDArray[np.int8], seed: int) -> Parameters:
        """Return the parameters of the promotion models with those of the candidate."""
        # Candidates share bins, so no column may be dropped for one candidate's leaf size.
        fixed = {"seed": seed, "scale_pos_weight": self.weight(label), "feature_pre_filter": False}
        return PARAMETERS | self.parameters | fixed


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What the folds say of one candidate: quality, trees, and the raw scores of held rows.

    ``at`` are places in the training rows; ``quality`` is the mean PR-AUC over the folds.
    """

    setting: Setting
    names: tuple[str, ...]
    by_fold: tuple[float, ...]
    trees: int
    at: Places
    raw: Floats

    @property
    def quality(self) -> float:
        """Mean PR-AUC over the folds."""
        return float(np.mean(self.by_fold))

    @property
    def error(self) -> float | None:
        """Standard error of that mean; None where too few folds tell none."""
        if len(self.by_fold) < LEAST_FOLDS_OF_ERROR:
            return None
        return float(np.std(self.by_fold, ddof=1) / np.sqrt(len(self.by_fold)))


def hold_out(
    learning: Learning,
    names: tuple[str, ...],
    settings: Sequence[Setting],
    tally: Tallies = untold,
) -> list[Held]:
    """Try every setting on every fold; the folds run side by side.

    Parameters
    ----------
    tally
        Counts the trees.
    """
    with SideBySide(MODELS_AT_A_TIME) as pool:
        advance = pool.counted(tally(len(learning.folds) * len(settings) * MOST_TREES))
        work = [
            pool.submit(_try_fold, learning, names, settings, fold, advance)
            for fold in learning.folds
        ]
        by_setting = zip(*(one.result() for one in work), strict=True)
        held = [
            pool.submit(_held, learning, names, setting, grown)
            for setting, grown in zip(settings, by_setting, strict=True)
        ]
        return [one.result() for one in held]


def fit_whole(
    learning: Learning, held: Held, models: int, advance: Advance = uncounted
) -> tuple[Trained, ...]:
    """Fit on the whole training window, as often as asked, each time with another seed.

    Parameters
    ----------
    advance
        Called as trees are grown.

    Raises
    ------
    ConfigFault
        Nothing could be learned.
    """
    chosen = some(np.arange(len(learning.at)), learning.label, FINAL_NEGATIVES, learning.seed)
    label = learning.label[chosen]
    first = held.setting.all_parameters(label, learning.seed)
    bins = _binned(learning, held.names, chosen, first)
    found = []
    for number in range(models):
        parameters = held.setting.all_parameters(label, learning.seed + number)
        found.append(boost(bins, parameters, held.trees, advance))
    if not any(one.gain.any() for one in found):
        raise ConfigFault(fault("nothing_learned_events", count=len(learning.label)))
    return tuple(found)


def mean_raw(
    texts: Sequence[str],
    inputs: Inputs,
    at: Places,
    names: tuple[str, ...],
    trees: int | None = None,
) -> Floats:
    """Return the mean raw score of some models, of their first ``trees`` each, shape (at,)."""

    def of(part: Places) -> Floats:
        matrix = inputs.matrix(at[part], names)
        return np.asarray(np.mean([raw_scores(text, matrix, trees) for text in texts], axis=0))

    with SideBySide(MODELS_AT_A_TIME) as pool:
        return np.concatenate(list(pool.map(of, chunks(len(at), CHUNK_ROWS))))


def some(at: Places, label: NDArray[np.int8], negatives: int, seed: int) -> Places:
    """Return all positives of ``at`` and at most so many negatives, drawn by the seed."""
    negative = at[label[at] == 0]
    if len(negative) <= negatives:
        return at
    drawn = np.random.default_rng(seed).choice(negative, negatives, replace=False)
    return np.sort(np.concatenate((at[label[at] == 1], drawn)))


def _try_fold(
    learning: Learning,
    names: tuple[str, ...],
    settings: Sequence[Setting],
    fold: Fold,
    advance: Advance,
) -> list[Grown]:
    """Return what grows of every setting, and how good it is on held rows after each tree."""
    fit = some(fold.fit, learning.label, FOLD_NEGATIVES, learning.seed)
    watch = some(fold.held, learning.label, FOLD_NEGATIVES, learning.seed)
    label = learning.label
    first = settings[0].all_parameters(label[fit], learning.seed)
    fitting = _binned(learning, names, fit, first)
    stopping = _binned(learning, names, watch, first, fitting)
    return [
        grow(fitting, stopping, setting.all_parameters(label[fit], learning.seed), advance)
        for setting in settings
    ]


def _held(
    learning: Learning, names: tuple[str, ...], setting: Setting, grown: Sequence[Grown]
) -> Held:
    """Score the held rows of every fold after the number of trees that is best for all folds."""
    trees = trees_of_all([one.curve for one in grown])
    raw, quality = [], []
    for fold, one in zip(learning.folds, grown, strict=True):
        found = mean_raw([one.text], learning.inputs, learning.at[fold.held], names, trees)
        quality.append(Ranking.of(learning.label[fold.held], found).curve().average_precision())
        raw.append(found + _shift(learning, fold, setting))
    return Held(
        setting=setting,
        names=names,
        by_fold=tuple(quality),
        trees=round(trees * MORE_TREES),
        at=np.concatenate([fold.held for fold in learning.folds]),
        raw=np.concatenate(raw),
    )


def _shift(learning: Learning, fold: Fold, setting: Setting) -> float:
    """Return what makes a fold's raw scores those of the kept model.

    The one is fitted on another share of the negatives than the other, and half the negatives
    is a raw score that is higher by the logarithm of two, whatever the event. So is twice the
    weight of a positive.
    """
    everything = np.arange(len(learning.label))
    of_fold = _raised(learning, setting, fold.fit, FOLD_NEGATIVES)
    return _raised(learning, setting, everything, FINAL_NEGATIVES) - of_fold


def _raised(learning: Learning, setting: Setting, at: Places, negatives: int) -> float:
    """Return by how much raw scores lie above the log odds when fitted on some of ``at``."""
    drawn = learning.label[some(at, learning.label, negatives, learning.seed)]
    share = max(int((drawn == 0).sum()), 1) / max(int((learning.label[at] == 0).sum()), 1)
    return float(np.log(setting.weight(drawn) / share))


def _binned(
    learning: Learning,
    names: tuple[str, ...],
    at: Places,
    parameters: Parameters,
    bins_of: Any = None,
) -> Any:
    """Return the bins of some training rows; nobody holds their matrix any more."""
    categorical = tuple(name for name in names if name in learning.inputs.categorical)
    wide = len(at) * len(names) > WIDE_VALUES
    with _WIDE if wide else nullcontext():
        matrix = learning.inputs.matrix(learning.at[at], names)
        rows = Rows(matrix=matrix, label=learning.label[at])
        made = binned(rows, names, parameters, bins_of=bins_of, categorical=categorical)
        return made.construct()
