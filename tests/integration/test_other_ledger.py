"""A ledger that was lost does not begin anew: limits would be used up once more."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from risk_service.adapters.postgres.mark import FILE_NAME
from risk_service.bootstrap.ledger import open_ledger
from risk_service.config import Settings, load_settings
from risk_service.domain.errors import ConfigFault, StoreUnavailable
from risk_service.domain.reservation import (
    HoldRequest,
    LedgerAnswer,
    ReservationState,
    Reserve,
)
from risk_service.ports import ReservationLedger
from tests.fixtures.ledgers import demand, line
from tests.fixtures.limit_texts import shipped_limits
from tests.fixtures.postgres_server import PASSWORD, PostgresServer, postgres_server, standby_of
from tests.fixtures.waiting import once_back, wait_until

SCHEMA = "counted"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """Return a server."""
    with postgres_server() as one:
        yield one


@pytest.fixture
def state(server: PostgresServer, tmp_path: Path) -> Path:
    """Return the state directory of a service, and make the schema of its ledger."""
    with server.connect() as db:
        db.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE".encode())
        db.execute(f"CREATE SCHEMA {SCHEMA}".encode())
    return tmp_path


def settings(server: PostgresServer, state: Path) -> Settings:
    """Return the settings of the service."""
    given = dict.fromkeys(("bundle", "trust", "identity_key", "features"), "x")
    address = f"{server.address}?options=-csearch_path%3D{SCHEMA}"
    more = {"ledger": address, "ledger_password": PASSWORD, "ledger_timeout_ms": "10000"}
    return load_settings({**given, **more, "state": str(state)}, {})


def opened(server: PostgresServer, state: Path) -> ReservationLedger:
    """Open the ledger as a start does."""
    state.mkdir(exist_ok=True)
    return open_ledger(settings(server, state), shipped_limits, lambda _s: None)


def lose(server: PostgresServer) -> None:
    """Put an empty database in the place of the ledger, and cut whoever is connected."""
    with server.connect() as db:
        db.execute(f"DROP SCHEMA {SCHEMA} CASCADE".encode())
        db.execute(f"CREATE SCHEMA {SCHEMA}".encode())
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'promoguard ledger'"
        )


def tables(server: PostgresServer) -> int:
    """Return how many tables the schema has."""
    with server.connect() as db:
        query = f"SELECT count(*) FROM pg_tables WHERE schemaname = '{SCHEMA}'"  # noqa: S608 - a constant
        row = db.execute(query.encode()).fetchone()
    assert row is not None
    return int(str(row[0]))


def test_an_empty_database_in_its_place_stops_the_start(
    server: PostgresServer, state: Path
) -> None:
    """With what to do; and whoever wants to begin anew can."""
    opened(server, state).close()
    opened(server, state).close()
    lose(server)
    with pytest.raises(ConfigFault, match=f"put that one back, or delete {state}/{FILE_NAME}"):
        opened(server, state)
    assert tables(server) == 0
    (state / FILE_NAME).unlink()
    opened(server, state).close()
    assert tables(server) > 0


def test_a_running_service_counts_in_no_other(server: PostgresServer, state: Path) -> None:
    """Also where somebody else has made tables there meanwhile; limits are not available."""
    ledger = opened(server, state)
    assert ledger.usage("account", "a", 0) is not None
    lose(server)
    opened(server, state / "new").close()

    def is_refused() -> bool:
        # At first it is told of the connection that was cut, and left alone for a moment.
        with pytest.raises(StoreUnavailable) as told:
            ledger.usage("account", "a", 0)
        return "not the ledger in which this service has counted" in str(told.value)

    wait_until(is_refused, "the other ledger is refused")
    ledger.close()


def test_a_restored_dump_is_the_same_ledger(server: PostgresServer, state: Path) -> None:
    """The mark lies in the tables."""
    ledger = opened(server, state)
    with server.connect() as db:
        query = f"SELECT step, done_at FROM {SCHEMA}.ledger_schema"  # noqa: S608 - a constant
        rows = db.execute(query.encode()).fetchall()
    lose(server)
    opened(server, state / "restorer").close()
    with server.connect() as db:
        for step, done_at in rows:
            query = f"UPDATE {SCHEMA}.ledger_schema SET done_at = %s WHERE step = %s"  # noqa: S608 - as above
            db.execute(query.encode(), (done_at, step))
    assert once_back(lambda: ledger.usage("account", "a", 0)) is not None
    ledger.close()
    opened(server, state).close()


def test_a_standby_that_takes_over_is_the_same_ledger(tmp_path: Path) -> None:
    """By an address with both hosts; what was held is still held, and no start is refused."""
    with postgres_server() as primary, standby_of(primary) as standby:
        hosts = f"127.0.0.1:{primary.port},127.0.0.1:{standby.port}"
        address = f"postgresql://ledger@{hosts}/postgres?target_session_attrs=read-write"
        both = settings(primary, tmp_path).model_copy(update={"ledger": address})
        ledger = open_ledger(both, shipped_limits, lambda _s: None)
        now_us = time.time_ns() // 1000
        hold = HoldRequest(demand=demand("o1", line(quantity=1)), ttl_us=3600 * 10**6)
        reserve = Reserve(hold=hold, take_over=False)
        assert isinstance(ledger.run([reserve], now_us)[0], LedgerAnswer)
        primary.kill()
        for _ in range(2):
            with pytest.raises(StoreUnavailable):
                ledger.usage("account", "a1", now_us)
        with standby.connect() as db:
            db.execute("SELECT pg_promote()")
        # The same call again gets the same answer, from what is there.
        answer = once_back(lambda: ledger.run([reserve], now_us))[0]
        assert isinstance(answer, LedgerAnswer)
        assert answer.state is ReservationState.HELD
        ledger.close()
        open_ledger(both, shipped_limits, lambda _s: None).close()
        with standby.connect() as db:
            found = db.execute("SELECT version FROM ledger_records WHERE key = 'r:o1'").fetchall()
        assert found == [(1,)]


@pytest.mark.parametrize("text", ["", "x", "1' OR true --".ljust(20)])
def test_a_file_that_is_no_mark_is_named(server: PostgresServer, state: Path, text: str) -> None:
    """It goes into a statement: nothing but digits does."""
    (state / FILE_NAME).write_text(text)
    with pytest.raises(ConfigFault, match="no mark of a ledger"):
        opened(server, state)
