"""Compiles a function with numba and keeps the machine code for the next process.

Numba keeps it beside the module, else in the user's cache directory, else where
``NUMBA_CACHE_DIR`` says; where none can be written, every process compiles it again. Numba
looks for changes in a function's own file only, and compiles in what it calls and the
constants it names: so the code is kept under a name that changes with any of the sources.
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TypeVar, cast

import numba

from risk_service.features.windows import record, tiles

F = TypeVar("F", bound=Callable[..., object])


def _digest() -> str:
    files = [
        *sorted(Path(__file__).parent.glob("*.py")),
        Path(record.__file__),
        Path(tiles.__file__),
    ]
    return sha256(b"".join(path.read_bytes() for path in files)).hexdigest()[:12]


SOURCES = _digest()


def compiled(function: F) -> F:
    """Compile at the first call."""
    function.__qualname__ += f"_{SOURCES}"
    try:
        return _jit(function, cache=True)
    except RuntimeError:  # numba's "no locator available": nowhere to keep the code
        return _jit(function, cache=False)


def _jit(function: F, *, cache: bool) -> F:
    return cast(F, numba.njit(cache=cache, error_model="numpy")(function))
