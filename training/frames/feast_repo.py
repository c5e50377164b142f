"""The Feast repository of one warehouse, through Feast's own configuration file.

Importing Feast takes seconds: only commands that need it import this module.
"""

import os
import time
from collections.abc import Iterator
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
    if time.timezone != 0 or time.daylight:
        raise ConfigFault(fault("needs_utc"))
    store = (online or default_online(warehouse)).resolve()
    store.parent.mkdir(parents=True, exist_ok=True)
    (warehouse / "feast").mkdir(parents=True, exist_ok=True)
    wanted = {WAREHOUSE_VARIABLE: str(warehouse.resolve()), ONLINE_VARIABLE: str(store)}
    before = {name: os.environ.get(name) for name in wanted}
    # Feast's configuration file takes its paths from the environment only.
    os.environ.update(wanted)
    try:
        yield FeatureStore(repo_path=str(files("feature_repo")))
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def apply_repo(warehouse: Path, online: Path | None = None) -> None:
    """Register entities, views and services, and create the online tables."""
    with open_repo(warehouse, online) as store:
        # The repository is configuration: loaded by name, as Feast loads its offline store.
        definitions = import_module("feature_repo.definitions")
        store.apply([*definitions.feast_objects(warehouse.resolve())])
