"""Limits in force that an older version of the service took, and that are too many today."""

import logging
from collections.abc import Iterator
from pathlib import Path

import pytest

from risk_service.adapters.sqlite.governance import GovernanceFile
from risk_service.adapters.sqlite.publications import SqlitePublications
from risk_service.bootstrap.governance import load_limits
from risk_service.domain.errors import InvalidInput
from risk_service.domain.governed import PublishedKind, VersionDraft
from risk_service.domain.reservation import HoldRequest
from risk_service.domain.vocabulary import Outcome
from risk_service.governance.limit_gate import LimitGate
from risk_service.governance.publishing import Publishing
from risk_service.limits.book import LimitBook
from risk_service.limits.crowd import LINE_COUNTERS_MAX, ORDER_COUNTERS_MAX
from tests.fixtures.governing import NOW_US
from tests.fixtures.ledgers import SECOND_US, START_US, SqliteHouse, demand, line
from tests.fixtures.limit_texts import policy

LIMITS = PublishedKind.LIMITS


def text(policies: int, **changes: object) -> str:
    """Return a file of so many policies, each with one counter."""
    return "format = 1\n" + "".join(policy(f"p{n}", cap=500, **changes) for n in range(policies))


WIDE, NARROW = text(LINE_COUNTERS_MAX + 1), text(LINE_COUNTERS_MAX)


class Store:
    """A governance store in which a file that breaks the bound is in force."""

    def __init__(self, directory: Path, author: str) -> None:
        self.file = GovernanceFile(directory / "governance.sqlite3", lambda: NOW_US)
        self.publications = SqlitePublications(self.file)
        self.publishing = Publishing(
            store=self.publications,
            load=dict.fromkeys(PublishedKind, load_limits),
            limit_gate=LimitGate(store=self.publications, read=load_limits, now_us=lambda: NOW_US),
        )
        self.put(WIDE, author)

    def put(self, content: str, author: str) -> int:
        """Put a file in force as the version before the bound did."""
        sources = {"my.toml": content}
        version = load_limits(sources).version
        if author == "operator":
            self.publications.seed(LIMITS, version, sources)
        else:
            draft = VersionDraft(
                kind=LIMITS, version=version, sources=sources, author=author, note="n"
            )
            number = self.publications.propose(draft).number
            self.publications.approve(LIMITS, number, version, "bob")
        active = self.publications.active(LIMITS)
        assert active is not None
        return active.number


@pytest.fixture(params=["ann", "operator"])
def store(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Store]:
    """Return a store with too many policies in force, published or given at the start."""
    opened = Store(tmp_path, request.param)
    yield opened
    opened.file.close()


def test_they_stay_in_force_and_say_what_to_change(
    store: Store, caplog: pytest.LogCaptureFixture
) -> None:
    """A start after the upgrade loads every policy of them and names file, line and remedy."""
    store.publishing.seed(LIMITS, {"my.toml": WIDE})
    with caplog.at_level(logging.ERROR):
        book = store.publishing.in_force(LIMITS)
    assert isinstance(book, LimitBook)
    assert len(book.policies) == LINE_COUNTERS_MAX + 1
    (record,) = caplog.records
    assert record.message == "limits_in_force_count_too_much"
    assert record.__dict__["file"].startswith("my.toml:")
    for words in ("at most 64", "retire some", "stay in force", "published next"):
        assert words in record.__dict__["error"]


def test_the_next_publication_obeys_the_bound(store: Store) -> None:
    """Also a change that leaves as many policies; one within passes, and there is no way back."""
    with pytest.raises(InvalidInput, match="at most 64"):
        store.publishing.publish(LIMITS, {"my.toml": WIDE + "# a word\n"}, "ann", "why")
    wide = store.publications.active(LIMITS)
    assert wide is not None
    one = store.publishing.publish(LIMITS, {"my.toml": NARROW}, "ann", "why")
    store.publishing.approve(LIMITS, one.number, one.version, "bob")
    with pytest.raises(InvalidInput, match="at most 64"):
        store.publishing.rollback(LIMITS, wide.number, "ann", "back")


def test_a_proposal_of_before_is_not_approved(store: Store) -> None:
    """What was proposed under the version before is held against the bound when it is approved."""
    content = WIDE + policy("more", cap=500)
    version = load_limits({"my.toml": content}).version
    proposed = store.publications.propose(
        VersionDraft(
            kind=LIMITS, version=version, sources={"my.toml": content}, author="ann", note="n"
        )
    )
    with pytest.raises(InvalidInput, match="at most 64"):
        store.publishing.approve(LIMITS, proposed.number, version, "bob")


def test_a_new_file_given_at_the_start_obeys_the_bound(store: Store) -> None:
    """Only what is in force already goes on, not another file that breaks the bound too."""
    other = {"my.toml": text(LINE_COUNTERS_MAX + 2)}
    active = store.publications.active(LIMITS)
    assert active is not None
    if active.author == "ann":
        store.publishing.seed(LIMITS, other)
        assert store.publications.active(LIMITS) == active
    else:
        with pytest.raises(InvalidInput, match="at most 64"):
            store.publishing.seed(LIMITS, other)


def test_their_tiles_are_not_forgotten(store: Store) -> None:
    """The gate for caps that cross 256 reads them too: 500 of each lie in tiles."""
    rolling = '{ rolling = "1h" }'
    store.put(text(LINE_COUNTERS_MAX + 1, window=rolling), "ann")
    with pytest.raises(InvalidInput, match="counted in tiles"):
        store.publishing.publish(
            LIMITS, {"my.toml": "format = 1\n" + policy("p0", cap=5, window=rolling)}, "ann", "why"
        )


def test_an_order_with_too_many_counters_is_refused_whole(tmp_path: Path) -> None:
    """With such a file few lines may reach the bound of an order; it is looked at all the same."""
    content = text(2 * LINE_COUNTERS_MAX, count_per="sku")
    house = SqliteHouse(tmp_path, load_limits({"my.toml": content}))
    lines = [line(f"sku-{n}") for n in range(40)]
    large = demand("o-1", *lines)
    assert house.book.claims(large, START_US).counters > ORDER_COUNTERS_MAX
    hold = house.ledger.hold([HoldRequest(demand=large, ttl_us=SECOND_US)], START_US)
    assert hold.grants[0].outcome is Outcome.DENY
    hold.dropped()
    small = demand("o-2", *lines[:30])
    hold = house.ledger.hold([HoldRequest(demand=small, ttl_us=SECOND_US)], START_US)
    assert hold.grants[0].outcome is Outcome.ALLOW
    hold.dropped()
    house.close()
