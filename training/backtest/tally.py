"""Counts of a backtest: how flagged events split, how good the rule is, day by day."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.backtest.truth import State, Truth

Json = dict[str, Any]
Flags = NDArray[np.bool_]
Floats = NDArray[np.float64]
Int64s = NDArray[np.int64]
# Two-sided, 95 %.
Z = 1.959963984540054
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Money:
    """Amounts of events in minor units, NaN where missing; ``exponent`` tells their decimals."""

    minor: Floats
    currency: str
    exponent: int

    def of(self, chosen: Flags) -> Json:
        """Return the sum over some events, in both units, and how many have no amount."""
        minor = self.minor[chosen]
        total = whole_sum(minor)
        return {
            "amount": total / 10**self.exponent,
            "amount_minor": total,
            "without_amount": int(np.isnan(minor).sum()),
        }


def whole_sum(minor: Floats) -> int:
    """Return the sum of whole numbers of at most 10^12, exact however many; NaN is left out."""
    whole = minor[np.isfinite(minor)].astype(np.int64)
    return sum(int(some.sum()) for some in np.array_split(whole, 1 + len(whole) // 1_000_000))


def split(chosen: Flags, truth: Truth, money: Money | None) -> Json:
    """Return how some events split into abuse, refunded, honest and unknown."""
    events = int(chosen.sum())
    found: Json = {}
    for state in State:
        mine = chosen & (truth.state == state)
        count = int(mine.sum())
        found[state.word] = {
            "events": count,
            "share": count / events if events else None,
            **(money.of(mine) if money is not None else {}),
        }
    return found


def measures(flagged: Flags, truth: Truth) -> Json:
    """Return precision, recall and false positive rate against each label, with intervals."""
    return {
        what: {"label": name, **_measured(flagged, values)}
        for what, (name, values) in truth.labels.items()
    }


def share(part: int, whole: int) -> Json | None:
    """Return a share with its Wilson interval of 95 %; None when there is nothing to share.

    Source: E. B. Wilson, Probable inference, the law of succession, and statistical
    inference, J. Am. Stat. Assoc. 22 (1927).
    """
    if whole == 0:
        return None
    value = part / whole
    centre = value + Z * Z / (2 * whole)
    spread = Z * sqrt(value * (1 - value) / whole + Z * Z / (4 * whole * whole))
    scale = 1 + Z * Z / whole
    low = 0.0 if part == 0 else (centre - spread) / scale
    high = 1.0 if part == whole else (centre + spread) / scale
    return {"value": value, "low": low, "high": high, "of": whole}


def days(local_s: Int64s, flagged: Flags, truth: Truth, money: Money | None) -> Iterator[Json]:
    """Yield the counts of each day that has events, by the clock on the wall."""
    day = local_s // 86_400
    # Events stand in order of time, but a clock set back may repeat an hour around midnight.
    order = np.argsort(day, kind="stable")
    for rows in np.split(order, 1 + np.flatnonzero(np.diff(day[order]))):
        mine = flagged[rows]
        states = truth.state[rows][mine]
        one: Json = {
            "day": (_EPOCH + timedelta(days=int(day[rows[0]]))).date().isoformat(),
            "events": len(rows),
            "flagged": int(mine.sum()),
        }
        one |= {state.word: int((states == state).sum()) for state in State}
        if money is not None:
            minor = money.minor[rows][mine]
            total = whole_sum(minor)
            one |= {"amount": total / 10**money.exponent, "amount_minor": total}
        yield one


def _measured(flagged: Flags, values: NDArray[np.int8]) -> Json:
    positive, negative = values == 1, values == 0
    true_positives, false_positives = (
        int((flagged & positive).sum()),
        int((flagged & negative).sum()),
    )
    positives, negatives = int(positive.sum()), int(negative.sum())
    return {
        "positives": positives,
        "negatives": negatives,
        "not_known": len(values) - positives - negatives,
        "true_positives": true_positives,
        "false_positives": false_positives,
        "false_negatives": positives - true_positives,
        "true_negatives": negatives - false_positives,
        "precision": share(true_positives, true_positives + false_positives),
        "recall": share(true_positives, positives),
        "false_positive_rate": share(false_positives, negatives),
        "base_rate": share(positives, positives + negatives),
    }
