"""A change by hand reaches the counter that customers are held to, however its ids are written."""

import pytest
from msgspec.structs import replace

from risk_service.domain.errors import InvalidInput, NotFound
from risk_service.domain.reservation import (
    Adjust,
    HoldRequest,
    LedgerAnswer,
    LedgerCall,
    Pay,
    Reserve,
)
from risk_service.domain.vocabulary import Outcome
from risk_service.limits.book import parse_limits
from tests.fixtures.ledgers import SECOND_US, START_US, LedgerHouse, demand, line
from tests.fixtures.limit_texts import policy

# Window, what it counts per, SKU, campaign and drop of an order, and the name of its counter.
NAMED = [
    ("campaign", "everything", "sku-1", "c-1", "", "c-1"),
    ("campaign", "everything", "sku-1", "summer sale", "", "summer sale"),
    ("campaign", "sku", "sku-1", "c-1", "", "sku-1 c-1"),
    ("campaign", "campaign", "sku-1", "c-1", "", "c-1 c-1"),
    ("session", "everything", "sku-1", "c-1", "drop-1", "drop-1"),
    ("session", "everything", "sku-1", "c-1", "", "none c-1"),
    ("session", "sku", "sku-1", "c-1", "drop-1", "sku-1 drop-1"),
    ("session", "sku", "sku-1", "c-1", "", "sku-1 none c-1"),
    ("lifetime", "sku", "red shoe", "c-1", "", "red shoe"),
    ("lifetime", "everything", "red shoe", "c-1", "", ""),
    ("lifetime", "campaign", "sku-1", "", "", ""),
    ("lifetime", "promotion_type", "sku-1", "", "", "FLASH_SALE"),
]
# As these hold blanks in both ids, only a counter that is there tells what is meant.
KNOWN = [
    ("campaign", "sku", "red shoe", "summer sale", "", "red shoe summer sale"),
    ("campaign", "sku", "sku-1", "", "", "sku-1"),
    ("session", "sku", "red shoe", "c-1", "drop 1", "red shoe drop 1"),
]
ALL = [*NAMED, *KNOWN]


ADDED = Adjust(
    adjustment_id="x", actor_id="eve", policy_id="limit", subject="account", token="a1",  # noqa: S106 - a token of an account
    scope="sku-1", delta=3, reason="counted in the old shop",
)  # fmt: skip


def adjusted(house: LedgerHouse, scope: str, delta: int) -> LedgerAnswer | Exception:
    """Change a counter of the account by hand."""
    (answer,) = house.ledger.run([replace(ADDED, scope=scope, delta=delta)], START_US)
    return answer


@pytest.mark.parametrize("place", range(len(ALL)))
def test_a_counter_is_named_as_usage_names_it(house: LedgerHouse, place: int) -> None:
    """What was bought once stands at three after two were added, and nowhere else."""
    window, per, sku, campaign, drop, scope = ALL[place]
    house.book = parse_limits("format = 1\n" + policy(window=f'"{window}"', per=per), "f.toml")
    bought = replace(demand("o", line(sku, campaign=campaign)), drop_id=drop)
    house.ledger.run([Pay(demand=bought)], START_US)
    assert isinstance(adjusted(house, scope, 2), LedgerAnswer)
    used = [(one.scope, one.confirmed) for one in house.ledger.usage("account", "a1", START_US)]
    assert used == [(scope, 3)]


@pytest.mark.parametrize("place", range(len(NAMED)))
def test_what_nobody_bought_yet_can_be_used_up_by_hand(house: LedgerHouse, place: int) -> None:
    """The order that comes next is refused."""
    window, per, sku, campaign, drop, scope = NAMED[place]
    house.book = parse_limits("format = 1\n" + policy(window=f'"{window}"', per=per), "f.toml")
    assert isinstance(adjusted(house, scope, 2), LedgerAnswer)
    order = replace(demand("o", line(sku, campaign=campaign)), drop_id=drop)
    (grant,) = house.ledger.check([order], START_US)
    assert grant.outcome is Outcome.DENY


@pytest.mark.parametrize(
    ("window", "per", "scope", "words"),
    [
        ("campaign", "sku", "sku-1", "must name a campaign: the SKU, a blank, and its id"),
        ("session", "everything", "", "must name a timed drop: its id"),
        ("lifetime", "everything", "sku-1", "counts everything together"),
        ("lifetime", "sku", "", "must name the SKU"),
        ("lifetime", "category", " ", "must name the category"),
        ("lifetime", "promotion_type", "FLASH", "must be one of UNSPECIFIED, NONE, FLASH_SALE"),
        ("lifetime", "promotion_type", "", "must be one of UNSPECIFIED, NONE, FLASH_SALE"),
    ],
    ids=range(7),
)
def test_a_name_of_no_counter_is_refused(
    house: LedgerHouse, window: str, per: str, scope: str, words: str
) -> None:
    """A change that nobody would ever be held to is told, not kept."""
    house.book = parse_limits("format = 1\n" + policy(window=f'"{window}"', per=per), "f.toml")
    answer = adjusted(house, scope, 2)
    assert isinstance(answer, InvalidInput)
    assert words in str(answer)
    assert house.ledger.usage("account", "a1", START_US) == []


@pytest.mark.parametrize(
    "changes",
    [{"identity": "another"}, {"state": "draft"}, {"state": "retired"}, {"window": '"per_order"'}],
    ids=str,
)
def test_what_counts_nothing_has_no_counter_to_change(
    house: LedgerHouse, changes: dict[str, str]
) -> None:
    """A policy that is not there, not in force, or counts within an order only."""
    house.book = parse_limits("format = 1\n" + policy(**changes), "f.toml")
    assert isinstance(adjusted(house, "sku-1", 2), NotFound)


def test_a_subject_that_the_policy_does_not_count_is_refused(house: LedgerHouse) -> None:
    """The words name those that it does."""
    subject = '{ any_of = ["phone", "device+ip"] }'
    house.book = parse_limits("format = 1\n" + policy(subject=subject), "f.toml")
    answer = adjusted(house, "sku-1", 2)
    assert isinstance(answer, InvalidInput)
    assert answer.violations[0].field == "subject"
    assert "device+ip, phone" in str(answer)


def test_a_name_of_two_counters_is_refused(house: LedgerHouse) -> None:
    """Ids with blanks may read alike: which is meant is not guessed."""
    house.book = parse_limits("format = 1\n" + policy(window='"campaign"'), "f.toml")
    for number, (sku, campaign) in enumerate((("a", "b c"), ("a b", "c"))):
        house.ledger.run([Pay(demand=demand(f"o{number}", line(sku, campaign=campaign)))], START_US)
    answer = adjusted(house, "a b c", 1)
    assert isinstance(answer, InvalidInput)
    assert "several counters" in str(answer)


@pytest.mark.parametrize("window", ['"lifetime"', '{ rolling = "24h" }'])
def test_the_answer_tells_what_the_change_left_and_nothing_else(
    house: LedgerHouse, window: str
) -> None:
    """Orders that are paid before or after it are no part of it, nor is what is only held."""
    house.book = parse_limits("format = 1\n" + policy(window=window, cap=9), "f.toml")
    held = HoldRequest(demand=demand("h", line("sku-1")), ttl_us=SECOND_US)
    paid = [Pay(demand=demand(f"o{number}", line("sku-1", 2))) for number in range(2)]
    more, less = ADDED, replace(ADDED, adjustment_id="y", delta=-4)
    calls: list[LedgerCall] = [Reserve(hold=held), paid[0], more, paid[1], less, more]
    told = [
        answer.confirmed
        for answer in house.ledger.run(calls, START_US)
        if isinstance(answer, LedgerAnswer)
    ]
    assert told == [None, None, 5, None, 3, None]
    (use,) = house.ledger.usage("account", "a1", START_US)
    assert (use.confirmed, use.held) == (3, 1)
