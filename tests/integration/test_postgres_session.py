"""A PostgreSQL that is down, silent or cut off costs a bounded time and is left alone then."""

import threading
from collections.abc import Iterator
from concurrent.futures import Future

import psycopg
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from risk_service.adapters.postgres import connection, opening
from risk_service.adapters.postgres.access import check_address
from risk_service.adapters.postgres.arrays import binaries, numbers, texts
from risk_service.adapters.postgres.connection import Session
from risk_service.domain.errors import ConfigFault, StoreUnavailable
from tests.fixtures.fault_proxy import fault_proxy
from tests.fixtures.ports import closed_port
from tests.fixtures.postgres_server import PASSWORD, PostgresServer, postgres_server
from tests.fixtures.waiting import once_back, wait_until

TIMEOUT_S = 0.5
WITHIN_S = 30.0
# What a session says of each fault; a server that is silent is given up by the session itself.
_CLOSED = "PostgreSQL: .*server closed the connection"
REASONS = {"silent": "PostgreSQL: wait timeout expired", "end": _CLOSED, "reset": _CLOSED}
# Only silence is to be waited for; a busy machine is not to be taken for it.
TIMES_S = {"silent": TIMEOUT_S, "end": WITHIN_S, "reset": WITHIN_S}

_sessions: dict[int, Session] = {}


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """Return a server that the tests of the module share."""
    with postgres_server() as one:
        yield one
        while _sessions:
            _sessions.popitem()[1].close()


@pytest.fixture
def waits_s(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """Return how long each call was ready to wait for a connection, in their order."""
    found: list[float | None] = []

    class Watched(Future[opening.Line]):
        def result(self, timeout: float | None = None) -> opening.Line:
            """Note the time, and wait."""
            found.append(timeout)
            return super().result(timeout)

    monkeypatch.setattr(opening, "Future", Watched)
    return found


def session_at(server: PostgresServer, port: int = 0, timeout_s: float = WITHIN_S) -> Session:
    """Return a session with the server, or with what stands before it on another port."""
    address = server.address.replace(f":{server.port}/", f":{port or server.port}/")
    return Session(address, password=PASSWORD, timeout_s=timeout_s)


def answer_when_back(session: Session) -> object:
    """Return what the session says once it works again."""
    return once_back(lambda: session.rows("SELECT 1")[0][0])


def test_commits_of_a_session_are_flushed_whatever_the_server_says(server: PostgresServer) -> None:
    """A role or database that does not wait for the disk is overruled; waits have an end."""
    with server.connect() as db:
        db.execute("ALTER ROLE ledger SET synchronous_commit = off")
    session = session_at(server)
    names = ("synchronous_commit", "statement_timeout", "lock_timeout", "transaction_isolation")
    shown = [session.rows(f"SHOW {name}")[0][0] for name in names]  # type: ignore[arg-type]  # fixed names
    session.close()
    with server.connect() as db:
        db.execute("ALTER ROLE ledger RESET synchronous_commit")
    assert shown == ["on", "24s", "24s", "read committed"]


@pytest.mark.parametrize("fault", REASONS)
def test_fault_amid_a_statement_ends_in_time_and_heals(server: PostgresServer, fault: str) -> None:
    """No statement waits for ever, and the next connection starts afresh."""
    with fault_proxy(server.port) as (port, faults):
        session = session_at(server, port, TIMES_S[fault])
        assert answer_when_back(session) == 1
        faults.silent = fault == "silent"
        faults.reset = fault == "reset"
        if fault != "silent":
            faults.cut_after_bytes = 0
        with pytest.raises(StoreUnavailable, match=REASONS[fault]):
            session.rows("SELECT 2")
        faults.heal()
        assert answer_when_back(session) == 1
        session.close()


def test_a_dead_resolver_holds_up_no_start(
    monkeypatch: pytest.MonkeyPatch, waits_s: list[float | None]
) -> None:
    """The system may look a name up for long: the first call gives up, too, the next at once."""
    ends = threading.Event()

    def connect(*_: object, **_more: object) -> None:
        ends.wait(WITHIN_S)
        raise psycopg.OperationalError("no such name")

    monkeypatch.setattr(psycopg, "connect", connect)
    monkeypatch.setattr(opening, "FIRST_S", TIMEOUT_S)
    session = Session("postgresql://ledger@db.internal/postgres", timeout_s=WITHIN_S)
    for _ in range(3):
        with pytest.raises(StoreUnavailable, match="no connection yet"):
            session.rows("SELECT 1")
    assert waits_s == [TIMEOUT_S, 0.0, 0.0]
    ends.set()
    session.close()


def test_tables_that_are_not_ours_to_use_are_as_good_as_no_server(server: PostgresServer) -> None:
    """A right that was taken away, or another database: said, and good again as soon as it is."""
    with server.connect() as db:
        db.execute("CREATE TABLE rights (one int)")
        db.execute("CREATE ROLE guest LOGIN PASSWORD 'only-for-tests'")
        address = server.address.replace("//ledger@", "//guest@")
        session = Session(address, password=PASSWORD, timeout_s=WITHIN_S)
        with pytest.raises(StoreUnavailable, match="permission denied for table rights"):
            session.rows("SELECT * FROM rights")
        db.execute("GRANT SELECT ON rights TO guest")
        pid = session.rows("SELECT pg_backend_pid()")
        assert session.rows("SELECT * FROM rights") == []
        db.execute("DROP TABLE rights")
        with pytest.raises(StoreUnavailable, match=r"rights.* does not exist"):
            session.rows("SELECT * FROM rights")
        assert session.rows("SELECT pg_backend_pid()") == pid
        session.close()


def test_server_whose_packets_vanish_holds_up_one_call(
    server: PostgresServer, waits_s: list[float | None]
) -> None:
    """A connect then takes seconds: one call waits for it, as long as for a statement, no other.

    Else every order of the service would wait, also those that no limit is about.
    """
    with fault_proxy(server.port) as (port, faults):
        session = session_at(server, port, TIMEOUT_S)
        assert answer_when_back(session) == 1
        faults.silent = True
        with pytest.raises(StoreUnavailable, match=REASONS["silent"]):
            session.rows("SELECT 2")
        waits_s.clear()
        connections = faults.connections

        def is_tried_again() -> bool:
            with pytest.raises(StoreUnavailable, match="PostgreSQL: "):
                session.rows("SELECT 3")
            return faults.connections >= connections + 2

        wait_until(is_tried_again, "another connection was begun")
        assert waits_s[0] == TIMEOUT_S
        assert set(waits_s[1:]) == {0.0}
        faults.heal()
        assert answer_when_back(session) == 1
        session.close()


def test_answer_waits_and_gives_way_to_other_statements(server: PostgresServer) -> None:
    """A question is answered later; a statement in between drops the answer, and only that."""
    session = session_at(server)
    session.ask("SELECT $1::bigint + 1", ("1",))
    assert session.answer() == [(2,)]
    session.ask("SELECT $1::bigint + 1", ("2",))
    assert session.rows("SELECT 7") == [(7,)]
    assert session.answer() is None
    for _ in range(2):
        with pytest.raises(StoreUnavailable, match="nowhere"):
            session.ask("SELECT $1::bigint FROM nowhere", ("2",))
    session.ask("SELECT 1 / $1::bigint", ("0",))
    with pytest.raises(psycopg.errors.DivisionByZero):
        session.answer()
    session.ask("SELECT $1::bigint + 1", ("3",))
    assert session.answer() == [(4,)]
    session.close()


@pytest.mark.parametrize("fault", ["silent", "end"])
def test_answer_that_does_not_come_ends_in_time(server: PostgresServer, fault: str) -> None:
    """What is asked of a server that falls silent fails, and the next connection starts afresh."""
    with fault_proxy(server.port) as (port, faults):
        session = session_at(server, port, TIMES_S[fault])

        def asked_once() -> object:
            session.ask("SELECT $1::bigint", ("1",))
            return session.answer()

        assert once_back(asked_once) == [(1,)]
        faults.silent = fault == "silent"
        faults.cut_after_bytes = 0 if fault == "end" else faults.cut_after_bytes
        session.ask("SELECT $1::bigint", ("2",))
        with pytest.raises(StoreUnavailable, match=REASONS[fault]):
            session.answer()
        faults.heal()
        assert answer_when_back(session) == 1
        session.close()


def test_server_that_is_gone_is_left_alone_for_a_moment() -> None:
    """After a failure calls fail without another attempt, until the pause is over."""
    now_s = [100.0]
    with closed_port() as port:
        address = f"postgresql://ledger@127.0.0.1:{port}/postgres"
        session = Session(address, timeout_s=WITHIN_S, clock=lambda: now_s[0])
        with pytest.raises(StoreUnavailable, match=": connection failed"):
            session.rows("SELECT 1")
        with pytest.raises(StoreUnavailable, match=r"left alone .* after: connection failed"):
            session.rows("SELECT 1")
        now_s[0] += 1.5
        with pytest.raises(StoreUnavailable, match=": connection failed"):
            session.rows("SELECT 1")


def test_killed_server_is_used_again_when_it_is_back(server: PostgresServer) -> None:
    """The session outlives a crash of the server."""
    session = session_at(server)
    assert session.rows("SELECT 1") == [(1,)]
    server.kill()
    with pytest.raises(StoreUnavailable):
        session.rows("SELECT 1")
    server.start()
    assert answer_when_back(session) == 1
    session.close()


def test_refused_statement_leaves_the_session_as_it_was(server: PostgresServer) -> None:
    """An error that the statement earned is the caller's, and no reason to reconnect."""
    session = session_at(server)
    before = session.rows("SELECT pg_backend_pid()")
    with pytest.raises(psycopg.errors.DivisionByZero):
        session.rows("SELECT 1 / 0")
    assert session.rows("SELECT pg_backend_pid()") == before
    session.close()


def test_statement_that_takes_too_long_is_ended_by_the_server(
    server: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The server gives up first, so that nothing goes on there after we have given up."""
    monkeypatch.setattr(connection, "SERVER_PATIENCE", TIMEOUT_S / WITHIN_S)
    session = session_at(server)
    with pytest.raises(StoreUnavailable, match="statement timeout"):
        session.rows("SELECT pg_sleep(60)")
    session.close()


def test_wrong_password_says_so_and_does_not_hold_the_right_one(server: PostgresServer) -> None:
    """The message helps an operator and gives nothing away."""
    session = Session(server.address, password="wrong", timeout_s=WITHIN_S)  # noqa: S106 - a wrong one
    with pytest.raises(StoreUnavailable, match="password authentication failed") as told:
        session.rows("SELECT 1")
    assert "wrong" not in str(told.value)


@given(
    st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]))),
    st.lists(st.none() | st.integers(-(2**63), 2**63 - 1)),
)
@example(['"', "\\", "{a,b}", "", "NULL", " ", "限购\x1f"], [None, 0])
def test_arrays_arrive_as_they_were(
    server: PostgresServer, words: list[str], figures: list[int | None]
) -> None:
    """No text that an id may hold is taken for notation."""
    session = _sessions.setdefault(server.port, session_at(server))
    given = (texts(words), numbers(figures))
    assert session.rows("SELECT %s::text[], %s::bigint[]", given) == [(words, figures)]


@example([])
@example([b"", b"\\x00", bytes(range(256))])
@given(st.lists(st.binary(max_size=40), max_size=4))
def test_bytes_come_back_as_they_went(server: PostgresServer, records: list[bytes]) -> None:
    """An array of records goes in the server's binary form, whatever is in them."""
    session = _sessions.setdefault(server.port, session_at(server))
    session.ask("SELECT $1::bytea[], $2::text", (binaries(records), "beside"))
    assert session.answer() == [(records, "beside")]


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("postgresql://a:secret@127.0.0.1/db", "RISK_LEDGER_PASSWORD"),
        ("postgresql://a@127.0.0.1/db?password=secret", "RISK_LEDGER_PASSWORD"),
        ("postgresql://a@127.0.0.1/db?colour=red", "no address"),
    ],
)
def test_address_with_password_or_unknown_words_is_refused(address: str, words: str) -> None:
    """Addresses are logged, so that they must not hold a secret."""
    with pytest.raises(ConfigFault, match=words) as told:
        check_address(address)
    assert "secret" not in str(told.value)
