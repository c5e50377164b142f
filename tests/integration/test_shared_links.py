"""Services that share their links in a real Redis: one graph in all of them, as in a replay."""

import random
from collections.abc import Iterator

import pytest

from risk_service.features.clusters.links import Links
from risk_service.features.clusters.state import SECOND_US
from risk_service.features.windows.tiles import DAY_US
from tests.fixtures.redis_server import RedisServer, redis_cluster
from tests.fixtures.sharing import (
    NOW_US,
    RING,
    RULES,
    Join,
    Member,
    alternate,
    by_device,
    drained,
    published,
    replayed,
    same,
    saw_as_replayed,
)

HOUR_US = 3600 * SECOND_US


def test_a_ring_split_over_services_is_one_cluster_at_once(
    redis: RedisServer, pair: tuple[Member, Member]
) -> None:
    """The order after sees the ring as it was when the group before it became known."""
    members = pair
    sizes = [one.view.size for one in alternate(members)]
    # An order is published with the next group of its own service: one is on its way.
    assert sizes == [1, 1, 2, 3]
    drained(members, NOW_US + 100)
    for member in members:
        assert member.sees("new", by_device(7), NOW_US + 200).size == len(RING) + 1
    links = published(redis.address)
    assert sorted(account for account, _, _ in links) == RING
    same(members, replayed(links), NOW_US + 200)


def test_one_service_counts_under_the_stamps_of_its_log(redis: RedisServer, join: Join) -> None:
    """Alone, a service sees at once what it would see without sharing."""
    member = join(redis.address, "one")
    sizes = [one.view.size for one in alternate([member])]
    assert sizes == list(range(1, len(RING) + 1))
    drained([member], NOW_US + 100)
    assert published(redis.address) == member.logged


def stream_of(draw: random.Random, count: int) -> Iterator[tuple[str, Links]]:
    """Yield orders of accounts that share a few values of every type."""
    for _ in range(count):
        links = tuple(
            draw.randrange(1, 12 * (kind + 2)) * 1009 if draw.random() < 0.5 else 0
            for kind in range(len(RULES.links))
        )
        yield f"acc-{draw.randrange(60)}", links


@pytest.mark.parametrize("seed", range(6))
def test_every_order_of_every_service_saw_what_a_replay_sees(
    redis: RedisServer, join: Join, seed: int
) -> None:
    """Groups of three services cross, hubs, full clusters and nights included; clocks differ."""
    draw = random.Random(seed)
    members = [join(redis.address, f"s-{n}") for n in range(3)]
    ahead_us = [0, 40 * SECOND_US, -70 * SECOND_US]
    now_us = NOW_US
    for _ in range(160):
        which = draw.randrange(3)
        orders = dict(stream_of(draw, draw.randint(1, 5)))
        member = members[which]
        member.decide(list(orders.items()), now_us + ahead_us[which], fails=draw.random() < 0.05)
        if draw.random() < 0.2:
            draw.choice(members).follow(now_us)
        now_us += draw.choice((0, 50, SECOND_US, HOUR_US, 3 * HOUR_US))
    drained(members, now_us + HOUR_US)
    links = published(redis.address)
    assert len(links) == sum(len(member.logged) for member in members)
    assert now_us - NOW_US > 3 * DAY_US
    saw_as_replayed(members, links)
    same(members, replayed(links), now_us + 2 * HOUR_US)
    sizes = [one.view.size for member in members for one in member.seen]
    assert max(sizes) > 5
    assert not any(member.missed for member in members)


@pytest.mark.parametrize("with_snapshot", [True, False])
def test_a_killed_service_goes_on_without_loss_or_repetition(
    redis: RedisServer, pair: tuple[Member, Member], *, with_snapshot: bool
) -> None:
    """What was durable and not published is, what was published is not once more."""
    one, other = pair
    alternate([one, other])
    if with_snapshot:
        one.save()
    alternate([one, other], NOW_US + 100)
    one.decide([("last", by_device(7))], NOW_US + 200)
    one.kill()
    other.decide([("meanwhile", by_device(7))], NOW_US + 300)
    one.start()
    drained([one, other], NOW_US + 400)
    links = published(redis.address)
    assert len(links) == len(one.logged) + len(other.logged)
    same([one, other], replayed(links), NOW_US + 500)
    assert one.sees("new", by_device(7), NOW_US + 500).size == len(RING) + 3
    assert one.missed == 0


def test_a_service_that_ends_publishes_its_last_group(pair: tuple[Member, Member]) -> None:
    """Nobody has to wait for its next start."""
    one, other = pair
    one.decide([("last", by_device(7))], NOW_US)
    one.links.close()
    other.follow(NOW_US + 10)
    assert other.sees("new", by_device(7), NOW_US + 20).size == 2


def test_a_snapshot_serves_another_service(
    redis: RedisServer, pair: tuple[Member, Member], join: Join
) -> None:
    """A service that is new goes on from what an older one kept, and publishes its own links."""
    one, other = pair
    alternate([one, other])
    drained([one, other], NOW_US + 50)
    one.save()
    one.decide([("later", by_device(7))], NOW_US + 60)
    third = join(redis.address, "third", kept=one.kept)
    third.decide([("mine", by_device(7))], NOW_US + 70)
    members = [one, other, third]
    drained(members, NOW_US + 80)
    links = published(redis.address)
    assert len(links) == len(RING) + 2
    same(members, replayed(links), NOW_US + 90)


def test_links_are_shared_through_a_cluster_of_servers(join: Join) -> None:
    """The log and what belongs to it lie on one node of a Redis Cluster."""
    with redis_cluster() as nodes:
        members = [join(node.address, f"s-{n}") for n, node in enumerate(nodes)]
        alternate(members)
        drained(members, NOW_US + 50)
        links = published(nodes[0].address)
        assert len(links) == len(RING)
        same(members, replayed(links), NOW_US + 100)
