"""The quality that is promised, on a large world over real baskets.

Prints the table of recall at 0.5 % false positives. Takes some minutes.
"""

import json

import pytest
from rich.console import Console

from tests.fixtures.commands import run
from training.cli.evaluate import evaluate as evaluate_command
from training.cli.evaluate import recall_table
from training.cli.train import train as train_command
from training.cli.words import CommandWords
from training.simulate.settings import WorldSettings
from training.simulate.write import simulate

pytestmark = pytest.mark.proof

ORDERS, DAYS, SEED = 360_000, 373, 20
HONEST_ORDERS = 50_000
GAIN_OF_HISTORY = 0.10
STRONGEST_FEATURE = 0.90


@pytest.fixture(scope="module")
def figures(tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict[str, dict[str, object]]]:
    """Return the figures of a run on a large world."""
    root = tmp_path_factory.mktemp("quality")
    settings = WorldSettings(seed=SEED, days=DAYS, orders=ORDERS, base="online_retail")
    simulate(settings, root / "world")
    run(train_command, "--data", root / "world", "--out", root / "run")
    run(
        evaluate_command,
        root / "run", "--data", root / "world", "--json", root / "figures.json",
        "--predictions", root / "predictions.parquet", "--truth", root / "world.truth",
    )  # fmt: skip
    found: dict[str, dict[str, dict[str, object]]] = json.loads(
        (root / "figures.json").read_text("utf-8")
    )
    return found


def test_recall_is_measured_on_enough_honest_orders(figures: dict) -> None:  # type: ignore[type-arg] # plain JSON
    """Every abuse's test slice holds at least 50,000 honest orders; the table is printed."""
    table = recall_table("Recall at 0.5 % false positives", figures["abuses"], CommandWords("en"))
    Console(width=140).print(table)
    for abuse, one in figures["abuses"].items():
        assert one["honest_orders"] >= HONEST_ORDERS, abuse


def test_history_is_worth_a_tenth_of_pr_auc(figures: dict) -> None:  # type: ignore[type-arg] # plain JSON
    """The model with history beats the order's own columns by 0.10 PR-AUC for every abuse."""
    for abuse, one in figures["abuses"].items():
        assert one["pr_auc_gain_of_history"]["value"] >= GAIN_OF_HISTORY, abuse


def test_history_beats_both_baselines(figures: dict) -> None:  # type: ignore[type-arg] # plain JSON
    """Neither a logistic regression nor expert rules reach the boosted trees' PR-AUC."""
    for abuse, one in figures["abuses"].items():
        full = one["models"]["full"]["pr_auc"]["value"]
        assert full > one["models"]["logistic"]["pr_auc"]["value"], abuse
        assert full > one["models"]["rules"]["pr_auc"]["value"], abuse


def test_no_single_feature_tells_the_label(figures: dict) -> None:  # type: ignore[type-arg] # plain JSON
    """The world is hard: no model input alone passes AUC 0.90 on the test slice."""
    for abuse, one in figures["abuses"].items():
        strongest = one["single_features"][0]
        assert strongest["auc"] <= STRONGEST_FEATURE, (abuse, strongest)
