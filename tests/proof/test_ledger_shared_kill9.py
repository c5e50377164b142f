"""Twenty clients reserve at one PostgreSQL and Redis while everything is killed at random.

``PROMOGUARD_SIEGE`` sets another number of reservations.
"""

import os
from pathlib import Path

import pytest

from tests.fixtures.ledger_siege import Siege
from tests.fixtures.postgres_server import postgres_server
from tests.fixtures.redis_server import redis_server

pytestmark = pytest.mark.proof

RESERVATIONS = int(os.environ.get("PROMOGUARD_SIEGE", "100000"))
CLIENTS = 20
ITEMS = 50


def test_nothing_is_over_lost_or_leaked(tmp_path: Path) -> None:
    """100,000 reservations on 50 items by 20 processes under kill -9: 0 over, 0 lost, 0 leaked.

    Clients, Redis and PostgreSQL are killed; what was confirmed to a client is there, no item
    was ever over its stock, and nothing is held when all holds have expired.
    """
    with postgres_server() as postgres, redis_server() as redis:
        siege = Siege(
            postgres=postgres,
            redis=redis,
            directory=tmp_path,
            clients=CLIENTS,
            reservations=RESERVATIONS,
            items=ITEMS,
            # Two thirds of what is asked for find nothing.
            stock=max(RESERVATIONS // ITEMS // 3, 1),
            accounts=RESERVATIONS // 5,
        )
        siege.run(seed=9)
        counts = siege.check()
    print(f"\ntold to the clients: {dict(counts)}\nkilled: {dict(siege.killed)}")  # noqa: T201 - the figures of the proof
    assert counts["asked"] == RESERVATIONS // CLIENTS * CLIENTS
    assert all(siege.killed[what] for what in ("client", "redis", "postgres"))
    assert counts["confirmed"]
