"""Holds that ran out in every ledger, and what becomes of their orders afterwards.

A policy without ``payment_timeout`` goes on to count them: until they prove to be paid, and then
as what is paid.
"""

from itertools import permutations

import pytest

from risk_service.domain.grant import Demand
from risk_service.domain.reservation import (
    Cancel,
    HoldRequest,
    LedgerAnswer,
    LedgerCall,
    Pay,
    ReleaseReason,
    ReservationState,
)
from risk_service.domain.vocabulary import Outcome
from tests.fixtures.ledger_calls import TTL_US, done, granted, held, in_use, reserve, use
from tests.fixtures.ledgers import SECOND_US, START_US, LedgerHouse, demand, line
from tests.fixtures.limit_texts import policy

LATE_US = START_US + TTL_US
CAME = {
    "cancel_before_ship": ReleaseReason.CANCELLED_BEFORE_SHIP,
    "refund": ReleaseReason.REFUND,
    "return": ReleaseReason.RETURN,
}
PAID = "paid"
OF_PAID = {PAID, "refund", "return"}


@pytest.mark.parametrize("listed", [*CAME, "fraud_reversal"])
def test_in_whichever_order_it_comes_back(house: LedgerHouse, listed: str) -> None:
    """Whatever is reported first, with or without the payment, it counts as what came at last."""
    use(house, policy(release_on=f"['{listed}']"))
    orders = [order for size in (1, 2, 3) for order in permutations((PAID, *CAME), size)]
    held_all = [f"o{number}" for number in range(len(orders))]
    asked = [HoldRequest(demand=_asked(order_id), ttl_us=TTL_US) for order_id in held_all]
    reserved = house.ledger.hold(asked, START_US)
    house.commit(reserved)
    assert {grant.outcome for grant in reserved.grants} == {Outcome.ALLOW}
    while house.ledger.expire(LATE_US):
        pass
    for place in range(3):
        calls = [
            _call(order_id, came[place])
            for order_id, came in zip(held_all, orders, strict=True)
            if place < len(came)
        ]
        assert all(isinstance(one, LedgerAnswer) for one in house.ledger.run(calls, LATE_US))
    for order_id, came in zip(held_all, orders, strict=True):
        comes_back = listed in came and OF_PAID & set(came)
        used = house.ledger.usage("account", order_id, LATE_US)
        assert sum(one.confirmed + one.held for one in used) == 2 * (not comes_back), came
    house.restart()
    assert house.ledger.reconcile(repair=False, now_us=LATE_US) == []


def test_paid_above_the_cap_it_counts_once(house: LedgerHouse) -> None:
    """Another has had the room meanwhile: what is paid counts, and its unpaid hold no more."""
    attempts = policy(
        "attempts", per="everything", measure="orders", cap=9, release_on="['refund']"
    )
    use(house, policy(cap=2), attempts)
    first, other = demand("o1", line(quantity=2)), demand("o2", line(quantity=2))
    assert held(house, first).outcome is Outcome.ALLOW
    assert held(house, other, LATE_US).outcome is Outcome.ALLOW
    paid = done(house, Pay(demand=first), LATE_US)
    assert (paid.state, paid.late) == (ReservationState.CONFIRMED, True)
    assert _by_policy(house) == {"limit": (2, 2), "attempts": (1, 1)}
    assert done(house, Pay(demand=first), LATE_US) == paid
    done(house, Cancel(reservation_id="o1", reason=ReleaseReason.REFUND, paid_too=True), LATE_US)
    assert _by_policy(house) == {"limit": (0, 2), "attempts": (0, 1)}


def test_cancelled_unpaid_it_stays_counted_and_refuses(house: LedgerHouse) -> None:
    """It came too late to spare the count; the order is over all the same, and says so."""
    use(house, policy(release_on="['cancel_before_ship']"))
    asked = demand("o1", line(quantity=2))
    reserve(house, asked)
    # Refused beside the units that it still counts itself: remembered, and forgotten by the end.
    assert granted(reserve(house, asked, LATE_US)) == (Outcome.DENY, 0)
    for _ in range(2):
        cancelled = done(house, Cancel(reservation_id="o1", paid_too=True), LATE_US)
        assert cancelled.state is ReservationState.CANCELLED
        assert in_use(house, LATE_US) == (2, 0)
    again = reserve(house, asked, LATE_US)
    assert again.grant is not None
    assert again.grant.codes == ("RESERVATION_CANCELLED",)
    assert done(house, Pay(demand=asked), LATE_US).refund_required
    assert in_use(house, LATE_US) == (0, 0)


def _asked(order_id: str) -> Demand:
    """Return two units for an account of the order's own."""
    return demand(order_id, line(quantity=2), account=order_id)


def _call(order_id: str, came: str) -> LedgerCall:
    if came == PAID:
        return Pay(demand=_asked(order_id))
    return Cancel(reservation_id=order_id, reason=CAME[came], paid_too=True)


def _by_policy(house: LedgerHouse) -> dict[str, tuple[int, int]]:
    """Return what the account has confirmed and held, by policy."""
    assert house.ledger.reconcile(repair=False, now_us=LATE_US) == []
    found = house.ledger.usage("account", "a1", LATE_US)
    return {one.policy_id: (one.confirmed, one.held) for one in found}


def test_a_clock_behind_the_ledger_is_told(
    house: LedgerHouse, caplog: pytest.LogCaptureFixture
) -> None:
    """After a restart with the clock set back no hold runs out, and the log says why."""
    reserve(house, demand("o1", line(quantity=2)))
    house.restart()
    reserve(house, demand("o2", line(quantity=2), account="a2"), START_US - 30 * SECOND_US)
    assert not any(one.msg == "clock_behind" for one in caplog.records)
    early_us = START_US - 7_200 * SECOND_US
    again = reserve(house, demand("o3", line(quantity=2), account="a3"), early_us)
    assert again.expires_at_us == START_US + TTL_US
    assert [one.__dict__["behind_s"] for one in caplog.records if one.msg == "clock_behind"] == [
        7_200
    ]
    assert in_use(house, early_us, "a3") == (0, 2)


def test_check_sees_what_ran_out(house: LedgerHouse) -> None:
    """Units of a hold whose time is over can be had: who asks before buying is told so."""
    reserve(house, demand("o1", line(quantity=2)))
    asked, over_us = [demand("o2", line(quantity=2))], START_US + TTL_US
    outcomes = [house.ledger.check(asked, at_us)[0].outcome for at_us in (over_us - 1, over_us)]
    assert outcomes == [Outcome.DENY, Outcome.ALLOW]


def test_a_clock_that_goes_back_opens_no_day_again(house: LedgerHouse) -> None:
    """Who had today's units gets none of yesterday's by a clock that was set back over midnight."""
    use(house, policy(window='{ calendar = "day", time_zone = "Asia/Shanghai" }'))
    midnight_us = 1_700_064_000 * SECOND_US  # 2023-11-16 00:00 +08:00
    reserve(house, demand("o1", line(quantity=2)), midnight_us)
    for name in ("o2", "o3"):
        refused = reserve(house, demand(name), midnight_us - SECOND_US)
        assert granted(refused) == (Outcome.DENY, 0)
        house.restart()


def test_hold_of_before_a_restart_ends_at_its_time(house: LedgerHouse) -> None:
    """Also when the new process has looked before that and found nothing to end."""
    reserve(house, demand("o1"))
    house.restart()
    assert [house.ledger.expire(at_us) for at_us in (START_US, LATE_US - 1, LATE_US)] == [0, 0, 1]
    assert in_use(house, LATE_US) == (0, 0)
