"""The frame: all orders of a data set with the model inputs they had when they were placed."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
ABSENT = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """One element or row per order, sorted by time.

    ``account``, ``device`` and ``payment`` number the tokens of the data set (-1: none);
    ``value_minor`` is what the customer pays. ``matrix`` has shape (orders, features).
    """

    order_id: NDArray[np.object_]
    ordered_at_us: NDArray[np.int64]
    account: NDArray[np.int64]
    device: NDArray[np.int64]
    payment: NDArray[np.int64]
    value_minor: Floats
    matrix: Floats
    features: tuple[str, ...]

    def columns(self, names: tuple[str, ...]) -> NDArray[np.int64]:
        """Return the places of these features in the matrix."""
        place = {name: at for at, name in enumerate(self.features)}
        return np.array([place[name] for name in names], dtype=np.int64)

    def unseen(self, rows: NDArray[np.int64], learned: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Tell which rows share no account, device or payment instrument with those learned."""
        new = np.ones(len(rows), dtype=np.bool_)
        for token in (self.account, self.device, self.payment):
            known = np.unique(token[learned])
            new &= ~np.isin(token[rows], known[known != ABSENT])
        return new
