"""A ledger that somebody has altered, or whose server forgot: limits go uncounted, then heal."""

from collections.abc import Iterator
from itertools import count
from typing import LiteralString

import grpc
import psycopg
import pytest

from risk_service.adapters.postgres.connection import PAUSE_MAX_S, PAUSE_S, Session
from risk_service.domain.errors import StoreUnavailable
from risk_service.pb.risk.v1 import order_pb2, risk_pb2, risk_pb2_grpc
from tests.fixtures.limit_texts import policy
from tests.fixtures.postgres_server import PASSWORD, PostgresServer, postgres_server
from tests.fixtures.service import ServiceFiles, score_request, start_server
from tests.fixtures.waiting import once_back, wait_until

WITHIN_S = 30.0
POLICIES = (
    "format = 1\n"
    + policy(subject='{ any_of = ["GLOBAL"] }', cap=100)
    + 'include = { promotion_types = ["FLASH_SALE"] }\n'
)
# What somebody does to the tables, and what sets it right.
ALTERED: list[tuple[LiteralString, LiteralString]] = [
    (
        "ALTER TABLE ledger_cells RENAME held TO kept",
        "ALTER TABLE ledger_cells RENAME kept TO held",
    ),
    (
        "ALTER TABLE ledger_cells ALTER held TYPE numeric",
        "ALTER TABLE ledger_cells ALTER held TYPE bigint",
    ),
]

# After which the session begins with a new connection.
REFUSED = "DO $$ BEGIN RAISE 'refused'; END $$"


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """Return a server that the tests of the module share."""
    with postgres_server() as one:
        yield one


@pytest.fixture
def session(server: PostgresServer) -> Iterator[Session]:
    """Return a session with the server."""
    one = Session(server.address, password=PASSWORD, timeout_s=WITHIN_S)
    yield one
    one.close()


def test_a_statement_that_the_server_forgot_is_prepared_again(session: Session) -> None:
    """A pooler that cleans sessions up, or an administrator, may make it forget them all."""
    session.ask("SELECT $1::int", ("1",))
    assert session.answer() == [(1,)]
    session.script("DEALLOCATE ALL")
    session.ask("SELECT $1::int", ("2",))
    with pytest.raises(StoreUnavailable, match="does not exist"):
        session.answer()

    def asked_again() -> object:
        session.ask("SELECT $1::int", ("3",))
        return session.answer()

    assert once_back(asked_again) == [(3,)]


def test_a_column_of_another_type_is_read_anew(server: PostgresServer, session: Session) -> None:
    """The plan of before is refused for as long as the connection lasts."""
    with server.connect() as db:
        db.execute("CREATE TABLE widths (one int)")
        session.ask("SELECT one FROM widths", ())
        assert session.answer() == []
        db.execute("ALTER TABLE widths ALTER one TYPE bigint")
        session.ask("SELECT one FROM widths", ())
        with pytest.raises(StoreUnavailable, match="cached plan must not change result type"):
            session.answer()

        def asked_again() -> object:
            session.ask("SELECT one FROM widths", ())
            return session.answer()

        assert once_back(asked_again) == []
        db.execute("DROP TABLE widths")


def test_the_words_of_a_refusal_hold_no_statement_and_no_row(session: Session) -> None:
    """They go into the log: neither pages of SQL nor the keys of somebody's rows belong there."""
    body = "BEGIN RAISE 'refused' USING DETAIL = 'row acc-1', HINT = 'key acc-1'; END"
    with pytest.raises(StoreUnavailable) as told:
        session.script(f"DO $$ {body} $$")  # type: ignore[arg-type]  # fixed words
    assert str(told.value) == "PostgreSQL: refused"


def test_what_works_in_between_shortens_no_pause(server: PostgresServer) -> None:
    """Behind a lock reads go on and writes do not; each wait for one stops all other orders."""
    now_s = [0.0]
    session = Session(server.address, password=PASSWORD, timeout_s=WITHIN_S, clock=lambda: now_s[0])
    pause_s = PAUSE_S
    while pause_s < PAUSE_MAX_S:
        with pytest.raises(StoreUnavailable):
            session.script(REFUSED)
        now_s[0] += 0.9 * pause_s
        with pytest.raises(StoreUnavailable, match="left alone"):
            session.rows("SELECT 1")
        now_s[0] += 0.2 * pause_s
        assert session.rows("SELECT 1") == [(1,)]
        pause_s *= 2
    now_s[0] += 2 * PAUSE_MAX_S
    assert session.rows("SELECT 1") == [(1,)]
    with pytest.raises(StoreUnavailable):
        session.script(REFUSED)
    now_s[0] += 1.1 * PAUSE_S
    assert session.rows("SELECT 1") == [(1,)]
    session.close()


def test_what_an_order_is_to_blame_for_is_not_the_servers(session: Session) -> None:
    """Else one order with a figure too large would leave the limits of its group uncounted."""
    for statement in ("SELECT 2147483647 + 1", "SELECT '1x'::int"):
        with pytest.raises(psycopg.errors.DataError):
            session.rows(statement)  # type: ignore[arg-type]  # fixed words


def test_an_altered_ledger_leaves_limits_uncounted_and_heals(
    files: ServiceFiles, server: PostgresServer
) -> None:
    """Limited goods are reviewed meanwhile and others go on; nobody reads "internal error"."""
    limits = files.state.parent / "limits.toml"
    limits.write_text(POLICIES, "utf-8")
    environment = {"RISK_LIMITS": str(limits), "RISK_LEDGER_PASSWORD": PASSWORD}
    numbers = count()
    with (
        server.connect() as db,
        start_server(files, ["--ledger", server.address], environment=environment) as running,
        grpc.insecure_channel(running.address) as channel,
    ):
        stub = risk_pb2_grpc.RiskServiceStub(channel)

        def score(promotion: "order_pb2.PromotionType") -> risk_pb2.Decision:
            request = score_request(f"r-{next(numbers)}")
            request.order.lines[0].promotion_type = promotion
            return stub.ScoreOrder(request, timeout=WITHIN_S).decision

        def is_counted() -> bool:
            return score(order_pb2.PROMOTION_TYPE_FLASH_SALE).mode == risk_pb2.MODE_FULL

        for fault, remedy in ALTERED:
            wait_until(is_counted, "limits are counted")
            db.execute(fault)
            limited = score(order_pb2.PROMOTION_TYPE_FLASH_SALE)
            assert limited.mode == risk_pb2.MODE_NO_LIMITS
            assert limited.outcome == risk_pb2.OUTCOME_REVIEW
            assert score(order_pb2.PROMOTION_TYPE_NONE).outcome == risk_pb2.OUTCOME_ALLOW
            db.execute(remedy)
        wait_until(is_counted, "limits are counted again")
