"""Slices by time, with a gap of the label's maturity after each.

    start | warm-up | train | gap | stop | gap | calibrate | gap | test | gap | end

The model fitted on one slice is first used when the next begins. A label may serve a
slice only if it was known by then, so the orders of one maturity before that moment
cannot be used by anybody: that is the gap. Random splits would show the model its own
future. The warm-up has no rows because its orders have no history yet.

What train and stop taught to choose is then learned once more from everything before the gap
of calibrate, the gap between train and stop included: its labels have matured meanwhile.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Abuse
from training.labels import DAY_US, AbuseLabels
from training.words import fault


class SliceName(StrEnum):
    """The four slices, in order of time, what is learned from in the end, and what came later."""

    TRAIN = "train"
    STOP = "stop"
    CALIBRATE = "calibrate"
    TEST = "test"
    LEARN = "learn"
    LATER = "later"


# Test gets nearly a third: the recall at 0.5 % false positives rests on few orders.
SHARES = {
    SliceName.TRAIN: 0.45,
    SliceName.STOP: 0.10,
    SliceName.CALIBRATE: 0.15,
    SliceName.TEST: 0.30,
}
# Whole weeks where rates are read off, so that weekends are in.
MINIMUM_DAYS = {
    SliceName.TRAIN: 14,
    SliceName.STOP: 4,
    SliceName.CALIBRATE: 7,
    SliceName.TEST: 7,
}
MINIMUM_WARMUP_DAYS = 7
MAXIMUM_WARMUP_DAYS = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class TimeSlice:
    """Orders of [start, end), with labels as they were known at ``cutoff``."""

    name: SliceName
    start_us: int
    end_us: int
    cutoff_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class SlicePlan:
    """The slices of one abuse; ``learned`` is train, stop and what lies between them."""

    abuse: Abuse
    maturity_days: int
    start_us: int
    end_us: int
    slices: tuple[TimeSlice, ...]

    def __getitem__(self, name: SliceName) -> TimeSlice:
        """Return the slice of that name."""
        return next(part for part in self.slices if part.name is name)

    @property
    def learned(self) -> TimeSlice:
        """Return train, stop and what lies between them, as known when calibrate begins."""
        stop = self[SliceName.STOP]
        return TimeSlice(
            name=SliceName.LEARN,
            start_us=self[SliceName.TRAIN].start_us,
            end_us=stop.end_us,
            cutoff_us=stop.cutoff_us,
        )


def warmup_days(days: int) -> int:
    """Return the days at the start that only fill the history: a tenth, 7 to 30."""
    return min(MAXIMUM_WARMUP_DAYS, max(MINIMUM_WARMUP_DAYS, days // 10))


def days_needed(maturity_days: int) -> int:
    """Return the shortest data set, in days, that can be sliced for this maturity."""
    fixed = 4 * maturity_days + sum(MINIMUM_DAYS.values())
    return next(days for days in range(fixed, 2 * fixed + 60) if days - warmup_days(days) >= fixed)


def plan_slices(abuse: Abuse, maturity_days: int, start_us: int, end_us: int) -> SlicePlan:
    """Lay the four slices and their gaps over [start, end).

    Raises
    ------
    ConfigFault
        The data set is too short for this abuse; says how many days it needs.
    """
    first = -(-start_us // DAY_US) * DAY_US
    days = int((end_us - first) // DAY_US)
    if days < days_needed(maturity_days):
        told = {"abuse": abuse, "maturity": maturity_days, "needed": days_needed(maturity_days)}
        raise ConfigFault(fault("short_data_set", days=max(days, 0), **told))
    at = first + warmup_days(days) * DAY_US
    gap_us = maturity_days * DAY_US
    slices = []
    for name, length in _lengths(days - warmup_days(days) - 4 * maturity_days).items():
        stop = at + length * DAY_US
        cutoff = end_us if name is SliceName.TEST else stop + gap_us
        slices.append(TimeSlice(name=name, start_us=at, end_us=stop, cutoff_us=cutoff))
        at = stop + gap_us
    return SlicePlan(
        abuse=abuse,
        maturity_days=maturity_days,
        start_us=start_us,
        end_us=end_us,
        slices=tuple(slices),
    )


def _lengths(days: int) -> dict[SliceName, int]:
    """Share out the days; what the minimum of the short slices takes, train gives."""
    lengths = {name: max(MINIMUM_DAYS[name], int(days * share)) for name, share in SHARES.items()}
    lengths[SliceName.TRAIN] += days - sum(lengths.values())
    short = MINIMUM_DAYS[SliceName.TRAIN] - lengths[SliceName.TRAIN]
    if short > 0:
        lengths[SliceName.TRAIN] += short
        lengths[SliceName.TEST] -= short
    return lengths


def members(
    plan: SlicePlan, ordered_at_us: NDArray[np.int64], labels: AbuseLabels
) -> dict[SliceName, NDArray[np.int64]]:
    """Return the row numbers of each slice: in its time, with a label usable as of then.

    Those of ``LEARN`` hold all of train and stop again.

    Raises
    ------
    ConfigFault
        A slice has no orders, no abuse, or nothing but abuse; names abuse and slice.
    """
    rows = {}
    for part in (*plan.slices, plan.learned):
        inside = (ordered_at_us >= part.start_us) & (ordered_at_us < part.end_us)
        rows[part.name] = np.flatnonzero(inside & labels.usable(ordered_at_us, part.cutoff_us))
        refuse_one_class(plan.abuse, part.name, labels.value[rows[part.name]])
    return rows


def refuse_one_class(abuse: Abuse, name: SliceName, value: NDArray[np.int8]) -> None:
    """Refuse labels (-1, 0, 1) of which nothing can be learned or measured.

    Raises
    ------
    ConfigFault
        There are none, or all are alike; names abuse and slice.
    """
    positives = int(value.sum())
    if not len(value):
        raise ConfigFault(fault("slice_no_labels", abuse=abuse, slice=name))
    if positives == 0:
        told = fault("slice_no_abuse", abuse=abuse, count=len(value), slice=name)
        raise ConfigFault(told)
    if positives == len(value):
        told = fault("slice_all_abuse", abuse=abuse, count=positives, slice=name)
        raise ConfigFault(told)
