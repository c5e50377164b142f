"""Redis and PostgreSQL for services under load, on the generator's core."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from tests.bench.processes import cores
from tests.fixtures.postgres_server import PASSWORD, postgres_server
from tests.fixtures.redis_server import redis_server

# What a busy start may take; the service's own default is for a machine that is not ours alone.
TIMEOUT_MS = 2000


@dataclass(frozen=True, slots=True)
class SharedStores:
    """Running stores: the settings of a service that uses them, and their process ids."""

    settings: dict[str, str | int]
    process_ids: dict[str, int]

    @property
    def environment(self) -> list[str]:
        """Return what the command of a service that uses them begins with."""
        return ["env", *(f"RISK_{name.upper()}={value}" for name, value in self.settings.items())]


@contextmanager
def shared_stores() -> Iterator[SharedStores]:
    """Run both for as long as the block lasts."""
    everywhere = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {cores().generator})
    try:
        with redis_server() as redis, postgres_server() as postgres:
            os.sched_setaffinity(0, everywhere)
            assert redis.process is not None
            assert postgres.process is not None
            settings: dict[str, str | int] = {
                "windows": f"redis://{redis.address}",
                "windows_timeout_ms": TIMEOUT_MS,
                "ledger": postgres.address,
                "ledger_password": PASSWORD,
                "ledger_timeout_ms": TIMEOUT_MS,
                "admission": f"redis://{redis.address}",
            }
            processes = {"Redis": redis.process.pid, "PostgreSQL": postgres.process.pid}
            yield SharedStores(settings, processes)
    finally:
        os.sched_setaffinity(0, everywhere)
