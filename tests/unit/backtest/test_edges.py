"""Where windows start, to the microsecond, and what is counted in them."""

import pytest

from tests.fixtures.backtest_values import START_US, values_of
from tests.fixtures.own_shop import ShopEvent
from training.backtest.lengths import Edges

MINUTE_US = 60_000_000
HOUR_US, DAY_US = 60 * MINUTE_US, 1_440 * MINUTE_US
# An odd time within every tile.
NOW_US = START_US + 200 * DAY_US + 5 * HOUR_US + 7 * MINUTE_US + 3_000_001
LENGTHS_US = {
    "1m": MINUTE_US, "10m": 10 * MINUTE_US, "1h": HOUR_US, "24h": DAY_US, "7d": 7 * DAY_US,
    "30d": 30 * DAY_US, "90d": 90 * DAY_US, "45m": 45 * MINUTE_US, "2w": 14 * DAY_US,
}  # fmt: skip
TILES_US = {
    "1m": 10_000_000, "10m": 10_000_000, "1h": MINUTE_US, "24h": HOUR_US, "7d": HOUR_US,
    "30d": DAY_US, "90d": DAY_US, "45m": 1, "2w": 1,
}  # fmt: skip


@pytest.mark.parametrize("window", LENGTHS_US)
@pytest.mark.parametrize("edges", Edges)
def test_the_first_moment_of_a_window(window: str, edges: Edges) -> None:
    """An event at the start counts, one a microsecond earlier does not."""
    tile_us = TILES_US[window] if edges is Edges.LIVE else 1
    start_us = NOW_US // tile_us * tile_us - LENGTHS_US[window]
    for at_us, seen in ((start_us - 1, 0.0), (start_us, 1.0), (start_us + 1, 1.0)):
        events = [ShopEvent(at_us=at_us, card="a"), ShopEvent(at_us=NOW_US, card="a")]
        assert values_of(events, f"card__count_{window}", edges, (0, 2)) == [0.0, seen]


def test_a_thousand_events_of_one_time_do_not_move_the_start() -> None:
    """Ties are ordered by place; their time stays what it is."""
    earlier = ShopEvent(at_us=NOW_US - HOUR_US, card="a")
    events = [earlier, *[ShopEvent(at_us=NOW_US, card="a")] * 1_000]
    found = values_of(events, "card__count_1h", Edges.EXACT, (1_000, 1_001))
    assert found == [1_000.0]
    assert values_of(events, "card__since_last_s", Edges.EXACT, (1_000, 1_001)) == [0.0]


def test_missing_values_are_no_value() -> None:
    """Not counted distinct, not summed, not the last; the event itself still counts."""
    shops = [None, "s", None, "s", "t", None]
    events = [
        ShopEvent(at_us=NOW_US + place, card="a", shop=shop, weight=2.5 if shop else None)
        for place, shop in enumerate(shops)
    ]
    for name, right in {
        "card__distinct_shop_1h": [0.0, 0.0, 1.0, 1.0, 1.0, 2.0],
        "card__distinct_shop_1h_now": [0.0, 1.0, 1.0, 1.0, 2.0, 2.0],
        "card__count_1h_now": [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
        "card__weight_sum_1h_now": [0.0, 2.5, 2.5, 5.0, 7.5, 7.5],
        "card__weight_mean_ever": [None, None, 2.5, 2.5, 2.5, 2.5],
        "card__shop_last": [None, None, "s", "s", "s", "t"],
        "shop__count_ever": [None, 0.0, None, 1.0, 0.0, None],
    }.items():
        assert values_of(events, name, Edges.LIVE, (0, 6)) == right, name
