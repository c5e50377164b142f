"""A PostgreSQL that has just come back, slow and with much that is due: no order pays for it."""

import pytest

from risk_service.adapters.postgres.connection import Session
from risk_service.adapters.postgres.optimistic import SWEEP_RECORDS
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.reservation import Confirm, HoldRequest
from risk_service.domain.vocabulary import Outcome
from tests.fixtures.ledger_calls import TTL_US
from tests.fixtures.ledger_race import Two
from tests.fixtures.ledgers import START_US, demand
from tests.fixtures.postgres_server import PASSWORD, PostgresServer

WITHIN_S = 30.0
LATER_US = START_US + TTL_US


def test_statements_of_one_call_share_the_time_of_one(postgres: PostgresServer) -> None:
    """Each just in time would be several times as long for orders that wait behind it."""
    now_s = [100.0]
    session = Session(
        postgres.address, password=PASSWORD, timeout_s=WITHIN_S, clock=lambda: now_s[0]
    )
    assert session.rows("SELECT 1") == [(1,)]
    with session.together():
        now_s[0] += WITHIN_S
        with pytest.raises(StoreUnavailable, match="wait timeout expired"):
            session.rows("SELECT pg_sleep(60)")
    now_s[0] += WITHIN_S
    with session.together():
        assert session.rows("SELECT 2") == [(2,)]
    now_s[0] += WITHIN_S
    assert session.rows("SELECT 3") == [(3,)]
    session.close()


def test_calls_of_the_ledger_keep_to_that(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders wait for each of them, also for what goes on beside the orders."""
    waits: list[bool] = []
    left_s = Session._left_s

    def noted(session: Session) -> float:
        waits.append(session._ends_at is not None)
        return left_s(session)

    asked, ledger = demand("o1"), two.first
    ledger.open()
    monkeypatch.setattr(Session, "_left_s", noted)
    for call in (
        lambda: ledger.expect([asked], START_US),
        lambda: ledger.check([asked], START_US),
        lambda: ledger.hold([HoldRequest(demand=asked, ttl_us=TTL_US)], START_US).dropped(),
        lambda: ledger.run([Confirm(reservation_id="o1")], START_US),
        lambda: ledger.usage("account", "a1", START_US),
        lambda: ledger.expire(LATER_US),
        lambda: ledger.prune(LATER_US, LATER_US),
    ):
        waits.clear()
        call()
        assert waits
        assert all(waits)


def test_first_order_does_not_end_all_holds_that_ran_out(
    two: Two, postgres: PostgresServer
) -> None:
    """After an hour without PostgreSQL those are all of that hour; they end beside the orders."""
    asked = [demand(f"o{n}", account=f"a{n}") for n in range(2 * SWEEP_RECORDS)]
    two.first.hold([HoldRequest(demand=one, ttl_us=TTL_US) for one in asked], START_US)
    assert two.held(demand("late", account="b"), at_us=LATER_US) is Outcome.ALLOW
    assert two.first.expire(LATER_US) == SWEEP_RECORDS
    assert two.first.expire(LATER_US) == 0
