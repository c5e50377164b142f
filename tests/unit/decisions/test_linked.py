"""Clusters on the order path: links wait for the log, and a failed commit links nobody."""

import math

from hypothesis import given
from hypothesis import strategies as st

from risk_service.decisions.link_log import OwnLinks
from risk_service.decisions.linked import Linked
from risk_service.domain.event import Event
from risk_service.domain.stamps import Stamps
from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.clusters.state import ClusterState
from risk_service.features.windows.declaration import load_windows
from tests.fixtures.desk import EmptyWindows

WINDOWS, CLUSTERS = load_windows(), load_clusters()
SIZE = CLUSTERS.names.index("cluster__size")
NOW_US = 1_790_000_000_000_000


class Bench:
    """A cluster state whose log a test lets end where it likes."""

    def __init__(self) -> None:
        self.logged_us = 0
        state: ClusterState[str] = ClusterState(CLUSTERS.rules)
        windows = EmptyWindows(Stamps(NOW_US))
        log = OwnLinks(state, lambda: self.logged_us)
        self.linked = Linked(log, (WINDOWS, CLUSTERS), windows)

    def size(self, event: Event, at_us: int) -> float:
        """Return the size of the cluster that an order sees."""
        observed = windows_of_nobody(1)
        views = self.linked.views([event], self.linked.arrive(at_us))
        return float(self.linked.rows(views, [event], observed, at_us).values[0, SIZE])


def windows_of_nobody(orders: int):  # type: ignore[no-untyped-def]  # a matrix of NaN
    """Return windows in which nothing was counted."""
    return EmptyWindows(Stamps(NOW_US)).observe([order("nobody")] * orders, NOW_US).values


def order(account: str, device: str = "") -> Event:
    """Return an attempt that names an account and perhaps a device."""
    known = {"account": account, "device": device}
    fields = tuple(known.get(name, "") for name in WINDOWS.fields)
    columns = (0,) * len(WINDOWS.columns)
    return Event(event_id="", kind=0, at_us=NOW_US, fields=fields, columns=columns)


def test_accounts_on_one_device_are_a_cluster_once_it_is_logged() -> None:
    """The second account sees the first one as soon as the log has its order."""
    bench = Bench()
    bench.linked.count([(NOW_US, order("a", "d"))])
    bench.logged_us = NOW_US
    assert bench.size(order("b", "d"), NOW_US + 1) == 2
    assert bench.size(order("c", "e"), NOW_US + 2) == 1


def test_a_failed_commit_links_nobody() -> None:
    """Links of a group that the log has not got are dropped by the next group."""
    bench = Bench()
    bench.linked.count([(NOW_US, order("a", "d"))])
    assert bench.size(order("b", "d"), NOW_US + 1) == 1
    bench.linked.count([(NOW_US + 1, order("b", "d"))])
    bench.logged_us = NOW_US + 1
    assert bench.size(order("c", "d"), NOW_US + 2) == 2


def test_an_order_without_account_has_no_cluster() -> None:
    """Nobody is linked by an empty token."""
    bench = Bench()
    assert math.isnan(bench.size(order("", "d"), NOW_US + 1))


def test_a_quiet_night_is_prepared_without_orders() -> None:
    """The nightly run begins by the clock, and links that wait are settled before it."""
    bench = Bench()
    bench.linked.count([(NOW_US, order("a", "d"))])
    bench.logged_us = NOW_US
    bench.linked.prepare(NOW_US + 86_400_000_000)
    assert bench.size(order("b", "d"), NOW_US + 86_400_000_001) == 2


@given(st.lists(st.tuples(st.sampled_from("abcdefghijkl"), st.sampled_from("vwxyz")), max_size=30))
def test_what_an_order_sees_spares_a_second_look(seen: list[tuple[str, str]]) -> None:
    """The accounts of a cluster and their order are the same with and without its view."""
    bench = Bench()
    bench.linked.count([(NOW_US + n, order(*one)) for n, one in enumerate(seen)])
    bench.logged_us = at_us = NOW_US + len(seen)
    for account in "abm":
        asked = order(account, "v")
        (view,) = bench.linked.views([asked], bench.linked.arrive(at_us))
        whole = bench.linked.accounts(asked, at_us)
        assert bench.linked.accounts(asked, at_us, view) == whole
        assert view is not None
        assert (whole[0], len(whole)) == (view.id, view.size)


def test_a_cluster_of_more_than_an_order_sees_is_told_whole() -> None:
    """Limits count on every account of it, also where the order looks at some of them."""
    bench = Bench()
    names = [f"a{n:02}" for n in range(CLUSTERS.rules.members + 4)]
    # In a chain: a device of many accounts is a hub.
    seen = [(name, f"d{n + link}") for n, name in enumerate(names) for link in (0, 1)]
    bench.linked.count([(NOW_US + n, order(*one)) for n, one in enumerate(seen)])
    bench.logged_us = at_us = NOW_US + len(seen)
    asked = order(names[-1], seen[-1][1])
    (view,) = bench.linked.views([asked], bench.linked.arrive(at_us))
    assert view is not None
    assert len(view.members) + 1 < view.size == len(names)
    assert bench.linked.accounts(asked, at_us, view) == tuple(names)
