"""What a counter was used for: its cells, and what those of a window come to."""

from msgspec import Struct

# (confirmed, held) by the time of the cell.
Cells = dict[int, tuple[int, int]]
NEVER_US = 2**63 - 1


class Used(Struct, gc=False):
    """What the cells after ``since_us`` come to, and the time of the oldest that is not empty."""

    since_us: int
    total: int = 0
    oldest_us: int = NEVER_US


def used_of(cells: Cells, since_us: int) -> Used:
    """Return what the cells after a time come to."""
    total, oldest_us = 0, NEVER_US
    for cell_us, (confirmed, held) in cells.items():
        if cell_us > since_us and (confirmed or held):
            total += confirmed + held
            if cell_us < oldest_us:
                oldest_us = cell_us
    return Used(since_us, total, oldest_us)
