"""Labels of own events, aligned to the events; for histories and for the count at the end."""

from dataclasses import dataclass, field, replace

from training.backtest.columns import EventColumns
from training.datasets.own_events import LABELS
from training.labels import AbuseLabels, LabelTable, align_labels

DAY_S = 86_400


@dataclass(kw_only=False)
class LabelReader:
    """Reads each label once."""

    columns: EventColumns
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
            self._read[name] = align_labels(source, source.read(), columns.ids, name, delay_d)
        return self._read[name]

    def part(self, name: str, start: int, stop: int) -> AbuseLabels:
        """Return a label of the events of some places."""
        whole = self.read(name)
        return replace(
            whole, value=whole.value[start:stop], known_at_us=whole.known_at_us[start:stop]
        )
