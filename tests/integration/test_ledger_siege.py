"""A small siege of the shared ledger, for every run; the large one is in tests/proof."""

from pathlib import Path

from tests.fixtures.ledger_siege import Siege
from tests.fixtures.postgres_server import postgres_server
from tests.fixtures.redis_server import redis_server


def test_no_unit_is_sold_twice_lost_or_leaked_while_processes_are_killed(tmp_path: Path) -> None:
    """Three clients, three items, kills of clients, Redis and PostgreSQL: the sums are right."""
    with postgres_server() as postgres, redis_server() as redis:
        siege = Siege(
            postgres=postgres,
            redis=redis,
            directory=tmp_path,
            clients=3,
            reservations=600,
            items=3,
            stock=30,
            accounts=400,
            ttl_s=1.0,
            kill_every_s=0.7,
            redis_every_s=2.0,
            postgres_every_s=3.0,
        )
        siege.run(seed=1)
        counts = siege.check()
    assert counts["asked"] == 600
    assert counts["confirmed"] > 20
    assert siege.killed["client"], "nobody was killed: this proves nothing"
