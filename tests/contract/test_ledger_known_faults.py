"""Faults of limits that other shops shipped, one by one, in every ledger."""

import pytest
from msgspec.structs import replace

from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.grant import DemandLine
from risk_service.domain.reservation import (
    Cancel,
    Confirm,
    HoldRequest,
    Pay,
    Release,
    ReleaseReason,
    ReservationState,
)
from risk_service.domain.vocabulary import Outcome, PromotionType
from tests.fixtures.ledger_calls import TTL_US, done, granted, held, in_use, reserve, use
from tests.fixtures.ledgers import START_US, LedgerHouse, demand, line
from tests.fixtures.limit_texts import policy


def voucher() -> DemandLine:
    """Return one redemption."""
    return DemandLine("", "", "voucher", PromotionType.COUPON, 1, 0, 100)


def test_last_unit_seen_by_two_is_sold_to_one(house: LedgerHouse) -> None:
    """Both saw a unit before either wrote (saleor#544, magento2#6364, shopware#11245)."""
    use(house, policy(cap=1, subject='{ any_of = ["GLOBAL"] }'))
    both = [
        house.ledger.hold([HoldRequest(demand=demand(name), ttl_us=TTL_US)], START_US)
        for name in ("o1", "o2")
    ]
    house.commit(both[1])
    if house.holds_at_once:
        house.commit(both[0])
    else:
        with pytest.raises(StoreUnavailable):
            house.commit(both[0])
    (counter,) = house.ledger.usage("GLOBAL", "", START_US)
    assert (counter.confirmed, counter.held) == (0, 1)


def test_limit_of_three_is_redeemed_three_times(house: LedgerHouse) -> None:
    """Five in one order are refused whole, five orders get three (eventyay#1398, vendure#4660)."""
    use(house, policy(per="everything", measure="redemptions", cap=3))
    assert granted(reserve(house, demand("o1", *[voucher()] * 5)))[0] is Outcome.DENY
    outcomes = [held(house, demand(f"p{n}", voucher())).outcome for n in range(5)]
    assert outcomes == [Outcome.ALLOW] * 3 + [Outcome.DENY] * 2
    assert in_use(house) == (0, 3)


def test_cancelled_order_gives_its_units_back(house: LedgerHouse) -> None:
    """Held or paid: what is cancelled can be had by the next one (vendure#1466)."""
    reserve(house, demand("o1", line(quantity=2)))
    done(house, Cancel(reservation_id="o1"))
    assert granted(reserve(house, demand("o2", line(quantity=2))))[0] is Outcome.ALLOW
    done(house, Pay(demand=demand("o2", line(quantity=2))))
    done(house, Cancel(reservation_id="o2", paid_too=True))
    assert granted(reserve(house, demand("o3", line(quantity=2)))) == (Outcome.ALLOW, 2)


def test_payment_in_two_steps_counts_once(house: LedgerHouse) -> None:
    """Authorised, captured and confirmed by hand: one order, one use (saleor#8219)."""
    asked = demand("o1")
    held(house, asked)
    for step in ("authorised", "captured"):
        done(house, Pay(demand=replace(asked, fingerprint=step.encode())))
        done(house, Confirm(reservation_id="o1"))
    assert in_use(house) == (1, 0)


def test_release_and_reserve_at_once_count_each_unit_once(house: LedgerHouse) -> None:
    """What comes back twice over is had once by whoever asks (medusa#16595)."""
    done(house, Pay(demand=demand("o1", line(quantity=2))))
    back = Release(reservation_id="o1", release_id="r", reason=ReleaseReason.RETURN)
    for name, outcome in (("o2", Outcome.ALLOW), ("o3", Outcome.DENY)):
        assert done(house, back).state is ReservationState.RELEASED
        assert held(house, demand(name, line(quantity=2))).outcome is outcome
    assert in_use(house) == (0, 2)


def test_own_hold_does_not_block_the_payers_retry(house: LedgerHouse) -> None:
    """The last units are the order's own: paying a second time takes them (WooCommerce#27673)."""
    for n in range(3):
        assert held(house, demand("o1", line(quantity=2), body=str(n))).outcome is Outcome.ALLOW
    assert held(house, demand("o2")).outcome is Outcome.DENY
    assert in_use(house) == (0, 2)


def test_refused_call_consumes_nothing_of_any_limit(house: LedgerHouse) -> None:
    """One limit is full, the other is left as it was (envoyproxy/ratelimit#1060)."""
    use(house, policy("small", cap=1) + policy("large", per="everything", cap=9))
    for n in range(4):
        held(house, demand(f"o{n}"))
    uses = house.ledger.usage("account", "a1", START_US)
    assert {one.policy_id: one.held for one in uses} == {"small": 1, "large": 1}


@pytest.mark.parametrize(
    ("missing", "outcome"),
    [("challenge", Outcome.CHALLENGE), ("reject", Outcome.DENY), ("device", Outcome.ALLOW)],
)
def test_guest_is_not_without_a_limit(house: LedgerHouse, missing: str, outcome: Outcome) -> None:
    """No account: asked, refused or counted elsewhere (Magento#12984, WooCommerce#26002)."""
    use(house, policy(cap=1) + f'missing_dimension = {{ account = "{missing}" }}\n')
    guest = {"account": "", "device": "d1"}
    grants = [held(house, demand(name, **guest)) for name in ("o1", "o2")]
    assert grants[0].outcome is outcome
    assert grants[1].outcome is (Outcome.DENY if outcome is Outcome.ALLOW else outcome)
    assert all(one.missing == ("account",) for one in grants)
