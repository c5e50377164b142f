"""Who events belong to, and whether they share anybody with others, pair by pair."""

from pathlib import Path

import numpy as np

from tests.fixtures.own_events import DAY_US, START_US, Shop
from training.own_data.events import read_events, read_label
from training.own_data.periods import Periods
from training.own_data.prepared import OwnData

ROWS = 300


def drawn(directory: Path) -> tuple[OwnData, dict[str, list[str | None]]]:
    """Return events of many cards and shops, some of which are missing."""
    rng = np.random.default_rng(6)
    entities: dict[str, list[str | None]] = {
        name: [None if one < 60 else f"{name}{one}" for one in rng.integers(0, 400, ROWS)]
        for name in ("card", "shop")
    }
    shop = Shop(
        at_us=START_US + np.arange(ROWS) * DAY_US,
        entities=entities,
        label=(np.arange(ROWS) % 7 == 0).astype(np.int8),
    )
    events = read_events(shop.write(directory / "shop"))
    periods = Periods(
        train_from_us=START_US,
        train_to_us=START_US + 100 * DAY_US,
        test_from_us=START_US + 200 * DAY_US,
        test_to_us=START_US + 300 * DAY_US,
    )
    labels = read_label(directory / "shop", events, "fraud", None)
    return OwnData(events=events, labels=labels, periods=periods), entities


def test_seen_is_who_shares_an_entity_with_what_was_before(tmp_path: Path) -> None:
    """Two events that both lack a card share none."""
    data, entities = drawn(tmp_path)
    rows, before = np.arange(200, ROWS), np.arange(100)
    expected = [
        any(of[row] is not None and of[row] in of[:100] for of in entities.values()) for row in rows
    ]
    assert data.seen(rows, before).tolist() == expected
    assert 20 < sum(expected) < 80


def test_events_of_one_card_belong_together_and_those_without_alone(tmp_path: Path) -> None:
    """The first entity tells it, whatever the second is."""
    data, entities = drawn(tmp_path)
    rows = np.arange(50, 250)
    found, card = data.clusters(rows).tolist(), entities["card"][50:250]
    for at, one in enumerate(card):
        same = [other for other in range(200) if found[other] == found[at]]
        expected = [at] if one is None else [other for other in range(200) if card[other] == one]
        assert same == expected


def test_what_was_learned_from_ends_where_training_ends(tmp_path: Path) -> None:
    """The hundredth day is not in it any more."""
    data, _ = drawn(tmp_path)
    assert data.learned().tolist() == list(range(100))
