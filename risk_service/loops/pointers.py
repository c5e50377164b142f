"""Arrays over memory of Python's own arrays, made within the loops.

To make a numpy array over each of twenty and pass it on takes longer than what is done with
them for one order. Whoever gives addresses keeps the arrays alive and lets none grow until
the loop is over.
"""

from pathlib import Path
from typing import Any

import numba
import numpy as np
from numba import types
from numba.extending import intrinsic
from numpy.typing import NDArray

from risk_service.loops.compiled import compiler

Ints = NDArray[np.int64]

_compiled = compiler([Path(__file__)], makes_arrays=True)

carray: Any = numba.carray  # type: ignore[attr-defined]  # its types leave it out


def _pointer(_: Any, address: Any) -> Any:
    """Return an address as a pointer."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.voidptr(address), generate


_as_pointer: Any = intrinsic(_pointer)


@_compiled
def ints_at(lying: Ints) -> Ints:
    """Return the 64 bit numbers that lie at an address, so many of them."""
    found: Ints = carray(_as_pointer(lying[0]), (lying[1],), np.int64)
    return found


@_compiled
def int32s_at(lying: Ints) -> NDArray[np.int32]:
    """Return the 32 bit numbers that lie at an address, so many of them."""
    found: NDArray[np.int32] = carray(_as_pointer(lying[0]), (lying[1],), np.int32)
    return found


@_compiled
def bytes_at(lying: Ints) -> NDArray[np.uint8]:
    """Return the bytes that lie at an address, so many of them."""
    found: NDArray[np.uint8] = carray(_as_pointer(lying[0]), (lying[1],), np.uint8)
    return found
