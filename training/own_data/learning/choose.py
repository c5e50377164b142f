"""Chooses the parameters and the inputs of a model, inside the training window alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.own_data.inputs.make import InputGroup
from training.own_data.learning.learn import Held, Learning, Setting, hold_out
from training.progress import Timer

SMALL_POSITIVES = 300
LARGE_ROWS = 200_000
SMALL_LEAF_ROWS, LEAF_ROWS, LARGE_LEAF_ROWS = 10, 40, 200
# Where one event in a thousand is positive the usual brakes are too heavy: as they weigh ten
# positives and allow no leaf that expects less than one, ten positives among fifteen rows tell
# less than a small surplus among thousands, and cannot even be parted from them. Thousands of
# positives are heavy enough.
RARE_SHARE, RARE_POSITIVES = 0.04, 1_000
# Where two folds tell no error: less than drift between them makes.
WEIGHING_GAINS = 0.02
RARE: dict[str, object] = {"lambda_l2": 1.0, "min_sum_hessian_in_leaf": 0.01}

# The name of each set of inputs in every table, and what it holds.
INPUT_SETS: dict[str, tuple[InputGroup, ...]] = {
    "own columns only": (InputGroup.OWN,),
    "+ windows": (InputGroup.OWN, InputGroup.WINDOWS),
    "+ label rates": (InputGroup.OWN, InputGroup.WINDOWS, InputGroup.RATES),
    "+ links": tuple(InputGroup),
}
ALL_INPUTS = "+ links"


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """What was tried on the folds: settings on all inputs, then the chosen one on each set.

    ``served`` names the set of inputs that is kept: the best on the folds.
    """

    tried: tuple[Held, ...]
    by_set: dict[str, Held]
    served: str


def choose(learning: Learning, timer: Timer) -> Choice:
    """Try the settings, then the sets of inputs; later time slices decide, test never does."""
    timer.step("search")
    everything = learning.inputs.names(INPUT_SETS[ALL_INPUTS])
    tried = hold_out(learning, everything, settings_for(learning.label), timer.tally)
    chosen = simplest_of_the_best(tried)
    by_set: dict[str, Held] = {}
    for name, groups in INPUT_SETS.items():
        timer.step(f"folds {name}")
        names = learning.inputs.names(groups)
        same = next((held for held in by_set.values() if held.names == names), None)
        if names == everything:
            by_set[name] = chosen
        else:
            by_set[name] = same or hold_out(learning, names, [chosen.setting], timer.tally)[0]
    served = max(reversed(by_set), key=lambda name: by_set[name].quality)
    return Choice(tried=tuple(tried), by_set=by_set, served=served)


def simplest_of_the_best(tried: Sequence[Held]) -> Held:
    """Return the setting of the fewest leaves that is within one standard error of the best.

    On few events the best one on the folds is the one that was luckiest there, and what can
    learn more by heart is lucky more often. Without an error the best one itself is taken, but one
    that weighs positives only for a clear gain.
    Source: Breiman, Friedman, Olshen, Stone, Classification and Regression Trees (1984), 3.4.3.
    """
    best = max(tried, key=lambda one: one.quality)
    if best.error is None:
        near = [one for one in tried if one.quality >= best.quality * (1 - WEIGHING_GAINS)]
        plain = [one for one in near if not one.setting.weighted]
        return max(plain or near, key=lambda one: one.quality)
    enough = [one for one in tried if one.quality >= best.quality - best.error]
    return min(enough, key=lambda one: (one.setting.leaves, one.setting.weighted))


def settings_for(label: NDArray[np.int8]) -> tuple[Setting, ...]:
    """Return the candidates: few, from careful to eager, by how much there is to learn from."""
    rows, positives, leaf = len(label), int(np.sum(label)), _leaf(label)
    usual = _parameters(leaves=31, leaf=leaf, share=0.4)
    found = [
        Setting(name="usual", parameters=usual),
        Setting(name="usual, weighted", parameters=usual, weighted=True),
        _rare() if positives < min(RARE_SHARE * rows, RARE_POSITIVES) else _shallow(leaf),
        Setting(name="wide", parameters=_parameters(leaves=63, leaf=leaf, share=0.25)),
    ]
    if rows < LARGE_ROWS:
        slow = _parameters(leaves=15, leaf=2 * leaf, share=0.25, rate=0.03)
        found.append(Setting(name="careful", parameters=slow))
    return tuple(found)


def setting_named(name: str, label: NDArray[np.int8]) -> Setting:
    """Return the setting of a run, which may be one of before that is no candidate any more."""
    known = (*settings_for(label), _shallow(_leaf(label)))
    return next(one for one in known if one.name == name)


def _leaf(label: NDArray[np.int8]) -> int:
    if int(np.sum(label)) < SMALL_POSITIVES:
        return SMALL_LEAF_ROWS
    return LEAF_ROWS if len(label) < LARGE_ROWS else LARGE_LEAF_ROWS


def _shallow(leaf: int) -> Setting:
    return Setting(name="shallow", parameters=_parameters(leaves=8, leaf=leaf, share=0.4))


def _rare() -> Setting:
    parameters = _parameters(leaves=8, leaf=LEAF_ROWS, share=0.4) | RARE
    return Setting(name="shallow, rare", parameters=parameters)


def _parameters(leaves: int, leaf: int, share: float, rate: float = 0.05) -> dict[str, object]:
    return {
        "num_leaves": leaves,
        "min_data_in_leaf": leaf,
        "feature_fraction": share,
        "learning_rate": rate,
    }
