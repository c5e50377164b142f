"""Model inputs as records keep them: the same bits in about a quarter of the room.

Of some four hundred inputs of an order half are zero, and most others are small whole numbers.
A packed row begins with how many numbers it has (16 bits, the lower byte first). Then come two
bits for each, the first in the lowest of their byte: 0 it is +0.0; 1 a whole number of 8 bits; 2 a
float of 32 bits; 3 one of 64. Then the numbers that are not 0 in those forms, little-endian. Each
is in the shortest form that gives its bits back, so equal rows are packed alike.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from risk_service.loops import load_loops

Floats = NDArray[np.float64]
Bytes = NDArray[np.uint8]

NUMBERS_MAX = 0xFFFF
# As ``loops.packing`` has them.
HEAD_BYTES = 2
ZERO, WHOLE, SINGLE, DOUBLE = range(4)
_FORMS: dict[int, np.dtype[Any]] = {
    WHOLE: np.dtype("<i1"),
    SINGLE: np.dtype("<f4"),
    DOUBLE: np.dtype("<f8"),
}
_SIZES = np.array([0, 1, 4, 8])
# Four kinds to a byte.
_PLACES = np.array([1, 4, 16, 64], np.uint8)


class Packer:
    """Packs rows of model inputs, in the compiled loop, or in numpy where there is no numba."""

    def __init__(self) -> None:
        self._loops: Any = load_loops("packing")
        if self._loops is not None:
            self._loops.compile_now()

    def pack(self, rows: Floats) -> list[bytes]:
        """Return each row packed; shape (rows, numbers).

        Raises
        ------
        ValueError
            A row has more than 65,535 numbers.
        """
        rows = np.ascontiguousarray(rows)
        many, width = rows.shape
        if width > NUMBERS_MAX:
            raise ValueError(f"{width} numbers in a row; at most {NUMBERS_MAX} can be kept")
        if self._loops is None:
            return [_packed(row) for row in rows]
        out = np.empty((many, _kinds_end(width) + 8 * width), np.uint8)
        sizes = np.empty(many, np.int64)
        self._loops.pack(rows, out, sizes)
        return [row[:size].tobytes() for row, size in zip(out, sizes.tolist(), strict=True)]


def unpacked(row: bytes) -> Floats:
    """Return the numbers of a packed row.

    Raises
    ------
    ValueError
        It is none, or not whole.
    """
    raw = np.frombuffer(row, np.uint8)
    width = int.from_bytes(row[:HEAD_BYTES], "little")
    begin = _kinds_end(width)
    kinds: Bytes = (raw[HEAD_BYTES:begin, None] // _PLACES & np.uint8(3)).ravel()[:width]
    if len(kinds) < width or begin + _SIZES[kinds].sum() != len(row):
        raise ValueError(f"{len(row)} bytes are not a packed row of {width} numbers")
    numbers = np.zeros(width)
    for kind, form in _FORMS.items():
        numbers[kinds == kind] = raw[_lying(kinds, kind, begin)].view(form).ravel()
    return numbers


def _packed(row: Floats) -> bytes:
    kinds = np.full(len(row), DOUBLE, np.uint8)
    with np.errstate(over="ignore", invalid="ignore"):
        kinds[row.astype(np.float32) == row] = SINGLE
        kinds[(row != 0) & (row >= -128) & (row <= 127) & (row == np.floor(row))] = WHOLE
    kinds[row.view(np.int64) == 0] = ZERO
    begin = _kinds_end(len(row))
    out = np.zeros(begin + _SIZES[kinds].sum(), np.uint8)
    out[:HEAD_BYTES] = len(row) & 0xFF, len(row) >> 8
    fours = np.zeros((begin - HEAD_BYTES, 4), np.uint8)
    fours.ravel()[: len(row)] = kinds
    out[HEAD_BYTES:begin] = fours @ _PLACES
    for kind, form in _FORMS.items():
        lying = _lying(kinds, kind, begin)
        out[lying] = row[kinds == kind].astype(form).view(np.uint8).reshape(lying.shape)
    return out.tobytes()


def _kinds_end(width: int) -> int:
    """Return where the numbers begin."""
    return HEAD_BYTES + (width + 3) // 4


def _lying(kinds: Bytes, kind: int, begin: int) -> NDArray[np.int64]:
    """Return where the bytes of all numbers of a kind lie, a row for each number."""
    sizes = _SIZES[kinds]
    starts = begin + np.cumsum(sizes) - sizes
    lying: NDArray[np.int64] = starts[kinds == kind][:, None] + np.arange(_FORMS[kind].itemsize)
    return lying
