"""Reads one label of a mapping: positive, negative or unlabelled, and when it became known."""

from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.datasets.importing.cells import Cells, whole_numbers
from training.datasets.importing.faults import BatchFaults
from training.datasets.importing.numbers import Numbers
from training.datasets.importing.specs import (
    LabelSpec,
)
from training.datasets.importing.time_ends import ends_us
from training.datasets.importing.times import DAY_US, TimeColumn
from training.datasets.importing.where import meeting
from training.words import fault

UNLABELLED = -1
_MOST_VALUES = 200
_TRUTHS = {"true": ("true", "True", "TRUE"), "false": ("false", "False", "FALSE")}


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelCells:
    """One label of a batch: 1, 0 or ``UNLABELLED``, and microseconds when known."""

    value: NDArray[np.int8]
    known_us: NDArray[np.int64]


@dataclass(slots=True, kw_only=True)
class LabelColumn:
    """A label that the row itself tells: by the value of a column, or by conditions.

    ``latest_us`` is the latest time at which a label of the source became known. Of the positive
    rows that ``told`` when they became known ``late`` did so after ``delay``, a day allowed for,
    and ``longest_us`` is the longest time that one took.

    Parameters
    ----------
    numbers
        How the numbers that conditions compare are written.
    at
        The time of the event.
    known_at
        The column that tells when a label became known, if there is one.
    now_us
        When the import runs: nobody can know by now what a label will be.
    """

    name: str
    spec: LabelSpec
    numbers: Numbers
    at: TimeColumn
    known_at: TimeColumn | None
    now_us: int
    latest_us: int = np.iinfo(np.int64).min
    seen: Counter[str] = field(default_factory=Counter)
    told: int = 0
    late: int = 0
    longest_us: int = 0

    def read(self, cells: Cells, at_us: NDArray[np.int64], faults: BatchFaults) -> LabelCells:
        """Return the labels of a batch; a value without a meaning spoils its row."""
        value = self._met(cells, faults) if self.spec.when else self._told(cells, faults)
        return LabelCells(value=value, known_us=self._known(cells, at_us, value, faults))

    def _met(self, cells: Cells, faults: BatchFaults) -> NDArray[np.int8]:
        return meeting(self.spec.when, cells, self.numbers, faults).astype(np.int8)

    def _told(self, cells: Cells, faults: BatchFaults) -> NDArray[np.int8]:
        column = self.spec.column or ""
        text = whole_numbers(cells.text(column))
        self._remember(text)
        positive = _among(text, self.spec.positive)
        absent = ~np.asarray(text.is_valid().to_numpy(zero_copy_only=False))
        absent |= _among(text, self.spec.unlabelled)
        negative = ~positive & ~absent
        if self.spec.negative:
            known = _among(text, self.spec.negative)
            reason = fault("label_unsaid", label=self.name)
            faults.mark(negative & ~known, column, text, reason)
        return np.where(positive, 1, np.where(absent, UNLABELLED, 0)).astype(np.int8)

    def has_seen(self, value: str) -> bool:
        """Tell whether a value of the mapping stood in some cell."""
        return any(form in self.seen for form in _TRUTHS.get(value, (value,)))

    def _known(
        self,
        cells: Cells,
        at_us: NDArray[np.int64],
        value: NDArray[np.int8],
        faults: BatchFaults,
    ) -> NDArray[np.int64]:
        settled = at_us + (self.spec.delay or 0) * 1_000_000
        if self.known_at is None:
            return settled
        labelled = value != UNLABELLED
        known_us, told = self.known_at.read(cells, faults, labelled)
        text = self.known_at.text(cells)
        if self.spec.delay is None:
            reason = fault("label_no_time", label=self.name)
            faults.mark(labelled & ~told, self.known_at.name, None, reason)
        # Who writes a day alone means some time of it: at its end at the latest it was known.
        end_us = ends_us(self.known_at, cells, known_us)
        early = labelled & told & (end_us < at_us)
        if early.any():
            at, known = self.at.day_for_month(cells), self.known_at.day_for_month(cells)
            reason = fault("label_early", label=self.name, at=at, known=known)
            faults.mark(early, self.known_at.name, text, reason)
        # Events of a made-up future are told by a note; their labels follow them.
        unborn = labelled & told & (known_us > self.now_us) & (at_us <= self.now_us)
        reason = fault("label_future", label=self.name)
        faults.mark(unborn, self.known_at.name, text, reason)
        # A slip of the pen in a year would end the source there, and settle all that is open.
        sound = labelled & told & ~unborn
        self.latest_us = max(self.latest_us, int(known_us[sound].max(initial=self.latest_us)))
        self._count_late(sound & (value == 1), end_us - at_us)
        return np.where(told, end_us, settled)

    def _count_late(self, positive: NDArray[np.bool_], took_us: NDArray[np.int64]) -> None:
        """Remember how many positives took longer than what makes the others negative."""
        if self.spec.delay is None:
            return
        late = positive & (took_us > self.spec.delay * 1_000_000 + DAY_US)
        self.told += int(positive.sum())
        self.late += int(late.sum())
        self.longest_us = max(self.longest_us, int(took_us[late].max(initial=0)))

    def _remember(self, text: pa.Array) -> None:
        for pair in pc.value_counts(text):
            value = pair["values"].as_py()
            if value is not None and (value in self.seen or len(self.seen) < _MOST_VALUES):
                self.seen[value] += pair["counts"].as_py()


def _among(text: pa.Array, values: tuple[str, ...]) -> NDArray[np.bool_]:
    spelt = [form for value in values for form in _TRUTHS.get(value, (value,))]
    if not spelt:
        return np.zeros(len(text), np.bool_)
    return np.asarray(
        pc.is_in(text, value_set=pa.array(spelt, pa.string())).to_numpy(zero_copy_only=False)
    )
