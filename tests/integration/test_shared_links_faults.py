"""Services that share their links and meet a Redis that is away, empty, older or trimmed."""

from functools import partial

import pytest

from risk_service.adapters.live import outbox
from risk_service.adapters.live.shared_links import log_name
from risk_service.features.clusters.state import SECOND_US
from tests.fixtures.fault_proxy import fault_proxy
from tests.fixtures.redis_server import RedisServer
from tests.fixtures.sharing import (
    NOW_US,
    RING,
    RULES,
    TIMEOUT_S,
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
from tests.fixtures.waiting import wait_until


def is_back(member: Member, now_us: int) -> bool:
    """Let a service follow once more; tell whether Redis answered."""
    member.follow(now_us)
    return not member.links.is_lost


def has_missed(member: Member, now_us: int) -> bool:
    """Let a service follow once more; tell whether it knows of a gap."""
    member.links.follow(now_us)
    return member.missed > 0


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
        one = join(f"127.0.0.1:{port}", "one")
        other = join(redis.address, "other")
        alternate([one, other])
        drained([one, other], NOW_US + 50)
        faults.silent = True
        # Until now it was to be heard, however busy the machine is.
        one.stream._cluster._timeout_s = 0.05
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
        one.stream._cluster._timeout_s = TIMEOUT_S
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
