"""Histograms for the hot path: prometheus-client's own take a lock and a walk per observation.

Observed on the event loop and read by the thread that is scraped. A scrape in the middle of
an observation may miss it until the next one.
"""

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import accumulate

from prometheus_client.metrics_core import HistogramMetricFamily
from prometheus_client.registry import Collector

Bounds = Sequence[float]


class Tally:
    """One histogram: how many values lie up to each bound."""

    __slots__ = ("_bounds", "counts", "total")

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self.counts = [0] * (len(bounds) + 1)
        self.total = 0.0

    def observe(self, value: float) -> None:
        """Take a value in."""
        self.counts[bisect_left(self._bounds, value)] += 1
        self.total += value


class Tallies(Collector):
    """A histogram by labels, as prometheus-client collects it.

    Parameters
    ----------
    bounds
        Upper bounds of the buckets, rising; the last one, of everything, is added.
    """

    def __init__(self, name: str, words: str, bounds: Bounds, labels: Sequence[str]) -> None:
        self._name = name
        self._words = words
        self._labels = labels
        self._bounds = bounds
        self._children: dict[tuple[str, ...], Tally] = {}

    def child(self, *values: str) -> Tally:
        """Return the histogram of these values of the labels."""
        tally = self._children.get(values)
        if tally is None:
            tally = self._children[values] = Tally(self._bounds)
        return tally

    def collect(self) -> Iterator[HistogramMetricFamily]:
        """Yield the histograms as one family."""
        family = HistogramMetricFamily(self._name, self._words, labels=self._labels)
        names = [*(str(float(bound)) for bound in self._bounds), "+Inf"]
        for values, tally in tuple(self._children.items()):
            buckets = list(zip(names, accumulate(tally.counts), strict=True))
            family.add_metric(values, buckets, tally.total)
        yield family
