"""What the labels of earlier events say of a key, as far as they were known by then.

A label counts from the time it became known, for events of that time or later; but an event
never sees its own label, nor that of an event that stands after it. Windows hold the labels
that became known within them. A label that was negative for a while counts as known from then
on, and as positive once it turned.
"""

from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from risk_service.features.windows.tiles import EVER
from training.backtest.history import (
    Facts,
    Flags,
    Floats,
    Int32s,
    Int64s,
    KeyHistory,
    Period,
    key_history,
)
from training.backtest.lengths import Edges
from training.backtest.names import Measure
from training.labels import NEVER_US, UNLABELLED, AbuseLabels
from training.quotient import quotient

# A rate counts as if ten labels more were known, as rates of the models do.
SHRINK_LABELS = 10.0
SECOND_US = 1e6


@dataclass(kw_only=True)
class LabelHistory:
    """The history of one label.

    Parameters
    ----------
    at_us
        Times of the events from the first one to the end of the period.
    start
        Place of the first event of the period.
    """

    labels: AbuseLabels
    at_us: Int64s
    start: int
    edges: Edges
    _events: Int64s = field(init=False)
    _known_us: Int64s = field(init=False)
    _any: Flags = field(init=False)
    _positive: Flags = field(init=False)
    _place: Int64s = field(init=False)

    def __post_init__(self) -> None:
        """Put the labels into the order in which they can be seen."""
        labelled = np.flatnonzero(self.labels.value[: len(self.at_us)] != UNLABELLED)
        known_us, settled_us = self.labels.known_at_us[labelled], self._settled(labelled)
        turns = settled_us < known_us
        events = np.concatenate((labelled, labelled[turns]))
        learned_us = np.concatenate((known_us, settled_us[turns]))
        place = np.maximum(events, np.searchsorted(self.at_us, learned_us) - 1)
        order = np.lexsort((learned_us, place))
        self._events, self._place, self._known_us = events[order], place[order], learned_us[order]
        was_negative = np.arange(len(events)) >= len(labelled)
        # What turned was known by then already: only its time as a negative adds one.
        adds_one = np.concatenate((~turns, np.full(np.count_nonzero(turns), fill_value=True)))
        self._any = adds_one[order]
        self._positive = ((self.labels.value[events] == 1) & ~was_negative)[order]

    def _settled(self, labelled: Int64s) -> Int64s:
        if self.labels.settled_us is None:
            return np.full(len(labelled), NEVER_US)
        return self.labels.settled_us[labelled]

    def of_key(self, key: Int32s) -> KeyHistory:
        """Return the history of a key; one number per event, -1 where it is missing."""
        facts = Facts(
            key=key[self._events],
            place=self._place,
            at_us=self._known_us,
        )
        period = Period(
            start=self.start,
            stop=len(self.at_us),
            key=key[self.start :],
            at_us=self.at_us[self.start :],
        )
        return key_history(facts, period, self.edges, with_now=False)

    def measured(self, history: KeyHistory, measure: Measure, window: str) -> Floats:
        """Return a measure of one key's labels, one value per event of the period."""
        if measure is Measure.KNOWN:
            return history.count(self._any, window)
        if measure is Measure.POSITIVE:
            return history.count(self._positive, window)
        if measure is Measure.RATE:
            known = history.count(self._any, window)
            positive = history.count(self._positive, window)
            known = np.maximum(known, positive)
            return (positive + SHRINK_LABELS * self._prior) / (known + SHRINK_LABELS)
        newest = history.newest(self._positive)
        known_at_us = self._known_us[newest] if len(self._events) else 0
        since_us = self.at_us[self.start :] - known_at_us
        return np.where(newest < 0, np.nan, since_us / SECOND_US)

    @cached_property
    def _prior(self) -> Floats:
        """Share of positives among all labels known by each event; missing before the first."""
        everybody = self.of_key(np.zeros(len(self.at_us), np.int32))
        known = everybody.count(self._any, EVER.name)
        return quotient(everybody.count(self._positive, EVER.name), known)
