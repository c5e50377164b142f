"""Small rules, and worlds in which accounts share a lot."""

import random

import pytest

from risk_service.features.clusters.terms import LinkType, Rules
from tests.fixtures.cluster_oracle import DAY_US, Seen

START_US = 20_000 * DAY_US


def link(field: str, hub_accounts: int = 3, age_days: int = 6) -> LinkType:
    """Return a link type."""
    return LinkType(
        field=field,
        unless_equal="",
        hub_accounts=hub_accounts,
        age_days=age_days,
        description_en="",
        description_zh="",
    )


def rules_of(*links: LinkType, max_size: int = 5, ready_after_s: int = 900) -> Rules:
    """Return rules of some link types."""
    return Rules(
        version="test",
        account="account",
        kinds=("ATTEMPT",),
        links=links,
        max_size=max_size,
        members=4,
        neighbours=3,
        hub_days=4,
        ready_after_s=ready_after_s,
    )


@pytest.fixture
def rules() -> Rules:
    """Return rules of three types, in which hubs, ages and sizes are soon reached."""
    return rules_of(link("device"), link("phone", 2, 5), link("address", 4, 8))


def sightings(rng: random.Random, count: int, accounts: int = 14, values: int = 7) -> list[Seen]:
    """Return sightings in which values are shared, with pauses of hours and of days."""
    at_us, found = START_US, []
    for _ in range(count):
        hours = rng.choices((0, 1, 5, 30, 24 * 7), (12, 6, 3, 1, 0.2))[0]
        at_us += 1 + rng.randrange(1 + hours * 3_600_000_000)
        if rng.random() < 0.2:
            # Just about midnight, and about the time at which its night comes into force.
            edge_us = at_us // DAY_US * DAY_US + DAY_US + rng.choice((0, 900_000_000))
            at_us = max(at_us + 1, edge_us + rng.choice((-1, 0, 1)))
        links = tuple(rng.choice((0, rng.randint(1, values))) for _ in range(3))
        found.append(Seen(account=f"a{rng.randrange(accounts)}", links=links, at_us=at_us))
    return found
