"""A batch of cells on its way to the counters' file: slices, repeated cells, empty ones."""

from collections.abc import Iterator, Sequence

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from risk_service.adapters.sqlite import counters as module
from risk_service.adapters.sqlite.counters import Counters
from risk_service.adapters.sqlite.generation import CellRow, Reached

COUNTERS = ("account=a\x1fx", "account=a\x1fy", 'sku=红\x1f"x\\')
batches = st.lists(
    st.lists(
        st.tuples(
            st.sampled_from(COUNTERS), st.integers(0, 1), st.integers(0, 2), st.integers(0, 2)
        ),
        min_size=1,
        max_size=9,
    ),
    max_size=4,
)


@pytest.fixture(scope="module")
def counters(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Counters]:
    """Return counters whose batches are put together of slices of two cells."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "CELLS_AT_ONCE", 2)
        opened = Counters(tmp_path_factory.mktemp("counters"))
        yield opened
        opened.close()


# Emptied and taken again within one batch: a hold that was forgotten could be sold twice.
@example([[(COUNTERS[0], 0, 0, 0), (COUNTERS[0], 0, 0, 1)]])
@example([[(COUNTERS[0], 0, 0, 0), (COUNTERS[0], 0, 1, 0)]])
@given(batches)
def test_file_has_the_last_row_of_each_cell(
    counters: Counters, batches: Sequence[list[CellRow]]
) -> None:
    """Whatever comes to a cell within a batch or later, the file has its last row, or none."""
    counters.remake([], Reached(0, b""))
    expected: dict[tuple[str, int], tuple[int, int]] = {}
    for number, rows in enumerate(batches, start=1):
        counters.add(Reached(number, b"m"), rows)
        expected.update({(counter, at): (sold, held) for counter, at, sold, held in rows})
        counters.settle()
    full = {(*key, *cell) for key, cell in expected.items() if any(cell)}
    sql = "SELECT counter, cell_us, confirmed, held FROM limit_cells"
    assert set(counters._reader.execute(sql)) == full
