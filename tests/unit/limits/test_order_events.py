"""Reported events confirm holds and give quota back; what was paid without one is reported."""

from collections.abc import Iterator
from itertools import permutations
from pathlib import Path

import pytest
from msgspec.structs import replace

from risk_service.domain.order import Order
from risk_service.domain.reported import LifeEvent
from risk_service.domain.reservation import HoldRequest
from risk_service.domain.vocabulary import EventReason, EventType, PromotionType
from risk_service.intake.reservations import Reservations
from risk_service.limits.book import parse_limits
from risk_service.limits.demand import demand_of_order
from tests.fixtures.ledger_calls import in_use
from tests.fixtures.ledgers import SqliteHouse
from tests.fixtures.limit_texts import policy
from tests.fixtures.records import NOW_US, order

TTL_US = 60_000_000
ACCOUNT = order().tokens.account


@pytest.fixture
def house(tmp_path: Path) -> Iterator[SqliteHouse]:
    """Return an embedded ledger, two units per account and SKU in force."""
    made = SqliteHouse(tmp_path, parse_limits("format = 1\n" + policy(), "test.toml"))
    yield made
    made.close()


@pytest.fixture
def told() -> list[str]:
    """Return what was reported."""
    return []


@pytest.fixture
def follow(house: SqliteHouse, told: list[str]) -> Reservations:
    """Return what follows events in the ledger."""
    return Reservations(ledger=house.ledger, count=told.append)


def flash(order_id: str = "o-1", units: int = 2) -> Order:
    """Return an order that a limit is about."""
    return order(order_id, units=units, promotion=PromotionType.FLASH_SALE)


def hold(house: SqliteHouse, one: Order) -> None:
    """Hold for an order's decision."""
    asked = demand_of_order(one, b"f", now_us=NOW_US)
    house.commit(house.ledger.hold([HoldRequest(demand=asked, ttl_us=TTL_US)], NOW_US))


def event(kind: EventType, **changes: object) -> LifeEvent:
    """Return an event of the order."""
    life = LifeEvent(event_id=f"e-{kind.name}", event_type=kind, at_us=NOW_US, order_id="o-1")
    return replace(life, **changes)


def use(house: SqliteHouse, at_us: int = NOW_US) -> tuple[int, int]:
    """Return what the account has confirmed and held."""
    return in_use(house, at_us, ACCOUNT)


def test_paid_confirms_and_a_repetition_changes_nothing(
    house: SqliteHouse, follow: Reservations, told: list[str]
) -> None:
    """A hold becomes usage when the order is paid, once."""
    hold(house, flash())
    assert use(house) == (0, 2)
    for _ in range(2):
        follow.follow([(event(EventType.PAID), flash())], NOW_US)
        assert use(house) == (2, 0)
    assert told == []


@pytest.mark.parametrize("kind", ["CANCELLED", "BLOCKED"])
@pytest.mark.parametrize("paid", [False, True])
def test_cancelled_gives_back(
    house: SqliteHouse, follow: Reservations, kind: str, paid: bool
) -> None:
    """An order that comes to nothing uses nothing, paid or not."""
    hold(house, flash())
    if paid:
        follow.follow([(event(EventType.PAID), flash())], NOW_US)
    follow.follow([(event(EventType[kind]), flash())], NOW_US)
    assert use(house) == (0, 0)


@pytest.mark.parametrize(
    ("kind", "changes", "left"),
    [
        (EventType.REFUNDED, {}, 0),
        (EventType.REFUNDED, {"amount_minor": 1}, 2),
        (EventType.REFUNDED, {"reason": EventReason.PARTIAL_RETURN}, 2),
        (EventType.RETURN_RECEIVED, {}, 0),
        (EventType.RETURN_RECEIVED, {"reason": EventReason.PARTIAL_RETURN}, 2),
        (EventType.SHIPPED, {}, 2),
    ],
)
def test_whole_refunds_and_returns_give_back(
    house: SqliteHouse,
    follow: Reservations,
    kind: EventType,
    changes: dict[str, object],
    left: int,
) -> None:
    """A part of an order comes back by Release, with its lines; the rest of life is no matter."""
    hold(house, flash())
    follow.follow([(event(EventType.PAID), flash()), (event(kind, **changes), flash())], NOW_US)
    assert use(house) == (left, 0)


def test_policy_says_whether_a_return_gives_back(house: SqliteHouse, follow: Reservations) -> None:
    """A reason that the policy does not list changes no counter."""
    house.book = parse_limits("format = 1\n" + policy(release_on='["refund"]'), "test.toml")
    hold(house, flash())
    follow.follow([(event(EventType.PAID), flash())], NOW_US)
    follow.follow([(event(EventType.RETURN_RECEIVED), flash())], NOW_US)
    assert use(house) == (2, 0)


@pytest.mark.parametrize("listed", ["refund", "return"])
@pytest.mark.parametrize("refund_first", [False, True])
def test_a_reason_that_comes_second_gives_back_too(
    house: SqliteHouse, follow: Reservations, listed: str, refund_first: bool
) -> None:
    """Money before goods or after: the quota comes back by the one that the policy lists."""
    house.book = parse_limits("format = 1\n" + policy(release_on=f'["{listed}"]'), "test.toml")
    hold(house, flash())
    follow.follow([(event(EventType.PAID), flash())], NOW_US)
    both = [EventType.RETURN_RECEIVED, EventType.REFUNDED]
    for kind in [*(reversed(both) if refund_first else both), *both]:
        follow.follow([(event(kind), flash())], NOW_US)
    assert use(house) == (0, 0)
    assert house.ledger.reconcile(repair=False, now_us=NOW_US) == []


def test_paid_without_a_hold_is_charged_and_reported(
    house: SqliteHouse, follow: Reservations, told: list[str], caplog: pytest.LogCaptureFixture
) -> None:
    """It counts, above the cap too, and operators are told which order it was."""
    follow.follow([(event(EventType.PAID), flash(units=3))], NOW_US)
    assert use(house) == (3, 0)
    assert told == ["charged_late"]
    assert [record.msg for record in caplog.records] == ["reservation_charged_late"]
    assert caplog.records[0].reservation_id == "o-1"  # type: ignore[attr-defined]  # an extra


@pytest.mark.parametrize("has_held", [True, False])
@pytest.mark.parametrize("kind", ["CANCELLED", "BLOCKED", "REFUNDED"])
def test_paid_after_cancellation_must_be_refunded(
    house: SqliteHouse, follow: Reservations, told: list[str], kind: str, has_held: bool
) -> None:
    """Held or not, nothing is charged; the report says that money is to go back, each time."""
    if has_held:
        hold(house, flash())
    for _ in range(2):
        follow.follow([(event(EventType[kind]), flash())], NOW_US)
        follow.follow([(event(EventType.PAID), flash())], NOW_US)
        assert use(house) == (0, 0)
    assert told == ["refund_required"] * 2


@pytest.mark.parametrize("kinds", list(permutations(["PAID", "CANCELLED"])))
def test_an_order_that_comes_to_nothing_uses_nothing(
    house: SqliteHouse, follow: Reservations, kinds: tuple[str, ...]
) -> None:
    """In whichever order it is reported that it was paid without a hold and cancelled."""
    for kind in kinds:
        follow.follow([(event(EventType[kind]), flash())], NOW_US)
    assert use(house) == (0, 0)
    assert house.ledger.reconcile(repair=False, now_us=NOW_US) == []


def test_paid_just_after_expiry_takes_what_is_left(
    house: SqliteHouse, follow: Reservations, told: list[str]
) -> None:
    """While there is room, a payment that came late is an ordinary one."""
    hold(house, flash())
    follow.follow([(event(EventType.PAID), flash())], NOW_US + TTL_US)
    assert use(house, NOW_US + TTL_US) == (2, 0)
    assert told == []


def test_a_shadow_limit_asks_for_no_refund(
    house: SqliteHouse, follow: Reservations, told: list[str]
) -> None:
    """A payment that came late is an ordinary one, however full what only counts has become."""
    shadow = policy("shadow", state="shadow", cap=1)
    house.book = parse_limits("format = 1\n" + policy() + shadow, "test.toml")
    hold(house, flash())
    follow.follow([(event(EventType.PAID), flash())], NOW_US + TTL_US)
    assert use(house, NOW_US + TTL_US) == (4, 0)  # two by each of both
    assert told == []


def test_order_without_limits_leaves_no_row(
    house: SqliteHouse, follow: Reservations, told: list[str]
) -> None:
    """An order that no policy is about is none of the ledger's business."""
    house.book = parse_limits("format = 1\n", "test.toml")
    for kind in (EventType.PAID, EventType.CANCELLED, EventType.PAID):
        follow.follow([(event(kind), flash())], NOW_US)
    assert use(house) == (0, 0)
    assert told == []
