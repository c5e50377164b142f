"""Guesses which rows are one event: lines of an order, and rows that stand in a file twice."""

from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from training.datasets.importing.guess.columns import NEARLY_ALL
from training.datasets.importing.guess.lines import Line, noted
from training.datasets.importing.guess.look import Look

# Rows of one id are one event when nearly all of them tell the same time.
_SAME_TIME, _LEAST_LINES = 1.01, 1.05
# So many columns are empty on the same rows when those are further lines of an order.
_LEAST_OF_ORDERS = 3


def has_lines(look: Look, time: Sequence[Look]) -> bool:
    """Tell whether rows share an id and its time, as the lines of an order do."""
    if not time or look.share < NEARLY_ALL or look.rows < _LEAST_LINES * look.different:
        return False
    both = len(np.unique(np.stack([look.codes, *(part.codes for part in time)]), axis=1).T)
    return bool(both <= _SAME_TIME * look.different)


def line_heads(looks: Sequence[Look]) -> tuple[Look, NDArray[np.bool_]] | None:
    """Return the column that tells an order, and the first rows of the orders.

    Exports of shops have a row per line, and what belongs to the order stands on its first row
    alone: several columns are empty on the same rows, and one tells there which order goes on.
    """
    some = [c.codes >= 0 for c in looks if 0 < c.share < 1]
    found = Counter(pattern.tobytes() for pattern in some).most_common(1)
    if not found or found[0][1] < _LEAST_OF_ORDERS:
        return None
    heads = np.frombuffer(found[0][0], np.bool_)
    orders = heads.sum()
    ids = [c for c in looks if c.share >= NEARLY_ALL and c.different == orders < c.rows]
    told = (c for c in ids if len(np.unique(c.codes[heads])) == orders)
    look = next(told, None)
    return None if look is None else (look, heads)


def comes_twice(look: Look, looks: Sequence[Look]) -> bool:
    """Tell whether rows of one value are the same in every column, as where exports overlap."""
    again = np.bincount(look.codes[look.codes >= 0], minlength=1)[look.codes] > 1
    if look.share < 1 or not again.any():
        return False
    # A number that counts the rows differs in any case.
    told = [c.codes[again] for c in looks if not c.is_unique]
    return len(np.unique(np.stack(told), axis=1).T) == len(np.unique(look.codes[again]))


def rows_lines(last_lines: int, is_twice: bool) -> list[Line]:
    """Return the table of rows, if there is anything to say."""
    lines: list[Line] = []
    if last_lines:
        lines.append(noted(f"max_bad_rows = {last_lines}", "guess_last_lines"))
    if is_twice:
        lines.append(noted('on_duplicate = "keep_first"', "guess_twice"))
    return ["", "[rows]", *lines] if lines else []


def group_lines(event_id: Look | None, is_twice: bool) -> list[Line]:
    """Return the table of groups, where rows of one id are lines of one event."""
    if event_id is None or event_id.is_unique or is_twice:
        return []
    return ["", noted("[group]", "guess_group"), 'lines = "count"']
