"""Which windows a key's history is worth: those in which its events really come again."""

import numpy as np
from numpy.typing import NDArray

from risk_service.features.windows.tiles import WINDOWS
from training.own_data.events import MISSING

Codes = NDArray[np.int32]
# Share of events that must have an earlier one of the same key within the window.
LEAST_SHARE = 0.003
LEAST_EVENTS = 20


def windows_of(codes: Codes, at_us: NDArray[np.int64], span_us: int) -> tuple[str, ...]:
    """Return the windows to count a key's events over, shortest first.

    A short one must now and then hold an earlier event; a long one always has its use, since
    it is what a burst is compared with.

    Parameters
    ----------
    codes, at_us
        Key and time of each event, in order of time.
    span_us
        How long the data lasts; a window that is longer is the same as "ever".
    """
    gaps = gaps_us(codes, at_us)
    if not len(gaps):
        return ()
    return tuple(
        window.name
        for window in WINDOWS
        if window.length_us < span_us and _happens(gaps, window.length_us, len(codes))
    )


def _happens(gaps: NDArray[np.int64], length_us: int, events: int) -> bool:
    inside = int(np.searchsorted(gaps, length_us, side="right"))
    return inside >= max(LEAST_EVENTS, LEAST_SHARE * events)


def gaps_us(codes: Codes, at_us: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return the times between consecutive events of a key, ascending."""
    order = np.argsort(codes, kind="stable")
    order = order[np.searchsorted(codes[order], 0) :]
    same = codes[order][1:] == codes[order][:-1]
    gaps: NDArray[np.int64] = np.diff(at_us[order])[same]
    return np.sort(gaps)


def repeats(codes: Codes) -> float:
    """Return the share of events whose key has come before."""
    present = codes[codes != MISSING]
    if not len(present):
        return 0.0
    return 1.0 - len(np.unique(present)) / len(present)
