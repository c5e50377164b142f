"""Compiles a function with numba and keeps the machine code for the next process.

Numba keeps it beside the module, else in the user's cache directory, else where
``NUMBA_CACHE_DIR`` says; where none can be written, every process compiles it again. Numba
looks for changes in a function's own file only, and compiles in what it calls and the
constants it names: so the code is kept under a name that changes with any of the sources.
"""

from collections.abc import Callable
from hashlib import sha256
from pathlib import Path
from typing import TypeVar

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
    """Compile a function that makes no array at its first call.

    Without numba's run time no reference is counted: that took four fifths of the time of
    loops which pass arrays on to each other.
    """
    return _kept(function, _nrt=False)


def allocating(function: F) -> F:
    """Compile a function that makes arrays at its first call."""
    return _kept(function, _nrt=True)


def _kept(function: F, **options: bool) -> F:
    function.__qualname__ += f"_{SOURCES}"
    try:
        return _jit(function, cache=True, **options)
    except RuntimeError:  # numba's "no locator available": nowhere to keep the code
        return _jit(function, cache=False, **options)


def _jit(function: F, **options: bool) -> F:
    # What leaves the run time out is an option that numba's types do not name.
    njit: Callable[..., Callable[[F], F]] = numba.njit
    return njit(error_model="numpy", **options)(function)
