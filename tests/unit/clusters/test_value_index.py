"""The hash table of values."""

import random
from array import array

from risk_service.features.clusters.value_index import NONE, ValueIndex


def test_every_hash_has_its_own_number_however_the_hashes_lie() -> None:
    """Hashes that share their low bits, negative ones and zero are told apart, at any size."""
    rng = random.Random(3)
    keys = [0, 1, -1, 2**63 - 1, -(2**63)]
    keys += [number << 40 for number in range(1, 300)]
    keys += [(number << 33) | 1_023 for number in range(1, 200)]
    keys += [rng.getrandbits(64) - 2**63 for _ in range(5_000)]
    index = ValueIndex()
    for number, key in enumerate(keys):
        assert index.find(key) == NONE
        assert index.add(key) == number
    assert [index.find(key) for key in keys] == list(range(len(keys)))
    again = ValueIndex(array("q", keys))
    assert [again.find(key) for key in keys] == list(range(len(keys)))
    assert index.find(12_345_678_901) == NONE


def test_an_entry_takes_no_more_than_24_bytes() -> None:
    """Memory per value stays within what is stated, also just after the table has grown."""
    index = ValueIndex()
    rng = random.Random(1)
    for _ in range(33_000):
        index.add(rng.getrandbits(63))
    assert index.nbytes <= 24 * 33_000
