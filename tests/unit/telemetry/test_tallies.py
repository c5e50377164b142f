"""Histograms of plain counts, as they are scraped."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, Histogram

from risk_service.tallies import Tallies

BOUNDS = (0.5, 1.0, 2.0)


@given(values=st.lists(st.sampled_from((0.0, 0.5, 0.75, 1.0, 1.5, 2.0, 9.0))))
def test_scrapes_say_what_the_librarys_histogram_says(values: list[float]) -> None:
    """Buckets, count and sum equal those of prometheus-client's own, also at the bounds."""
    ours, theirs = CollectorRegistry(), CollectorRegistry()
    tallies = Tallies("took_seconds", "Time.", BOUNDS, ("method",))
    ours.register(tallies)
    reference = Histogram("took_seconds", "Time.", ("method",), buckets=BOUNDS, registry=theirs)
    tally, child = tallies.child("a"), reference.labels("a")
    for value in values:
        tally.observe(value)
        child.observe(value)
    samples = {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in theirs.collect()
        for sample in family.samples
        if not sample.name.endswith("_created")
    }
    for (name, labels), value in samples.items():
        assert ours.get_sample_value(name, dict(labels)) == pytest.approx(value)


def test_labels_have_histograms_of_their_own() -> None:
    """What one method took does not show up under another; asked twice, it is the same one."""
    tallies = Tallies("took_seconds", "Time.", BOUNDS, ("method",))
    tallies.child("a").observe(1.0)
    assert tallies.child("a").total == 1.0
    assert tallies.child("b").total == 0.0
