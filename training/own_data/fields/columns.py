"""What an event tells by itself: amount, numbers, categories, shapes of texts, hour, weekday."""

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.own_data.events import Coded, Floats, OwnEvents
from training.own_data.fields.derive import traits
from training.own_data.fields.differences import FEW_NUMBERS
from training.own_data.fields.keys import texts_of
from training.own_data.fields.sums import ROUNDED
from training.own_data.plan import CategoryPlan, FeaturePlan
from training.quotient import quotient

Rows = NDArray[np.int64]
Values = NDArray[np.float32] | Floats
HOUR_US, DAY_US = 3_600_000_000, 86_400_000_000
# 1 January 1970 was a Thursday; Monday is 0.
FIRST_WEEKDAY = 3


def own_columns(events: OwnEvents, plan: FeaturePlan, rows: Rows) -> Iterator[tuple[str, Values]]:
    """Yield (name, value of each row); NaN where missing."""
    at_us = events.at_us[rows]
    yield "hour", (at_us % DAY_US) / HOUR_US
    yield "weekday", ((at_us // DAY_US + FIRST_WEEKDAY) % 7).astype(np.float32)
    if events.amount is not None and plan.has_amount:
        amount = events.amount[rows]
        yield "amount", amount
        yield "amount_fraction", np.round(np.abs(amount) % 1, 4)
    for name, number in events.numbers.items():
        yield name, number[rows]
    yield from _compared(measures(events), plan, rows)
    yield from _left_over(measures(events), plan, rows)
    for category in plan.categories:
        if category.coded and len(category.levels) > 1:
            codes = codes_of(events.categories[category.name], category)
            yield category_column(category), codes[rows]
    for field, coded in texts_of(events).items():
        for name, values in traits(coded, plan.texts[field]):
            yield f"{field}.{name}", values[rows]
    if plan.missing is not False:
        yield "missing_values", missing_values(events, rows)


def category_column(category: CategoryPlan) -> str:
    """Return the name of a category's code among the inputs."""
    return f"cat/{category.name}"


def codes_of(coded: Coded, category: CategoryPlan) -> NDArray[np.float32]:
    """Return the learned code of each event: the last one for rare and unseen levels."""
    found = pc.index_in(coded.levels, value_set=pa.array(category.levels, pa.string()))
    level = found.fill_null(len(category.levels)).to_numpy(zero_copy_only=False)
    return np.append(level.astype(np.float32), np.float32(np.nan))[coded.codes]


def measures(events: OwnEvents) -> dict[str, Floats]:
    """Return all that is measured: the amount and the numbers."""
    amount = {} if events.amount is None else {"amount": events.amount}
    return amount | dict(events.numbers)


def _compared(
    measured: Mapping[str, Floats], plan: FeaturePlan, rows: Rows
) -> Iterator[tuple[str, Values]]:
    """Yield what trees cannot form: of few numbers all quotients, and differences."""
    few = len(measured) <= FEW_NUMBERS
    if few:
        pairs = list(combinations(measured, 2))
    else:
        pairs = [(one.first, one.second) for one in plan.differences]
    for first, second in pairs:
        a, b = measured[first][rows], measured[second][rows]
        if few:
            yield f"{first}_per_{second}", quotient(a, b)
        yield f"{first}_less_{second}", a - b


def _left_over(
    measured: Mapping[str, Floats], plan: FeaturePlan, rows: Rows
) -> Iterator[tuple[str, Values]]:
    """Yield what is left over where two numbers mostly add up to a third one."""
    for one in plan.sums:
        first, second, whole = (measured[name][rows] for name in (one.first, one.second, one.whole))
        left = first + second - whole
        # A sum of decimals is seldom quite what it should be.
        left[np.abs(left) <= ROUNDED * np.abs(whole)] = 0.0
        name = f"{one.first}_plus_{one.second}_less_{one.whole}"
        yield name, left
        if one.shares:
            yield f"{name}_per_{one.first}", quotient(left, first)
            yield f"{name}_per_{one.second}", quotient(left, second)


def missing_values(events: OwnEvents, rows: Rows) -> NDArray[np.float32]:
    """Return how many values each event lacks."""
    count = np.zeros(len(rows), np.float32)
    for coded in texts_of(events).values():
        count += coded.codes[rows] < 0
    for values in events.numbers.values():
        count += np.isnan(values[rows])
    if events.amount is not None:
        count += np.isnan(events.amount[rows])
    return count
