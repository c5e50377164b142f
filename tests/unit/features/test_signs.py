"""Signs of the catalogue that are formulas: what they say of cases worked out by hand."""

import numpy as np
import pytest

from risk_service.features.schema import load_schema
from risk_service.features.vector import VectorBuilder
from risk_service.features.windows.order_event import LONGEST_DWELL_DS

SCHEMA = load_schema()
BUILDER = VectorBuilder(SCHEMA)


def derived(name: str, **known: float) -> float:
    """Return a derived feature of an order of which only these inputs are known."""
    parts = [
        np.array([[known.get(feature.name, np.nan) for feature in features]])
        for features in (SCHEMA.order, SCHEMA.stored, SCHEMA.live)
    ]
    return float(BUILDER.build(*parts)[0, SCHEMA.names.index(f"derived__{name}")])


def spread(dwells_ds: list[int]) -> float:
    """Return the spread of times on the page among a seller's attempts."""
    return derived(
        "seller_dwell_spread_7d",
        seller__timed_attempts_7d=len(dwells_ds),
        seller__dwell_7d=sum(dwells_ds),
        seller__dwell_squared_7d=sum(dwell * dwell for dwell in dwells_ds),
    )


def test_buyers_told_how_long_to_look_are_alike() -> None:
    """Times all alike come near 1, whatever they are; times that differ stay above 2."""
    assert spread([]) == 2.0
    assert 1.0 < spread([750] * 1000) < 1.02
    assert spread([30] * 1000) == pytest.approx(spread([750] * 1000))
    assert spread([20] * 900 + [6000] * 100) > 8
    assert spread([750] * 3) == pytest.approx(23 / 13)


def test_times_below_a_tenth_of_a_second_spread_towards_none() -> None:
    """Scripts that submit at once lie below 1, on the side of those alike; docs/signals.md says so.

    A few just above that tenth among them look spread out.
    """
    assert spread([0] * 1000) < 0.02
    assert spread([0] * 10) < spread([750] * 10)
    assert spread([0] * 900 + [1] * 100) > 8


def test_parts_of_the_spread_are_no_model_inputs() -> None:
    """Sums of squares tell nobody anything, and grow with the seller."""
    hidden = {feature.name for feature in SCHEMA.live if not feature.model_input}
    assert hidden == {
        "seller__timed_attempts_7d", "seller__dwell_7d", "seller__dwell_squared_7d"
    }  # fmt: skip
    assert not hidden & set(SCHEMA.names)


def test_squares_of_a_busy_seller_fit() -> None:
    """A week of 10,000 orders a minute on pages left open stays far within int64."""
    orders = 7 * 24 * 60 * 10_000
    assert orders * LONGEST_DWELL_DS**2 < 2**63 // 1_000


@pytest.mark.parametrize(
    ("hour", "week", "excess"),
    [
        (0, 0, 0.0),
        (1, 168, 0.0),
        (10, 10, 100.0),
        (100, 100 + 167 * 100, 0.0),
        (110, 110 + 167 * 100, 100 / 101),
        (200, 200 + 167 * 100, 10_000 / 101),
    ],
)
def test_excess_over_chance(hour: int, week: int, excess: float) -> None:
    """Ten orders more are chance for a busy SKU, and not for one that hardly sells."""
    assert derived("sku_excess_1h", sku__attempts_1h=hour, sku__attempts_7d=week) == pytest.approx(
        excess
    )


def test_shares_are_shrunk() -> None:
    """Who is hardly known has the usual share; who is known has about the own one."""
    assert derived("seller_refund_rate") == 0.05
    assert derived("cluster_refund_rate_30d") == 0.05
    assert derived("building_claim_rate_90d") == 0.02
    assert derived("account_reduced_share") == 0.3
    assert derived("device_drop_start_share") == 0.1
    assert derived("seller_shared_buyer_share") == 0.2
    known = derived("cluster_refund_rate_30d", cluster__refund_requests_30d=8, cluster__paid_30d=40)
    assert known == 8.5 / 50
