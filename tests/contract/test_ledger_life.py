"""The life of a reservation in every ledger: confirmed, given back, over, paid for."""

from itertools import permutations

import pytest

from risk_service.domain.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    RequestIdReused,
)
from risk_service.domain.reservation import (
    Adjust,
    Cancel,
    Confirm,
    Extend,
    HoldRequest,
    LedgerCall,
    Pay,
    Release,
    ReleasedLine,
    ReleaseReason,
    ReservationState,
    Reserve,
)
from risk_service.domain.vocabulary import Outcome
from risk_service.limits.book import parse_limits
from tests.fixtures.ledger_calls import TTL_US, done, granted, held, in_use, reserve, use
from tests.fixtures.ledgers import START_US, LedgerHouse, demand, line
from tests.fixtures.limit_texts import policy


def test_confirmed_counts_and_comes_back_by_quantity(house: LedgerHouse) -> None:
    """Confirm moves held to confirmed; releases give units back, each once."""
    reserve(house, demand("o1", line(quantity=2)))
    done(house, Confirm(reservation_id="o1"))
    assert in_use(house) == (2, 0)
    one = Release(
        reservation_id="o1",
        release_id="x1",
        reason=ReleaseReason.RETURN,
        lines=(ReleasedLine(sku="sku-1", quantity=1),),
    )
    first = done(house, one)
    assert first.state is ReservationState.CONFIRMED
    assert done(house, one) == first
    assert in_use(house) == (1, 0)
    rest = Release(reservation_id="o1", release_id="x2", reason=ReleaseReason.RETURN)
    assert done(house, rest).state is ReservationState.RELEASED
    assert done(house, one) == first
    assert done(house, Confirm(reservation_id="o1")).state is ReservationState.CONFIRMED
    assert in_use(house) == (0, 0)


def test_release_gives_back_only_what_is_left_and_allowed(house: LedgerHouse) -> None:
    """More than is left is an error; a policy keeps what it does not release."""
    use(house, policy(release_on='["cancel_before_ship"]'))
    reserve(house, demand("o1"))
    early = Release(reservation_id="o1", release_id="x", reason=ReleaseReason.RETURN)
    assert isinstance(house.ledger.run([early], START_US)[0], Conflict)
    done(house, Confirm(reservation_id="o1"))
    lines = (ReleasedLine(sku="sku-1", quantity=2),)
    more = Release(reservation_id="o1", release_id="y", reason=ReleaseReason.RETURN, lines=lines)
    error = house.ledger.run([more], START_US)[0]
    assert isinstance(error, InvalidInput)
    assert error.violations[0].field == "lines[0].quantity"
    done(house, Release(reservation_id="o1", release_id="z", reason=ReleaseReason.RETURN))
    assert in_use(house) == (1, 0)


def test_hold_expires_by_the_ledgers_clock(house: LedgerHouse) -> None:
    """Nothing is held after its time, and the units can be had again."""
    reserve(house, demand("o1", line(quantity=2)))
    late_us = START_US + TTL_US
    assert granted(reserve(house, demand("o2"), late_us - 1)) == (Outcome.DENY, 0)
    assert granted(reserve(house, demand("o3"), late_us)) == (Outcome.ALLOW, 1)
    assert in_use(house, late_us) == (0, 1)
    while house.ledger.expire(late_us + TTL_US):
        pass
    assert in_use(house, late_us + TTL_US) == (0, 0)


def test_policy_may_keep_unpaid_holds_counted(house: LedgerHouse) -> None:
    """Without payment_timeout an expired hold stays in the count."""
    use(house, policy(release_on='["refund"]'))
    reserve(house, demand("o1"))
    while house.ledger.expire(START_US + TTL_US):
        pass
    assert in_use(house, START_US + TTL_US) == (1, 0)
    assert granted(reserve(house, demand("o1"), START_US + TTL_US)) == (Outcome.ALLOW, 1)
    assert in_use(house, START_US + TTL_US) == (1, 1)


def test_confirm_after_expiry_is_granted_anew_or_refunded(house: LedgerHouse) -> None:
    """A late Confirm takes what is left; when nothing is, the order must be refunded."""
    reserve(house, demand("o1", line(quantity=2)))
    reserve(house, demand("o9", line(sku="other", quantity=2)))
    late_us = START_US + TTL_US
    assert done(house, Confirm(reservation_id="o1"), late_us).state is ReservationState.CONFIRMED
    reserve(house, demand("o2", line(sku="other")), late_us)
    refund = done(house, Confirm(reservation_id="o9"), late_us)
    assert refund.refund_required
    assert refund.state is ReservationState.EXPIRED
    done(house, Cancel(reservation_id="o2"), late_us)
    assert done(house, Confirm(reservation_id="o9"), late_us) == refund
    assert in_use(house, late_us) == (2, 0)


def test_what_is_over_holds_nothing(house: LedgerHouse) -> None:
    """Of a cancelled or expired reservation every answer says that 0 units are held."""
    for order_id, end in (("o1", Cancel(reservation_id="o1")), ("o2", None)):
        reserve(house, demand(order_id, line(quantity=2)))
        late_us = START_US if end else START_US + TTL_US
        if end is None:
            reserve(house, demand("o3", line(quantity=2)), late_us)
        gone = done(house, end or Confirm(reservation_id=order_id), late_us)
        assert gone.state in (ReservationState.CANCELLED, ReservationState.EXPIRED)
        assert [(one.requested, one.granted) for one in gone.lines] == [(2, 0)]


def test_unknown_reservations(house: LedgerHouse) -> None:
    """Confirm, Extend and Release of an unknown id say so."""
    release = Release(reservation_id="o", release_id="x", reason=ReleaseReason.REFUND)
    calls: list[LedgerCall] = [Confirm(reservation_id="o"), Extend(reservation_id="o", until_us=1)]
    answers = house.ledger.run([*calls, release], START_US)
    assert [type(answer) for answer in answers] == [NotFound] * 3


def test_cancel_leaves_a_tombstone(house: LedgerHouse) -> None:
    """A Reserve that comes after the Cancel of its id is refused, whatever it asks for."""
    for order_id in ("o1", "o2"):
        if order_id == "o2":
            reserve(house, demand(order_id))
        gone = done(house, Cancel(reservation_id=order_id))
        assert gone.state is ReservationState.CANCELLED
        assert done(house, Cancel(reservation_id=order_id)) == gone
        late = reserve(house, demand(order_id, line(quantity=2)))
        assert granted(late) == (Outcome.DENY, 0)
        assert held(house, demand(order_id)).codes == ("RESERVATION_CANCELLED",)
        assert done(house, Confirm(reservation_id=order_id)).refund_required
    assert in_use(house) == (0, 0)


def test_confirmed_cannot_be_cancelled(house: LedgerHouse) -> None:
    """What is paid comes back by Release, or by an event about paid orders too."""
    reserve(house, demand("o1"))
    done(house, Confirm(reservation_id="o1"))
    assert isinstance(house.ledger.run([Cancel(reservation_id="o1")], START_US)[0], Conflict)
    by_event = Cancel(reservation_id="o1", paid_too=True)
    assert done(house, by_event).state is ReservationState.RELEASED
    assert in_use(house) == (0, 0)


def test_extend_moves_the_end_once_and_not_back(house: LedgerHouse) -> None:
    """A deposit is held until its balance is due; an earlier time changes nothing."""
    reserve(house, demand("o1"))
    until_us = START_US + 10 * TTL_US
    for asked_us in (until_us, START_US + TTL_US):
        extend = Extend(reservation_id="o1", until_us=asked_us)
        assert done(house, extend).expires_at_us == until_us
    assert done(house, Confirm(reservation_id="o1"), until_us - 1).lines[0].granted == 1
    again = Extend(reservation_id="o1", until_us=until_us)
    assert isinstance(house.ledger.run([again], START_US)[0], Conflict)


def test_paid_without_a_hold_is_charged_late(house: LedgerHouse) -> None:
    """The money has moved: it counts, above the cap too, and the answer says so."""
    reserve(house, demand("o1", line(quantity=2)))
    late = done(house, Pay(demand=demand("o2")))
    assert (late.state, late.late) == (ReservationState.CONFIRMED, True)
    assert done(house, Pay(demand=demand("o2"))) == late
    assert in_use(house) == (1, 2)
    assert not done(house, Pay(demand=demand("o1", line(quantity=2)))).late
    assert in_use(house) == (3, 0)
    nothing = done(house, Pay(demand=demand("o3", line(sku=""))))
    assert nothing.state is ReservationState.NONE


def test_an_order_that_held_nothing_is_not_charged_once_it_is_cancelled(
    house: LedgerHouse,
) -> None:
    """Whoever pays it then is to be refunded, also after a restart; it may be asked for again."""
    asked = demand("o1", line(quantity=2))
    gone = Cancel(reservation_id="o1", paid_too=True, demand=asked)
    assert done(house, gone) == done(house, gone)
    house.restart()
    paid = done(house, Pay(demand=asked))
    assert (paid.refund_required, paid.late) == (True, False)
    assert done(house, Confirm(reservation_id="o1")).refund_required
    assert done(house, gone).state is ReservationState.EXPIRED
    assert in_use(house) == (0, 0)
    assert held(house, asked).outcome is Outcome.ALLOW
    assert not done(house, Pay(demand=asked)).refund_required
    assert in_use(house) == (2, 0)


def test_what_is_paid_after_a_cancellation_may_be_none_of_the_limits(house: LedgerHouse) -> None:
    """Asked for again without what is limited, it is paid like any other: no refund is due."""
    asked = demand("o1", line(quantity=2))
    done(house, Cancel(reservation_id="o1", paid_too=True, demand=asked))
    other = demand("o1", line(sku=""))
    assert held(house, other).outcome is Outcome.ALLOW
    paid = done(house, Pay(demand=other))
    assert (paid.state, paid.refund_required) == (ReservationState.NONE, False)
    assert done(house, Pay(demand=asked)).refund_required
    assert in_use(house) == (0, 0)


def test_an_order_comes_back_by_the_reason_that_the_policy_lists(house: LedgerHouse) -> None:
    """Not by the one that came first: what that left charged goes back by the next."""
    house.book = parse_limits("format = 1\n" + policy(release_on='["return"]'), "test.toml")
    done(house, Pay(demand=demand("o1", line(quantity=2))))
    for reason, left in ((ReleaseReason.REFUND, 2), (ReleaseReason.RETURN, 0)):
        answer = done(house, Cancel(reservation_id="o1", reason=reason, paid_too=True))
        assert answer.state is ReservationState.RELEASED
        assert in_use(house) == (left, 0)
    house.restart()
    assert in_use(house) == (0, 0)
    assert house.ledger.reconcile(repair=False, now_us=START_US) == []


@pytest.mark.parametrize("listed", ["cancel_before_ship", "refund", "return"])
def test_in_whichever_order_a_hold_comes_back(house: LedgerHouse, listed: str) -> None:
    """Reported before the payment, or without it, the reasons give back what they would after."""
    text = policy(release_on=f"['{listed}']")
    house.book = parse_limits(f"format = 1\n{text}", "test.toml")
    came = {
        "cancel_before_ship": ReleaseReason.CANCELLED_BEFORE_SHIP,
        "refund": ReleaseReason.REFUND,
        "return": ReleaseReason.RETURN,
    }
    for number, order in enumerate(permutations(came.values())):
        order_id = f"o{number}"
        assert held(house, demand(order_id, line(quantity=2))).outcome is Outcome.ALLOW
        for place, reason in enumerate(order):
            answer = done(house, Cancel(reservation_id=order_id, reason=reason, paid_too=True))
            assert answer.state is ReservationState.CANCELLED
            assert in_use(house) == (2 * (came[listed] not in order[: place + 1]), 0)
        assert done(house, Pay(demand=demand(order_id, line(quantity=2)))).refund_required
    house.restart()
    assert in_use(house) == (0, 0)
    assert house.ledger.reconcile(repair=False, now_us=START_US) == []


def test_a_hold_that_nobody_paid_stays_counted(house: LedgerHouse) -> None:
    """A policy without payment_timeout; that it is cancelled as well pays nothing."""
    text = policy(release_on='["cancel_before_ship"]')
    house.book = parse_limits("format = 1\n" + text, "test.toml")
    reserve(house, demand("o1"))
    for reason in (ReleaseReason.PAYMENT_TIMEOUT, ReleaseReason.CANCELLED_BEFORE_SHIP):
        done(house, Cancel(reservation_id="o1", reason=reason, paid_too=True))
        assert in_use(house) == (1, 0)


def test_adjustment_is_a_row_of_the_ledger(house: LedgerHouse) -> None:
    """A change by hand counts once, and takes off no more than there is."""
    more = Adjust(
        adjustment_id="x1", actor_id="eve", policy_id="limit", subject="account", token="a1",  # noqa: S106 - a token of an account
        scope="sku-1", delta=2, reason="counted in the old shop",
    )  # fmt: skip
    done(house, more)
    done(house, more)
    assert in_use(house) == (2, 0)
    assert granted(reserve(house, demand("o1"))) == (Outcome.DENY, 0)
    less = Adjust(
        adjustment_id="x2", actor_id="eve", policy_id="limit", subject="account", token="a1",  # noqa: S106 - a token of an account
        scope="sku-1", delta=-1, reason="counted twice",
    )  # fmt: skip
    done(house, less)
    assert in_use(house) == (1, 0)
    again = Adjust(
        adjustment_id="x2", actor_id="eve", policy_id="limit", subject="account", token="a1",  # noqa: S106 - a token of an account
        scope="sku-1", delta=-2, reason="counted twice",
    )  # fmt: skip
    assert isinstance(house.ledger.run([again], START_US)[0], RequestIdReused)


def test_error_of_one_call_is_its_own(house: LedgerHouse) -> None:
    """Calls around one that fails count, in their order."""
    calls: list[LedgerCall] = [
        Reserve(hold=HoldRequest(demand=demand("o1"), ttl_us=TTL_US)),
        Confirm(reservation_id="none"),
        Confirm(reservation_id="o1"),
    ]
    answers = house.ledger.run(calls, START_US)
    assert isinstance(answers[1], NotFound)
    house.restart()
    assert in_use(house) == (1, 0)
