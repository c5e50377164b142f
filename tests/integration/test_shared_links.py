"""Services that share their links in a real Redis: one graph in all of them, as in a replay."""

import random
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import pytest

from risk_service.adapters.live import outbox
from risk_service.adapters.live.shared_links import log_name
from risk_service.features.clusters.links import Link, Links
from risk_service.features.clusters.state import SECOND_US, ClusterState
from risk_service.features.windows.tiles import DAY_US
from tests.fixtures.fault_proxy import fault_proxy
from tests.fixtures.redis_server import RedisServer, redis_cluster
from tests.fixtures.sharing import (
    NOW_US,
    RULES,
    Member,
    Seen,
    by_device,
    drained,
    published,
    replayed,
)
from tests.fixtures.waiting import wait_until

RING = [f"ring-{number}" for number in range(4)]
Join = Callable[..., Member]
HOUR_US = 3600 * SECOND_US


@pytest.fixture
def join() -> Iterator[Join]:
    """Return what starts a service on the Redis of an address; all end with the test."""
    members = []

    def start(address: str, origin: str, **options: Any) -> Member:
        members.append(Member(address=address, origin=origin, **options))
        return members[-1]

    yield start
    for member in members:
        member.kill()


@pytest.fixture
def pair(redis: RedisServer, join: Join) -> tuple[Member, Member]:
    """Return two services on one Redis."""
    return join(redis.address, "one"), join(redis.address, "other")


def same(members: Sequence[Member], referee: ClusterState[str], at_us: int) -> None:
    """Hold what every account would see in every service to a referee."""
    accounts = list(referee.accounts.numbers)
    assert accounts
    want = [referee.look_at(account, (), at_us) for account in accounts]
    for member in members:
        assert [member.sees(account, (), at_us) for account in accounts] == want


def saw_as_replayed(members: Sequence[Member], links: Sequence[Link]) -> None:
    """Hold what every order saw to a replay of all links by their stamps."""
    state: ClusterState[str] = ClusterState(RULES)
    seen = sorted((one for member in members for one in member.seen), key=lambda one: one.read_us)
    left = list(links)[::-1]
    for one in seen:
        while left and left[-1][2] < one.read_us:
            state.apply(*left.pop())
        assert state.view(one.account, one.links, one.read_us) == one.view


def alternate(members: Sequence[Member], now_us: int = NOW_US) -> list[Seen]:
    """Let a ring order on one device, each account at another service than the one before."""
    return [
        members[number % len(members)].decide([(account, by_device(7))], now_us + number)[0]
        for number, account in enumerate(RING)
    ]


def is_back(member: Member, now_us: int) -> bool:
    """Let a service follow once more; tell whether Redis answered."""
    member.follow(now_us)
    return not member.links.is_lost


def has_missed(member: Member, now_us: int) -> bool:
    """Let a service follow once more; tell whether it knows of a gap."""
    member.links.follow(now_us)
    return member.missed > 0


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


def test_a_log_trimmed_past_the_place_is_said(redis: RedisServer, join: Join) -> None:
    """A service that was away too long knows that it lacks links, and goes on behind the gap."""
    one = join(redis.address, "one", entries_kept=100)
    other = join(redis.address, "other")
    alternate([one, other])
    drained([one, other], NOW_US + 50)
    for number in range(600):
        one.decide([(f"acc-{number}", by_device(100 + number))], NOW_US + 100 + number)
    one.follow(NOW_US + 900)
    assert (one.missed, other.missed) == (0, 0)
    other.follow(NOW_US + 901)
    assert other.missed == 1
    assert other.place.entry_us == one.place.entry_us
    fresh = join(redis.address, "fresh")
    fresh.follow(NOW_US + 902)
    assert fresh.missed == 1
    one.decide([("after", by_device(7))], NOW_US + 1000)
    drained([one, other], NOW_US + 1001)
    assert other.sees("new", by_device(7), NOW_US + 1100).size == len(RING) + 2
    assert other.missed == 1


@pytest.mark.parametrize(
    ("head", "items"),
    [(None, b"\xc1"), (None, b"\x91\x93\xa1\xff\x90\x01"), (b"short", b"\x90")],
    ids=["no items", "no text", "no head"],
)
def test_an_entry_that_cannot_be_read_stops_nothing(
    redis: RedisServer,
    pair: tuple[Member, Member],
    caplog: pytest.LogCaptureFixture,
    head: bytes | None,
    items: bytes,
) -> None:
    """It is missed, which is said once, and orders see what comes behind it."""
    one, other = pair
    alternate([one, other])
    drained([one, other], NOW_US + 50)
    one.decide([("lost", by_device(7))], NOW_US + 100)
    one.follow(NOW_US + 110)
    redis.damage_last(f"{{{log_name(RULES)}}}", head, items)
    one.decide([("after", by_device(7))], NOW_US + 120)
    drained([one, other], NOW_US + 130)
    assert (one.missed, other.missed) == (0, 1)
    assert caplog.messages.count("links_missed") == 1
    assert not other.links.is_lost
    assert other.sees("new", by_device(7), NOW_US + 200).size == len(RING) + 2


def test_a_head_that_was_lost_is_made_of_the_log(
    redis: RedisServer, pair: tuple[Member, Member]
) -> None:
    """Nothing is read twice, and what is appended next follows the last entry."""
    one, other = pair
    alternate([one, other])
    drained([one, other], NOW_US + 50)
    redis.call("DEL", f"{{{log_name(RULES)}}}:head")
    assert not any(other.links.follow(NOW_US + 60) for _ in range(3))
    redis.call("DEL", f"{{{log_name(RULES)}}}:head")
    one.decide([("after", by_device(7))], NOW_US + 100)
    drained([one, other], NOW_US + 110)
    assert (one.missed, other.missed) == (0, 0)
    links = published(redis.address)
    assert len(links) == len(RING) + 1
    same([one, other], replayed(links), NOW_US + 200)


def test_links_wait_while_redis_is_away(redis: RedisServer, join: Join) -> None:
    """Orders go on with the clusters as they were; afterwards nothing is missing."""
    with fault_proxy(redis.port) as (port, faults):
        one = join(f"127.0.0.1:{port}", "one", timeout_s=0.05)
        other = join(redis.address, "other")
        alternate([one, other])
        drained([one, other], NOW_US + 50)
        faults.silent = True
        connections = faults.connections
        seen = [
            one.decide([(f"away-{number}", by_device(7))], NOW_US + 100 + number)[0]
            for number in range(5)
        ]
        assert {each.view.size for each in seen} == {len(RING) + 1}
        assert one.links.is_lost
        # One group waited in vain; those after it did not knock again.
        assert faults.connections == connections
        other.decide([("meanwhile", by_device(7))], NOW_US + 200)
        faults.heal()
        wait_until(lambda: is_back(one, NOW_US + 300), "links are followed again")
        drained([one, other], NOW_US + 400)
    links = published(redis.address)
    assert len(links) == len(RING) + 6
    assert other.sees("new", by_device(7), NOW_US + 500).size == len(RING) + 7
    saw_as_replayed([one, other], links)
    same([one, other], replayed(links), NOW_US + 500)


def test_a_group_that_failed_before_its_links_were_taken_costs_nothing(
    pair: tuple[Member, Member],
) -> None:
    """Its call may have been executed: what it published counts once, what it read comes again."""
    one, other = pair
    alternate([one, other])
    one.links.begin(NOW_US + 10)
    assert one.stream.is_owed
    one.decide([("next", by_device(7))], NOW_US + 20)
    assert one.links.is_lost
    drained([one, other], NOW_US + 30)
    assert not one.links.is_lost
    links = published(one.address)
    assert len(links) == len(RING) + 1
    same([one, other], replayed(links), NOW_US + 40)


def test_a_log_that_cannot_be_read_is_read_in_the_next_round(
    pair: tuple[Member, Member],
) -> None:
    """What a killed service had not published waits; the links of others come all the same."""
    one, other = pair
    one.decide([("last", by_device(7))], NOW_US)
    one.kill()
    one.unreadable = True
    one.start()
    other.decide([("theirs", by_device(7))], NOW_US + 10)
    other.follow(NOW_US + 20)
    assert not one.links.follow(NOW_US + 30)
    assert one.sees("new", by_device(7), NOW_US + 40).size == 2
    one.unreadable = False
    drained([one, other], NOW_US + 50)
    assert other.sees("new", by_device(7), NOW_US + 60).size == 3


def test_more_links_than_memory_takes_are_read_from_the_log(
    redis: RedisServer, pair: tuple[Member, Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    """While Redis is away for long, memory stays bounded and nothing is lost."""
    monkeypatch.setattr(outbox, "WAITING_MAX", 10)
    one, other = pair
    one.links.is_lost = True
    for number in range(40):
        one.links.settle()
        link = (f"acc-{number}", by_device(number % 5 + 1), NOW_US + number)
        one.links.add([link])
        one.logged.append(link)
        assert one.links.unpublished <= 11
    # No clock ahead of the links: they keep their stamps.
    drained([one, other], 0)
    assert published(redis.address) == one.logged
    same([one, other], replayed(one.logged), NOW_US + 200)


def test_an_emptied_redis_is_said_and_gone_on_with(
    redis: RedisServer, pair: tuple[Member, Member]
) -> None:
    """A Redis that lost everything loses no cluster: each service has its state and says so."""
    members = pair
    alternate(members)
    drained(members, NOW_US + 50)
    redis.kill()
    redis.start()
    late_us = NOW_US + 10 * SECOND_US
    for member in members:
        wait_until(partial(has_missed, member, late_us), "the loss was noticed")
    again = [members[n % 2].decide([(f"new-{n}", by_device(7))], late_us + n) for n in range(4)]
    drained(members, late_us + 100)
    assert again[-1][0].view.size >= len(RING) + 2
    links = published(redis.address)
    assert len(links) == 4
    first, second = members
    assert first.sees("x", by_device(7), late_us + 200) == second.sees(
        "x", by_device(7), late_us + 200
    )
    assert first.sees("x", by_device(7), late_us + 200).size == len(RING) + 5


def test_an_older_copy_of_redis_is_said_and_counts_nothing_twice(
    redis: RedisServer, pair: tuple[Member, Member]
) -> None:
    """Entries that the copy lacks were applied and stay so; what it has is not read again."""
    one, other = pair
    alternate(pair)
    drained(pair, NOW_US + 50)
    names = [one.stream.key + end for end in (b"", b":head", b":origins")]
    copies = [redis.call("DUMP", name) for name in names]
    alternate(pair, NOW_US + 100)
    drained(pair, NOW_US + 150)
    applied = one.state.applied
    for name, copy in zip(names, copies, strict=True):
        assert isinstance(copy, bytes)
        redis.call("RESTORE", name, 0, copy, "REPLACE")
    one.decide([("after", by_device(7))], NOW_US + 200)
    drained(pair, NOW_US + 250)
    assert (one.missed, other.missed) == (1, 1)
    assert one.state.applied == other.state.applied == applied + 1
    view = one.sees("new", by_device(7), NOW_US + 300)
    assert view == other.sees("new", by_device(7), NOW_US + 300)
    assert view.size == len(RING) + 2


def test_links_are_shared_through_a_cluster_of_servers(join: Join) -> None:
    """The log and what belongs to it lie on one node of a Redis Cluster."""
    with redis_cluster() as nodes:
        members = [join(node.address, f"s-{n}") for n, node in enumerate(nodes)]
        alternate(members)
        drained(members, NOW_US + 50)
        links = published(nodes[0].address)
        assert len(links) == len(RING)
        same(members, replayed(links), NOW_US + 100)
