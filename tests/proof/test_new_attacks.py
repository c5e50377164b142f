"""Attack strategies that training has never met, by what the model may look at.

Three strategies, one per abuse, first appear after everything was fitted and calibrated.
Prints the tables. Takes some minutes.
"""

import json
from typing import Any

import pytest

from tests.fixtures.commands import run
from training.cli.evaluate import evaluate as evaluate_command
from training.cli.train import train as train_command
from training.simulate.settings import WorldSettings
from training.simulate.write import simulate

pytestmark = pytest.mark.proof

ORDERS, DAYS, SEED = 150_000, 373, 4
LATE = {"scalping": "crowd_hired", "brushing": "crowd_brushing", "refund": "empty_parcel"}
FEWEST_ATTACKS = 50


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """Return the figures of a run on a world with late strategies."""
    root = tmp_path_factory.mktemp("late")
    settings = WorldSettings(
        seed=SEED, days=DAYS, orders=ORDERS, base="online_retail", late=(*LATE.values(),)
    )
    simulate(settings, root / "world")
    run(train_command, "--data", root / "world", "--out", root / "run")
    run(
        evaluate_command,
        root / "run", "--data", root / "world", "--json", root / "figures.json",
        "--predictions", root / "predictions.parquet", "--truth", root / "world.truth",
    )  # fmt: skip
    found: dict[str, Any] = json.loads((root / "figures.json").read_text("utf-8"))
    return found


def test_each_step_is_measured(figures: dict[str, Any]) -> None:
    """Five steps per abuse, each but the first with its paired gain and interval."""
    for abuse, one in figures["abuses"].items():
        steps = one["steps"]
        assert [row["step"] for row in steps] == ["order", "slow", "windows", "clusters", "one_hop"]
        for row in steps[1:]:
            gain = row["gain"]["recall_at_fpr_0.5pct"]
            assert gain["low"] <= gain["value"] <= gain["high"], abuse


def test_new_strategies_are_caught_by_more_than_the_order_itself(figures: dict[str, Any]) -> None:
    """A strategy never met is flagged more often with all features than by its own columns."""
    for abuse, strategy in LATE.items():
        shares = figures["truth"][abuse]["recall_by_strategy_and_step"][strategy]
        assert shares["orders"] >= FEWEST_ATTACKS, strategy
        assert shares["one_hop"] > shares["order"], (strategy, shares)
