"""Accounts become one cluster in one process while another charges or merges them."""

import pytest

from risk_service.domain.reservation import Confirm
from risk_service.domain.vocabulary import Outcome
from tests.fixtures.ledger_race import Two, UnderWay, book
from tests.fixtures.ledgers import demand, line
from tests.fixtures.limit_texts import policy
from tests.fixtures.postgres_server import PostgresServer

CLUSTERED = policy(subject='{ any_of = ["identity_cluster"] }', cap=3)


def test_charge_of_an_account_that_is_just_being_merged_counts_in_the_cluster(two: Two) -> None:
    """An account that another process joins to a cluster is charged there, not where it was."""
    two.book = book(CLUSTERED)
    two.held(demand("o1", line(quantity=2), account="a1"))
    joined = demand("o2", account="a2", cluster=("a1", "a2"))
    two.meanwhile(lambda: two.held(joined, by=two.second))
    assert two.held(demand("o3", account="a2")) is Outcome.DENY
    assert two.in_use("identity_cluster", "a2") == 3


@pytest.mark.parametrize("paid", [False, True])
def test_charge_that_comes_while_its_cluster_is_moved_is_moved_too(two: Two, paid: bool) -> None:
    """The merge is played again when what it moves has grown, by a hold or by what is paid."""
    two.book = book(CLUSTERED)
    two.held(demand("o1", account="a1"))
    two.held(demand("o2", account="a2"))

    def charge() -> None:
        two.held(demand("o3", account="a2"), by=two.second)
        if paid:
            two.do(Confirm(reservation_id="o3"), by=two.second)

    two.meanwhile(charge)
    assert two.held(demand("o4", account="a2", cluster=("a1", "a2"))) is Outcome.DENY
    assert two.held(demand("o4", account="a1", cluster=("a1", "a2"))) is Outcome.DENY
    assert two.in_use("identity_cluster", "a1") == 3


def test_two_processes_merge_the_other_way_round(two: Two) -> None:
    """a1 into a2 and a2 into a1 at once end in one cluster that counts both."""
    two.book = book(policy(subject='{ any_of = ["identity_cluster"] }', cap=9))
    two.held(demand("o1", account="a1"))
    two.held(demand("o2", account="a2"))
    back = demand("o3", account="a1", cluster=("a2", "a1"))
    two.meanwhile(lambda: two.held(back, by=two.second))
    assert two.held(demand("o4", account="a2", cluster=("a1", "a2"))) is Outcome.ALLOW
    assert two.in_use("identity_cluster", "a1") == 4
    assert two.in_use("identity_cluster", "a2") == 4


def test_nobody_charges_past_a_merge_that_is_not_committed_yet(
    two: Two, postgres: PostgresServer
) -> None:
    """A charge of the cluster that is just vanishing waits, and goes where it has gone."""
    two.book = book(CLUSTERED)
    two.held(demand("o1", line(quantity=2), account="a1"))
    joins = demand("o2", account="a2", cluster=("a1", "a2"))
    told = UnderWay(two, postgres).held(joins, demand("o3", account="a2"))
    assert told == [Outcome.ALLOW, Outcome.DENY]
    assert two.in_use("identity_cluster", "a2") == 3


def test_nobody_merges_past_a_charge_that_is_not_committed_yet(
    two: Two, postgres: PostgresServer
) -> None:
    """A merge waits for charges of what it moves, and moves them too."""
    two.book = book(CLUSTERED)
    two.held(demand("o1", line(quantity=2), account="a1"))
    joins = demand("o3", account="a2", cluster=("a1", "a2"))
    told = UnderWay(two, postgres).held(demand("o2", account="a2"), joins)
    assert told == [Outcome.ALLOW, Outcome.DENY]
    two.held(demand("o4", account="a2", cluster=("a1", "a2")))
    assert two.in_use("identity_cluster", "a1") == 3
