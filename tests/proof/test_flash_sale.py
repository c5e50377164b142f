"""The flash sale of docs/decision.md at full size: 50,000 orders in a minute for 2,000 units."""

import pytest

from training.flash_sale.crowd import SaleSettings
from training.flash_sale.run import run_sale

pytestmark = pytest.mark.proof


def test_cluster_limits_bring_the_units_to_persons() -> None:
    """With limits on clusters a ring gets what one person gets, and few honest orders are hurt."""
    by_name = {one.variant: one for one in run_sale(SaleSettings(), lambda _step, _done: None)}
    none, signs, clusters = by_name.values()
    assert {one.oversold for one in by_name.values()} == {0}
    assert {one.units_sold for one in by_name.values()} == {2_000}
    assert clusters.most_units_of_one_person <= 2
    assert clusters.persons_served > 1.4 * signs.persons_served > 1.4 * none.persons_served * 0.9
    assert clusters.honest_hurt < 0.01
