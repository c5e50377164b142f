"""Cells that the counters' file does not have yet: found by counter."""

from hypothesis import given
from hypothesis import strategies as st

from risk_service.adapters.sqlite.generation import CellRow, Generation
from risk_service.limits.claims import SEPARATOR

OWNERS = ("account=a", "identity_cluster=a", "identity_cluster=b")
COUNTERS = tuple(f"{owner}{SEPARATOR}{tail}" for owner in OWNERS for tail in ("x", "y"))
rows = st.lists(
    st.tuples(st.sampled_from(COUNTERS), st.integers(0, 2), st.integers(0, 3), st.integers(0, 3)),
    max_size=4,
)
asked = st.lists(st.sampled_from(COUNTERS), max_size=3)


@given(st.lists(st.one_of(rows, asked), max_size=8))
def test_asking_in_between_changes_nothing(steps: list[list[CellRow] | list[str]]) -> None:
    """Whatever is put and asked in whatever order, the last row of each cell is what it says."""
    generation = Generation()
    expected: dict[str, dict[int, tuple[int, int]]] = {}
    for step in steps:
        put = [row for row in step if isinstance(row, tuple)]
        for counter, cell_us, confirmed, held in put:
            expected.setdefault(counter, {})[cell_us] = (confirmed, held)
        generation.put(put)
        wanted = [one for one in step if isinstance(one, str)]
        known = {counter: expected[counter] for counter in wanted if counter in expected}
        assert generation.cells(wanted) == known
    for owner in OWNERS:
        owned = {counter for counter in expected if counter.startswith(owner + SEPARATOR)}
        assert set(generation.owned(owner)) == owned
