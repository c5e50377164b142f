"""What an evaluation looks at: the orders of one abuse's test slice and their scores."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FULL = "full"
ORDER_ONLY = "order_only"
LOGISTIC = "logistic"
RULES = "rules"
# In the order in which every table and plot lists them.
MODELS = (FULL, ORDER_ONLY, LOGISTIC, RULES)


@dataclass(frozen=True, slots=True, kw_only=True)
class TestSlice:
    """Matured, labelled orders of one abuse's test slice, one element per order.

    A shop's own events are measured with the same class, under the name of their label.

    ``unseen`` marks orders whose account, device and payment instrument all had no order
    that the model learned from; ``rows`` are their places in the whole frame.
    """

    __test__ = False  # not a test case, whatever its name suggests to pytest

    abuse: str
    rows: NDArray[np.int64]
    label: NDArray[np.int8]
    ordered_at_us: NDArray[np.int64]
    account: NDArray[np.int64]
    value_minor: Floats
    unseen: NDArray[np.bool_]
    matrix: Floats
    features: tuple[str, ...]

    def column(self, feature: str) -> Floats:
        """Return one model input, shape (n,)."""
        return self.matrix[:, self.features.index(feature)]

    @property
    def clusters(self) -> NDArray[np.int64]:
        """Accounts numbered from 0 within the slice."""
        return np.unique(self.account, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelScores:
    """What one model says of the slice; baselines have a raw score only."""

    raw: Floats
    probability: Floats | None = None
    score: NDArray[np.int64] | None = None
    thresholds: Mapping[str, float] | None = None
