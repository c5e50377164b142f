"""Compiles functions with numba and keeps the machine code for the next process.

Numba keeps it beside the module, else in the user's cache directory, else where
``NUMBA_CACHE_DIR`` says; where none can be written, every process compiles it again. Numba
looks for changes in a function's own file only, and compiles in what it calls and the
constants it names: so the code is kept under a name that changes with any of the sources.
"""

from collections.abc import Callable, Iterable
from hashlib import sha256
from pathlib import Path
from typing import Protocol, TypeVar

import numba

F = TypeVar("F", bound=Callable[..., object])


class Compiled(Protocol):
    """A decorator: the function's first call compiles it, or loads what was kept."""

    def __call__(self, function: F, /) -> F:
        """Return the compiled function."""


def compiler(sources: Iterable[Path], *, makes_arrays: bool = False) -> Compiled:
    """Return the decorator of functions that depend on these files.

    Parameters
    ----------
    makes_arrays
        Without numba's run time, which making an array takes, no reference is counted: that
        took four fifths of the time of loops which pass arrays on to each other.
    """
    digest = sha256(b"".join(path.read_bytes() for path in [*sources, Path(__file__)]))

    def compiled(function: F) -> F:
        function.__qualname__ += f"_{digest.hexdigest()[:12]}"
        try:
            return _jit(function, cache=True, _nrt=makes_arrays)
        except RuntimeError:  # numba's "no locator available": nowhere to keep the code
            return _jit(function, cache=False, _nrt=makes_arrays)

    return compiled


def _jit(function: F, **options: bool) -> F:
    # What leaves the run time out is an option that numba's types do not name.
    njit: Callable[..., Callable[[F], F]] = numba.njit
    return njit(error_model="numpy", **options)(function)
