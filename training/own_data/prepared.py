"""A data set ready to learn from or to measure: events, one label, windows, inputs."""

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from training.labels import AbuseLabels
from training.own_data.events import OwnEvents, read_events, read_label
from training.own_data.inputs.make import Inputs, make_inputs
from training.own_data.periods import Periods
from training.own_data.plan import FeaturePlan
from training.progress import Progress

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnData:
    """Events of a data set with one label."""

    events: OwnEvents
    labels: AbuseLabels
    periods: Periods

    def inputs(self, plan: FeaturePlan, rows: Rows, scratch: Path, tell: Progress) -> Inputs:
        """Return the inputs of some events, each as of its own time."""
        wanted = np.zeros(len(self.events), np.bool_)
        wanted[rows] = True
        return make_inputs(self.events, self.labels, plan, wanted, scratch, tell)

    def without_attributes(self) -> "OwnData":
        """Return what is asked for once there are inputs: times, entities and the label."""
        return replace(self, events=replace(self.events, categories={}, numbers={}, amount=None))

    def learned(self) -> Rows:
        """Return the events of the training period, whatever became known of them."""
        period = (self.periods.train_from_us, self.periods.train_to_us)
        first, last = np.searchsorted(self.events.at_us, period)
        return np.arange(first, last)

    def clusters(self, rows: Rows) -> NDArray[np.int64]:
        """Return who each event belongs to, by the first declared entity; else itself."""
        for coded in self.events.entities.values():
            codes = coded.codes[rows].astype(np.int64)
            alone = np.arange(len(rows)) + len(coded.levels)
            return np.where(codes < 0, alone, codes)
        return np.arange(len(rows))

    def seen(self, rows: Rows, before: Rows) -> NDArray[np.bool_]:
        """Tell which events share any entity with the events ``before``."""
        shared = np.zeros(len(rows), np.bool_)
        for coded in self.events.entities.values():
            known = np.zeros(len(coded.levels) + 1, np.bool_)
            known[coded.codes[before]] = True
            known[-1] = False
            shared |= known[coded.codes[rows]]
        return shared


def read_own_data(data: Path, label: str, delay_s: int | None, periods: Periods) -> OwnData:
    """Read events and label.

    Raises
    ------
    ConfigFault
        There is no such label.
    DataFault
        The directory holds no own events.
    """
    events = read_events(data)
    return OwnData(events=events, labels=read_label(data, events, label, delay_s), periods=periods)
