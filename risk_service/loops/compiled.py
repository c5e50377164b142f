"""Compiles functions with numba and keeps the machine code for the next process.

Numba keeps it beside the module, else in the user's cache directory, else where
``NUMBA_CACHE_DIR`` says; where none can be written, every process compiles it again. Numba
looks for changes in a function's own file only, and compiles in what it calls and the
constants it names: so the code is kept under a name that changes with any of the sources.
"""

import logging
from collections.abc import Callable, Iterable
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Protocol, TypeVar

import numba
from numpy.typing import NDArray

# A named tuple of arrays as Python hands it to a loop on the path of an order: as a plain one.
# Numba asks Python for the type of a named tuple at each call; with three or four of them that
# took several times as long as it takes to read their arrays.
Arrays = tuple[NDArray[Any], ...]

F = TypeVar("F", bound=Callable[..., object])

log = logging.getLogger(__name__)


class Compiled(Protocol):
    """A decorator: the function's first call compiles it, or loads what was kept."""

    def __call__(self, function: F, /) -> F:
        """Return the compiled function."""


def compiler(
    sources: Iterable[Path], *, makes_arrays: bool = False, inlined: bool = False
) -> Compiled:
    """Return the decorator of functions that depend on these files.

    Parameters
    ----------
    makes_arrays
        Without numba's run time, which making an array takes, no reference is counted: that
        took most of the time of loops which pass arrays on to each other.
    inlined
        For a part of a function that is called so often that passing its arrays on shows.
    """
    digest = sha256(b"".join(path.read_bytes() for path in [*sources, Path(__file__)]))

    def compiled(function: F) -> F:
        function.__qualname__ += f"_{digest.hexdigest()[:12]}"
        try:
            return _jit(function, cache=True, _nrt=makes_arrays, forceinline=inlined)
        except RuntimeError:  # numba's "no locator available": nowhere to keep the code
            _say_it_is_not_kept()
            return _jit(function, cache=False, _nrt=makes_arrays, forceinline=inlined)

    return compiled


@cache
def _say_it_is_not_kept() -> None:
    """Warn once: an operator can give a place, and starts take a multiple of the time without."""
    log.warning("machine_code_not_kept", extra={"missing": "NUMBA_CACHE_DIR"})


def _jit(function: F, **options: bool) -> F:
    # What leaves the run time out is an option that numba's types do not name.
    njit: Callable[..., Callable[[F], F]] = numba.njit
    return njit(error_model="numpy", **options)(function)
