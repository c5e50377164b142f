"""Clusters, neighbours, nights and merges, against a search by the definitions."""

import random
from concurrent.futures import Future, ThreadPoolExecutor

import pytest

from risk_service.features.clusters.graph import Graph
from risk_service.features.clusters.snapshot import restore, snapshot
from risk_service.features.clusters.state import ClusterState, Work
from risk_service.features.clusters.terms import Rules
from risk_service.features.clusters.view import ClusterView
from tests.fixtures.cluster_oracle import DAY_US, Oracle, Seen
from tests.unit.clusters.conftest import START_US, link, rules_of, sightings


def as_dict(view: ClusterView[str]) -> dict[str, object]:
    """Return a view in the words of the oracle."""
    return {
        "members": list(view.members),
        "neighbours": list(view.neighbours),
        "size": view.size,
        "age_us": view.age_us,
        "merges": view.merges,
        "hub_links": view.hub_links,
        "new_accounts": view.new_accounts,
        "id": view.id,
    }


def fed(rules: Rules, seen: list[Seen]) -> ClusterState[str]:
    """Return the state after some sightings."""
    state: ClusterState[str] = ClusterState(rules)
    for one in seen:
        state.apply(one.account, one.links, one.at_us)
    return state


@pytest.mark.parametrize("seed", range(24))
def test_views_are_those_of_a_search_by_the_definitions(rules: Rules, seed: int) -> None:
    """Each order sees what a brute-force search of all sightings gives, field by field."""
    state: ClusterState[str] = ClusterState(rules)
    oracle = Oracle(rules)
    for seen in sightings(random.Random(seed), 160):
        view = as_dict(state.view(seen.account, seen.links, seen.at_us))
        assert view == oracle.view(seen.account, seen.links, seen.at_us)
        state.apply(seen.account, seen.links, seen.at_us)
        oracle.apply(seen)


@pytest.mark.parametrize("seed", range(4))
def test_a_view_is_what_applying_its_links_would_give(rules: Rules, seed: int) -> None:
    """The cluster an order sees is the one its account has once its links count."""
    state: ClusterState[str] = ClusterState(rules)
    ready_us = rules.ready_after_s * 1_000_000
    for seen in sightings(random.Random(seed), 200):
        if (seen.at_us + 1 - ready_us) % DAY_US == 0:
            continue
        before = state.view(seen.account, seen.links, seen.at_us)
        state.apply(seen.account, seen.links, seen.at_us)
        after = state.view(seen.account, (), seen.at_us + 1)
        assert (after.size, after.merges, after.id) == (before.size, before.merges, before.id)
        assert after.members == before.members
        assert state.members(seen.account) == (seen.account, *before.members)
        assert state.neighbours(seen.account) == after.neighbours


def test_a_hub_welds_nobody_the_night_after(rules: Rules) -> None:
    """Accounts on one device are a cluster up to the limit; one more and they are strangers."""
    for accounts, size in ((3, 3), (4, 1)):
        state = fed(rules, [Seen(account=f"a{n}", links=(9, 0, 0), at_us=START_US + n)
                            for n in range(accounts)])  # fmt: skip
        view = state.view("a0", (9, 0, 0), START_US + 2 * DAY_US)
        assert (view.size, len(view.neighbours)) == (size, size - 1)
        assert view.hub_links == (size == 1)


def test_a_value_that_becomes_a_hub_in_the_day_stops_welding(rules: Rules) -> None:
    """The fourth account of a device on one day joins nothing, nor does any after it."""
    state = fed(rules, [Seen(account=f"a{n}", links=(9, 0, 0), at_us=START_US + n)
                        for n in range(9)])  # fmt: skip
    assert state.view("a0", (), START_US + 10).size == 3
    assert state.view("a8", (9, 0, 0), START_US + 10).size == 1
    assert state.view("a8", (9, 0, 0), START_US + 10).neighbours == ()


def test_a_hub_is_none_again_when_its_accounts_stay_away(rules: Rules) -> None:
    """Only the last hub_days make a hub; links that old do not count towards it."""
    seen = [Seen(account=f"a{n}", links=(9, 0, 0), at_us=START_US + n) for n in range(4)]
    seen.append(Seen(account="a0", links=(9, 0, 0), at_us=START_US + 5 * DAY_US))
    state = fed(rules, seen)
    assert state.view("a1", (), START_US + 6 * DAY_US - 1).size == 4
    assert state.counters.hubs == 0


def test_links_age_out_at_night(rules: Rules) -> None:
    """A link counts in the night age_days after its day, and not in the one after that."""
    state = fed(rules, [Seen(account=n, links=(9, 0, 0), at_us=START_US + at + 1)
                        for at, n in enumerate("ab")])  # fmt: skip
    in_force_us = START_US + 900_000_000
    assert state.view("a", (), in_force_us + 7 * DAY_US - 1).size == 2
    assert state.view("a", (), in_force_us + 7 * DAY_US).size == 1
    assert state.view("a", (), in_force_us + 7 * DAY_US).neighbours == ()


def test_links_of_the_night_count_until_midnight_and_come_into_force_later(rules: Rules) -> None:
    """A night's clusters are in force 15 min after midnight, without what came after midnight."""
    midnight_us = START_US + DAY_US
    seen = [Seen(account=f"a{n}", links=(9, 0, 0), at_us=START_US + n) for n in range(3)]
    seen.append(Seen(account="a3", links=(9, 0, 0), at_us=midnight_us))
    state = fed(rules, seen)
    # The fourth account made it a hub at midnight, too late for the night.
    assert state.view("a0", (), midnight_us + 900_000_000).size == 3
    assert state.counters.hubs == 0
    assert state.view("a0", (), midnight_us + DAY_US + 900_000_000 - 1).size == 3
    assert state.view("a0", (), midnight_us + DAY_US + 900_000_000).size == 1


def test_a_merge_beyond_the_greatest_size_is_refused_and_counted(rules: Rules) -> None:
    """Two clusters of three stay two when five is the limit; what fits is merged."""
    seen = [Seen(account=f"a{n}", links=(0, 0, 1 + n // 3), at_us=START_US + n) for n in range(6)]
    seen.append(Seen(account="a0", links=(7, 0, 0), at_us=START_US + 10))
    seen.append(Seen(account="a5", links=(7, 0, 0), at_us=START_US + 11))
    state = fed(rules, seen)
    assert (state.counters.merges, state.counters.refused) == (4, 1)
    assert state.view("a5", (), START_US + 12).size == 3
    assert set(state.view("a5", (), START_US + 12).neighbours) == {"a0", "a3", "a4"}


def test_a_component_too_large_falls_apart_along_its_weakest_links() -> None:
    """Two families behind one door stay apart when the door makes them too many."""
    rules = rules_of(link("payment", 9), link("address", 9), max_size=5)
    seen = [Seen(account=f"a{n}", links=(1 + n // 3, 7), at_us=START_US + n) for n in range(6)]
    state = fed(rules, seen)
    view = state.view("a0", (), START_US + 2 * DAY_US)
    assert set(view.members) == {"a1", "a2"}
    assert (state.counters.oversized, state.counters.loosened) == (1, 0)


def test_a_component_too_large_by_its_strongest_links_falls_into_single_accounts() -> None:
    """What even the strongest links make too large was made by a value nobody should link by."""
    rules = rules_of(link("payment", 9), link("address", 9), max_size=5)
    seen = [Seen(account=f"a{n}", links=(7, 0), at_us=START_US + n) for n in range(6)]
    state = fed(rules, seen)
    assert state.view("a0", (), START_US + 2 * DAY_US).size == 1
    assert (state.counters.oversized, state.counters.loosened) == (1, 6)


@pytest.mark.parametrize("seed", range(6))
def test_a_night_does_not_depend_on_the_order_of_the_day(seed: int) -> None:
    """Where no value is full, the same links in any order make the same clusters by night."""
    rules = rules_of(link("device", 30), link("phone", 30), link("address", 30), max_size=6)
    rng = random.Random(seed)
    day = [(f"a{rng.randrange(30)}", tuple(rng.randrange(20) for _ in range(3)))
           for _ in range(25)]  # fmt: skip
    results = []
    for _ in range(3):
        rng.shuffle(day)
        state = fed(rules, [Seen(account=account, links=links, at_us=START_US + 1 + at)
                            for at, (account, links) in enumerate(day)])  # fmt: skip
        state.prepare(START_US + 2 * DAY_US)
        partition = state.graph.partition
        results.append(
            {
                account: frozenset(
                    map(state.accounts.key, partition.accounts(partition.cluster(at)))
                )
                for account, at in state.accounts.numbers.items()
            }
        )
    assert results[0] == results[1] == results[2]
    assert max(map(len, results[0].values())) > 1


def test_what_stands_for_an_account_does_not_matter(rules: Rules) -> None:
    """Hashes in place of tokens give the same views: the replay of a log relies on it."""
    seen = sightings(random.Random(5), 200)
    names = {one.account: 10_000 - at for at, one in enumerate(seen)}
    by_token: ClusterState[str] = ClusterState(rules)
    by_hash: ClusterState[int] = ClusterState(rules)
    for one in seen:
        token = by_token.view(one.account, one.links, one.at_us)
        number = by_hash.view(names[one.account], one.links, one.at_us)
        assert tuple(names[member] for member in token.members) == number.members
        assert tuple(names[other] for other in token.neighbours) == number.neighbours
        assert (token.size, token.age_us, token.merges) == (
            number.size,
            number.age_us,
            number.merges,
        )
        by_token.apply(one.account, one.links, one.at_us)
        by_hash.apply(names[one.account], one.links, one.at_us)


class HeldNight(Future[Graph]):
    """A night that is computed, in another thread, only when its result is asked for."""

    def __init__(self, work: Work) -> None:
        super().__init__()
        self._work = work

    def result(self, timeout: float | None = None) -> Graph:
        """Return the night; computes it if that was not done yet."""
        if not self.done():
            with ThreadPoolExecutor(1) as pool:
                self.set_result(pool.submit(self._work).result())
        return super().result(timeout)


@pytest.mark.parametrize("hold", [2, 20, 1000])
def test_when_a_night_is_computed_changes_nothing(hold: int) -> None:
    """Computed events later or when it is due, a night comes into force at the same order."""
    rules = rules_of(link("device"), link("phone", 2, 5), link("address", 4, 8),
                     ready_after_s=40_000)  # fmt: skip
    here: ClusterState[str] = ClusterState(rules)
    there: ClusterState[str] = ClusterState(rules, HeldNight)
    held = 0
    for at, seen in enumerate(sightings(random.Random(hold), 300)):
        if there.coming is not None and at % hold == 0:
            there.coming.graph.result()
        for state in (here, there):
            state.prepare(seen.at_us)
        held += there.coming is not None and not there.coming.graph.done()
        views = [s.view(seen.account, seen.links, seen.at_us) for s in (here, there)]
        assert views[0] == views[1]
        for state in (here, there):
            state.apply(seen.account, seen.links, seen.at_us)
    assert held


@pytest.mark.parametrize("seed", range(4))
def test_a_snapshot_and_the_rest_of_the_log_give_the_same_state(rules: Rules, seed: int) -> None:
    """At any moment, also while a night waits, what is restored answers like the original."""
    seen = sightings(random.Random(seed), 240)
    state: ClusterState[str] = ClusterState(rules)
    restored: ClusterState[str] = ClusterState(rules)
    for at, one in enumerate(seen):
        if at % 7 == 0:
            packed = snapshot(state).pack()
            restored = restore(rules, packed)
            assert snapshot(restored).pack() == packed
        assert state.view(one.account, one.links, one.at_us) == restored.view(
            one.account, one.links, one.at_us
        )
        for each in (state, restored):
            each.apply(one.account, one.links, one.at_us)


def test_stamps_that_go_back_are_refused(rules: Rules) -> None:
    """Neither links before a stamp or a read, nor a read before links, pass unnoticed."""
    state = fed(rules, [Seen(account="a", links=(1, 0, 0), at_us=START_US)])
    with pytest.raises(ValueError, match="after"):
        state.apply("b", (1, 0, 0), START_US)
    with pytest.raises(ValueError, match="were applied"):
        state.view("b", (1, 0, 0), START_US)
    state.view("b", (1, 0, 0), START_US + 10)
    with pytest.raises(ValueError, match="read at"):
        state.apply("b", (1, 0, 0), START_US + 9)


def test_memory_does_not_grow_with_a_hub_or_with_time(rules: Rules) -> None:
    """Ten thousand accounts at one locker leave four rows by the next night, then none."""
    seen = [Seen(account=f"a{n}", links=(0, 0, 9), at_us=START_US + n) for n in range(10_000)]
    state = fed(rules, seen)
    state.prepare(START_US + 2 * DAY_US)
    assert len(state.graph.evidence.row_us) == 5
    state.prepare(START_US + 30 * DAY_US)
    assert (len(state.graph.evidence.row_us), len(state.graph.evidence.index)) == (0, 0)
    assert (len(state.accounts), len(state.accounts.free)) == (0, 10_000)
    state.apply("new", (0, 0, 9), START_US + 31 * DAY_US)
    assert len(state.accounts.keys) == 10_000


def test_neighbours_are_looked_for_behind_the_values_seen_last(rules: Rules) -> None:
    """An account with forty shared values is asked for 32: after a night, those seen last."""
    seen = [
        Seen(account="a", links=(value, 0, 0), at_us=START_US + value) for value in range(1, 41)
    ]
    seen += [Seen(account=f"b{one.links[0]}", links=one.links, at_us=START_US + 50 + at)
             for at, one in enumerate(seen)]  # fmt: skip
    state = fed(rules, seen)
    state.prepare(START_US + 2 * DAY_US)
    nearby = state.graph.evidence.neighbours(state.accounts.numbers["a"], [])
    assert {state.accounts.key(other) for other in nearby} == {
        f"b{value}" for value in range(9, 41)
    }
