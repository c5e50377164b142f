"""A draft brings forward what counters came to: never different from adding the cells up."""

from hypothesis import given
from hypothesis import strategies as st

from risk_service.domain.reservation import ReservationState as State
from risk_service.limits.draft import Draft
from risk_service.limits.reservation import Entry, Reservation
from risk_service.limits.used import Cells, used_of

COUNTERS = ("a", "b")
counters = st.sampled_from(COUNTERS)
cells_us = st.integers(0, 3)
entries = st.builds(
    lambda counter, cell_us, units: Entry(counter, cell_us, "p", 1, (), units, 0, 0, 1, 9, 0, 0),
    counters,
    cells_us,
    st.integers(0, 3),
)
reservations = st.builds(
    lambda name, state, some: Reservation(name, state, 1, b"", 0, 0, entries=tuple(some)),
    st.sampled_from(["o1", "o2"]),
    st.sampled_from([State.HELD, State.CONFIRMED, State.EXPIRED]),
    st.lists(entries, max_size=3),
)


class _Stored:
    """A store of no reservations, and of cells that never change."""

    def __init__(self, cells: dict[str, Cells]) -> None:
        self._cells = cells

    def reservation(self, reservation_id: str) -> Reservation | None:
        """Return None."""
        return None

    def cells(self, counter: str, since_us: int) -> Cells:
        """Return all cells of a counter."""
        return self._cells.get(counter, {})

    def counters_of(self, owner: str) -> dict[str, Cells]:
        """Return no counters."""
        return {}

    def root(self, account: str) -> str:
        """Return the account."""
        return account


@given(
    st.dictionaries(
        counters,
        st.dictionaries(cells_us, st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=3),
    ),
    st.lists(st.one_of(reservations, st.tuples(counters, st.integers(-1, 3))), max_size=12),
)
def test_what_is_brought_forward_is_what_cells_add_up_to(
    stored: dict[str, Cells], steps: list[Reservation | tuple[str, int]]
) -> None:
    """Whatever is put and asked, in whatever order, since whenever."""
    draft = Draft(_Stored(stored))
    for step in steps:
        if isinstance(step, Reservation):
            draft.put(step)
        else:
            draft.used(*step)
        for counter in COUNTERS:
            known = draft._used.get(counter)
            since_us = known.since_us if known else 0
            expected = used_of(draft.cells_of(counter, since_us), since_us)
            assert draft.used(counter, since_us) == expected
