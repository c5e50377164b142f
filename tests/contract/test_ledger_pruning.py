"""Reservations that are long over are forgotten; what counts stays as it was, on every ledger."""

from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest

from risk_service.domain.errors import NotFound
from risk_service.domain.reservation import (
    Adjust,
    Cancel,
    Confirm,
    CounterUse,
    HoldRequest,
    LedgerAnswer,
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
from tests.fixtures.ledger_calls import TTL_US
from tests.fixtures.ledgers import HOUSES, SECOND_US, START_US, LedgerHouse, demand, line, opened
from tests.fixtures.limit_texts import policy

DAY_US = 86_400 * SECOND_US
KEEP_US = 400 * DAY_US
LATER_US = START_US + 500 * DAY_US
BOOK = parse_limits(
    "format = 1\n"
    + policy("life", cap=1_000, subject='{ any_of = ["account", "identity_cluster"] }')
    + policy("campaign", cap=1_000, window='"campaign"', per="everything")
    + policy("drop", cap=1_000, window='"session"')
    + policy("week", cap=200, window='{ rolling = "7d" }')
    + policy("tiles", cap=1_000, window='{ rolling = "30d" }', release_on="[]")
    + policy(
        "month", cap=1_000, window='{ calendar = "month", time_zone = "Asia/Shanghai" }',
        per="everything",
    ),
    "test.toml",
)  # fmt: skip


@pytest.fixture(params=sorted(HOUSES))
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LedgerHouse]:
    """Return an empty ledger of each kind, every kind of window in force."""
    yield from opened(request.param, tmp_path, BOOK)


def reserve(order_id: str, units: int = 1, account: str = "a1", **more: object) -> Reserve:
    """Return a call that holds for ten minutes."""
    asked = demand(order_id, line(quantity=units), account=account, **more)  # type: ignore[arg-type]  # subjects and cluster
    return Reserve(hold=HoldRequest(demand=asked, ttl_us=TTL_US))


def done(house: LedgerHouse, *calls: LedgerCall, at_us: int = START_US) -> list[LedgerAnswer]:
    """Do calls that are answered without an error."""
    answers = house.ledger.run(calls, at_us)
    assert not [answer for answer in answers if not isinstance(answer, LedgerAnswer)]
    return [answer for answer in answers if isinstance(answer, LedgerAnswer)]


def forgotten(house: LedgerHouse, at_us: int = LATER_US, keep_us: int = KEEP_US) -> int:
    """Go through one whole round and return how many reservations were forgotten."""
    count = 0
    while (some := house.ledger.prune(at_us - keep_us, at_us)) is not None:
        count += some
    return count


def usage(house: LedgerHouse, at_us: int, accounts: str = "a1") -> list[CounterUse]:
    """Return all counters of some accounts, which must equal the ledger."""
    assert house.ledger.reconcile(repair=False, now_us=at_us) == []
    return [
        use
        for account in accounts.split()
        for subject in ("account", "identity_cluster")
        for use in house.ledger.usage(subject, account, at_us)
    ]


def confirmed(house: LedgerHouse, at_us: int) -> dict[str, int]:
    """Return what the account has confirmed, by policy."""
    uses = usage(house, at_us)
    return {use.policy_id: use.confirmed for use in uses if use.subject == "account"}


def test_totals_for_ever_stay_and_past_periods_go(house: LedgerHouse) -> None:
    """Lifetime, campaign and drop go on to count what was forgotten; so they do after a restart."""
    done(house, reserve("o-1", 2), Confirm(reservation_id="o-1"), reserve("o-2"))
    done(house, Cancel(reservation_id="o-2"))
    used = {"life": 2, "campaign": 2, "drop": 2, "week": 2, "tiles": 3, "month": 2}
    assert confirmed(house, START_US) == used
    assert forgotten(house) == 2
    for _ in range(2):
        assert confirmed(house, LATER_US) == {"life": 2, "campaign": 2, "drop": 2}
        house.restart()
    release = Release(reservation_id="o-1", release_id="r", reason=ReleaseReason.REFUND, lines=())
    for call in (release, Confirm(reservation_id="o-1")):
        assert isinstance(house.ledger.run([call], LATER_US)[0], NotFound)
    # What was left in the periods that are over is gone for whoever looks back, too.
    assert confirmed(house, START_US + 1) == {"life": 2, "campaign": 2, "drop": 2}
    assert forgotten(house) == 0


def test_what_may_still_be_asked_about_stays(house: LedgerHouse) -> None:
    """Holds, what changed lately, and adjustments are not forgotten."""
    calls: list[LedgerCall] = [
        Reserve(hold=HoldRequest(demand=demand("held", account="a1"), ttl_us=2_000 * DAY_US)),
        reserve("late"),
        Confirm(reservation_id="late"),
    ]
    adjust = Adjust(
        adjustment_id="x", actor_id="eve", policy_id="life", subject="account", token="a1",  # noqa: S106 - a token of an account
        scope="sku-1", delta=1, reason="r",
    )  # fmt: skip
    done(house, *calls, adjust)
    back = Release(
        reservation_id="late", release_id="r", reason=ReleaseReason.REFUND,
        lines=(ReleasedLine(sku="sku-1", quantity=1),),
    )  # fmt: skip
    done(house, back, at_us=LATER_US - KEEP_US)
    assert forgotten(house) == 0
    assert done(house, adjust, at_us=LATER_US)[0].state is ReservationState.CONFIRMED
    assert done(house, back, at_us=LATER_US)[0].state is ReservationState.RELEASED
    assert confirmed(house, LATER_US) == {"life": 1, "campaign": 0, "drop": 0}
    assert done(house, Confirm(reservation_id="held"), at_us=LATER_US)[0].lines[0].granted == 1


def test_forgotten_id_begins_anew(house: LedgerHouse) -> None:
    """The same order id holds again; forgotten again, both count."""
    for at_us in (START_US, LATER_US):
        done(house, reserve("o-1"), Confirm(reservation_id="o-1"), at_us=at_us)
        assert forgotten(house, at_us + KEEP_US + DAY_US) == 1
        assert forgotten(house, at_us + KEEP_US + 3 * DAY_US) == 0
    end_us = LATER_US + KEEP_US + 3 * DAY_US
    assert confirmed(house, end_us) == {"life": 2, "campaign": 2, "drop": 2}
    done(house, reserve("o-1"), at_us=end_us)
    assert [use.held for use in usage(house, end_us) if use.policy_id == "life"] == [1, 1]


def test_limit_is_not_exceeded_by_forgetting(house: LedgerHouse) -> None:
    """Who has had all of a lifetime limit gets no more once the order is forgotten."""
    house.book = parse_limits("format = 1\n" + policy("life", cap=2), "test.toml")
    done(house, reserve("o-1", 2), Confirm(reservation_id="o-1"))
    assert forgotten(house) == 1
    (refused,) = done(house, reserve("o-2"), at_us=LATER_US)
    assert refused.grant is not None
    assert refused.grant.outcome is Outcome.DENY


def test_a_refusal_that_stands_is_not_forgotten(house: LedgerHouse) -> None:
    """An order that ran out long ago and is refused today gets the same answer again today."""
    house.book = parse_limits("format = 1\n" + policy("life", cap=2), "test.toml")
    done(house, reserve("o-1"))
    while house.ledger.expire(START_US + TTL_US):
        pass
    done(house, reserve("o-2", 2), at_us=LATER_US)
    (refused,) = done(house, reserve("o-1"), at_us=LATER_US)
    assert refused.grant is not None
    assert refused.grant.outcome is Outcome.DENY
    assert forgotten(house, LATER_US + 1) == 0
    done(house, Cancel(reservation_id="o-2"), at_us=LATER_US + 1)
    assert done(house, reserve("o-1"), at_us=LATER_US + 1) == [refused]


def test_clusters_that_merge_later_add_what_was_forgotten(house: LedgerHouse) -> None:
    """What accounts had used before they were known to belong together counts, forgotten or not."""
    for account in ("a1", "a2"):
        done(house, reserve(f"o-{account}", 3, account), Confirm(reservation_id=f"o-{account}"))
    assert forgotten(house) == 2
    done(house, reserve("o-3", 1, "a1", cluster=("a1", "a2")), at_us=LATER_US)
    uses = [use for use in usage(house, LATER_US) if use.subject == "identity_cluster"]
    assert [(use.confirmed, use.held) for use in uses if use.policy_id == "life"] == [(6, 1)]
    # What each of them counts by itself stays theirs.
    own = house.ledger.usage("account", "a2", LATER_US)
    assert [(use.confirmed, use.held) for use in own if use.policy_id == "life"] == [(3, 0)]


@pytest.mark.parametrize("seed", range(4))
def test_no_history_counts_otherwise_once_forgotten(house: LedgerHouse, seed: int) -> None:
    """Whatever has happened, no counter that counts changes, and all equal the ledger."""
    chance = Random(seed)
    accounts = "a1 a2 a3"
    at_us = START_US
    for number in range(80):
        at_us += chance.randrange(12 * DAY_US)
        account = chance.choice(accounts.split())
        other = chance.choice(accounts.split())
        name = f"o-{number}"
        cluster = (account, other) if chance.random() < 0.1 else ()
        done(house, reserve(name, chance.randint(1, 3), account, cluster=cluster), at_us=at_us)
        later_us = at_us + chance.randrange(2 * TTL_US)
        followed = chance.choice(["pay", "cancel", "release", "nothing", "late"])
        if followed in ("pay", "release"):
            house.ledger.run([Confirm(reservation_id=name)], later_us)
        if followed == "release":
            back = (ReleasedLine(sku="sku-1", quantity=1),)
            one = Release(
                reservation_id=name, release_id="r", reason=ReleaseReason.RETURN, lines=back
            )
            house.ledger.run([one], later_us)
        if followed == "cancel":
            house.ledger.run([Cancel(reservation_id=name)], later_us)
        if followed == "late":
            paid = demand(f"late-{number}", line(quantity=2), account=account)
            house.ledger.run([Pay(demand=paid)], later_us)
        if chance.random() < 0.1:
            while house.ledger.expire(later_us):
                pass
            before = usage(house, later_us, accounts)
            forgotten(house, later_us, chance.randrange(1, 200) * DAY_US)
            assert usage(house, later_us, accounts) == before
    end_us = at_us + 2 * KEEP_US
    while house.ledger.expire(end_us):
        pass
    before = usage(house, end_us, accounts)
    assert forgotten(house, end_us) > 0
    assert usage(house, end_us, accounts) == before
    house.restart()
    assert usage(house, end_us, accounts) == before
