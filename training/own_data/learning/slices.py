"""Which events are learned from and which are measured, and the folds in time in between.

Training may use a label if it was known when the model is first used, which is when the test
begins; an event younger by then than the label delay is left out whatever its label says,
since its guilt may be known early and its innocence cannot. Inside the training window
everything is chosen on later events than it was fitted on.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from risk_service.domain.text import LocalizedText
from training.labels import UNLABELLED, AbuseLabels
from training.own_data.events import OwnEvents
from training.own_data.periods import Periods, when
from training.words import NOTHING, fault

Rows = NDArray[np.int64]
Bools = NDArray[np.bool_]
LEAST_POSITIVES = 10
LARGE_ROWS = 200_000
# Where training ends and what is predicted begins, as shares of the window's evidence.
SMALL_FOLDS = (0.4, 0.55, 0.7, 0.85, 1.0)
LARGE_FOLDS = (0.7, 0.85, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """The events of one of the two windows, as places in all events, in order of time.

    ``labelled`` are those whose label may be used, and ``label`` is what it was then, 0 or 1;
    ``unknown`` counts events whose label is
    not known at the training cut, ``unlabelled`` those that have none.
    """

    events: Rows
    labelled: Rows
    label: NDArray[np.int8]
    unknown: int
    unlabelled: int

    @property
    def has_both_classes(self) -> bool:
        """Tell whether there is something to measure."""
        return _both_classes(self.label)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fold:
    """Fit on ``fit``, predict ``held``: places in the training rows, ``fit`` before ``held``.

    ``embargoed`` tells whether labels not known when ``held`` begins were left out of ``fit``.
    """

    fit: Rows
    held: Rows
    embargoed: bool


def training_window(events: OwnEvents, labels: AbuseLabels, periods: Periods) -> Window:
    """Return the training window, with the labels as they stood at the training cut.

    Raises
    ------
    ConfigFault
        It holds no events, one class only, or too few positives.
    """
    rows = _inside(events, "train", periods.train_from_us, periods.train_to_us)
    labels = labels.as_of(periods.cutoff_us)
    usable = _usable(labels, events.at_us[rows], rows, periods.cutoff_us)
    has = labels.value[rows] != UNLABELLED
    window = Window(
        events=rows,
        labelled=rows[usable],
        label=labels.value[rows[usable]],
        unknown=int((has & ~usable).sum()),
        unlabelled=int((~has).sum()),
    )
    _refuse_unusable(labels, window, periods)
    return window


def test_window(events: OwnEvents, labels: AbuseLabels, periods: Periods) -> Window:
    """Return the test window: every label counts there, whenever it became known.

    Raises
    ------
    ConfigFault
        It holds no events, or one class only.
    """
    window = open_window(events, labels, periods)
    if not window.has_both_classes:
        told = fault(
            "test_one_class",
            label=labels.abuse,
            positives=int(window.label.sum()),
            labelled=len(window.labelled),
            events=len(window.events),
            advice=_advice_on_test(labels, events),
        )
        raise ConfigFault(told)
    return window


def open_window(events: OwnEvents, labels: AbuseLabels, periods: Periods) -> Window:
    """Return the test window, whose events may all be without a label.

    Raises
    ------
    ConfigFault
        It holds no events.
    """
    rows = _inside(events, "test", periods.test_from_us, periods.test_to_us)
    labelled = rows[labels.value[rows] != UNLABELLED]
    return Window(
        events=rows,
        labelled=labelled,
        label=labels.value[labelled],
        unknown=0,
        unlabelled=len(rows) - len(labelled),
    )


def _advice_on_test(labels: AbuseLabels, events: OwnEvents) -> LocalizedText:
    """Return where a test could lie: the newest events often have no label yet."""
    positive = events.at_us[np.flatnonzero(labels.value == 1)]
    has = events.at_us[np.flatnonzero(labels.value != UNLABELLED)]
    if not len(positive):
        return NOTHING
    return fault("test_advice", last=when(int(has[-1])), positive=when(int(positive[-1])))


def folds(labels: AbuseLabels, at_us: NDArray[np.int64], rows: Rows) -> tuple[Fold, ...]:
    """Return folds in time over the training rows.

    Parameters
    ----------
    at_us
        Time of every event of the data set.
    rows
        The labelled training rows, in order of time.
    """
    value, time_us = labels.value[rows], at_us[rows]
    shares = SMALL_FOLDS if len(rows) < LARGE_ROWS else LARGE_FOLDS
    # Half by events, half by positives: positives may come in bursts.
    evidence = np.arange(1, len(rows) + 1) / len(rows) + np.cumsum(value) / max(value.sum(), 1)
    edges = np.searchsorted(evidence / 2, shares)
    edges[-1] = len(rows)
    found = []
    for start, end in zip(edges[:-1].tolist(), edges[1:].tolist(), strict=True):
        if _both_classes(value[:start]) and _both_classes(value[start:end]):
            found.append(_fold(labels, time_us, rows, (start, end)))
    return tuple(found)


def _fold(
    labels: AbuseLabels, time_us: NDArray[np.int64], rows: Rows, edges: tuple[int, int]
) -> Fold:
    """Return one fold, with an embargo when that leaves half of what there is to learn from.

    A label that turned positive after the fold began is left out there: one label stands for a row.
    """
    start, end = edges
    value = labels.value[rows]
    known = _usable(labels, time_us, rows, int(time_us[start]))[:start]
    kept = int(value[:start][known].sum())
    enough = 2 * kept >= int(value[:start].sum()) and kept >= LEAST_POSITIVES
    fit = np.flatnonzero(known) if enough else np.arange(start)
    return Fold(fit=fit, held=np.arange(start, end), embargoed=enough)


def _usable(labels: AbuseLabels, time_us: NDArray[np.int64], rows: Rows, cutoff_us: int) -> Bools:
    part = AbuseLabels(
        abuse=labels.abuse,
        maturity_days=labels.maturity_days,
        value=labels.value[rows],
        known_at_us=labels.known_at_us[rows],
    )
    return part.usable(time_us, cutoff_us)


def _both_classes(value: NDArray[np.int8]) -> bool:
    return 0 < int(value.sum()) < len(value)


def _inside(events: OwnEvents, name: str, start_us: int, end_us: int) -> Rows:
    first, last = np.searchsorted(events.at_us, (start_us, end_us))
    if first == last:
        told = fault(
            "window_empty",
            name=name,
            start=when(start_us),
            end=when(end_us),
            first=when(int(events.at_us[0])),
            last=when(int(events.at_us[-1])),
        )
        raise ConfigFault(told)
    return np.arange(first, last)


def _refuse_unusable(labels: AbuseLabels, window: Window, periods: Periods) -> None:
    value = window.label
    positives, count = int(value.sum()), len(value)
    usable = fault(
        "usable",
        events=len(window.events),
        unlabelled=window.unlabelled,
        unknown=window.unknown,
        cutoff=when(periods.cutoff_us),
        days=labels.maturity_days,
    )
    told = {"label": labels.abuse, "count": count, "usable": usable}
    if positives == count and count:
        raise ConfigFault(fault("training_all_positive", **told))
    if positives < LEAST_POSITIVES:
        few = {"positives": positives, "least": LEAST_POSITIVES}
        raise ConfigFault(fault("training_few_positives", **told, **few))
