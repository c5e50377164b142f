"""Characters that stand for an ASCII one: full-width digits, letters and signs, other blanks.

Chinese and Japanese input writes １２３ as readily as 123, and means the same. Digits are made
plain wherever they stand, since ids and phones are compared by them; signs and blanks only in
numbers and times, where nothing but their meaning counts.
"""

from collections.abc import Mapping

import pyarrow as pa
import pyarrow.compute as pc

_WIDE, _ASCII = "！", "!"
_SIGNS = 94
_DIGITS: Mapping[int, int] = {ord("０") + digit: ord("0") + digit for digit in range(10)}
_MARKS: Mapping[int, int | str] = {
    **{ord(_WIDE) + step: ord(_ASCII) + step for step in range(_SIGNS)},
    **dict.fromkeys(map(ord, "\u3000\u00a0\u202f\u2009"), " "),
    ord("￥"): "¥",
    ord("−"): "-",
}


def plain_digits(text: pa.Array) -> pa.Array:
    """Return texts with ASCII digits for full-width ones."""
    return _translated(text, "[０-９]", _DIGITS)


def plain(value: str) -> str:
    """Return a text of the mapping with ASCII digits, as the cells it is compared with have."""
    return value.translate(_DIGITS)


def plain_marks(text: pa.Array) -> pa.Array:
    """Return texts with ASCII signs, letters and blanks for full-width and other ones."""
    return _translated(text, "[！-～\u3000\u00a0\u202f\u2009￥−]", _MARKS)


def _translated(text: pa.Array, pattern: str, table: Mapping[int, int | str]) -> pa.Array:
    # Looking for bytes beyond ASCII is many times faster than for a pattern.
    if pc.all(pc.string_is_ascii(text), min_count=0).as_py():
        return text
    found = pc.fill_null(pc.match_substring_regex(text, pattern), False)
    # They are rare, so only the cells that have some go through Python.
    if not pc.any(found, min_count=0).as_py():
        return text
    cells = [cell.translate(table) for cell in text.filter(found).to_pylist()]
    return pc.replace_with_mask(text, found, pa.array(cells, text.type))
