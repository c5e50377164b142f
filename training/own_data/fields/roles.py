"""Entities in two roles: the account that pays and the one that is paid are both accounts.

What an account received within the hour is told by its events as the one that is paid, and is
asked for when it pays. So the windows of the one field are read with the values of the other.
That two fields name the same things is read off their texts: those of the one come again in the
other, more often than whole numbers would by chance (clients 1 to 9,000 and shops 1 to 300 share
300 texts and nothing else), or though they count from one never meet themselves, as nobody pays
themselves, or refer to the ids of earlier events alone, as to who invited. Labels play no part.
"""

from collections.abc import Iterable, Mapping
from itertools import combinations, permutations

import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.datasets.references import (
    TIMES_CHANCE,
    WHOLE_NUMBER,
    refers_back,
    shared_by_chance,
)
from training.own_data.events import MISSING, Coded
from training.windows.compiled import compiled

Codes = NDArray[np.int32]
Stamps = NDArray[np.int64]
# How many events would have one number in both fields by chance, before their absence tells.
LEAST_BY_CHANCE = 10.0
# So many texts in common are no words for "nobody"; few drivers' phones may make many trips.
ENOUGH_TEXTS = 20


def roles(
    fields: Mapping[str, Coded], names: Iterable[str], at_us: Stamps, least: int, most: int
) -> list[tuple[str, str, Stamps]]:
    """Return the fields that were seen in another role: (field, role, times since then).

    Parameters
    ----------
    fields
        Of the past alone, with their own levels.
    least, most
        How many events must have been seen in the other role before; how many roles there are,
        those of most events first.
    """
    found = []
    texts = min(least, ENOUGH_TEXTS)
    for two in combinations(names, 2):
        first, second = (fields[name] for name in two)
        if not _share_texts(first, second, texts):
            continue
        asked, other = in_one(first, second)
        if not _more_than_by_chance(first, second, texts) and not (
            _never_oneself(asked, other) or _earlier_ids(asked, other) or _earlier_ids(other, asked)
        ):
            continue
        keys = int(max(asked.max(initial=MISSING), other.max(initial=MISSING))) + 1
        for (field, of), (role, seen) in permutations(zip(two, (asked, other), strict=True)):
            since_us = since_seen(of, seen, at_us, keys)
            since_us = np.sort(since_us[since_us >= 0])
            if len(since_us) >= least:
                found.append((field, role, since_us))
    return sorted(found, key=lambda one: -len(one[2]))[:most]


def _share_texts(one: Coded, other: Coded, least: int) -> bool:
    shared = pc.sum(pc.is_in(one.levels, value_set=other.levels)).as_py()
    return (shared or 0) >= least


def _never_oneself(asked: Codes, other: Codes) -> bool:
    """Tell whether hardly an event has one value in both fields, though by chance many would.

    Nobody pays themselves; client 17 comes to shop 17 as often as to any.
    """
    both = (asked >= 0) & (other >= 0)
    a, b = asked[both], other[both]
    keys = int(max(a.max(initial=0), b.max(initial=0))) + 1
    counts = [np.bincount(of, minlength=keys).astype(np.float64) for of in (a, b)]
    expected = float(counts[0] @ counts[1]) / max(len(a), 1)
    return expected >= LEAST_BY_CHANCE and int((a == b).sum()) * TIMES_CHANCE <= expected


def _earlier_ids(asked: Codes, ids: Codes) -> bool:
    """Tell whether a field tells ids of earlier events, each of which has its own."""
    given = np.flatnonzero(ids >= 0)
    place = np.full(int(max(asked.max(initial=0), ids.max(initial=0))) + 2, -1, np.int64)
    place[ids[given]] = given
    is_own = len(np.unique(ids[given])) == len(given)
    # Who tells nothing has code -1, which is the last place.
    return is_own and refers_back(place[asked])


def _more_than_by_chance(one: Coded, other: Coded, least: int) -> bool:
    """Tell whether two fields share texts as only names of the same things do."""
    common = one.levels.filter(pc.is_in(one.levels, value_set=other.levels))
    numbers = int(pc.sum(pc.match_substring_regex(common, WHOLE_NUMBER)).as_py() or 0)
    # A few words among numbers say "nobody" in both.
    if len(common) - numbers >= least or not numbers:
        return True
    return numbers >= TIMES_CHANCE * shared_by_chance(one.levels, other.levels)


def in_one(one: Coded, other: Coded) -> tuple[Codes, Codes]:
    """Return the codes of two fields such that the same text has the same code in both."""
    place = pc.index_in(other.levels, value_set=one.levels).to_numpy(zero_copy_only=False)
    new = np.isnan(place)
    of_level = np.where(new, len(one.levels) + np.cumsum(new) - 1, np.nan_to_num(place))
    return one.codes, np.append(of_level, MISSING).astype(np.int32)[other.codes]


@compiled
def since_seen(asked: Codes, seen: Codes, at_us: Stamps, keys: int) -> Stamps:
    """Return the time since an earlier event had the value ``asked`` as its ``seen``; else -1."""
    lately = np.full(keys, -1, np.int64)
    found = np.full(asked.size, -1, np.int64)
    for event in range(asked.size):
        if asked[event] >= 0 and lately[asked[event]] >= 0:
            found[event] = at_us[event] - at_us[lately[asked[event]]]
        if seen[event] >= 0:
            lately[seen[event]] = event
    return found
