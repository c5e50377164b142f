"""Counters that the ledger asked about lately, as its file and its log have them."""

from collections import OrderedDict
from collections.abc import Collection, Iterable, Mapping

from risk_service.adapters.sqlite.counters import Counters
from risk_service.adapters.sqlite.generation import CellRow
from risk_service.limits.used import NEVER_US, Cells

COUNTERS_MAX = 100_000
# A counter with more cells is read again: most of them have left its window.
CELLS_MAX = 1_024

_EMPTY = (0, 0)
_UNKNOWN: tuple[int, Cells] = (NEVER_US, {})


class CounterCache:
    """Reads counters, and says what they come to.

    Parameters
    ----------
    counters
        Has those that are not remembered.
    """

    def __init__(self, counters: Counters) -> None:
        self._counters = counters
        # Of each counter the cells after a time, all of them; those before were left out.
        self._known: OrderedDict[str, tuple[int, Cells]] = OrderedDict()

    def cells(self, counter: str, since_us: int) -> Cells:
        """Return (confirmed, held) by cell, at least of all cells after a time.

        Time never goes back, so what was left out once is not asked for again.
        """
        known = self._known.get(counter)
        if known is None:
            self._read([counter], since_us)
            known = self._known[counter]
        return known[1]

    def fetch(self, counters: Mapping[int, Collection[str]]) -> None:
        """Read what is not known yet of counters at once, by the time since when."""
        known = self._known
        for since_us, all_of_them in counters.items():
            missing = {counter for counter in all_of_them if counter not in known}
            if missing:
                self._read(missing, since_us)

    def after(self, more: Mapping[str, Cells]) -> list[CellRow]:
        """Return what cells are once some more is added to them.

        Raises
        ------
        ValueError
            A cell would fall below nothing.
        """
        known = self._known
        rows: list[CellRow] = []
        for counter, added in more.items():
            since_us, cells = known.get(counter, _UNKNOWN)
            for cell_us, (confirmed, held) in added.items():
                before = cells.get(cell_us)
                if before is None:
                    # Of a rolling window cells may be lacking that had left it.
                    is_new = cell_us > since_us
                    before = _EMPTY if is_new else self._counters.cell(counter, cell_us)
                confirmed += before[0]
                held += before[1]
                if confirmed < 0 or held < 0:
                    raise ValueError(f"a counter would fall below nothing: {counter!r}")
                rows.append((counter, cell_us, confirmed, held))
        return rows

    def follow(self, rows: Iterable[CellRow]) -> None:
        """Remember what cells are from now on, of the counters that are known."""
        known = self._known
        for counter, cell_us, confirmed, held in rows:
            entry = known.get(counter)
            if entry is None:
                continue
            cells = entry[1]
            if confirmed or held:
                cells[cell_us] = (confirmed, held)
                if len(cells) > CELLS_MAX:
                    del known[counter]
            else:
                cells.pop(cell_us, None)

    def forget(self) -> None:
        """Remember nothing."""
        self._known.clear()

    def _read(self, counters: Collection[str], since_us: int) -> None:
        known = self._known
        for counter, cells in self._counters.read(counters, since_us).items():
            known[counter] = since_us, cells
        while len(known) > COUNTERS_MAX:
            known.popitem(last=False)
