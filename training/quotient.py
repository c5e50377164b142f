"""Division of arrays that knows what nothing divided by nothing is: not known."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def quotient(above: Floats, below: Floats) -> Floats:
    """Return above divided by below, NaN where that is 0."""
    found = np.full(len(above), np.nan)
    np.divide(above, below, out=found, where=below != 0)
    return found
