"""What a key did before: how long ago it was last seen with each level of a category.

A password changed, then the bank account, then an offer: each alone is honest, the order of the
three within two days is not. Of few levels each has the time since it was last seen with the
key, the event itself left out, and the rarest ones are compared with each other. Limits:
categories of few levels; the levels are those that the plan knows.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from training.own_data.events import Coded, Floats, OwnEvents
from training.own_data.fields.columns import codes_of
from training.own_data.plan import FeaturePlan
from training.windows.compiled import compiled

Rows = NDArray[np.int64]
MOST_COMPARED = 4
LEVEL_LETTERS = 20
SECOND_US = 1_000_000


def steps(
    events: OwnEvents, fields: Mapping[str, Coded], plan: FeaturePlan, rows: Rows
) -> Iterator[tuple[str, Floats]]:
    """Yield (name, value of each row); NaN where the key had no such event before."""
    categories = {one.name: one for one in plan.categories}
    for step in plan.steps:
        key, category = fields[step.key], categories[step.category]
        level = codes_of(events.categories[step.category], category)
        level = np.where(level < len(category.levels), level, np.nan)
        since = since_levels(
            key.codes,
            np.nan_to_num(level, nan=-1).astype(np.int32),
            events.at_us,
            len(key.levels),
            len(category.levels),
        )
        names = [f"{step.category}_{level_name(*one)}" for one in enumerate(category.levels)]
        by_level = dict(zip(names, since[:, rows], strict=True))
        for name, values in by_level.items():
            yield f"{step.key}__since_{name}", values
        # Levels stand by their number, the most frequent first.
        for one, other in combinations(names[-MOST_COMPARED:], 2):
            yield f"{step.key}__{one}_less_{other}", by_level[one] - by_level[other]


def level_name(place: int, level: str) -> str:
    """Return a name of a level that a model's text can hold: its place, and what is plain of it."""
    plain = re.sub(r"[^A-Za-z0-9]+", "_", level).strip("_")
    return f"{place}_{plain[:LEVEL_LETTERS]}".rstrip("_")


@compiled
def since_levels(
    codes: NDArray[np.int32],
    level: NDArray[np.int32],
    at_us: NDArray[np.int64],
    keys: int,
    levels: int,
) -> Floats:
    """Return the seconds since the key of each event was seen with each level before."""
    lately = np.full((keys, levels), -1, np.int64)
    found = np.full((levels, codes.size), np.nan)
    for event in range(codes.size):
        key = codes[event]
        if key < 0:
            continue
        for one in range(levels):
            if lately[key, one] >= 0:
                found[one, event] = (at_us[event] - at_us[lately[key, one]]) / SECOND_US
        if level[event] >= 0:
            lately[key, level[event]] = event
    return found
