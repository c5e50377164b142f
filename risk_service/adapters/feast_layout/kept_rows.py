"""Rows of one view in memory, those used lately, as packed doubles.

The TTL is checked here with the clock of the decision, because Feast ignores it online: a row
counts while ``now - ttl <= event time <= now``, as in the offline join.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from risk_service.adapters.feast_layout.encoding import DOUBLE
from risk_service.adapters.feast_layout.manifest import ServedView

SECOND_US = 1_000_000
# About 250 MiB when full: seven views, some twenty packed floats and two strings per row.
CACHED_ROWS = 100_000
MISSING = DOUBLE.pack(float("nan"))
# An event time that no TTL reaches.
NEVER_US = -(1 << 63)

# Event time in microseconds and the view's values as little-endian doubles.
Row = tuple[int, bytes]


class KeptRows:
    """Rows by key of their entity.

    Two halves: when that of the rows used lately is full, it becomes the older one, and what was
    in that and not used since is gone. A use costs one look-up, where an order of last use would
    cost a change. One group may go beyond a half.

    Attributes
    ----------
    absent
        The row of an entity that the store does not have.
    """

    def __init__(self, view: ServedView, cached_rows: int) -> None:
        self._ttl_us = view.ttl_s * SECOND_US
        self._missing = MISSING * len(view.features)
        self._cached_rows = cached_rows
        self.absent: Row = (NEVER_US, self._missing)
        self.forget()

    def forget(self) -> None:
        """Let all rows go."""
        # Read for a missing entity too, which has no key.
        self._recent: dict[str, Row] = {"": self.absent}
        self._older: dict[str, Row] = {}

    def rows(self, keys: Sequence[str], now_us: int) -> list[bytes]:
        """Return the packed values of each key, NaN for what is unknown or expired.

        Raises
        ------
        KeyError
            A row is not in memory: see ``lacking``.
        """
        missing, oldest_us, recent = self._missing, now_us - self._ttl_us, self._recent
        rows = [recent[key] for key in keys]
        return [values if oldest_us <= at_us <= now_us else missing for at_us, values in rows]

    def lacking(self, keys: Sequence[str]) -> list[str]:
        """Return the keys whose rows must be read; those there become ones used lately."""
        if len(self._recent) > self._cached_rows // 2:
            older = self._recent
            self.forget()
            self._older = older
        recent, older = self._recent, self._older
        found = []
        for key in dict.fromkeys(keys):
            if key not in recent:
                if (row := older.get(key)) is None:
                    found.append(key)
                else:
                    recent[key] = row
        return found

    def keep(self, rows: Mapping[str, Row]) -> None:
        """Take rows that were read."""
        self._recent.update(rows)


def side_by_side(columns: Sequence[Sequence[bytes]], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return packed rows of views, one list per view, as one matrix with a row per order."""
    packed = bytearray().join([row for order in zip(*columns, strict=True) for row in order])
    return np.frombuffer(packed, "<f8").reshape(shape)
