"""Compiles the loops of this package, as one: see ``risk_service.loops.compiled``."""

from pathlib import Path

from risk_service.features.clusters import evidence, state
from risk_service.features.windows import record, tiles
from risk_service.loops import pointers, prefetch
from risk_service.loops.compiled import compiler

_SOURCES = (
    *sorted(Path(__file__).parent.glob("*.py")),
    Path(record.__file__),
    Path(tiles.__file__),
    Path(evidence.__file__),
    Path(state.__file__),
    Path(pointers.__file__),
    Path(prefetch.__file__),
)

compiled = compiler(_SOURCES)
# For a part of a function.
inlined = compiler(_SOURCES, inlined=True)
# For a function that makes arrays.
allocating = compiler(_SOURCES, makes_arrays=True)
