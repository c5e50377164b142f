"""Redis before the ledger: it refuses what is hopeless, and whatever it says grants nothing."""

import struct
import time
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import count
from typing import LiteralString

import pytest

from risk_service.adapters.postgres.admission import Admission
from risk_service.adapters.postgres.connection import Rows, Session
from risk_service.adapters.postgres.ledger import PostgresLedger
from risk_service.adapters.redis.addresses import parse_addresses
from risk_service.adapters.redis.admission import RedisAdmission
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.grant import Grant
from risk_service.domain.reservation import Cancel, Confirm, HoldRequest, ReservationState
from risk_service.domain.vocabulary import Outcome
from risk_service.limits.book import parse_limits
from tests.fixtures.ledger_calls import TTL_US
from tests.fixtures.ledgers import SECOND_US, START_US, demand, line
from tests.fixtures.limit_texts import policy
from tests.fixtures.postgres_server import PASSWORD, PostgresServer, postgres_server
from tests.fixtures.redis_server import RedisServer, redis_server
from tests.fixtures.waiting import once_back, wait_until

LONG_S = 60.0
SHORT_S = 0.3
PATIENT_S = 20.0
STOCK = 3
BOOK = parse_limits(
    "format = 1\n" + policy(cap=STOCK, subject='{ any_of = ["GLOBAL"] }'), "test.toml"
)
NUMBERS = count()


class Counting(Session):
    """Counts the statements that were sent."""

    sent = 0

    def rows(self, query: str, parameters: tuple[object, ...] = ()) -> Rows:  # type: ignore[override]  # any text will do
        """Run a statement."""
        self.sent += 1
        return super().rows(query, parameters)  # type: ignore[arg-type]  # it came from our own code

    def ask(self, query: LiteralString, parameters: Sequence[str]) -> None:
        """Send a statement."""
        self.sent += 1
        super().ask(query, parameters)


class Shop:
    """Processes at one ledger with one Redis."""

    def __init__(self, postgres: PostgresServer, redis: RedisServer) -> None:
        self.postgres, self.redis = postgres, redis
        self._address = postgres.fresh_schema()
        self._prefix = f"shop{next(NUMBERS)}"
        self._open: list[PostgresLedger] = []

    def process(self, trust_s: float = LONG_S) -> tuple[PostgresLedger, Counting, Admission]:
        """Return another process's ledger, its session and its admission."""
        session = Counting(self._address, password=PASSWORD, timeout_s=PATIENT_S)
        counters = RedisAdmission(
            parse_addresses(self.redis.address),
            prefix=self._prefix,
            trust_s=trust_s,
            timeout_s=PATIENT_S,
        )
        admission = Admission(counters)
        ledger = PostgresLedger(session, lambda: BOOK, admission)
        self._open.append(ledger)
        return ledger, session, admission

    def keys(self) -> list[bytes]:
        """Return the counters that Redis knows."""
        found = self.redis.call("KEYS", f"{{{self._prefix}}}*")
        assert isinstance(found, list)
        return found

    def lie(self, used: int, sequence: int) -> None:
        """Let Redis say something else of every counter it knows, for ten minutes."""
        until_ms = int((time.time() + 600) * 1000)
        for key in self.keys():
            self.redis.call("SET", key, struct.pack("<qqq", sequence, used, until_ms))

    def close(self) -> None:
        """Close all processes."""
        for ledger in self._open:
            ledger.close()


@pytest.fixture(scope="module")
def servers() -> Iterator[tuple[PostgresServer, RedisServer]]:
    """Return servers that the tests of the module share."""
    with postgres_server() as postgres, redis_server() as redis:
        yield postgres, redis


@pytest.fixture
def shop(servers: tuple[PostgresServer, RedisServer]) -> Iterator[Shop]:
    """Return a shop with an empty ledger."""
    one = Shop(*servers)
    yield one
    for server in servers:
        if server.process is None:
            server.start()
    one.close()


def held(ledger: PostgresLedger, name: str, units: int = 1, at_us: int = START_US) -> Grant:
    """Hold for one order."""
    request = HoldRequest(demand=demand(name, line(quantity=units)), ttl_us=TTL_US)
    return ledger.hold([request], at_us).grants[0]


def is_granted(ledger: PostgresLedger, name: str) -> bool:
    """Ask once more; tell whether the order is granted."""
    return held(ledger, name).outcome is Outcome.ALLOW


def test_sold_out_drop_is_refused_without_its_counters_being_read(shop: Shop) -> None:
    """Once one process was refused, all know: an order costs one look whether it is known."""
    first, *_ = shop.process()
    second, session, admission = shop.process()
    held(first, "o1", STOCK)
    assert held(first, "o2").outcome is Outcome.DENY
    assert held(second, "o3").outcome is Outcome.DENY
    before = session.sent
    requests = [HoldRequest(demand=demand(f"n{n}"), ttl_us=TTL_US) for n in range(50)]
    grants = second.hold(requests, START_US).grants
    assert {grant.outcome for grant in grants} == {Outcome.DENY}
    assert (session.sent - before, admission.refused) == (1, 50)
    assert [(use.cap, use.used, use.blocking) for use in grants[0].uses] == [(STOCK, STOCK, True)]


def test_order_that_holds_already_is_never_refused_by_redis(shop: Shop) -> None:
    """Its own hold does not stand in the way of its next decision."""
    first, _, admission = shop.process()
    held(first, "o1", STOCK)
    held(first, "o2")
    held(first, "o3")
    assert admission.refused == 1
    assert held(first, "o1", STOCK).outcome is Outcome.ALLOW


def test_what_comes_back_is_had_again_at_once(shop: Shop) -> None:
    """A release is told to Redis with its own sequence; no process goes on refusing."""
    first, *_ = shop.process()
    second, *_ = shop.process()
    held(first, "o1", STOCK)
    held(second, "o2")
    first.run([Cancel(reservation_id="o1")], START_US)
    first.hold([], START_US)
    assert held(second, "o3").outcome is Outcome.ALLOW


def test_expired_holds_make_room_at_once(shop: Shop) -> None:
    """Redis may say that all is held: the ledger looks whether any of it is over."""
    first, *_ = shop.process()
    held(first, "o1", STOCK)
    held(first, "o2")
    assert held(first, "o3", at_us=START_US + TTL_US).outcome is Outcome.ALLOW


def test_release_that_redis_never_heard_of_is_refused_no_longer_than_trusted(shop: Shop) -> None:
    """The process that released died before it told Redis."""
    first, *_ = shop.process(SHORT_S)
    held(first, "o1", STOCK)
    held(first, "o2")
    silent = PostgresLedger(
        Session(shop._address, password=PASSWORD, timeout_s=PATIENT_S), lambda: BOOK
    )
    silent.run([Cancel(reservation_id="o1")], START_US)
    silent.close()
    wait_until(partial(is_granted, first, "o3"), "what Redis said is trusted no more")
    assert first.reconcile(repair=False, now_us=START_US) == []


def test_redis_that_lies_low_grants_nothing(shop: Shop) -> None:
    """A figure below the truth, under whatever sequence, lets orders through to the ledger."""
    first, *_ = shop.process()
    held(first, "o1", STOCK)
    held(first, "o2")
    for sequence in (0, 2**50):
        shop.lie(used=0, sequence=sequence)
        assert held(first, f"o3-{sequence}").outcome is Outcome.DENY


def test_redis_that_lies_high_refuses_for_no_longer_than_trusted(shop: Shop) -> None:
    """A figure that claims to be trusted for ten minutes is not trusted at all."""
    first, *_ = shop.process(SHORT_S)
    held(first, "o1")
    for name in ("o2", "o3"):
        held(first, name, STOCK)
    assert shop.keys()
    shop.lie(used=2**40, sequence=2**50)
    wait_until(partial(is_granted, first, "o4"), "what Redis said is trusted no more")
    assert first.reconcile(repair=False, now_us=START_US) == []


def test_redis_killed_or_emptied_costs_speed_only(shop: Shop) -> None:
    """Every answer is the ledger's own then."""
    first, *_ = shop.process()
    held(first, "o1", STOCK - 1)
    held(first, "o2", STOCK)
    shop.redis.call("FLUSHALL")
    assert held(first, "o3", STOCK).outcome is Outcome.DENY
    shop.redis.kill()
    assert held(first, "o4").outcome is Outcome.ALLOW
    assert held(first, "o5").outcome is Outcome.DENY
    first.run([Cancel(reservation_id="o4")], START_US)
    shop.redis.start()
    assert held(first, "o6").outcome is Outcome.ALLOW
    assert first.reconcile(repair=False, now_us=START_US) == []


def test_postgres_killed_refuses_to_count_and_keeps_what_it_said(shop: Shop) -> None:
    """Nothing is granted while the truth is away, whatever Redis says; nothing is forgotten."""
    first, *_ = shop.process()
    held(first, "o1", STOCK - 1)
    first.run([Confirm(reservation_id="o1")], START_US)
    shop.postgres.kill()
    with pytest.raises(StoreUnavailable):
        held(first, "o2")
    shop.postgres.start()
    assert once_back(lambda: held(first, "o2", STOCK)).outcome is Outcome.DENY
    answer = first.run([Confirm(reservation_id="o1")], START_US)[0]
    assert getattr(answer, "state", None) is ReservationState.CONFIRMED


def test_clock_that_goes_back_keeps_what_was_decided_by_the_later_one(shop: Shop) -> None:
    """A process behind the others ends nothing twice, and dates back by a second at most."""
    first, *_ = shop.process()
    second, *_ = shop.process()
    held(first, "o1", STOCK)
    late_us = START_US + 2 * TTL_US
    assert held(first, "o2", STOCK, at_us=late_us).outcome is Outcome.ALLOW
    assert held(second, "o3", at_us=START_US).outcome is Outcome.DENY
    assert second.expire(START_US) == 0
    second.run([Cancel(reservation_id="o2")], START_US)
    again = held(second, "o4", at_us=START_US)
    assert again.expires_at_us >= late_us - SECOND_US + TTL_US
    refund = second.run([Confirm(reservation_id="o1")], START_US)[0]
    assert getattr(refund, "refund_required", None)
