"""The compiled look at clusters says what the oracle and the look in Python say."""

import random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.adapters.live.engines import fastest_look
from risk_service.adapters.live.flat.looking import FlatLook
from risk_service.adapters.live.flat.looks import look_at_all
from risk_service.features.clusters.snapshot import restore, snapshot
from risk_service.features.clusters.state import ClusterState, look_one_by_one
from risk_service.features.clusters.terms import Rules
from tests.fixtures.cluster_oracle import Oracle
from tests.unit.clusters.conftest import link, rules_of, sightings

RULES = rules_of(link("device"), link("phone", 2, 5), link("address", 4, 8))


@pytest.mark.parametrize("seed", range(8))
def test_views_are_those_of_a_search_by_the_definitions(seed: int) -> None:
    """Each order sees what a brute-force search of all sightings gives, field by field."""
    state: ClusterState[str] = ClusterState(RULES)
    state.look = FlatLook(RULES)
    oracle = Oracle(RULES)
    for seen in sightings(random.Random(seed), 160):
        view = state.view(seen.account, seen.links, seen.at_us)
        told = {name: getattr(view, name) for name in view.__struct_fields__ if name != "account"}
        told["members"], told["neighbours"] = list(view.members), list(view.neighbours)
        assert told == oracle.view(seen.account, seen.links, seen.at_us)
        state.apply(seen.account, seen.links, seen.at_us)
        oracle.apply(seen)


def crowded(members: int) -> Rules:
    """Return rules under which clusters become large, and views are cut short."""
    wide = rules_of(link("device", 12, 60), link("phone", 4, 30), link("address", 3), max_size=24)
    terms = {name: getattr(wide, name) for name in wide.__dataclass_fields__}
    return Rules(**terms | {"members": members, "neighbours": 5})


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 10**9), members=st.sampled_from([1, 2, 9]), size=st.integers(1, 20))
def test_both_looks_see_the_same(seed: int, members: int, size: int) -> None:
    """In groups of any size, with many accounts and merges, also after a snapshot."""
    draw, rules = random.Random(seed), crowded(members)
    state: ClusterState[str] = ClusterState(rules)
    flat = FlatLook(rules)
    stream = sightings(draw, 400, accounts=60, values=40)
    while stream:
        group, stream = stream[:size], stream[size:]
        seen = [(one.account, one.links) for one in group]
        assert flat(state, seen, group[0].at_us) == look_one_by_one(state, seen, group[0].at_us)
        for one in group:
            state.apply(one.account, one.links, one.at_us)
        if draw.random() < 0.05:
            state = restore(rules, snapshot(state).pack())


def test_no_order_waits_for_the_compiler() -> None:
    """What the loop was called with once is all that it is ever called with."""
    state: ClusterState[str] = ClusterState(RULES)
    state.look = FlatLook(RULES)
    before = len(look_at_all.signatures)  # type: ignore[attr-defined]  # numba's
    for seen in sightings(random.Random(1), 200):
        state.view(seen.account, seen.links, seen.at_us)
        state.apply(seen.account, seen.links, seen.at_us)
    assert before == len(look_at_all.signatures) == 1  # type: ignore[attr-defined]  # as above


def test_without_numba_clusters_are_looked_at_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """A missing numba costs time, nothing else."""

    def missing(name: str) -> None:
        raise ModuleNotFoundError(name=name and "numba")

    assert isinstance(fastest_look(RULES), FlatLook)
    monkeypatch.setattr("risk_service.adapters.live.engines.import_module", missing)
    assert fastest_look(RULES) is look_one_by_one
