"""Counts against a label, event by event, and a rate of labels that turned."""

from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest

from tests.fixtures.own_events import DAY_US, START_US
from training.backtest.label_history import LabelHistory
from training.backtest.lengths import Edges
from training.backtest.names import Measure
from training.backtest.tally import measures
from training.backtest.truth import Truth
from training.labels import AbuseLabels


def test_every_share_is_of_the_events_that_it_names() -> None:
    """Events whose label is not known are in no share."""
    rng = np.random.default_rng(1)
    flagged, values = rng.random(500) < 0.2, rng.integers(-1, 2, 500).astype(np.int8)
    pairs = list(zip(flagged.tolist(), values.tolist(), strict=True))
    caught, hurt = pairs.count((True, 1)), pairs.count((True, 0))
    missed, passed = pairs.count((False, 1)), pairs.count((False, 0))
    truth = cast(Truth, SimpleNamespace(labels={"abuse": ("fraud", values)}))
    found = measures(flagged, truth)["abuse"]
    assert found["label"] == "fraud"
    assert (found["positives"], found["negatives"]) == (caught + missed, hurt + passed)
    assert found["not_known"] == int((values == -1).sum())
    assert (found["true_positives"], found["false_positives"]) == (caught, hurt)
    assert (found["false_negatives"], found["true_negatives"]) == (missed, passed)
    for name, part, whole in (
        ("precision", caught, caught + hurt),
        ("recall", caught, caught + missed),
        ("false_positive_rate", hurt, hurt + passed),
        ("base_rate", caught + missed, len(pairs) - found["not_known"]),
    ):
        assert found[name]["value"] == pytest.approx(part / whole)
        assert found[name]["of"] == whole


@pytest.mark.parametrize("edges", list(Edges))
def test_a_label_that_turned_within_a_window_counts_in_its_rate(edges: Edges) -> None:
    """It was known to be none long before, and no rate is above one."""
    at_us = START_US + np.arange(20) * DAY_US
    value = np.full(20, -1, np.int8)
    value[0] = 1
    labels = AbuseLabels(
        abuse="fraud",
        maturity_days=5,
        value=value,
        known_at_us=np.where(value == 1, at_us[10] + DAY_US // 2, np.iinfo(np.int64).max),
        settled_us=np.where(value == 1, at_us[5], np.iinfo(np.int64).max),
    )
    history = LabelHistory(labels=labels, at_us=at_us, start=0, edges=edges)
    key = history.of_key(np.zeros(20, np.int32))
    rate = history.measured(key, Measure.RATE, "24h")
    assert history.measured(key, Measure.KNOWN, "24h")[11] == 0
    assert history.measured(key, Measure.POSITIVE, "24h")[11] == 1
    assert rate[11] == 1.0
