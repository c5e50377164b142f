"""The world is hard: no single signal is enough, and history adds much."""

import pytest

from training.simulate import difficulty, model_inputs

TOO_EASY_AUC = 0.9
GAIN_OF_HISTORY = 0.10
BASES = ("pure", "online_retail")


def test_no_single_signal_separates_and_history_adds(write_world):
    """At 30,000 orders: single signals below AUC 0.9; history adds 0.10 PR-AUC or more."""
    world = write_world(orders=30_000, days=90, seed=21, base="online_retail")
    for figures in difficulty.measure(world.directory, world.truth, trees=80):
        assert figures.strongest_column_auc < TOO_EASY_AUC, figures
        assert figures.strongest_history_auc < TOO_EASY_AUC, figures
        assert figures.pr_auc_history - figures.pr_auc_order_only >= GAIN_OF_HISTORY, figures


@pytest.mark.proof
@pytest.mark.parametrize("base", BASES)
def test_no_model_input_separates_and_history_adds(write_world, tmp_path, base):
    """At 60,000 orders the same holds for every input of the product's own models."""
    world = write_world(orders=60_000, days=300, seed=7, base=base)
    for figures in model_inputs.measure(world.directory, tmp_path / "warehouse"):
        assert figures.strongest[0].auc < TOO_EASY_AUC, figures
        assert 0.05 < figures.pr_auc_order_only < 0.5, figures
        assert figures.pr_auc_full - figures.pr_auc_order_only >= GAIN_OF_HISTORY, figures


@pytest.mark.proof
@pytest.mark.parametrize("base", BASES)
def test_a_large_world_is_hard_and_leaves_room(write_world, base):
    """At 300,000 orders the same holds, and even with history no model is perfect."""
    world = write_world(orders=300_000, days=180, seed=21, base=base)
    for figures in difficulty.measure(world.directory, world.truth):
        assert figures.strongest_column_auc < TOO_EASY_AUC, figures
        assert figures.strongest_history_auc < TOO_EASY_AUC, figures
        assert figures.pr_auc_history - figures.pr_auc_order_only >= GAIN_OF_HISTORY, figures
        assert figures.pr_auc_order_only < 0.5, figures
        assert 0.35 < figures.pr_auc_history < 0.95, figures


def door(orders):
    """Return a key of each order's door, whatever its spelling."""
    digits = orders["address_detail"].str.normalize("NFKC").str.replace(r"\D+", "-", regex=True)
    return orders["address_city"] + digits.str.strip("-")


@pytest.mark.parametrize("column", ["device_id", "payment_instrument_id", "door"])
def test_what_is_new_is_not_an_attackers(world, column):
    """Honest accounts that order four times or more use several things, too."""
    orders = world.frame("orders").merge(world.truth_frame(), on="order_id")
    honest = orders.assign(door=door(orders))[orders["strategy"] == ""]
    accounts = honest.groupby("account_id_x")[column].agg(["size", "nunique"])
    assert (accounts.loc[accounts["size"] >= 4, "nunique"] > 1).mean() > 0.4


@pytest.mark.parametrize("base", BASES)
def test_attackers_and_customers_share_doors(write_world, base):
    """A good part of all fraud goes to doors where several honest customers order."""
    # A small world has a few dozen attackers, and chance moves their share too far.
    world = write_world(orders=30_000, days=90, seed=21, base=base)
    orders = world.frame("orders").merge(world.truth_frame(), on="order_id")
    orders["door"] = door(orders)
    honest = orders[orders["strategy"] == ""].groupby("door")["account_id_x"].nunique()
    shared = orders.loc[orders["abuse"] != "", "door"].isin(honest.index[honest > 1])
    # Without pick-up points it is a tenth at most, over bases and seeds.
    assert 0.18 < shared.mean() < 0.6
