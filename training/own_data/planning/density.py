"""Which windows a key's history is worth: those in which its events really come again."""

import numpy as np
from numpy.typing import NDArray

from risk_service.features.windows.tiles import WINDOWS
from training.own_data.events import MISSING

Codes = NDArray[np.int32]
# What happens to fewer events than these is not looked for: a share of all, and a number.
LEAST_SHARE = 0.003
LEAST_EVENTS, FEWEST_EVENTS = 20, 5
# Of rare positives a part like this may be made of what hardly any other event shows.
PART_OF_POSITIVES = 0.25
# What tells less than such a part of the positives from the others may be left out.
PART_OF_EXCEPTIONS = 0.1


def least_events(rows: int, positive_share: float) -> int:
    """Return how many events something must happen to before it is worth an input.

    Honest keys may hardly ever come again, so that those that do are the positives: the rarer
    these are, the less is enough. Of few positives in all, 20 events may be every one.
    """
    part = round(PART_OF_POSITIVES * positive_share * rows)
    return max(FEWEST_EVENTS, min(LEAST_EVENTS, part), min(round(LEAST_SHARE * rows), part))


def most_exceptions(rows: int, positive_share: float) -> float:
    """Return how many events may break a rule between two fields that is said to hold.

    They may be the positives themselves: an account on a device that is not its own.
    """
    return min(
        PART_OF_EXCEPTIONS * positive_share * rows, float(least_events(rows, positive_share))
    )


def windows_of(codes: Codes, at_us: NDArray[np.int64], span_us: int, least: int) -> tuple[str, ...]:
    """Return the windows to count a key's events over, shortest first.

    A short one must now and then hold an earlier event; a long one always has its use, since
    it is what a burst is compared with.

    Parameters
    ----------
    codes, at_us
        Key and time of each event, in order of time.
    span_us
        How long the data lasts; a window that is longer is the same as "ever".
    least
        How many events must have an earlier one of the same key within the window.
    """
    return windows_within(gaps_us(codes, at_us), span_us, least)


def windows_within(gaps: NDArray[np.int64], span_us: int, least: int) -> tuple[str, ...]:
    """Return the windows that hold at least so many of the times, which ascend."""
    if not len(gaps):
        return ()
    return tuple(
        window.name
        for window in WINDOWS
        if window.length_us < span_us and _happens(gaps, window.length_us, least)
    )


def _happens(gaps: NDArray[np.int64], length_us: int, least: int) -> bool:
    return int(np.searchsorted(gaps, length_us, side="right")) >= least


def gaps_us(codes: Codes, at_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the times between consecutive events of a key, ascending."""
    order = np.argsort(codes, kind="stable")
    order = order[np.searchsorted(codes[order], 0) :]
    same = codes[order][1:] == codes[order][:-1]
    gaps: NDArray[np.int64] = np.diff(at_us[order])[same]
    return np.sort(gaps)


def repeats(codes: Codes) -> int:
    """Return how many events have a key that has come before."""
    present = codes[codes != MISSING]
    return len(present) - different(present)


def different(codes: Codes) -> int:
    """Return how many different ones there are; none may be missing."""
    return int(np.count_nonzero(np.bincount(codes)))
