"""Online = offline for cluster features when two services share windows and links in Redis.

A world passes through both, group by group to one or the other, with clocks that differ; one
log of it goes through the replay of clusters under the stamps that the shared log gave.
"""

import random
from collections import defaultdict, deque
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from risk_service.adapters.live.clusters_file import LinkPlace
from risk_service.adapters.live.engines import fastest_look
from risk_service.adapters.live.outbox import Outbox
from risk_service.adapters.live.shared_links import SharedLinks, log_name
from risk_service.adapters.redis.addresses import parse_addresses
from risk_service.adapters.redis.engines import fastest_entities
from risk_service.adapters.redis.shared_log import SharedLog
from risk_service.adapters.redis.store import RedisWindowStore
from risk_service.domain.stamps import Stamps
from risk_service.features.clusters.declaration import load_clusters
from risk_service.features.clusters.links import Link, LinkReader
from risk_service.features.clusters.state import SECOND_US, ClusterState
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.plan import compile_windows
from tests.fixtures.live_stream import Arrival, Passage, arrivals
from tests.fixtures.redis_server import redis_server
from tests.fixtures.sharing import published
from training.clusters.build import build_clusters
from training.simulate.settings import WorldSettings
from training.simulate.write import simulate

WINDOWS, CLUSTERS = load_windows(), load_clusters()
RULES = CLUSTERS.rules
SIZE = CLUSTERS.names.index("cluster__size")
ORDERS = 2_500
GROUP_MAX = 12
# By how much the clock of each service is ahead: enough for stamps to cross now and then.
AHEAD_US = (0, 60 * SECOND_US)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """Both services behind one log of what went through, and the links as they were shared."""

    services: Sequence[Passage]
    links: Sequence[Link]

    @property
    def online(self) -> np.ndarray:
        """Return the cluster features of all orders, in the order in which they were decided."""
        return np.concatenate(self.services[0].values)[:, len(WINDOWS.names) :]


def service(address: str, origin: str, into: Passage | None, ends: ExitStack) -> Passage:
    """Return a service over a Redis; what goes through it comes to the lists of another."""
    compiled, stamps = compile_windows(WINDOWS), Stamps(0)
    addresses = parse_addresses(address)
    store = RedisWindowStore(compiled, addresses, timeout_s=5.0, entities=fastest_entities())
    ends.callback(store.close)
    stream = SharedLog(addresses, log_name(RULES), origin, timeout_s=5.0)
    ends.callback(stream.close)

    def follows(state: ClusterState[str]) -> SharedLinks:
        place, outbox = LinkPlace(origin=origin), Outbox(lambda *_: [])
        links = SharedLinks(state, place, stream, outbox, lambda: stamps.last_us, pytest.fail)
        links.follow(0)
        return links

    passage = Passage(
        compiled=compiled,
        store=store,
        stamps=stamps,
        settle=lambda: None,
        logged_us=lambda: stamps.last_us,
        look=fastest_look(RULES),
        link_log=follows,
    )
    if into is not None:
        passage.counted, passage.known, passage.values = into.counted, into.known, into.values
    return passage


def groups(arrived: Sequence[Arrival], draw: random.Random) -> Iterator[list[Arrival]]:
    """Yield groups of orders, or of events, as they arrive."""
    group: list[Arrival] = []
    for one in arrived:
        same = bool(group) and (group[0].order is None) is (one.order is None)
        if group and (not same or draw.random() < 1 / GROUP_MAX):
            yield group
            group = []
        group.append(one)
    yield group


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    """Let a world pass through two services."""
    folder, draw = tmp_path_factory.mktemp("shared"), random.Random(11)
    simulate(WorldSettings(seed=9, days=120, orders=ORDERS, base="pure"), folder / "world")
    with ExitStack() as ends:
        redis = ends.enter_context(redis_server())
        one = service(redis.address, "one", None, ends)
        services = [one, service(redis.address, "other", one, ends)]
        now_us = 0
        for group in groups(arrivals(folder / "world", seed=3), draw):
            which = draw.randrange(2)
            now_us = group[-1].arrived_us + AHEAD_US[which]
            services[which].take(group, now_us)
        for _ in range(2):
            for passage in services:
                while passage.links.follow(now_us):  # type: ignore[attr-defined]  # it shares
                    pass
        yield Run(services=services, links=published(redis.address))


def applied_us(run: Run) -> np.ndarray:
    """Return the stamp under which each event's links count; those of equal links are one's own."""
    reader = LinkReader(WINDOWS, RULES)
    waiting: defaultdict[object, deque[int]] = defaultdict(deque)
    counted = run.services[0].counted
    for place, one in enumerate(counted):
        links = reader.links(one.event)
        if links is not None:
            waiting[reader.account(one.event), links].append(place)
    stamps = np.zeros(len(counted), np.int64)
    for account, links, stamp_us in run.links:
        stamps[waiting[account, links].popleft()] = stamp_us
    assert not any(waiting.values())
    return stamps


def test_clusters_are_those_of_the_replay(run: Run, tmp_path: Path) -> None:
    """Every cluster and one-hop feature of every order of both services, to the last digit."""
    first = run.services[0]
    stamps = replace(first.cluster_stamps(), applied_us=applied_us(run))
    built = build_clusters(first.log(), WINDOWS, tmp_path / "clusters.parquet", stamps=stamps)
    table = pq.read_table(built)
    offline = np.column_stack([table[name].to_numpy() for name in table.column_names[1:]])
    np.testing.assert_array_equal(run.online, offline)
    assert (offline[:, SIZE] > 1).mean() > 0.05


def test_links_crossed_and_rise(run: Run) -> None:
    """Stamps rise through the whole log although the services' own do not."""
    stamps = [stamp_us for _, _, stamp_us in run.links]
    assert all(before < after for before, after in pairwise(stamps))
    own = [one.stamped.stamp_us for one in run.services[0].counted]
    assert sum(before >= after for before, after in pairwise(own)) > 0.01 * len(own)


def test_both_services_come_to_the_same_state(run: Run) -> None:
    """Once all is read, every account sees the same in both."""
    one, other = (passage.links.state for passage in run.services)
    at_us = one.applied_us + 3600 * SECOND_US
    accounts = list(one.accounts.numbers)
    assert len(accounts) > 100
    assert set(accounts) == set(other.accounts.numbers)
    for account in accounts:
        assert one.look_at(account, (), at_us) == other.look_at(account, (), at_us)
