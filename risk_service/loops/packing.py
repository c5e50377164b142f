"""Packs rows of numbers, most of them zero or small; ``features.packing`` says how."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from risk_service.loops.compiled import compiler

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Bytes = NDArray[np.uint8]
Single = tuple[NDArray[np.float32], Bytes]

# Two bits a number: how it is kept.
ZERO, WHOLE, SINGLE, DOUBLE = range(4)
HEAD_BYTES = 2

compiled = compiler([Path(__file__)])


@compiled
def pack(rows: tuple[Floats, Ints, Bytes], single: Single, out: Bytes, sizes: Ints) -> None:
    """Write each row from the start of its place in ``out``, and how many bytes it took.

    ``rows`` holds the numbers, their bits and their bytes; ``single`` one number of 32 bits
    and its bytes.
    """
    numbers, bits, raw = rows
    width = numbers.shape[1]
    for row in range(len(numbers)):
        at = HEAD_BYTES + (width + 3) // 4
        out[row, :at] = 0
        out[row, 0], out[row, 1] = width & 0xFF, width >> 8
        for place in range(width):
            number = numbers[row, place]
            kind = _kind(number, bits[row, place], single)
            if kind == ZERO:
                continue
            out[row, HEAD_BYTES + place // 4] |= kind << (2 * (place % 4))
            if kind == WHOLE:
                out[row, at] = np.int64(number) & 0xFF
                at += 1
            elif kind == SINGLE:
                for byte in range(4):
                    out[row, at + byte] = single[1][byte]
                at += 4
            else:
                for byte in range(8):
                    out[row, at + byte] = raw[row, 8 * place + byte]
                at += 8
        sizes[row] = at


@compiled
def _kind(number: float, bits: int, single: Single) -> int:
    """Return the shortest form that gives the same bits back; ``single`` then holds it."""
    if bits == 0:
        return ZERO
    if number != 0.0 and -128.0 <= number <= 127.0 and number == np.floor(number):
        return WHOLE
    single[0][0] = number
    return SINGLE if np.float64(single[0][0]) == number else DOUBLE


def compile_now() -> None:
    """Compile, or load what was kept, before the first group comes."""
    rows, single = np.zeros((1, 1)), np.zeros(1, np.float32)
    out = np.zeros((1, 11), np.uint8)
    both = (single, single.view(np.uint8))
    pack((rows, rows.view(np.int64), rows.view(np.uint8)), both, out, np.zeros(1, np.int64))
