"""How many trees a model gets, and that few positives among many events are learned at all."""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from tests.fixtures.own_inputs import column_file
from training.measures.ranking import Ranking
from training.own_data.inputs.make import InputGroup, Inputs
from training.own_data.learning.choose import settings_for, simplest_of_the_best
from training.own_data.learning.learn import Learning, fit_whole, hold_out, mean_raw
from training.own_data.learning.slices import SMALL_FOLDS, Fold
from training.own_data.learning.tree_count import LEAST_GROWN, MOST_TREES, grow, trees_of_all
from training.train.booster import PARAMETERS, Floats, Rows, binned

COLUMNS, TRAIN, TEST, SEEDS = 20, 16_000, 16_000, (2, 4)
NAMES = tuple(f"x{at}" for at in range(COLUMNS))


def rising(trees: int, best: int) -> Floats:
    """Return a curve that rises to its best and falls slowly."""
    at = np.arange(1, trees + 1)
    return 0.1 * np.minimum(at / best, 1.5 - at / best / 2)


def test_a_lucky_fold_has_one_voice() -> None:
    """The first trees ranked one positive of a fold first: that is no number of trees."""
    lucky = rising(150, 100)
    lucky[1] = 0.4
    curves = [lucky, *(rising(200, 100) for _ in range(3))]
    assert 80 <= trees_of_all(curves) <= 120


def test_a_fold_that_stopped_stays_where_it_was() -> None:
    """Folds end at different trees; the ones that went on decide what comes later."""
    assert trees_of_all([np.full(150, 0.2), rising(500, 400)]) > 350


def test_no_fold_stops_before_there_is_something_to_see() -> None:
    """Labels by lot peak anywhere; trees are grown, and every one that was asked for is counted."""
    rng = np.random.default_rng(3)
    x = rng.normal(size=(3_000, 4)).astype(np.float32)
    label = (rng.random(3_000) < 0.02).astype(np.int8)
    fitting = binned(Rows(matrix=x[:2_000], label=label[:2_000]), NAMES[:4], PARAMETERS)
    rest = Rows(matrix=x[2_000:], label=label[2_000:])
    counted: list[int] = []
    stopping = binned(rest, NAMES[:4], PARAMETERS, bins_of=fitting)
    grown = grow(fitting, stopping, PARAMETERS, counted.append)
    assert LEAST_GROWN <= len(grown.curve) < MOST_TREES
    assert sum(counted) == MOST_TREES


def skimmed(seed: int) -> tuple[Learning, NDArray[np.int8]]:
    """Return transfers of which two in a thousand are frauds, and most of these skim a part.

    A sixth of the honest ones lose a small fee, so that a loss alone tells little.
    """
    rng = np.random.default_rng(seed)
    rows = TRAIN + TEST
    x = rng.normal(size=(rows, COLUMNS)).astype(np.float32)
    label = (rng.random(rows) < 0.002).astype(np.int8)
    x[:, 0] = np.where(rng.random(rows) < 1 / 6, rng.uniform(0.005, 0.03, rows), 0.0)
    skim = (label == 1) & (rng.random(rows) < 0.7)
    x[skim, 0] = rng.uniform(0.01, 0.1, int(skim.sum()))
    at = np.arange(TRAIN)
    edges = [round(share * TRAIN) for share in SMALL_FOLDS]
    learning = Learning(
        inputs=Inputs(
            rows=np.arange(rows),
            columns=column_file({name: x[:, place] for place, name in enumerate(NAMES)}),
            groups=dict.fromkeys(NAMES, InputGroup.OWN),
            categorical=frozenset(),
        ),
        at=at,
        label=label[:TRAIN],
        folds=tuple(
            Fold(fit=at[:start], held=at[start:end], embargoed=False)
            for start, end in pairwise(edges)
        ),
        seed=seed,
    )
    return learning, label


def test_rare_and_pure_pockets_are_learned() -> None:
    """Forty positives are enough where most of them stand nearly alone."""
    found = []
    for seed in SEEDS:
        learning, label = skimmed(seed)
        chosen = simplest_of_the_best(hold_out(learning, NAMES, settings_for(learning.label)))
        test = np.arange(TRAIN, TRAIN + TEST)
        raw = mean_raw([fit_whole(learning, chosen, 1)[0].text], learning.inputs, test, NAMES)
        found.append(Ranking.of(label[test], raw).curve().average_precision())
    assert np.mean(found) > 0.4
