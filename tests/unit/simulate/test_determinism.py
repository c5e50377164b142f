"""One seed is one world, to the last byte."""

from pathlib import Path

import numpy as np
import pytest

from training.simulate.arrays import chance, opaque, rank_within
from training.simulate.settings import WorldSettings
from training.simulate.write import simulate

SMALL = {"seed": 9, "days": 28, "orders": 2_000}


def _bytes(directory: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(directory.iterdir())}


@pytest.mark.parametrize("base", ["pure", "online_retail"])
def test_the_same_seed_writes_the_same_bytes(tmp_path, base):
    """All files, the description and the truth are equal byte by byte."""
    settings = WorldSettings(**SMALL, base=base)
    first = simulate(settings, tmp_path / "a" / "data")
    second = simulate(settings, tmp_path / "b" / "elsewhere")
    assert _bytes(first.out) == _bytes(second.out)
    assert _bytes(first.truth) == _bytes(second.truth)


def test_another_seed_is_another_world(tmp_path):
    """A different seed shares no order id and no account id with the first."""
    worlds = [
        simulate(WorldSettings(**(SMALL | {"seed": seed})), tmp_path / str(seed))
        for seed in (9, 10)
    ]
    assert all(worlds[0].sha256[name] != worlds[1].sha256[name] for name in worlds[0].sha256)


def test_ids_are_unique_and_depend_on_seed_and_kind():
    """Opaque ids never collide within a kind, and change with seed and kind."""
    numbers = np.arange(200_000)
    ids = opaque(1, "order", numbers)
    assert len(ids.unique()) == numbers.size
    assert ids[0].as_py() != opaque(2, "order", numbers)[0].as_py()
    assert ids[0].as_py() != opaque(1, "device", numbers)[0].as_py()
    assert abs(float(chance(1, "x", numbers).mean()) - 0.5) < 0.01


def test_rank_within_counts_equal_elements_before():
    """The rank is the number of equal elements that stand before."""
    assert rank_within(np.array([7, 3, 7, 7, 3])).tolist() == [0, 0, 1, 2, 1]
    assert rank_within(np.array([], dtype=np.int64)).tolist() == []
