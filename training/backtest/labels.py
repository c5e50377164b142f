"""Labels of own events, aligned to the events; for histories and for the count at the end."""

from dataclasses import dataclass, field, replace

import numpy as np

from training.backtest.columns import EventColumns
from training.datasets.own_events import LABELS
from training.labels import NEVER_US, UNLABELLED, AbuseLabels, LabelTable, align_labels

DAY_S = 86_400


@dataclass
class LabelReader:
    """Reads each label once.

    Parameters
    ----------
    delay_s
        No label is known before its event plus this; a time that the import assumed is
        replaced by it. None: as imported.
    """

    columns: EventColumns
    delay_s: int | None = None
    _read: dict[str, AbuseLabels] = field(default_factory=dict)

    def read(self, name: str) -> AbuseLabels:
        """Return a label of all events.

        Raises
        ------
        DataFault
            The labels do not fit the events.
        """
        if name not in self._read:
            columns = self.columns
            delay_d = columns.description.labels[name].delay_s / DAY_S
            source = LabelTable(path=columns.directory / LABELS, order="event_id", label="label")
            found = align_labels(source, source.read(), columns.ids, name, delay_d)
            self._read[name] = self._delayed(found)
        return self._read[name]

    def part(self, name: str, start: int, stop: int) -> AbuseLabels:
        """Return a label of the events of some places."""
        return part(self.read(name), start, stop)

    def _delayed(self, labels: AbuseLabels) -> AbuseLabels:
        about, at_us = self.columns.description.labels[labels.abuse], self.columns.at_us
        if self.delay_s is not None:
            known_at_us = at_us + self.delay_s * 1_000_000
            if about.known_from != "delay":
                known_at_us = np.maximum(labels.known_at_us, known_at_us)
            unlabelled = labels.value == UNLABELLED
            labels = replace(labels, known_at_us=np.where(unlabelled, NEVER_US, known_at_us))
        if about.known_from != "conditions":
            return labels
        return labels.settled(at_us, max(self.delay_s or 0, about.delay_s))


def part(labels: AbuseLabels, start: int, stop: int) -> AbuseLabels:
    """Return the labels of some places."""
    settled_us = labels.settled_us
    return replace(
        labels,
        value=labels.value[start:stop],
        known_at_us=labels.known_at_us[start:stop],
        settled_us=None if settled_us is None else settled_us[start:stop],
    )
