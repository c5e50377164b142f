"""Packs rows of numbers, most of them zero or small; ``features.packing`` says how."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from risk_service.loops.compiled import compiler

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]

# Two bits a number: how it is kept.
ZERO, WHOLE, SINGLE, DOUBLE = range(4)
HEAD_BYTES = 2

compiled = compiler([Path(__file__)])


@compiled
def pack(rows: Floats, out: Bytes, sizes: Ints) -> None:
    """Write each row from the start of its place in ``out``, and how many bytes it took."""
    width = rows.shape[1]
    for row in range(len(rows)):
        at = HEAD_BYTES + (width + 3) // 4
        out[row, :at] = 0
        out[row, 0], out[row, 1] = width & 0xFF, width >> 8
        for place in range(width):
            number = rows[row, place]
            kind = _kind(number)
            if kind == ZERO:
                continue
            out[row, HEAD_BYTES + place // 4] |= kind << (2 * (place % 4))
            if kind == WHOLE:
                out[row, at] = np.int64(number) & 0xFF
                at += 1
            elif kind == SINGLE:
                single = np.float32(number).view(np.uint32)
                for byte in range(4):
                    out[row, at + byte] = single >> np.uint32(8 * byte) & np.uint32(0xFF)
                at += 4
            else:
                double = np.float64(number).view(np.uint64)
                for byte in range(8):
                    out[row, at + byte] = double >> np.uint64(8 * byte) & np.uint64(0xFF)
                at += 8
        sizes[row] = at


@compiled
def _kind(number: float) -> int:
    """Return the shortest form that gives the same bits back."""
    if np.float64(number).view(np.int64) == 0:
        return ZERO
    if number != 0.0 and -128.0 <= number <= 127.0 and number == np.floor(number):
        return WHOLE
    return SINGLE if np.float64(np.float32(number)) == number else DOUBLE


def compile_now() -> None:
    """Compile, or load what was kept, before the first group comes."""
    pack(np.zeros((1, 1)), np.zeros((1, 11), np.uint8), np.zeros(1, np.int64))
