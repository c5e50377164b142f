"""Loops over plain arrays, compiled by numba: the same answers as the code they stand in for.

Each module of loops belongs to one module of another room, which knows what the numbers mean
and loads it by name: numba may not be installed.
"""

import logging
from importlib import import_module
from typing import Any

log = logging.getLogger(__name__)


def load_loops(name: str) -> Any:  # a module, whose functions mypy cannot know by name
    """Return a module of this room, None where numba is not installed."""
    try:
        return import_module(f"{__name__}.{name}")
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        log.warning("not_compiled", extra={"loops": name, "missing": "numba"})
        return None
