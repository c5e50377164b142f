"""Tells when nearly all events happened, so that a few stray times do not stretch the data.

A clock that was wrong or a year that was mistyped puts an event years away. Seven tenths of the
days are then days without events, and whatever has not happened to the others seems to have had all
the time for it. Limits: no event is changed or left out; in small sets nothing is stray.
"""

from collections import Counter
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from risk_service.domain.text import LocalizedText
from training.datasets.importing.times import DAY_US
from training.datasets.own_events import EVENTS
from training.words import fault

# Of a thousand events one at either end may be stray.
_STRAY_PART = 1_000
# They are when more than half of the time is theirs.
_OF_THE_REST = 2
# What lies this near the rest belongs to it, as a part of its length.
_NEAR = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class MainSpan:
    """First and last time of the events but stray ones, and how many of these there are."""

    first_us: int
    last_us: int
    before: int = 0
    after: int = 0

    @property
    def notes(self) -> tuple[LocalizedText, ...]:
        """What a reader of the import should know of stray times."""
        if not self.before + self.after:
            return ()
        days = [datetime.fromtimestamp(us / 1e6, UTC) for us in (self.first_us, self.last_us)]
        first, last = (f"{day:%Y-%m-%d}" for day in days)
        told = {"before": self.before, "after": self.after, "first": first, "last": last}
        return (fault("note_stray", **told),)


def main_span(directory: Path) -> MainSpan | None:
    """Return when the events of a written data set happened; None where there are none."""
    column = pq.read_table(directory / EVENTS, columns=["event_at"]).column("event_at")
    at_us = column.to_numpy().astype("datetime64[us]").astype(np.int64)
    if not len(at_us):
        return None
    whole = MainSpan(first_us=int(at_us[0]), last_us=int(at_us[-1]))
    end = len(at_us) // _STRAY_PART
    first, last = int(at_us[end]), int(at_us[-1 - end])
    if not end or whole.last_us - whole.first_us < _OF_THE_REST * (last - first):
        return whole
    near = (last - first) // _NEAR
    before, kept = np.searchsorted(at_us, (first - near, last + near + 1)).tolist()
    return MainSpan(
        first_us=int(at_us[before]),
        last_us=int(at_us[kept - 1]),
        before=before,
        after=len(at_us) - kept,
    )


@dataclass(slots=True)
class Days:
    """How many rows of a source lie on each day, and the last time of each day."""

    counts: Counter[int] = field(default_factory=Counter)
    last_us: dict[int, int] = field(default_factory=dict)

    def add(self, at_us: NDArray[np.int64]) -> None:
        """Count the times of a batch."""
        ordered = np.sort(at_us)
        days, begins, counts = np.unique(ordered // DAY_US, return_index=True, return_counts=True)
        lasts = ordered[begins + counts - 1]
        for day, count, last in zip(days.tolist(), counts.tolist(), lasts.tolist(), strict=True):
            self.counts[day] += count
            self.last_us[day] = max(last, self.last_us.get(day, last))

    @property
    def end_us(self) -> int:
        """Return until when the source tells of what happened: its last time that is not stray.

        Stray are the last thousandth of the rows where they lie beyond the rest by more than a
        tenth of its length.
        """
        days = sorted(self.counts)
        rows = np.array([self.counts[day] for day in days])
        end = int(rows.sum()) // _STRAY_PART
        if not end:
            return max(self.last_us.values(), default=np.iinfo(np.int64).min)
        first = days[int(np.searchsorted(rows.cumsum(), end, side="right"))]
        last = days[-1 - int(np.searchsorted(rows[::-1].cumsum(), end, side="right"))]
        near = last + max((last - first) // _NEAR, 1)
        return self.last_us[max(day for day in days if day <= near)]
