"""Measures against the simulator's truth: figures free of late and wrong labels.

Holds what real life never shows: the recall on true abuses, and which honest customers
are hurt. Only worlds of our own have a truth.
"""

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Outcome
from training.evaluate.figures import plain
from training.measures.bootstrap import resample
from training.measures.ranking import Ranking
from training.measures.test_slice import FULL
from training.promotion.evaluate import Evaluation, Scored
from training.train.thresholds import actions_of
from training.words import fault

Json = dict[str, Any]
WATCHED_RATE = 0.005


def truth_figures(evaluation: Evaluation, truth: pa.Table, seed: int) -> Json:
    """Return, per abuse, the figures against the truth of the same orders.

    Parameters
    ----------
    truth
        From ``training.truth.read_truth``.

    Raises
    ------
    ConfigFault
        The truth does not know an order: it belongs to another world.
    """
    found: Json = {}
    for abuse, one in evaluation.scored.items():
        ids = pa.array(evaluation.order_id[one.rows.rows], pa.string())
        at = pc.index_in(ids, value_set=truth["order_id"].combine_chunks())
        if at.null_count:
            raise ConfigFault(fault("other_world"))
        found[abuse.value] = _abuse(one, truth.take(at), seed)
    return found


def _abuse(one: Scored, truth: pa.Table, seed: int) -> Json:
    """Measure this abuse against honest orders; those of other abuses are left out."""
    abuse = truth["abuse"].to_numpy()
    guilty, honest = abuse == one.rows.abuse, abuse == ""
    kept = np.flatnonzero(guilty | honest)
    label = guilty[kept].astype(np.int8)
    rankings = {name: Ranking.of(label, of.raw[kept]) for name, of in one.scores.items()}
    clusters = np.unique(one.rows.account[kept], return_inverse=True)[1].astype(np.int64)
    resampled = resample(rankings, clusters, seed)
    full = one.scores[FULL]
    flagged = full.raw >= rankings[FULL].curve().threshold_at(WATCHED_RATE)
    acted = actions_of(full.raw, full.thresholds or {}) > Outcome.ALLOW
    wrong = (one.rows.label == 1) != guilty
    return {
        "honest_orders": int(honest.sum()),
        "abuses": int(guilty.sum()),
        "wrong_labels": int(wrong[kept].sum()),
        "models": {name: plain(of) for name, of in resampled.intervals().items()},
        "false_positives_by_persona": _shares(truth["persona"], honest, flagged, acted),
        "recall_by_strategy": _shares(truth["strategy"], guilty, flagged, acted),
        "recall_by_strategy_and_step": _by_step(one, truth["strategy"].to_numpy(), kept, label),
    }


def _by_step(
    one: Scored, strategy: NDArray[np.object_], kept: NDArray[np.int64], label: NDArray[np.int8]
) -> Json:
    """Return, per strategy, the share that the model of each step flags at 0.5 %."""
    table: Json = {}
    for step, of in one.steps.items():
        threshold = Ranking.of(label, of.raw[kept]).curve().threshold_at(WATCHED_RATE)
        flagged = of.raw[kept] >= threshold
        for name in sorted(set(strategy[kept][label == 1].tolist())):
            mask = (label == 1) & (strategy[kept] == name)
            table.setdefault(name, {"orders": int(mask.sum())})[step] = float(flagged[mask].mean())
    return table


def _shares(
    names: pa.ChunkedArray,
    among: NDArray[np.bool_],
    flagged: NDArray[np.bool_],
    acted: NDArray[np.bool_],
) -> Json:
    """Return, per name, the share flagged at 0.5 % and the share that any action meets."""
    values = names.to_numpy()
    table: Json = {}
    for name in sorted(set(values[among].tolist())):
        mask = among & (values == name)
        table[name or "(none)"] = {
            "orders": int(mask.sum()),
            "flagged": int(flagged[mask].sum()),
            "share_flagged": float(flagged[mask].mean()),
            "share_acted_on": float(acted[mask].mean()),
        }
    return table
