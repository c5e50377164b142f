"""What is asked of every two fields: pairs counted without sorting, and hardly ever all events."""

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.own_data.events import Coded
from training.own_data.planning import field_pairs
from training.own_data.planning.field_pairs import determined, one_to_one, together

CODES = st.lists(st.tuples(st.integers(-1, 4), st.integers(-1, 4)), min_size=1, max_size=60)


def coded(codes: np.ndarray) -> Coded:
    """Return a field of these codes, with as many levels as it needs."""
    return Coded(codes=codes, levels=pa.array([str(at) for at in range(int(codes.max()) + 1)]))


@given(events=CODES, exceptions=st.floats(0.0, 3.0))
def test_pairs_equal_brute_force(events: list[tuple[int, int]], exceptions: float) -> None:
    """Equal pairs have equal numbers, missing ones none, and the counts are those of sets."""
    first, second = (np.array(column, np.int32) for column in zip(*events, strict=True))
    found = together(first, second)
    there = [(a, b) for a, b in events if a >= 0 and b >= 0]
    numbers = dict(zip(events, found.codes.tolist(), strict=True))
    assert [numbers[pair] for pair in events] == found.codes.tolist()
    assert {number for pair, number in numbers.items() if pair not in there} <= {-1}
    assert found.pairs == len(set(there)) == len({numbers[pair] for pair in there})
    values = len({a for a, _ in there}), len({b for _, b in there})
    assert found.values == values
    most = min(0.02 * max(values), exceptions)
    assert determined(found, exceptions) == (found.pairs - max(values) <= most)


@given(events=CODES, exceptions=st.floats(0.0, 3.0), some=st.integers(1, 60))
def test_first_events_never_decide_otherwise_than_all(
    events: list[tuple[int, int]], exceptions: float, some: int
) -> None:
    """Looking at a few events first finds what sets say of all: as many pairs as values."""
    first, second = (np.array(column, np.int32) for column in zip(*events, strict=True))
    there = {(a, b) for a, b in events if a >= 0 and b >= 0}
    fewest_values = min(len({a for a, _ in there}), len({b for _, b in there}))
    alone = sum((a < 0) != (b < 0) for a, b in events)
    expected = alone <= min(0.02 * len(events), exceptions)
    expected &= len(there) - fewest_values <= min(0.02 * fewest_values, exceptions)
    found = []
    for fewest in (some, len(events)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(field_pairs, "FIRST_EVENTS_PER_VALUE", 0)
            patch.setattr(field_pairs, "FEWEST_FIRST_EVENTS", fewest)
            found.append(one_to_one(coded(first), coded(second), exceptions))
    assert found == [expected, expected]


def test_fields_that_are_not_one_are_told_apart_by_their_first_events(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of a file of many columns no two are read to the end, unless they are the same."""
    rng = np.random.default_rng(3)
    fields = [coded(rng.integers(0, levels, 50_000).astype(np.int32)) for levels in (9, 40, 900)]
    read: list[int] = []

    def counted(first: field_pairs.Codes, second: field_pairs.Codes) -> field_pairs.Together:
        read.append(len(first))
        return together(first, second)

    monkeypatch.setattr(field_pairs, "together", counted)
    assert not any(one_to_one(a, b, 50.0) for a in fields for b in fields if a is not b)
    assert max(read) < 5_000
    assert one_to_one(fields[0], fields[0], 50.0)
    assert max(read) == 50_000
