"""From windows to model inputs: means, ratios, deviations, shrunk label rates.

Window values are whole numbers as the log has them; every ratio is formed here. A rate is
``(positives + 10 * prior) / (labels + 10)``: with few labels it stays near the prior.
"""

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from risk_service.features.windows.tiles import EVER
from training.own_data.events import Floats
from training.own_data.inputs import declare as d
from training.own_data.inputs.history import MINOR, log_amount
from training.own_data.plan import SHRINK_LABELS, FeaturePlan, KeyPlan, PairPlan
from training.quotient import quotient

Read = Callable[[str], Floats]
Values = NDArray[np.float32] | Floats
# How far amounts of one key spread before anything is known of it, in logarithms; it counts
# as much as two events.
USUAL_SPREAD, SPREAD_EVENTS = 0.5, 2.0


class KeyInputs:
    """The inputs of one key.

    Parameters
    ----------
    read
        Returns a window feature by name, one value per row.
    amount
        Amount of each row, NaN where missing; None when there is none.
    name
        What the inputs are called by instead of the key's field.
    """

    def __init__(
        self,
        plan: FeaturePlan,
        key: KeyPlan,
        read: Read,
        amount: Floats | None,
        name: str | None = None,
    ) -> None:
        self._plan, self._key, self._read, self._amount = plan, key, read, amount
        self._name = name or key.field

    def windows(self) -> Iterator[tuple[str, Values]]:
        """Yield counts, times, distinct values, and how the amount compares with the usual."""
        key = self._key
        for window in (*key.windows, EVER.name):
            yield self._named(f"events_{window}"), self._value(d.EVENTS, "count", window)
        yield self._named("since"), self._value(d.EVENTS, "since", d.SINCE_WINDOW)
        if len(key.windows) > 1:
            short, long = key.windows[0], key.windows[-1]
            few, many = (self._value(d.EVENTS, "count", window) for window in (short, long))
            yield self._named(f"pace_{short}_{long}"), (few + 1) / (many + 1)
        for other in key.distinct:
            for window in d.distinct_windows(key):
                values = self._value(d.EVENTS, "distinct", window, other)
                yield self._named(f"distinct_{other}_{window}"), values
        if self._amount is not None:
            yield from self._amounts(self._amount)

    def rates(self) -> Iterator[tuple[str, Values]]:
        """Yield what the labels known say of the key."""
        for window in self._key.label_windows:
            known = self._value(d.KNOWN, "count", window)
            positive = self._value(d.POSITIVE, "count", window)
            yield self._named(f"known_{window}"), known
            yield self._named(f"positive_{window}"), positive
            yield self._named(f"rate_{window}"), shrunk(positive, known, self._plan.prior)
        yield self._named("since_positive"), self._value(d.POSITIVE, "since", d.SINCE_WINDOW)

    def numbers(self, name: str, scale: float, now: Floats) -> Iterator[tuple[str, Values]]:
        """Yield how a number differs from the key's last and mean one."""
        last = self._value(d.EVENTS, "last", d.LAST_WINDOW, f"n/{name}") / scale
        total = self._value(d.EVENTS, "sum", EVER.name, f"n/{name}") / scale
        count = self._value(d.EVENTS, "sum", EVER.name, f"has/{name}")
        yield self._named(f"{name}_less_last"), now - last
        yield self._named(f"{name}_less_mean"), now - quotient(total, count)

    def _amounts(self, amount: Floats) -> Iterator[tuple[str, Values]]:
        key = self._key
        for window in d.spread_windows(key):
            count = self._value(d.PRICED, "count", window)
            logs = self._value(d.PRICED, "sum", window, d.LOG) / d.LOG_SCALE
            squares = self._value(d.PRICED, "sum", window, d.LOG_SQUARED) / d.LOG_SCALE**2
            values = deviation(log_amount(amount), count, logs, squares)
            yield self._named(f"amount_deviation_{window}"), values
        if not key.full:
            return
        for window in d.mean_windows(key):
            total = self._value(d.PRICED, "sum", window, d.AMOUNT) / MINOR
            mean = quotient(total, self._value(d.PRICED, "count", window))
            yield self._named(f"amount_sum_{window}"), total
            yield self._named(f"amount_mean_{window}"), mean
            yield self._named(f"amount_ratio_{window}"), quotient(amount, mean)
        last = self._value(d.PRICED, "last", d.LAST_WINDOW, d.AMOUNT) / MINOR
        yield self._named("amount_last"), last
        yield self._named("amount_ratio_last"), quotient(amount, last)

    def _named(self, what: str) -> str:
        return f"{self._name}__{what}"

    def _value(self, events: str, measure: str, window: str, of: str = "") -> Floats:
        return self._read(d.feature_name((self._key.field,), events, measure, window, of))


def pair_windows(pair: PairPlan, read: Read) -> Iterator[tuple[str, Values]]:
    """Yield how often and how lately two keys were seen together."""
    keys = (pair.first, pair.second)
    name = "_x_".join(keys)
    for window in (*pair.windows, EVER.name):
        yield f"{name}__events_{window}", read(d.feature_name(keys, d.EVENTS, "count", window, ""))
    since = d.feature_name(keys, d.EVENTS, "since", d.SINCE_WINDOW, "")
    yield f"{name}__since", read(since)
    together = read(d.feature_name(keys, d.EVENTS, "count", EVER.name, ""))
    alone = read(d.feature_name((pair.first,), d.EVENTS, "count", EVER.name, ""))
    yield f"{name}__share", together / (alone + 1)


def pair_rates(plan: FeaturePlan, pair: PairPlan, read: Read) -> Iterator[tuple[str, Values]]:
    """Yield what the labels known say of two keys together."""
    keys = (pair.first, pair.second)
    name = "_x_".join(keys)
    known = read(d.feature_name(keys, d.KNOWN, "count", EVER.name, ""))
    positive = read(d.feature_name(keys, d.POSITIVE, "count", EVER.name, ""))
    yield f"{name}__rate", shrunk(positive, known, plan.prior)
    since = d.feature_name(keys, d.POSITIVE, "since", d.SINCE_WINDOW, "")
    yield f"{name}__since_positive", read(since)


def shrunk(positive: Floats, known: Floats, prior: float) -> Floats:
    """Return the label rate, drawn to the prior as if ten labels more were known.

    A label that turned positive within a window may have become known before it.
    """
    return (positive + SHRINK_LABELS * prior) / (np.maximum(known, positive) + SHRINK_LABELS)


def deviation(now: Floats, count: Floats, total: Floats, squares: Floats) -> Floats:
    """Return how many standard deviations a value lies above the mean of earlier ones."""
    mean = quotient(total, count)
    spread = np.maximum(squares - count * mean * mean, 0.0) + SPREAD_EVENTS * USUAL_SPREAD**2
    return np.asarray((now - mean) / np.sqrt(spread / (count + SPREAD_EVENTS)))
