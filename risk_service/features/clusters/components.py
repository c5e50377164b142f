"""Components of accounts, link type by link type; whole arrays at a time.

numpy releases the interpreter's lock in these, so that orders are answered meanwhile.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from risk_service.features.clusters.ordering import stable_order

Ints = NDArray[np.int64]
NONE = -1


@dataclass(frozen=True, slots=True, kw_only=True)
class Components:
    """Accounts by component, those of more than one account only.

    ``label`` is by account, ``NONE`` where it stands alone; ``members`` holds accounts
    component by component, ``starts`` where each begins, closed by the end.
    """

    label: Ints
    starts: Ints
    members: Ints
    oversized: int
    loosened: int


def connected(label: Ints, left: Ints, right: Ints) -> Ints:
    """Return the labels after joining components along edges.

    Parameters
    ----------
    label
        Least member of each element's component.
    left, right
        Ends of the edges.
    """
    while True:
        low = np.minimum(label[left], label[right])
        high = np.maximum(label[left], label[right])
        apart = low != high
        if not apart.any():
            return label
        label = label.copy()
        # Of several lower ones any will do: what is left apart is joined in the next round.
        label[high[apart]] = low[apart]
        shorter = label[label]
        while not np.array_equal(shorter, label):
            label, shorter = shorter, shorter[shorter]


def components(accounts: int, edges: Sequence[tuple[Ints, Ints]], max_size: int) -> Components:
    """Return the components that are not too large.

    Parameters
    ----------
    accounts
        How many there are.
    edges
        By link type, the strongest first.
    max_size
        An account belongs to the component that the strongest types form, with as many of
        the weaker types as keep it within this size.
    """
    ends = np.unique(np.concatenate([np.zeros(0, np.int64), *(e for pair in edges for e in pair)]))
    label = np.arange(len(ends))
    chosen = label
    sizes = np.ones(len(ends), np.int64)
    for left, right in edges:
        label = connected(label, np.searchsorted(ends, left), np.searchsorted(ends, right))
        sizes = np.bincount(label, minlength=len(ends))[label]
        chosen = np.where(sizes <= max_size, label, chosen)
    alone = np.bincount(chosen, minlength=len(ends))[chosen] == 1
    oversized = len(np.unique(label[sizes > max_size]))
    return _gathered(accounts, ends, chosen, alone, (oversized, int(alone.sum())))


def _gathered(
    accounts: int, ends: Ints, chosen: Ints, alone: NDArray[np.bool_], counts: tuple[int, int]
) -> Components:
    places = np.flatnonzero(~alone)
    places = places[stable_order(chosen[places])]
    roots = chosen[places]
    opens = np.ones(len(roots), bool)
    opens[1:] = roots[1:] != roots[:-1]
    label = np.full(accounts, NONE, np.int64)
    label[ends[places]] = np.cumsum(opens) - 1
    return Components(
        label=label,
        starts=np.append(np.flatnonzero(opens), len(roots)),
        members=ends[places],
        oversized=counts[0],
        loosened=counts[1],
    )
