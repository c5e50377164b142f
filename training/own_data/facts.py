"""What the figures of a run say of its learning: folds, candidates tried, models fitted."""

from collections.abc import Mapping
from typing import Any

from training.own_data.learning.choose import Choice
from training.own_data.learning.keep import Kept
from training.own_data.learning.learn import Held, Learning

Json = dict[str, Any]
TOP_INPUTS = 30


def learning_facts(learning: Learning, choice: Choice, kept: Mapping[str, Kept]) -> Json:
    """Return what was held out, what was tried on it, and what was fitted in the end."""
    return {
        "folds": [
            {"fit": len(one.fit), "held": len(one.held), "embargoed": one.embargoed}
            for one in learning.folds
        ],
        "search": {one.setting.name: _tried(one) for one in choice.tried},
        "fit": {name: _fitted(one) for name, one in kept.items()},
    }


def _tried(held: Held) -> Json:
    return {
        "pr_auc": held.quality,
        "standard_error": held.error,
        "leaves": held.setting.leaves,
        "trees": held.trees,
    }


def _fitted(kept: Kept) -> Json:
    return {
        "setting": kept.held.setting.name,
        "inputs": len(kept.held.names),
        "trees": kept.held.trees,
        "models": len(kept.models),
        "pr_auc_on_folds": kept.held.quality,
        "calibration": kept.calibrated.kind,
        "gain": dict(list(kept.gain.items())[:TOP_INPUTS]),
        "thresholds": {
            one.action: {
                "raw": one.raw if one.offered else None,
                "allowed_honest_share": one.cap,
                "honest_share": one.honest_share,
                "honest_bound": one.honest_bound,
            }
            for one in kept.thresholds
        },
    }
