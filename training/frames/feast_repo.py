"""The Feast repository of one warehouse, through Feast's own configuration file.

Importing Feast takes seconds: only commands that need it import this module.
"""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import import_module
from importlib.resources import files
from pathlib import Path

from feast import FeatureStore

from risk_service.domain.errors import ConfigFault
from training.words import fault

# Read by feature_repo/feature_store.yaml, as `feast` on the command line reads them.
WAREHOUSE_VARIABLE = "PROMOGUARD_WAREHOUSE"
ONLINE_VARIABLE = "PROMOGUARD_ONLINE"
# Read by feature_repo/production/feature_store.yaml, which has no defaults.
REGISTRY_VARIABLE, REDIS_VARIABLE = "PROMOGUARD_REGISTRY_URL", "PROMOGUARD_REDIS"
PRODUCTION = "production"


def default_online(warehouse: Path) -> Path:
    """Return where a warehouse's online store lies unless told otherwise."""
    return warehouse / "feast" / "online.db"


@contextmanager
def open_repo(warehouse: Path, online: Path | None = None) -> Iterator[FeatureStore]:
    """Open the repository with the paths of this warehouse, in UTC.

    Raises
    ------
    ConfigFault
        The process does not run in UTC: Feast's sqlite store keeps local epochs.
    """
    store = (online or default_online(warehouse)).resolve()
    store.parent.mkdir(parents=True, exist_ok=True)
    (warehouse / "feast").mkdir(parents=True, exist_ok=True)
    with _configured({WAREHOUSE_VARIABLE: str(warehouse.resolve()), ONLINE_VARIABLE: str(store)}):
        yield FeatureStore(repo_path=str(files("feature_repo")))


@contextmanager
def open_production(warehouse: Path) -> Iterator[FeatureStore]:
    """Open the repository whose registry is in PostgreSQL and whose online store is in Redis.

    Raises
    ------
    ConfigFault
        The process does not run in UTC, or a variable that names a server is not set.
    """
    for name in (REGISTRY_VARIABLE, REDIS_VARIABLE):
        if not os.environ.get(name):
            raise ConfigFault(fault("production_variable", name=name))
    with _configured({WAREHOUSE_VARIABLE: str(warehouse.resolve())}):
        yield FeatureStore(repo_path=str(files("feature_repo") / PRODUCTION))


@contextmanager
def _configured(wanted: Mapping[str, str]) -> Iterator[None]:
    """Set the variables from which Feast's configuration files take their paths."""
    if time.timezone != 0 or time.daylight:
        raise ConfigFault(fault("needs_utc"))
    before = {name: os.environ.get(name) for name in wanted}
    os.environ.update(wanted)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def apply_repo(warehouse: Path) -> None:
    """Register entities, views and services, and create the online tables."""
    with open_repo(warehouse) as store:
        apply_to(store, warehouse)


def apply_to(store: FeatureStore, warehouse: Path) -> None:
    """Register them with a repository that is open."""
    # The repository is configuration: loaded by name, as Feast loads its offline store.
    definitions = import_module("feature_repo.definitions")
    store.apply([*definitions.feast_objects(warehouse.resolve())])
    # A registry in a database is cached for minutes.
    store.refresh_registry()  # type: ignore[no-untyped-call]  # Feast's
