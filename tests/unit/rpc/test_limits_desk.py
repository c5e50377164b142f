"""Calls of the reservation service that come together: what hits one hits no other."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from risk_service.adapters.sqlite import ledger as sqlite_ledger
from risk_service.domain.errors import NotFound, RiskError, StoreUnavailable
from risk_service.domain.reservation import Confirm, HoldRequest, LedgerAnswer, LedgerCall, Reserve
from risk_service.limits.book import LimitBook, parse_limits
from risk_service.limits.calls import do
from risk_service.limits.draft import Draft
from risk_service.rpc.limits_desk import LimitsDesk
from tests.fixtures.ledger_calls import in_use
from tests.fixtures.ledgers import SECOND_US, START_US, SqliteHouse, demand
from tests.fixtures.limit_texts import policy

BOOK = parse_limits("format = 1\n" + policy(cap=10), "test.toml")


def reserve(order_id: str) -> Reserve:
    """Return a call that holds one unit for ten minutes."""
    asked = demand(order_id, account=order_id)
    return Reserve(hold=HoldRequest(demand=asked, ttl_us=600 * SECOND_US, partial=False))


@pytest.fixture
def house(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SqliteHouse:
    """Return a ledger in which a call for the order "bug" meets an error nobody expected."""

    def breaking(
        draft: Draft, book: LimitBook, call: LedgerCall, now_us: int
    ) -> LedgerAnswer | RiskError:
        if isinstance(call, Reserve) and call.hold.demand.reservation_id == "bug":
            raise RuntimeError("a bug")
        return do(draft, book, call, now_us)

    monkeypatch.setattr(sqlite_ledger, "do", breaking)
    return SqliteHouse(tmp_path, BOOK)


def test_only_the_call_at_fault_fails(house: SqliteHouse) -> None:
    """The neighbours of a call that meets a bug are answered and durable, errors of ours too."""
    desk = LimitsDesk(ledger=house.ledger, now_us=lambda: START_US)
    calls = [
        reserve("o-1"),
        reserve("bug"),
        Confirm(reservation_id="o-1"),
        Confirm(reservation_id="o-9"),
    ]
    held, failed, paid, unknown = desk.run(calls)
    assert isinstance(held, LedgerAnswer)
    assert isinstance(failed, RuntimeError)
    assert isinstance(paid, LedgerAnswer)
    assert isinstance(unknown, NotFound)
    house.restart()
    assert in_use(house, account="o-1") == (1, 0)
    assert in_use(house, account="bug") == (0, 0)
    assert house.ledger.reconcile(repair=False, now_us=START_US) == []
    house.close()


def test_an_unexpected_error_after_the_commit_counts_once(
    house: SqliteHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Calls that were durable before the error come again and count once."""
    ledger = house.ledger
    run, failures = ledger.run, iter([True])

    def late(calls: Sequence[LedgerCall], now_us: int) -> list[LedgerAnswer | RiskError]:
        answers = run(calls, now_us)
        if next(failures, False):
            raise RuntimeError("after the commit")
        return answers

    monkeypatch.setattr(ledger, "run", late)
    desk = LimitsDesk(ledger=ledger, now_us=lambda: START_US)
    answers = desk.run([reserve("o-1"), reserve("o-2")])
    assert all(isinstance(answer, LedgerAnswer) for answer in answers)
    assert (in_use(house, account="o-1"), in_use(house, account="o-2")) == ((0, 1), (0, 1))
    house.close()


def test_a_store_that_is_down_fails_the_group_at_once(
    house: SqliteHouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A broken disk is not asked again once per call."""
    asked: list[int] = []

    def down(calls: Sequence[LedgerCall], _now_us: int) -> list[LedgerAnswer | RiskError]:
        asked.append(len(calls))
        raise StoreUnavailable("disk full")

    monkeypatch.setattr(house.ledger, "run", down)
    desk = LimitsDesk(ledger=house.ledger, now_us=lambda: START_US)
    answers = desk.run([reserve("o-1"), reserve("o-2")])
    assert [type(answer) for answer in answers] == [StoreUnavailable, StoreUnavailable]
    assert asked == [2]
    house.close()
