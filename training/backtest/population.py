"""The events of a period, as a result speaks of them; own events and orders alike."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from training.backtest.columns import Texts
from training.backtest.tally import Money
from training.backtest.truth import Truth

Int64s = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True)
class Population:
    """One element per event of the period, in the order of the data set.

    Parameters
    ----------
    local_s
        Seconds since 1970 by the clock on the wall of the zone asked for.
    texts_of
        Reads the keys of an entity; called once for each that is needed.
    """

    ids: pa.Array
    at_us: Int64s
    local_s: Int64s
    entities: tuple[str, ...]
    texts_of: Callable[[str], Texts]
    money: Money | None
    truth: Truth

    def __len__(self) -> int:
        """Return the number of events."""
        return len(self.at_us)

    def texts(self, entity: str) -> Texts:
        """Return the keys of an entity."""
        return self.texts_of(entity)

    def event_id(self, place: int) -> str:
        """Return the id of an event."""
        return str(self.ids[place].as_py())
