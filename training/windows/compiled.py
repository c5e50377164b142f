"""Compiles a function with numba and keeps the machine code for the next process.

Numba keeps it beside the module, else in the user's cache directory, else where
``NUMBA_CACHE_DIR`` says. Where none can be written (a read-only image, no home), the code is
compiled in every process instead: some seconds, nothing else changes.
"""

from collections.abc import Callable
from typing import TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., object])


def compiled(function: F) -> F:
    """Compile at the first call; releases the interpreter's lock while it runs."""
    try:
        return _jit(function, cache=True)
    except RuntimeError:  # numba's "no locator available": nowhere to keep the code
        return _jit(function, cache=False)


def _jit(function: F, *, cache: bool) -> F:
    return cast(F, numba.njit(nogil=True, cache=cache, error_model="numpy")(function))
