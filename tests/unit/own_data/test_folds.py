"""Windows and folds of own events, held to their meaning event by event."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from risk_service.domain.errors import ConfigFault
from tests.fixtures.own_events import DAY_US, START_US, Shop
from training.labels import AbuseLabels
from training.own_data.events import OwnEvents, read_events, read_label
from training.own_data.learning.slices import Fold, folds, training_window
from training.own_data.learning.slices import test_window as window_of_test
from training.own_data.periods import Periods

ROWS, DELAY_DAYS = 1_000, 5
PERIODS = Periods(
    train_from_us=START_US + 10 * DAY_US,
    train_to_us=START_US + 70 * DAY_US,
    test_from_us=START_US + 72 * DAY_US,
    test_to_us=START_US + 90 * DAY_US,
)


def drawn(directory: Path) -> tuple[OwnEvents, AbuseLabels]:
    """Return ten events a day: a seventh positive, a tenth without a label, known at any time."""
    rng = np.random.default_rng(4)
    label = (rng.random(ROWS) < 1 / 7).astype(np.int8)
    label[rng.random(ROWS) < 0.1] = -1
    at_us = START_US + np.arange(ROWS) * DAY_US // 10
    shop = Shop(at_us=at_us, entities={"card": ["c"] * ROWS}, label=label, delay_us=5 * DAY_US)
    events = read_events(shop.write(directory / "shop"))
    labels = read_label(directory / "shop", events, "fraud", None)
    late = np.where(label >= 0, rng.integers(0, 12, ROWS) * DAY_US, 0)
    return events, replace(labels, known_at_us=labels.known_at_us + late)


def test_training_has_what_was_known_and_old_enough_at_the_cut(tmp_path: Path) -> None:
    """Every event of the window is counted once: used, not known yet, or without a label."""
    events, labels = drawn(tmp_path)
    cut_us = PERIODS.test_from_us
    used, unknown, unlabelled = [], 0, 0
    for row in range(ROWS):
        if not PERIODS.train_from_us <= events.at_us[row] < PERIODS.train_to_us:
            continue
        ripe = events.at_us[row] + DELAY_DAYS * DAY_US <= cut_us
        if labels.value[row] < 0:
            unlabelled += 1
        elif ripe and labels.known_at_us[row] <= cut_us:
            used.append(row)
        else:
            unknown += 1
    found = training_window(events, labels, PERIODS)
    assert found.labelled.tolist() == used
    assert found.label.tolist() == labels.value[used].tolist()
    assert (found.unknown, found.unlabelled) == (unknown, unlabelled)
    assert min(unknown, unlabelled) > 10
    assert len(found.events) == len(used) + unknown + unlabelled


def test_the_test_has_every_label_whenever_it_became_known(tmp_path: Path) -> None:
    """And no event of before or after it."""
    events, labels = drawn(tmp_path)
    inside = (events.at_us >= PERIODS.test_from_us) & (events.at_us < PERIODS.test_to_us)
    found = window_of_test(events, labels, PERIODS)
    assert found.events.tolist() == np.flatnonzero(inside).tolist()
    assert found.labelled.tolist() == np.flatnonzero(inside & (labels.value >= 0)).tolist()
    assert found.label.tolist() == labels.value[found.labelled].tolist()
    assert (found.unknown, found.unlabelled) == (0, int((inside & (labels.value < 0)).sum()))


@pytest.mark.parametrize(("positives", "enough"), [(9, False), (10, True)])
def test_ten_positives_are_enough(tmp_path: Path, positives: int, enough: bool) -> None:
    """With one less nothing is learned."""
    events, labels = drawn(tmp_path)
    value = np.zeros(ROWS, np.int8)
    value[200 : 200 + positives] = 1
    known = replace(labels, value=value, known_at_us=events.at_us)
    if enough:
        assert training_window(events, known, PERIODS).label.sum() == positives
    else:
        with pytest.raises(ConfigFault):
            training_window(events, known, PERIODS)


def of(value: np.ndarray, delay_days: int) -> tuple[Fold, ...]:
    """Return the folds of an event a day, all labels known after a delay."""
    at_us = START_US + np.arange(len(value)) * DAY_US
    labels = AbuseLabels(
        abuse="fraud",
        maturity_days=delay_days,
        value=value.astype(np.int8),
        known_at_us=at_us + delay_days * DAY_US,
    )
    return folds(labels, at_us, np.arange(len(value)))


def test_folds_learn_from_what_was_known_when_they_begin() -> None:
    """They follow each other up to the last event, and the embargo is one delay long."""
    found = of(np.arange(900) % 9 == 0, 30)
    assert [int(fold.held[0]) for fold in found[1:]] == [
        int(one.held[-1]) + 1 for one in found[:-1]
    ]
    assert found[-1].held[-1] == 899
    assert [int(fold.held[0]) for fold in found] == pytest.approx([360, 495, 630, 765], abs=9)
    for fold in found:
        assert fold.embargoed
        assert fold.fit.tolist() == list(range(int(fold.held[0]) - 30 + 1))


def test_edges_lie_between_shares_of_events_and_of_positives() -> None:
    """Positives of the first half alone: a fold begins before so many events have gone by."""
    value = (np.arange(1_000) < 500) & (np.arange(1_000) % 5 == 0)
    share = [np.mean(np.arange(1_000) < at) + np.mean(np.flatnonzero(value) < at) for at in
             (int(fold.held[0]) for fold in of(value, 0))]  # fmt: skip
    assert share == pytest.approx([0.8, 1.1, 1.4], abs=0.02)


def test_an_embargo_that_takes_most_of_the_evidence_is_left_out() -> None:
    """Half the positives must stay, and ten."""
    early, late = np.zeros(1_000, bool), np.zeros(1_000, bool)
    early[np.r_[0:200:10, 440:900:20]] = True
    late[np.r_[0:50:4, 100:900:6]] = True
    begins = [int(fold.held[0]) for fold in of(early, 100)]
    kept = [int(early[: at - 99].sum()) for at in begins]
    enough = [2 * some >= early[:at].sum() for some, at in zip(kept, begins, strict=True)]
    assert [fold.embargoed for fold in of(early, 100)] == enough
    first = of(late, 250)[0]
    at = int(first.held[0])
    assert late[: at - 249].sum() >= 10
    assert 2 * late[: at - 249].sum() < late[:at].sum()
    assert not first.embargoed
    assert first.fit.tolist() == list(range(at))


def test_a_fold_has_both_classes_on_either_side() -> None:
    """Where none is positive yet there is nothing to fit; where none comes nothing to hold."""
    early, late = np.zeros(1_000, bool), np.arange(1_000) > 900
    late &= np.arange(1_000) % 2 == 0
    early[np.r_[600:640, 990:1_000]] = True
    for value in (early, late):
        found = of(value, 0)
        assert 0 < len(found) < 4
        for fold in found:
            for side in (fold.fit, fold.held):
                assert 0 < value[side].sum() < len(side)
