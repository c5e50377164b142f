"""Numbers that are ages: they tell since when somebody is known, and so who it is.

A column such as "days since the first order" grows as time does. The time of an event less its
age is the same at every event of one client, so a key that many clients share (the first digits
of a card, an address) parts into its clients. Which numbers are ages is read off pairs of events of
a key: they tell the same beginning far more often than events of other keys do.
Labels play no part in it. Limits: at most ``SAMPLE_PAIRS`` pairs of a key are looked at, among the
last ``SAMPLE_ROWS`` events; an age in days that is counted from another midnight than UTC's parts
a client in two.
"""

from collections.abc import Mapping

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from training.own_data.events import MISSING, Coded, Floats
from training.own_data.plan import AgePlan

Codes = NDArray[np.int32]
Stamps = NDArray[np.int64]
Pairs = tuple[NDArray[np.int64], NDArray[np.int64]]
SAMPLE_ROWS, SAMPLE_PAIRS = 200_000, 20_000
UNITS_US = (86_400_000_000, 3_600_000_000, 1_000_000)
# Of pairs of events of a key so many must share their beginning, and so many times as many as
# of pairs of other keys, or when one pair's growth is put to another pair.
LEAST_PAIRS, LEAST_SHARE, TIMES_CHANCE = 20, 0.02, 5.0
MOST_AGES = 2
# What floating point may take from a beginning that is a whole number.
ROUNDING = 1e-6
# Whole numbers beyond are no longer told apart.
FARTHEST = 2.0**53


def ages(
    numbers: Mapping[str, Floats], keys: Mapping[str, Codes], at_us: Stamps
) -> tuple[AgePlan, ...]:
    """Return the ages, the surest first, each with the key that it parts best."""
    if not numbers:
        return ()
    at_us = at_us[-SAMPLE_ROWS:]
    pairs = {name: _pairs_of(codes[-SAMPLE_ROWS:]) for name, codes in keys.items()}
    found: list[tuple[float, AgePlan]] = []
    for number, values in numbers.items():
        of = [
            (share, AgePlan(key=key, number=number, unit_us=unit))
            for key, pair in pairs.items()
            for unit in UNITS_US
            if (share := _share(pair, at_us, values[-SAMPLE_ROWS:], unit))
        ]
        found += [max(of, key=lambda one: one[0])] if of else []
    ranked = sorted(found, key=lambda one: -one[0])
    return tuple(age for _, age in ranked[:MOST_AGES])


def parted(key: Coded, at_us: Stamps, values: Floats, unit_us: int) -> Coded:
    """Return the key parted by when each of those who share it began."""
    began = _began(at_us, values, unit_us)
    there = (key.codes != MISSING) & (np.abs(began) < FARTHEST)
    starts, start = np.unique(began[there].astype(np.int64), return_inverse=True)
    both = key.codes[there].astype(np.int64) * len(starts) + start
    different, place = np.unique(both, return_inverse=True)
    codes = np.full(len(key.codes), MISSING, np.int32)
    codes[there] = place
    of, start = np.divmod(different, max(len(starts), 1))
    names = key.levels.take(pa.array(of, pa.int64())).to_pylist()
    texts = [f"{name} since {one}" for name, one in zip(names, starts[start], strict=True)]
    return Coded(codes=codes, levels=pa.array(texts, pa.string()))


def _began(at_us: Stamps, values: Floats, unit_us: int) -> Floats:
    return np.floor(at_us / unit_us - values + ROUNDING)


def _pairs_of(codes: Codes) -> Pairs:
    """Return pairs of events of one key, drawn at random: neighbours in time are alike anyway.

    Rare keys go first: of one that thousands share hardly any two events are one client's.
    """
    rng = np.random.default_rng(0)
    drawn = rng.permutation(len(codes))
    order = drawn[np.argsort(codes[drawn], kind="stable")]
    same = np.flatnonzero((np.diff(codes[order]) == 0) & (codes[order][1:] != MISSING))
    same = rng.permutation(same)
    events = np.bincount(codes + 1)[codes[order[same]] + 1]
    at = np.sort(same[np.argsort(events, kind="stable")[:SAMPLE_PAIRS]])
    return order[at], order[at + 1]


def _share(pair: Pairs, at_us: Stamps, values: Floats, unit_us: int) -> float:
    """Return how many of the pairs tell the same beginning; 0 if the number is no age."""
    one, other = pair
    # A number that stays as it is would be an age to events of the same hour.
    apart = np.abs(at_us[one] - at_us[other]) >= unit_us
    apart &= np.isfinite(values[one]) & np.isfinite(values[other])
    one, other = one[apart], other[apart]
    if len(one) < LEAST_PAIRS:
        return 0.0
    began, ended = (_began(at_us[of], values[of], unit_us) for of in (one, other))
    same = int(np.sum(began == ended))
    # Events of other keys: the days of a month begin alike for all. Then other growth: what
    # hardly grows is as old as it was a day ago now and then.
    far = len(one) // 2
    grown = values[one] + np.roll(values[other] - values[one], far)
    alike = int(np.sum(began == np.roll(ended, far)))
    chance = max(alike, int(np.sum(began == _began(at_us[other], grown, unit_us))))
    share = same / len(one)
    enough = same >= max(LEAST_PAIRS, TIMES_CHANCE * chance) and share >= LEAST_SHARE
    return share if enough else 0.0
