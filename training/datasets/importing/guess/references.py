"""Tells whether rows refer to the ids of other rows: who invited, which order was paid back.

Then the id of an event names somebody or something as well, and what is known of it by its own
row tells of the rows that refer to it. Limits: ids that are counted up one by one are told from
other counted numbers (clients 1 to 3,000, orders 1 to 9,000) where rows stand in order of time, the
newest first or last.
"""

from collections.abc import Iterable

import numpy as np
import pyarrow.compute as pc

from training.datasets.importing.guess.look import Look
from training.datasets.references import (
    LEAST_REFERENCES,
    TIMES_CHANCE,
    refers_back,
    shared_by_chance,
)


def referring(look: Look, looks: Iterable[Look]) -> Look | None:
    """Return a column whose values are ids of other rows, the ids being those of ``look``."""
    if not look.is_unique:
        return None
    others = (c for c in looks if c is not look and not c.is_unique)
    return next((other for other in others if _refers(other, look)), None)


def _refers(other: Look, look: Look) -> bool:
    common = pc.is_in(other.values, value_set=look.values)
    shared = int(pc.sum(common).as_py() or 0)
    if shared < LEAST_REFERENCES:
        return False
    # Ids stand in the order of their rows, so a place among them is a row.
    rows = pc.fill_null(pc.index_in(other.values, value_set=look.values), -1)
    told = np.append(rows.to_numpy(zero_copy_only=False), -1)[other.codes]
    elsewhere = (told >= 0) & (told != np.arange(len(told)))
    if int(elsewhere.sum()) < LEAST_REFERENCES:
        return False
    if shared >= TIMES_CHANCE * shared_by_chance(other.values, look.values):
        return True
    turned = np.where(told >= 0, len(told) - 1 - told, -1)[::-1]
    return refers_back(told) or refers_back(turned)
