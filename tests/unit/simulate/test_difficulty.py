"""The world is hard: no single signal is enough, and history adds much."""

import pytest

from training.simulate.difficulty import measure

TOO_EASY_AUC = 0.9


@pytest.mark.parametrize("base", ["pure", "online_retail"])
def test_no_single_signal_separates_and_history_adds(write_world, base):
    """At 40,000 orders: single signals below AUC 0.9; history adds 0.10 PR-AUC or more."""
    world = write_world(orders=40_000, days=90, seed=21, base=base)
    for figures in measure(world.directory, world.truth):
        assert figures.strongest_column_auc < TOO_EASY_AUC, figures
        assert figures.strongest_history_auc < TOO_EASY_AUC, figures
        assert figures.pr_auc_history - figures.pr_auc_order_only >= 0.10, figures


@pytest.mark.proof
@pytest.mark.parametrize("base", ["pure", "online_retail"])
def test_a_large_world_is_hard_and_leaves_room(write_world, base):
    """At 300,000 orders the same holds, and even with history no model is perfect."""
    world = write_world(orders=300_000, days=180, seed=21, base=base)
    for figures in measure(world.directory, world.truth):
        assert figures.strongest_column_auc < TOO_EASY_AUC, figures
        assert figures.strongest_history_auc < TOO_EASY_AUC, figures
        assert figures.pr_auc_history - figures.pr_auc_order_only >= 0.10, figures
        assert figures.pr_auc_order_only < 0.5, figures
        assert 0.35 < figures.pr_auc_history < 0.95, figures
