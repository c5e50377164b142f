"""What the embedded windows and clusters work with: compiled loops wherever they can be had."""

import logging
from importlib import import_module
from types import ModuleType

from risk_service.adapters.live.cache import RecordCache
from risk_service.adapters.live.keeper import MakeKeeper
from risk_service.features.clusters.state import Look, look_one_by_one
from risk_service.features.clusters.terms import Rules

log = logging.getLogger(__name__)


def fastest_keeper() -> MakeKeeper:
    """Return the keeper of blocks, or that of Python records where numba is not installed."""
    flat = _compiled("records")
    if flat is None:
        log.warning("windows_not_compiled", extra={"missing": "numba"})
        return RecordCache
    keeper: MakeKeeper = flat.FlatRecords
    return keeper


def fastest_look(rules: Rules) -> Look[str]:
    """Return what looks at clusters, in Python where numba is not installed."""
    flat = _compiled("looking")
    if flat is None:
        return look_one_by_one
    look: Look[str] = flat.FlatLook(rules)
    return look


def _compiled(name: str) -> ModuleType | None:
    """Return a module of the compiled loops, or None without numba."""
    try:
        return import_module(f"risk_service.adapters.live.flat.{name}")
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        return None
