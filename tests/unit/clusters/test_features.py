"""Cluster features: what is read, and how it is put together."""

from math import isnan, nan

import numpy as np
import pytest
from numpy.typing import NDArray

from risk_service.features.clusters.declaration import parse_clusters
from risk_service.features.clusters.features import ClusterFeatures
from risk_service.features.clusters.view import ClusterView
from risk_service.features.windows.checks import make_windows
from risk_service.features.windows.event import Event
from risk_service.features.windows.terms import EventFilter, WindowFeature, WindowSet

CLUSTERS = """
format = 1
[rules]
account = "account"
kinds = ["ATTEMPT"]
max_size = 9
members = 4
neighbours = 3
hub_days = 30
ready_after_s = 0
[links]
device = { hub_accounts = 5, age_days = 90, en = "Device", zh = "设备" }
[features.cluster]
size = { fact = "size", unit = "accounts", en = "a", zh = "b" }
age_days = { fact = "age_days", unit = "days", en = "a", zh = "b" }
units = { source = "account__units", aggregate = "sum", unit = "units", en = "a", zh = "b" }
busy = { source = "account__units", aggregate = "count", unit = "accounts", en = "a", zh = "b" }
since = { source = "account__since", aggregate = "mean", unit = "s", en = "a", zh = "b" }
there = { source = "campaign_x_account__units", aggregate = "max", unit = "", en = "a", zh = "b" }
[features.neighbour]
accounts = { fact = "neighbours", unit = "accounts", en = "a", zh = "b" }
units = { source = "account__units", aggregate = "mean", unit = "units", en = "a", zh = "b" }
since = { source = "account__since", aggregate = "max", unit = "s", en = "a", zh = "b" }
"""
NAMES = ("size", "age_days", "units", "busy", "since", "there")
COLUMNS = [*(f"cluster__{name}" for name in NAMES), "neighbour__accounts", "neighbour__units",
           "neighbour__since"]  # fmt: skip


def window(name: str, keys: tuple[str, ...], measure: str) -> WindowFeature:
    """Return a window feature."""
    return WindowFeature(
        name=name, keys=keys, events="all", measure=measure, of="units" if measure == "sum" else "",
        window="24h", cap=0, unit="", default=0.0, description_en="", description_zh="",
    )  # fmt: skip


@pytest.fixture
def windows() -> WindowSet:
    """Return windows of three groups, the account's in the middle."""
    return make_windows(
        kinds=("ATTEMPT",),
        fields=("account", "device", "campaign"),
        columns=("units",),
        filters=[EventFilter(name="all", kinds=("ATTEMPT",))],
        features=[
            window("device__attempts", ("device",), "count"),
            window("account__attempts", ("account",), "count"),
            window("account__units", ("account",), "sum"),
            window("account__since", ("account",), "since"),
            window("campaign_x_account__units", ("campaign", "account"), "sum"),
        ],
    )


@pytest.fixture
def features(windows: WindowSet) -> ClusterFeatures:
    """Return the features of this module."""
    return ClusterFeatures(windows, parse_clusters(CLUSTERS))


def order(campaign: str = "c") -> Event:
    """Return an order of a campaign."""
    return Event("e", 0, 0, ("a", "d", campaign), (1,))


def view(
    members: tuple[str, ...] = (), neighbours: tuple[str, ...] = (), account: str = "a"
) -> ClusterView[str]:
    """Return a view of a cluster two days old."""
    return ClusterView(account=account, members=members, neighbours=neighbours,
                       size=1 + len(members), age_us=2 * 86_400_000_000, merges=0, hub_links=0,
                       new_accounts=0, id=account)  # fmt: skip


def own(units: float, since: float, there: float) -> list[float]:
    """Return what an order's own first reading gave."""
    return [7.0, 1.0, units, since, there]


def row(features: ClusterFeatures, values: NDArray[np.float64]) -> dict[str, float]:
    """Return values by name."""
    assert list(features.names) == COLUMNS
    return dict(zip(COLUMNS, values.tolist(), strict=True))


def test_members_and_neighbours_are_asked_for_once_and_put_together(
    features: ClusterFeatures,
) -> None:
    """Own values come from the first reading, the others' from the second; no key twice."""
    trip = features.trip([view(("b", "x"), ("x", "y"))], [order()])
    assert trip.requests == ((1, ("b", "x", "y")), (2, ("c|b", "c|x")))
    accounts = np.array([[2.0, 3.0, 10.0], [0.0, 0.0, nan], [9.0, 4.0, 30.0]])
    pairs = np.array([[5.0], [0.0]])
    values = features.rows(trip, np.array([own(2, 20, 1)]), [accounts, pairs])
    found = row(features, values[0])
    assert found == {
        "cluster__size": 3.0, "cluster__age_days": 2.0, "cluster__units": 5.0,
        "cluster__busy": 2.0, "cluster__since": 15.0, "cluster__there": 5.0,
        "neighbour__accounts": 2.0, "neighbour__units": 2.0, "neighbour__since": 30.0,
    }  # fmt: skip


def test_without_an_account_everything_is_missing(features: ClusterFeatures) -> None:
    """A guest's order has no cluster, and asks for nothing."""
    trip = features.trip([None], [order()])
    assert trip.requests == ()
    values = features.rows(trip, np.full((1, 5), nan), [])
    assert np.isnan(values).all()


def test_an_account_alone_is_its_own_cluster_without_neighbours(
    features: ClusterFeatures,
) -> None:
    """Sums are its own, one-hop values are missing; without a campaign its sum is missing."""
    trip = features.trip([view()], [order(campaign="")])
    assert trip.requests == ()
    found = row(features, features.rows(trip, np.array([own(2, nan, nan)]), [])[0])
    assert (found["cluster__size"], found["cluster__units"], found["cluster__busy"]) == (1, 2, 1)
    assert found["neighbour__accounts"] == 0
    missing = {name for name, value in found.items() if isnan(value)}
    assert missing == {"cluster__since", "cluster__there", "neighbour__units", "neighbour__since"}


def test_orders_of_a_group_share_keys_and_not_values(features: ClusterFeatures) -> None:
    """Two orders that look at one account ask for it once; campaigns stay apart."""
    views = [view(("b",)), None, view(("b",), ("b",))]
    trip = features.trip(views, [order("c"), order(), order("d")])
    assert trip.requests == ((1, ("b",)), (2, ("c|b", "d|b")))
    observed = np.array([own(1, 1, 1), [nan] * 5, own(3, 3, 3)])
    answers = [np.array([[0.0, 10.0, 5.0]]), np.array([[100.0], [200.0]])]
    values = features.rows(trip, observed, answers)
    assert row(features, values[0])["cluster__units"] == 11
    assert row(features, values[0])["cluster__there"] == 100
    assert np.isnan(values[1]).all()
    assert row(features, values[2])["cluster__units"] == 13
    assert row(features, values[2])["cluster__there"] == 200


def test_a_row_has_the_same_bits_alone_and_among_others(features: ClusterFeatures) -> None:
    """Sums of fractions do not depend on what else is in the group: serving gives replay's."""
    rng = np.random.default_rng(4)
    names = [f"m{number}" for number in range(40)]
    views, events = [], []
    for _ in range(60):
        chosen = tuple(rng.permutation(names)[: rng.integers(0, 33)].tolist())
        views.append(view(chosen, chosen[: rng.integers(0, 9)]))
        events.append(order())
    records = {name: rng.random(3) * 10.0 ** rng.integers(-6, 9) for name in names}
    pairs = {f"c|{name}": rng.random(1) for name in names}
    observed = rng.random((60, 5)) / 3

    def rows(chosen: slice) -> NDArray[np.float64]:
        trip = features.trip(views[chosen], events[chosen])
        answers = [np.array([(records if group == 1 else pairs)[key] for key in keys])
                   for group, keys in trip.requests]  # fmt: skip
        return features.rows(trip, observed[chosen], answers)

    together = rows(slice(0, 60))
    for at in range(60):
        np.testing.assert_array_equal(rows(slice(at, at + 1))[0], together[at])
