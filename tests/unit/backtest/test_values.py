"""History variables against brute force, on small shops full of ties, gaps and late labels."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.fixtures.backtest_oracle import Asked, oracle
from tests.fixtures.backtest_values import names, shops, values_of
from tests.fixtures.own_shop import ShopEvent
from training.backtest.lengths import Edges


@settings(max_examples=150, deadline=None)
@given(events=shops(), named=names(), start=st.integers(0, 24), end=st.integers(0, 24))
def test_every_variable_is_what_brute_force_says(
    events: list[ShopEvent], named: tuple[str, Asked], start: int, end: int
) -> None:
    """Ties, missing keys and values, tiles and exact edges, late labels, part of the events."""
    name, asked = named
    span = min(start, len(events) - 1), max(len(events) - end, start + 1)
    span = span[0], min(max(span[1], span[0] + 1), len(events))
    edges = Edges.EXACT if asked.exact else Edges.LIVE
    right_ones = oracle(events, asked)[slice(*span)]
    found = values_of(events, name, edges, span)
    for place, (ours, right) in enumerate(zip(found, right_ones, strict=True)):
        if isinstance(right, float) and ours is not None:
            assert ours == pytest.approx(right, rel=1e-12, abs=1e-12), (name, place)
        else:
            assert ours == right, (name, place)
