"""Clusters after a crash, with a snapshot or without: always those of the whole log."""

import shutil
from collections import deque
from concurrent.futures import Future
from pathlib import Path

import pytest

from risk_service.adapters.live import clusters_file
from risk_service.adapters.live.clusters_file import FILE_NAME, ORIGIN_NAME, ClusterKeeper
from risk_service.domain.errors import StoreUnavailable
from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.clusters.graph import Graph
from risk_service.features.clusters.links import LinkReader
from risk_service.features.clusters.state import ClusterState, Coming
from risk_service.features.clusters.view import ClusterView
from risk_service.features.windows.tiles import DAY_US
from tests.fixtures.live_shop import MINUTE_US, LiveShop


@pytest.fixture
def shop(tmp_path: Path) -> LiveShop:
    """Return a shop whose accounts come back every 80 days, four times."""
    shop = LiveShop(directory=tmp_path / "state")
    shop.live_on(6)
    for _ in range(4):
        shop.now_us += 80 * DAY_US
        shop.live_on(6)
    return shop


def views(state: ClusterState[str], accounts: list[str], at_us: int) -> list[ClusterView[str]]:
    """Return what each account would see."""
    return [state.view(account, (), at_us) for account in accounts]


def check(shop: LiveShop) -> int:
    """Hold what every account sees to a replay of the whole log; return how many there are."""
    rules = load_clusters().rules
    reader = LinkReader(shop.compiled.window_set, rules)
    state: ClusterState[str] = ClusterState(rules)
    tail = shop.tail()
    for logged in tail.after(tail.place_before(0)):
        links = reader.links(logged.event)
        if links is not None:
            state.apply(reader.account(logged.event), links, logged.stamp_us)
    accounts, at_us = list(state.accounts.numbers), shop.now_us + DAY_US
    want = views(state, accounts, at_us)
    assert views(shop.state.clusters.state, accounts, at_us) == want
    assert max(view.size for view in want) > 1
    assert max(view.age_us for view in want) > 300 * DAY_US
    return len(accounts)


def test_without_a_snapshot_the_whole_log_makes_the_clusters(
    shop: LiveShop, tmp_path: Path
) -> None:
    """How old an account is has no end: a part of the log would make it younger."""
    shop.crash(tmp_path / "after")
    assert check(shop)
    shop.state.close()


def test_a_snapshot_written_later_than_taken_is_followed_by_its_tail(
    shop: LiveShop, tmp_path: Path
) -> None:
    """Orders go on between the copy and the end of its writing, and none is lost."""
    shop.state.close()
    shop.open()
    write = shop.state.clusters.taken()
    shop.live_on(3)
    write()
    assert (shop.directory / FILE_NAME).stat().st_size > 0
    shop.crash(tmp_path / "after")
    assert check(shop)
    shop.state.close()


def test_a_snapshot_that_cannot_be_read_is_made_again(shop: LiveShop, tmp_path: Path) -> None:
    """A damaged file costs a replay of the log, nothing else."""
    shop.state.clusters.save()
    (shop.directory / FILE_NAME).write_bytes(b"\x81\xa4")
    shop.crash(tmp_path / "after")
    assert check(shop)
    shop.state.close()


def test_a_snapshot_is_due_after_so_many_links(
    shop: LiveShop, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So a crash leaves a bounded number of links to read again, however busy the shop."""
    monkeypatch.setattr(clusters_file, "LINKS_BETWEEN", 20)
    keeper = shop.state.clusters
    keeper.save()
    assert not keeper.is_due()
    for _ in range(100):
        if keeper.is_due():
            break
        shop.live_on(1)
    assert keeper.is_due()
    before = keeper.state.applied
    keeper.save()
    assert not keeper.is_due()
    shop.live_on(2)
    tail = keeper.state.applied - before
    shop.crash(tmp_path / "after")
    assert shop.state.clusters.replayed <= tail + 12
    assert check(shop)
    shop.state.close()


def test_a_snapshot_waits_for_the_night(shop: LiveShop, monkeypatch: pytest.MonkeyPatch) -> None:
    """Orders would wait for the night's end while it is copied: none is due meanwhile."""
    monkeypatch.setattr(clusters_file, "LINKS_BETWEEN", 0)
    keeper, night = shop.state.clusters, Future[Graph]()
    assert keeper.is_due()
    graph, keeper.state.coming = (
        keeper.state.graph,
        Coming(night_us=shop.now_us, graph=night, waiting=deque()),
    )
    assert not keeper.is_due()
    night.set_result(graph)
    assert keeper.is_due()
    keeper.state.coming = None
    shop.state.close()


def shared_keeper(shop: LiveShop) -> ClusterKeeper:
    """Open the clusters of the shop as a service does that shares links."""
    rules = load_clusters().rules
    return ClusterKeeper(shop.directory, shop.compiled.window_set, rules, shop.tail(), shared=True)


def test_a_file_from_before_links_were_shared_is_gone_on_with(shop: LiveShop) -> None:
    """It holds the service's own links up to its stamp; what follows in the log is published."""
    shop.state.clusters.save()
    before_us = shop.state.clusters.state.applied_us
    shop.live_on(2)
    keeper = shared_keeper(shop)
    assert keeper.place is not None
    assert (keeper.place.entry_us, keeper.place.published_us) == (0, before_us)
    assert keeper.state.applied_us == keeper.place.published_us
    keeper.close()
    shop.state.close()


def test_a_name_that_a_power_cut_emptied_is_made_again(shop: LiveShop) -> None:
    """Nameless services would take each other's links for their own and publish none."""
    (shop.directory / ORIGIN_NAME).touch()
    keeper = shared_keeper(shop)
    again = shared_keeper(shop)
    assert keeper.place is not None
    assert len(keeper.place.origin) == 16
    assert again.place == keeper.place
    keeper.close()
    again.close()
    shop.state.close()


def test_a_place_is_kept_and_serves_another_directory(shop: LiveShop, tmp_path: Path) -> None:
    """A copy of the file goes on from the same entry, under the other directory's own name."""
    keeper = shared_keeper(shop)
    assert keeper.place is not None
    keeper.place.entry_us, keeper.place.published_us = 17, 11
    keeper.save()
    again = shared_keeper(shop)
    assert again.place == keeper.place
    other = tmp_path / "other"
    other.mkdir()
    shutil.copy(shop.directory / FILE_NAME, other)
    copied = ClusterKeeper(
        other, shop.compiled.window_set, load_clusters().rules, shop.tail(), shared=True
    )
    assert copied.place is not None
    assert (copied.place.entry_us, copied.place.published_us) == (17, 0)
    assert copied.place.origin != keeper.place.origin
    for one in (keeper, again, copied):
        one.close()
    shop.state.close()


def test_a_name_that_is_no_text_is_a_fault_with_its_path(shop: LiveShop) -> None:
    """Made again it would publish all links once more; whoever wrote there must say why."""
    (shop.directory / ORIGIN_NAME).write_bytes(b"\xff\xfe")
    with pytest.raises(StoreUnavailable, match=ORIGIN_NAME):
        shared_keeper(shop)
    shop.state.close()


def test_a_look_ahead_of_the_log_outlives_a_restart(shop: LiveShop, tmp_path: Path) -> None:
    """Looked after while no order came, by a clock that is set back a little: stamps go on."""
    shop.linked.prepare(shop.now_us + MINUTE_US)
    shop.state.clusters.save()
    shop.crash(tmp_path / "after")
    shop.live_on(6)
    assert shop.state.tail.logged_us() > shop.state.clusters.state.read_us
    shop.crash(tmp_path / "again")
    assert check(shop)
    shop.state.close()


def test_a_clock_that_was_far_ahead_while_no_order_came_leaves_nothing(
    shop: LiveShop,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    """The clusters it took for aged are made again from the log; orders go by the right clock."""
    monkeypatch.setattr(clusters_file, "_clock_us", lambda: shop.now_us)
    shop.linked.prepare(shop.now_us + 400 * DAY_US)
    shop.state.clusters.save()
    shop.crash(tmp_path / "after")
    assert "clusters_rebuilt" in caplog.messages
    shop.live_on(6)
    assert shop.state.stamps.last_us < shop.now_us + DAY_US
    shop.crash(tmp_path / "again")
    assert check(shop)
    shop.state.close()


def test_a_log_that_fell_behind_its_snapshot_is_read_again(
    shop: LiveShop, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Services of before gave stamps behind such a look: the start does not fail on them."""
    shop.linked.prepare(shop.now_us)
    state = shop.state.clusters.state
    looked_us, state.read_us = state.read_us, shop.now_us + DAY_US
    shop.state.clusters.save()
    state.read_us = looked_us
    shop.live_on(6)
    shop.crash(tmp_path / "after")
    assert "clusters_rebuilt" in caplog.messages
    assert check(shop)
    shop.state.close()
