"""How a worker knows the entities in Redis: as blocks wherever numba can be had."""

import logging
from importlib import import_module

from risk_service.adapters.redis.plain import PlainEntities
from risk_service.adapters.redis.trips import MakeEntities

log = logging.getLogger(__name__)


def fastest_entities() -> MakeEntities:
    """Return the maker of blocks, or that of Python records where numba is not installed."""
    try:
        flat = import_module("risk_service.adapters.redis.flat")
    except ModuleNotFoundError as error:
        if error.name != "numba":
            raise
        log.warning("windows_not_compiled", extra={"missing": "numba"})
        return PlainEntities
    entities: MakeEntities = flat.FlatEntities
    return entities
