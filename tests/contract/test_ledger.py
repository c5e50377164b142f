"""One suite over every ledger of reservations: what is granted, and what is told."""

import pytest

from risk_service.domain.errors import (
    Conflict,
    RequestIdReused,
    StoreUnavailable,
)
from risk_service.domain.reservation import (
    Cancel,
    Confirm,
    Extend,
    HoldRequest,
    Pay,
    Release,
    ReleasedLine,
    ReleaseReason,
    ReservationState,
    Reserve,
)
from risk_service.domain.vocabulary import Outcome
from tests.fixtures.ledger_calls import TTL_US, done, granted, held, in_use, reserve, use
from tests.fixtures.ledgers import SECOND_US, START_US, LedgerHouse, demand, line
from tests.fixtures.limit_texts import policy

REFUND = ReleaseReason.REFUND


def test_a_limit_is_granted_up_to_and_never_over(house: LedgerHouse) -> None:
    """Two units are held one by one; the third is refused and consumes nothing."""
    assert granted(reserve(house, demand("o1"))) == (Outcome.ALLOW, 1)
    assert granted(reserve(house, demand("o2"))) == (Outcome.ALLOW, 1)
    refused = reserve(house, demand("o3"))
    assert granted(refused) == (Outcome.DENY, 0)
    assert refused.grant is not None
    use_of = refused.grant.uses[0]
    assert (use_of.cap, use_of.used, use_of.requested, use_of.remaining) == (2, 2, 1, 0)
    assert use_of.blocking
    assert in_use(house) == (0, 2)


def test_same_request_gets_the_same_answer(house: LedgerHouse) -> None:
    """A repeated Reserve holds once, also when it was refused; another body is an error."""
    first = reserve(house, demand("o1"))
    assert reserve(house, demand("o1")) == first
    refused = reserve(house, demand("o2", line(quantity=2)))
    done(house, Cancel(reservation_id="o1"))
    assert reserve(house, demand("o2", line(quantity=2))) == refused
    assert granted(reserve(house, demand("o2", line(quantity=1))))[0] is Outcome.ALLOW


def test_refusal_is_repeated_until_the_limit_resets(house: LedgerHouse) -> None:
    """What yesterday's count refused is weighed anew today, though it is the same request."""
    day_us = 86_400 * SECOND_US
    text = policy(window='{ calendar = "day", time_zone = "UTC" }')
    use(house, text)
    late_us = START_US - START_US % day_us + day_us - SECOND_US
    reserve(house, demand("o1", line(quantity=2)), at_us=late_us)
    asked = demand("o2")
    for at_us, outcome in (
        (late_us, Outcome.DENY),
        (late_us + SECOND_US - 1, Outcome.DENY),
        (late_us + SECOND_US, Outcome.ALLOW),
    ):
        assert granted(reserve(house, asked, at_us=at_us))[0] is outcome


def test_another_body_under_a_held_id_is_an_error(house: LedgerHouse) -> None:
    """The id stays with its request unless the call takes it over."""
    reserve(house, demand("o1"))
    call = Reserve(hold=HoldRequest(demand=demand("o1", line(quantity=2)), ttl_us=TTL_US))
    assert isinstance(house.ledger.run([call], START_US)[0], RequestIdReused)
    assert in_use(house) == (0, 1)
    taken = reserve(house, demand("o1", line(quantity=2)), take_over=True)
    assert granted(taken) == (Outcome.ALLOW, 2)
    assert in_use(house) == (0, 2)


def test_a_paid_id_holds_nothing_more(house: LedgerHouse) -> None:
    """Whoever asks again reads what is paid; other goods under the id are none of it."""
    use(house, policy(cap=9))
    reserve(house, demand("o1", line(quantity=2)))
    done(house, Confirm(reservation_id="o1"))
    again = reserve(house, demand("o1", line(quantity=2), body="again"))
    assert (again.state, granted(again)) == (ReservationState.CONFIRMED, (Outcome.ALLOW, 2))
    more = reserve(house, demand("o1", line(quantity=3)), take_over=True)
    assert (more.state, granted(more)) == (ReservationState.CONFIRMED, (Outcome.DENY, 0))
    one = ReleasedLine(sku="sku-1", quantity=1)
    done(house, Release(reservation_id="o1", release_id="x", reason=REFUND, lines=(one,)))
    less = reserve(house, demand("o1", line(quantity=2), body="less"))
    assert granted(less) == (Outcome.ALLOW, 1)
    done(house, Release(reservation_id="o1", release_id="y", reason=REFUND))
    over = reserve(house, demand("o1", line(quantity=2), body="over"))
    assert (over.state, granted(over)) == (ReservationState.RELEASED, (Outcome.DENY, 0))
    assert in_use(house) == (0, 0)


def test_refused_take_over_leaves_the_hold(house: LedgerHouse) -> None:
    """A Reserve that takes over and is refused changes nothing."""
    reserve(house, demand("o1"))
    refused = reserve(house, demand("o1", line(quantity=3)), take_over=True)
    assert granted(refused) == (Outcome.DENY, 0)
    assert in_use(house) == (0, 1)
    assert done(house, Confirm(reservation_id="o1")).state is ReservationState.CONFIRMED


def test_refusal_beside_a_hold_ends_with_it(house: LedgerHouse) -> None:
    """What was refused because others held it is weighed anew when that is over."""
    reserve(house, demand("o1"))
    reserve(house, demand("o2"))
    more = demand("o1", line(quantity=2))
    assert granted(reserve(house, more, take_over=True)) == (Outcome.DENY, 0)
    later_us = START_US + TTL_US
    assert granted(reserve(house, more, later_us, take_over=True)) == (Outcome.ALLOW, 2)


def test_part_is_granted_where_the_policy_takes_one(house: LedgerHouse) -> None:
    """cap_quantity holds what is left, all or nothing refuses it."""
    use(house, policy(on_exceed="cap_quantity"))
    assert granted(reserve(house, demand("o1", line(quantity=3)), partial=False))[1] == 0
    assert granted(reserve(house, demand("o2", line(quantity=3)))) == (Outcome.LIMIT_QUANTITY, 2)
    assert granted(reserve(house, demand("o3"))) == (Outcome.DENY, 0)


def test_excess_goes_at_full_price(house: LedgerHouse) -> None:
    """The order goes on; only what is left of the limit is held for it."""
    use(house, policy(on_exceed="excess_at_full_price"))
    assert granted(reserve(house, demand("o1", line(quantity=3)))) == (Outcome.LIMIT_QUANTITY, 2)
    after = reserve(house, demand("o2"))
    assert granted(after) == (Outcome.LIMIT_QUANTITY, 0)
    assert after.grant is not None
    assert after.grant.codes == ("LIMIT_EXCESS_AT_FULL_PRICE",)


@pytest.mark.parametrize("word", ["challenge", "review"])
def test_exceeding_asks_for_what_the_policy_says(house: LedgerHouse, word: str) -> None:
    """A soft limit asks; nothing is held."""
    use(house, policy(on_exceed=word))
    assert granted(reserve(house, demand("o1", line(quantity=3)))) == (Outcome[word.upper()], 0)
    assert in_use(house) == (0, 0)


def test_holds_of_a_group_see_those_before(house: LedgerHouse) -> None:
    """The third order of a group finds nothing left, and the whole group becomes durable."""
    requests = [HoldRequest(demand=demand(f"o{n}"), ttl_us=TTL_US) for n in range(3)]
    reserved = house.ledger.hold(requests, START_US)
    assert [one.outcome for one in reserved.grants] == [Outcome.ALLOW, Outcome.ALLOW, Outcome.DENY]
    house.commit(reserved)
    house.restart()
    assert in_use(house) == (0, 2)


def test_dropped_holds_are_not_there(house: LedgerHouse) -> None:
    """A group whose decisions could not be made durable holds nothing."""
    request = HoldRequest(demand=demand("o1", line(quantity=2)), ttl_us=TTL_US)
    reserved = house.ledger.hold([request], START_US)
    reserved.dropped()
    reserved.dropped()
    assert in_use(house) == (0, 0)
    assert held(house, demand("o2", line(quantity=2))).outcome is Outcome.ALLOW


def test_holds_from_before_a_change_never_count_beside_it(house: LedgerHouse) -> None:
    """Two groups that were granted the last units at once do not both get them."""
    first = house.ledger.hold(
        [HoldRequest(demand=demand("o1", line(quantity=2)), ttl_us=TTL_US)], START_US
    )
    second = house.ledger.hold(
        [HoldRequest(demand=demand("o2", line(quantity=2)), ttl_us=TTL_US)], START_US
    )
    house.commit(second)
    if house.holds_at_once:
        house.commit(first)
    else:
        with pytest.raises(StoreUnavailable):
            house.commit(first)
    assert in_use(house) == (0, 2)


def test_next_decision_takes_the_hold_over(house: LedgerHouse) -> None:
    """An order's own hold does not block its retry; a decision that denies lets it go."""
    assert held(house, demand("o1", line(quantity=2))).outcome is Outcome.ALLOW
    assert held(house, demand("o1", line(quantity=1))).outcome is Outcome.ALLOW
    assert in_use(house) == (0, 1)
    assert held(house, demand("o1", line(quantity=3))).outcome is Outcome.DENY
    assert in_use(house) == (0, 0)
    held(house, demand("o1"))
    held(house, demand("o1"), ttl_us=0)
    assert in_use(house) == (0, 0)
    assert done(house, Pay(demand=demand("o1"))).late


def test_check_changes_nothing(house: LedgerHouse) -> None:
    """Check says what would be granted, each demand by itself."""
    asked = [demand("o1", line(quantity=2)), demand("o2", line(quantity=2))]
    grants = house.ledger.check(asked, START_US)
    assert [one.outcome for one in grants] == [Outcome.ALLOW, Outcome.ALLOW]
    assert in_use(house) == (0, 0)


def test_merged_cluster_adds_up(house: LedgerHouse) -> None:
    """Accounts that hang together from now on share what they used, also after a split."""
    use(house, policy(subject='{ any_of = ["identity_cluster"] }', cap=3))
    held(house, demand("o1", account="a1"))
    held(house, demand("o2", account="a2"))
    third = held(house, demand("o3", account="a2", cluster=("a1", "a2")))
    assert third.uses[0].used == 2
    assert held(house, demand("o4", account="a3", cluster=("a1", "a3"))).outcome is Outcome.DENY
    assert held(house, demand("o5", account="a2")).outcome is Outcome.DENY, (
        "a split gives none back"
    )
    house.restart()
    done(house, Cancel(reservation_id="o1"))
    done(house, Confirm(reservation_id="o2"))
    assert house.ledger.reconcile(repair=False, now_us=START_US) == []
    counters = house.ledger.usage("identity_cluster", "a2", START_US)
    assert [(one.confirmed, one.held) for one in counters] == [(1, 1)]


def test_rolling_window_lets_go_to_the_microsecond(house: LedgerHouse) -> None:
    """What lies a whole window back counts no more; a release credits the cell it was in."""
    use(house, policy(window='{ rolling = "60s" }'))
    reserve(house, demand("o1", line(quantity=2)))
    done(house, Confirm(reservation_id="o1"))
    edge_us = START_US + 60 * SECOND_US
    blocked = reserve(house, demand("o2"), edge_us - 1)
    assert blocked.grant is not None
    assert blocked.grant.uses[0].resets_at_us == edge_us
    assert granted(reserve(house, demand("o3"), edge_us)) == (Outcome.ALLOW, 1)
    back = Release(reservation_id="o1", release_id="x", reason=ReleaseReason.REFUND)
    done(house, back, edge_us)
    assert in_use(house, edge_us) == (0, 1)


def test_no_hold_goes_on_after_its_time_however_many_end_at_once(house: LedgerHouse) -> None:
    """A call ends some of the holds that ran out, and the one that it is about in any case."""
    use(house, policy(cap=99))
    names = [f"o{n}" for n in range(40)]
    for n, name in enumerate(names):
        reserve(house, demand(name), START_US + n)
    last, late_us = names[-1], START_US + TTL_US + len(names)
    error = house.ledger.run([Extend(reservation_id=last, until_us=late_us + TTL_US)], late_us)[0]
    assert isinstance(error, Conflict)
    while house.ledger.expire(late_us):
        pass
    assert in_use(house, late_us) == (0, 0)


def test_calendar_day_begins_in_its_time_zone(house: LedgerHouse) -> None:
    """Midnight in Shanghai opens a new count; yesterday's release credits yesterday."""
    use(house, policy(window='{ calendar = "day", time_zone = "Asia/Shanghai" }'))
    midnight_us = 1_700_064_000 * SECOND_US  # 2023-11-16 00:00 +08:00
    reserve(house, demand("o1", line(quantity=2)), midnight_us - SECOND_US)
    done(house, Confirm(reservation_id="o1"), midnight_us - SECOND_US)
    reserve(house, demand("o2", line(quantity=2)), midnight_us)
    back = Release(reservation_id="o1", release_id="x", reason=ReleaseReason.REFUND)
    done(house, back, midnight_us)
    assert in_use(house, midnight_us) == (0, 2)


def test_clock_that_goes_back_stands_still(house: LedgerHouse) -> None:
    """No window opens again and no hold lives longer, also over a restart."""
    use(house, policy(window='{ rolling = "60s" }'))
    reserve(house, demand("o1", line(quantity=2)))
    house.restart()
    early_us = START_US - 3600 * SECOND_US
    assert granted(reserve(house, demand("o2"), early_us)) == (Outcome.DENY, 0)
    done(house, Confirm(reservation_id="o1"), early_us)
    assert in_use(house, early_us) == (2, 0)


def test_lowered_cap_grants_no_more_and_takes_nothing_back(house: LedgerHouse) -> None:
    """What was granted stays; the remainder is 0, not less."""
    reserve(house, demand("o1", line(quantity=2)))
    use(house, policy(cap=1))
    refused = reserve(house, demand("o2"))
    assert refused.grant is not None
    assert (refused.grant.uses[0].used, refused.grant.uses[0].remaining) == (2, 0)
    assert done(house, Confirm(reservation_id="o1")).lines[0].granted == 2


def test_smallest_remainder_wins_and_shadow_counts_only(house: LedgerHouse) -> None:
    """Every active limit is counted; a shadow one decides nothing and shows what it would do."""
    use(
        house,
        policy("wide", cap=5, on_exceed="cap_quantity"),
        policy("narrow", cap=3, subject='"GLOBAL"', on_exceed="cap_quantity"),
        policy("shade", cap=1, state="shadow"),
    )
    answer = reserve(house, demand("o1", line(quantity=9)))
    assert granted(answer) == (Outcome.LIMIT_QUANTITY, 3)
    assert answer.grant is not None
    uses = {one.policy_id: one for one in answer.grant.uses}
    assert [uses[name].remaining for name in ("wide", "narrow", "shade")] == [2, 0, 0]
    assert uses["shade"].shadow
    assert uses["shade"].blocking
    assert granted(reserve(house, demand("o2", account="a2"))) == (Outcome.DENY, 0)
