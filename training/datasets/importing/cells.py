"""The cells of a batch as clean texts: trimmed, missing ones null, whole numbers without ".0"."""

import re
from collections.abc import Callable, Sequence
from uuid import UUID

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from training.datasets.importing.plain_text import plain_digits
from training.datasets.importing.source_batch import SourceBatch
from training.datasets.importing.specs import (
    SourceSpec,
    TextSpec,
)
from training.datasets.importing.sql import Sql

# What is beyond has no whole number of 64 bits.
_LARGEST_WHOLE = 2.0**63
# No text has these; the bytes of a key may have them and be sound UTF-8 all the same.
_NO_TEXT = re.compile(r"[\x00-\x08\x0e-\x1f\x7f]")
_UUID_BYTES = 16
_BYTES = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_fixed_size_binary)


class Cells:
    """Rows of the source and their cells; conversions are made once per column.

    Parameters
    ----------
    batch
        What the source yielded.
    spec
        ``[source]`` of the mapping.
    """

    def __init__(self, batch: SourceBatch, spec: SourceSpec) -> None:
        self.rows = batch.rows
        self._columns = batch.columns
        self._spec = spec
        self._texts: dict[str, pa.Array] = {}

    def filtered(self, mask: NDArray[np.bool_]) -> "Cells":
        """Return the rows of a mask."""
        if mask.all():
            return self
        kept = pa.array(mask)
        columns = {name: column.filter(kept) for name, column in self._columns.items()}
        return Cells(SourceBatch(rows=self.rows[mask], columns=columns), self._spec)

    def typed(self, name: str) -> pa.Array:
        """Return a column as the source has it."""
        return self._columns[name]

    def text(self, name: str) -> pa.Array:
        """Return a column as texts; null where the cell is empty or says "missing"."""
        if name not in self._texts:
            text = plain_digits(pc.utf8_trim_whitespace(as_text(self._columns[name])))
            self._texts[name] = without(text, self._spec.missing)
        return self._texts[name]

    def joined(self, names: Sequence[str]) -> pa.Array:
        """Return several columns as one text; null where any of them is.

        Different cells give different texts: a bar within a cell is escaped.
        """
        if len(names) == 1:
            return whole_numbers(self.text(names[0]))
        parts = [_escaped(whole_numbers(self.text(name))) for name in names]
        return pc.binary_join_element_wise(*parts, "|")


def as_text(column: pa.Array) -> pa.Array:
    """Return values of any plain type as texts; NaN becomes null, 17850.0 "17850"."""
    kind = column.type
    if isinstance(kind, pa.BaseExtensionType):
        return as_text(column.storage)
    if pa.types.is_dictionary(kind):
        return as_text(column.dictionary_decode())
    if pa.types.is_floating(kind):
        return _float_text(column.cast(pa.float64()))
    if any(test(kind) for test in _BYTES):
        return _bytes_text(column)
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.string())
    return column.cast(pa.string())


def without(text: pa.Array, missing: Sequence[str]) -> pa.Array:
    """Return texts with the ones that mean "no value" as null."""
    if not missing:
        return text
    absent = pc.is_in(text, value_set=pa.array(missing, pa.string()))
    return pc.if_else(absent, pa.scalar(None, pa.string()), text)


def whole_numbers(text: pa.Array) -> pa.Array:
    """Return "17850" for "17850.0" and "17850.00"; other texts stay."""
    if not pc.any(pc.ends_with(text, ".0")).as_py():
        return text
    return pc.replace_substring_regex(text, pattern=r"^([+-]?\d+)\.0+$", replacement=r"\1")


def text_values(cells: Cells, spec: TextSpec, sql: Sql) -> pa.Array:
    """Return the values of an entity or categorical attribute, null where missing."""
    if spec.whole_numbers or len(spec.column) > 1:
        text = cells.joined(spec.column)
    else:
        text = cells.text(spec.column[0])
    text = without(text, spec.missing)
    if spec.digits:
        text = without(pc.replace_substring_regex(text, pattern=r"\D", replacement=""), ("",))
    if spec.part is not None:
        text = without(sql.column("regexp_extract(v, ?, 1)", text, spec.part), ("",))
    return pc.utf8_lower(text) if spec.lower else text


def _escaped(text: pa.Array) -> pa.Array:
    for mark in ("\\", "|"):
        text = pc.replace_substring(text, pattern=mark, replacement="\\" + mark)
    return text


def _bytes_text(column: pa.Array) -> pa.Array:
    told: Callable[[bytes], str] = _text_of
    if pa.types.is_fixed_size_binary(column.type):
        told = _uuid_text if column.type.byte_width == _UUID_BYTES else _digits_of
    return pa.array([c if c is None else told(c) for c in column.to_pylist()], pa.string())


def _uuid_text(cell: bytes) -> str:
    return str(UUID(bytes=cell))


def _digits_of(cell: bytes) -> str:
    return cell.hex()


def _text_of(cell: bytes) -> str:
    """Return a text that its writer did not call one, or the digits of bytes that are none."""
    try:
        text = cell.decode()
    except UnicodeDecodeError:
        return cell.hex()
    return cell.hex() if _NO_TEXT.search(text) else text


def _float_text(column: pa.Array) -> pa.Array:
    values = column.to_numpy(zero_copy_only=False)
    whole = np.isfinite(values) & (np.abs(values) < _LARGEST_WHOLE)
    whole[whole] = values[whole] == np.floor(values[whole])
    integers = pa.array(np.where(whole, values, 0).astype(np.int64)).cast(pa.string())
    plain: Callable[[pa.Array], pa.Array] = pc.is_nan
    texts = pc.if_else(pa.array(whole), integers, column.cast(pa.string()))
    absent = pc.fill_null(pc.or_(plain(column), column.is_null()), True)
    return pc.if_else(absent, pa.scalar(None, pa.string()), texts)
