"""Which keeper the embedded windows have: the compiled one wherever it can be had."""

import logging
from importlib import import_module

from risk_service.adapters.live.cache import RecordCache
from risk_service.adapters.live.keeper import MakeKeeper

log = logging.getLogger(__name__)


def fastest_keeper() -> MakeKeeper:
    """Return the keeper of blocks, or that of Python records where numba is not installed."""
    try:
        flat = import_module("risk_service.adapters.live.flat.records")
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        log.warning("windows_not_compiled", extra={"missing": "numba"})
        return RecordCache
    keeper: MakeKeeper = flat.FlatRecords
    return keeper
