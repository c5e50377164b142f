"""Components, type by type, against a plain union-find."""

import random

import numpy as np
import pytest

from risk_service.features.clusters.components import components
from risk_service.features.clusters.ordering import stable_order


def roots(count: int, edges: list[tuple[int, int]]) -> list[int]:
    """Return a root for each element."""
    parent = list(range(count))

    def find(one: int) -> int:
        while parent[one] != one:
            one = parent[one]
        return one

    for left, right in edges:
        parent[find(left)] = find(right)
    return [find(one) for one in range(count)]


@pytest.mark.parametrize("seed", range(8))
def test_components_are_those_of_union_find_with_as_many_types_as_fit(seed: int) -> None:
    """Each account is in the largest component not above the limit, of the types up to one."""
    rng = random.Random(seed)
    count, max_size = 400, rng.choice((3, 8, 1_000))
    types = [
        [(rng.randrange(count), rng.randrange(count)) for _ in range(rng.randrange(220))]
        for _ in range(3)
    ]
    arrays = [np.array(edges or np.empty((0, 2)), np.int64).T for edges in types]
    found = components(count, [(left, right) for left, right in arrays], max_size)
    chosen = [{one} for one in range(count)]
    for kind in range(3):
        root = roots(count, [edge for edges in types[: kind + 1] for edge in edges])
        for one in range(count):
            mates = {other for other in range(count) if root[other] == root[one]}
            if len(mates) <= max_size:
                chosen[one] = mates
    for one in range(count):
        label = found.label[one]
        mates = {one} if label < 0 else set(found.members[slice(*found.starts[label:][:2])])
        assert mates == chosen[one]


def test_a_long_chain_is_one_component() -> None:
    """Joining takes rounds; none is left out, whatever the order of the numbers."""
    order = np.random.default_rng(1).permutation(5_000).astype(np.int64)
    found = components(5_000, [(order[:-1], order[1:])], 5_000)
    assert set(found.label) == {0}


def test_no_links_make_no_components() -> None:
    """A night without any link leaves everybody alone."""
    none = np.empty(0, np.int64)
    found = components(7, [(none, none)], 10)
    assert (set(found.label), len(found.members), found.oversized) == ({-1}, 0, 0)


def test_an_order_is_that_of_a_stable_sort() -> None:
    """Equal numbers keep their order, up to the largest that there may be."""
    numbers = np.random.default_rng(2).integers(0, 9, 1_000) * (2**29 - 1)
    np.testing.assert_array_equal(stable_order(numbers), np.argsort(numbers, kind="stable"))
    assert stable_order(np.empty(0, np.int32)).size == 0
