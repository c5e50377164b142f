"""Two processes at the shared ledger, the second one always in the worst moment of the first.

A call of the first is played on what it has read; before it is written the second does
something that makes the reading wrong. So each race happens, in every run.
"""

import pytest

from risk_service.adapters.postgres.bounded import BoundedDraft
from risk_service.domain.errors import InvalidInput
from risk_service.domain.grant import Demand
from risk_service.domain.reservation import (
    Adjust,
    Cancel,
    Confirm,
    HoldRequest,
    Release,
    ReleaseReason,
    ReservationState,
    Reserve,
)
from risk_service.domain.vocabulary import Outcome
from tests.fixtures.ledger_calls import TTL_US
from tests.fixtures.ledger_race import Two, UnderWay, book
from tests.fixtures.ledgers import SECOND_US, START_US, demand, line
from tests.fixtures.limit_texts import policy
from tests.fixtures.postgres_server import PostgresServer

EVERY_WINDOW = (
    '"lifetime"',
    '"campaign"',
    '"session"',
    '{ rolling = "1h" }',
    '{ calendar = "day", time_zone = "Asia/Shanghai" }',
)


def reserve(asked: Demand) -> Reserve:
    """Return a call that reserves."""
    return Reserve(hold=HoldRequest(demand=asked, ttl_us=TTL_US))


@pytest.mark.parametrize("window", EVERY_WINDOW)
def test_last_unit_is_granted_once(two: Two, window: str) -> None:
    """Whoever writes second finds it gone, in every kind of window."""
    two.book = book(policy(cap=3, window=window))
    assert two.held(demand("o1", line(quantity=2))) is Outcome.ALLOW
    two.meanwhile(lambda: two.held(demand("o2"), by=two.second))
    assert two.held(demand("o3")) is Outcome.DENY
    assert two.in_use() == 3
    assert two.session.overtaken == 1


def test_last_unit_that_was_paid_meanwhile_is_granted_once(two: Two) -> None:
    """What is paid counts as much as what is held."""
    two.book = book(policy(cap=3))
    two.held(demand("o1", line(quantity=2)))

    def pay() -> None:
        two.held(demand("o2"), by=two.second)
        two.do(Confirm(reservation_id="o2"), by=two.second)

    two.meanwhile(pay)
    assert two.held(demand("o3")) is Outcome.DENY
    assert two.in_use() == 3


@pytest.mark.parametrize("window", EVERY_WINDOW)
def test_what_was_asked_ahead_grants_nothing(two: Two, window: str) -> None:
    """The unit that was left when the question was put may be gone when the hold is written."""
    two.book = book(policy(cap=3, window=window))
    asked = demand("o3", line(quantity=3))
    two.first.open()
    two.first.expect([asked], START_US)
    assert two.held(demand("o1", line(quantity=3)), by=two.second) is Outcome.ALLOW
    assert two.held(asked) is Outcome.DENY
    assert two.in_use() == 3


def test_group_that_was_not_asked_ahead_for_is_read(two: Two) -> None:
    """Whatever came between the question and the hold, the hold sees its own rows."""
    two.book = book(policy(cap=3))
    two.first.open()
    two.first.expect([demand("o1"), demand("o2")], START_US)
    assert two.held(demand("o9", line(quantity=2))) is Outcome.ALLOW
    asked = demand("o3", line(quantity=2))
    two.first.expect([asked], START_US)
    assert two.first.usage("account", "a1", START_US)[0].held == 2
    assert two.held(asked) is Outcome.DENY
    assert two.in_use() == 2


@pytest.mark.parametrize("window", EVERY_WINDOW)
def test_without_the_look_under_the_lock_it_is_granted_twice(
    two: Two, window: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tests above find a ledger that trusts its reading: this one oversells."""
    monkeypatch.setattr(BoundedDraft, "_bounds", lambda _draft: [])
    two.book = book(policy(cap=3, window=window))
    two.held(demand("o1", line(quantity=2)))
    two.meanwhile(lambda: two.held(demand("o2"), by=two.second))
    assert two.held(demand("o3")) is Outcome.ALLOW
    assert two.in_use() == 4


def test_room_for_both_needs_no_second_try(two: Two) -> None:
    """Differences are written, not sums: nobody waits for a counter that has room for all."""
    two.book = book(policy(cap=100, subject='{ any_of = ["GLOBAL"] }'))
    two.meanwhile(lambda: two.held(demand("o2", line(quantity=5)), by=two.second))
    assert two.held(demand("o1", line(quantity=3))) is Outcome.ALLOW
    assert two.in_use("GLOBAL", "") == 8
    assert two.session.overtaken == 0


def test_part_shrinks_to_what_is_still_left(two: Two) -> None:
    """A part is weighed anew when another took some of it."""
    two.book = book(policy(cap=5, on_exceed="cap_quantity"))
    two.meanwhile(lambda: two.held(demand("o2", line(quantity=3)), by=two.second))
    reserved = two.first.hold(
        [HoldRequest(demand=demand("o1", line(quantity=4)), ttl_us=TTL_US)], START_US
    )
    assert [one.granted for one in reserved.grants[0].lines] == [2]
    assert two.in_use() == 5


def test_same_order_twice_at_once_holds_once(two: Two) -> None:
    """Two processes that get one order hold for it once, and both say yes."""
    asked = reserve(demand("o1", line(quantity=2)))
    two.meanwhile(lambda: two.do(asked, by=two.second))
    answer = two.do(asked)
    assert answer.grant is not None
    assert answer.grant.outcome is Outcome.ALLOW
    assert two.in_use() == 2


def test_release_meets_reserve(two: Two) -> None:
    """What comes back while another asks is had or not, but never counted twice (medusa#16595)."""
    two.do(reserve(demand("o1", line(quantity=2))))
    two.do(Confirm(reservation_id="o1"))
    back = Release(reservation_id="o1", release_id="x", reason=ReleaseReason.RETURN)
    two.meanwhile(lambda: two.held(demand("o2"), by=two.second))
    two.do(back)
    assert two.in_use() == 0
    two.meanwhile(lambda: two.do(back, by=two.second))
    assert two.held(demand("o3", line(quantity=2))) is Outcome.ALLOW
    assert two.in_use() == 2


def test_one_of_confirm_and_expiry_wins(two: Two) -> None:
    """A hold that ends while it is paid is granted anew; it is in one state, counted once."""
    two.do(reserve(demand("o1", line(quantity=2))))
    late_us = START_US + TTL_US
    two.meanwhile(lambda: two.second.expire(late_us))
    assert two.do(Confirm(reservation_id="o1")).state is ReservationState.CONFIRMED
    assert two.in_use(at_us=late_us) == 2


def test_units_of_an_expired_hold_that_another_took_are_not_confirmed(two: Two) -> None:
    """Paid too late, and the units went to another order meanwhile: refund."""
    two.do(reserve(demand("o1", line(quantity=2))))
    late_us = START_US + TTL_US
    two.meanwhile(lambda: two.held(demand("o2", line(quantity=2)), by=two.second, at_us=late_us))
    assert two.do(Confirm(reservation_id="o1")).refund_required
    assert two.in_use(at_us=late_us) == 2


def test_cancel_before_a_reserve_that_is_under_way_wins(two: Two) -> None:
    """The tombstone is seen although it came after the reading."""
    two.meanwhile(lambda: two.do(Cancel(reservation_id="o1"), by=two.second))
    assert two.held(demand("o1")) is Outcome.DENY
    assert two.in_use() == 0


def test_two_processes_end_the_same_holds_once(two: Two) -> None:
    """Whoever comes second finds them ended."""
    for number in range(3):
        two.do(reserve(demand(f"o{number}", account=f"a{number}")))
    late_us = START_US + TTL_US
    two.meanwhile(lambda: two.second.expire(late_us))
    assert two.first.expire(late_us) == 0
    assert two.in_use("account", "a2", late_us) == 0


def test_two_corrections_take_off_what_is_there_once(two: Two) -> None:
    """The second correction is refused rather than to leave less than nothing."""
    two.do(reserve(demand("o1", line(quantity=2))))
    two.do(Confirm(reservation_id="o1"))

    def take_off(adjustment_id: str, units: int) -> Adjust:
        return Adjust(
            adjustment_id=adjustment_id,
            actor_id="analyst",
            policy_id="limit",
            subject="account",
            token="a1",  # noqa: S106 - an account, no secret
            scope="sku-1",
            delta=-units,
            reason="typed twice",
        )

    two.meanwhile(lambda: two.do(take_off("x1", 2), by=two.second))
    assert isinstance(two.first.run([take_off("x2", 1)], START_US)[0], InvalidInput)
    assert two.in_use() == 0


def test_the_ledgers_clock_is_not_set_back_by_who_writes_later(two: Two) -> None:
    """A process that began earlier, or whose clock is behind, leaves the time it finds."""
    later_us = START_US + SECOND_US // 2
    two.meanwhile(lambda: two.held(demand("o2"), by=two.second, at_us=later_us))
    two.held(demand("o1"))
    assert two.in_use() == 2
    assert two.session.rows("SELECT now_us FROM ledger_clock") == [(later_us,)]


def test_holds_that_are_taken_back_leave_what_has_changed_since(two: Two) -> None:
    """A hold that was confirmed meanwhile stays; the others go."""
    requests = [HoldRequest(demand=demand(f"o{n}", account=f"a{n}"), ttl_us=TTL_US) for n in (1, 2)]
    reserved = two.first.hold(requests, START_US)
    two.meanwhile(lambda: two.do(Confirm(reservation_id="o1"), by=two.second))
    reserved.dropped()
    assert two.in_use("account", "a1") == 1
    assert two.in_use("account", "a2") == 0


@pytest.mark.parametrize(("taken", "left"), [(0, 2), (2, 2)])
def test_earlier_hold_stands_again_if_there_is_room(two: Two, taken: int, left: int) -> None:
    """Taking a decision's holds back gives the order what it held before, unless it is gone."""
    two.book = book(policy(), policy("all", subject='{ any_of = ["GLOBAL"] }', cap=2))
    two.held(demand("o1", line(quantity=2)))
    reserved = two.first.hold([HoldRequest(demand=demand("o1"), ttl_us=0)], START_US)
    if taken:
        two.held(demand("o2", line(quantity=taken), account="a2"), by=two.second)
    reserved.dropped()
    assert two.in_use("GLOBAL", "") == left
    assert two.in_use() == (0 if taken else 2)


@pytest.mark.parametrize("window", EVERY_WINDOW)
def test_nobody_looks_past_a_write_that_is_not_committed_yet(
    two: Two, postgres: PostgresServer, window: str
) -> None:
    """The first waits for the second to end, also where they write other cells of a window."""
    two.book = book(policy(cap=3, window=window))
    two.held(demand("o1", line(quantity=2)))
    told = UnderWay(two, postgres).held(demand("o2"), demand("o3"), START_US + SECOND_US)
    assert told == [Outcome.ALLOW, Outcome.DENY]
    assert two.in_use(at_us=START_US + SECOND_US) == 3
