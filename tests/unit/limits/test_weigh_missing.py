"""What a limit needs to know and an order does not say: never skipped silently."""

import pytest
from msgspec.structs import replace

from risk_service.domain.vocabulary import Outcome, PromotionType
from tests.fixtures.ledgers import demand, line
from tests.fixtures.limit_texts import policy
from tests.fixtures.weighing import book, granted, weighed


@pytest.mark.parametrize(
    ("rule", "outcome", "codes", "subjects"),
    [
        ('"challenge"', Outcome.CHALLENGE, ("LIMIT_DIMENSION_MISSING",), ["account"]),
        ('"reject"', Outcome.DENY, ("LIMIT_DIMENSION_MISSING",), ["account"]),
        ('{ device = "phone" }', Outcome.ALLOW, (), ["account", "device"]),
        ('{ device = "account" }', Outcome.ALLOW, (), ["account"]),
        ('{ device = "payment" }', Outcome.CHALLENGE, ("LIMIT_DIMENSION_MISSING",), ["account"]),
    ],
)
def test_missing_subject_is_never_skipped_silently(
    rule: str, outcome: Outcome, codes: tuple[str, ...], subjects: list[str]
) -> None:
    """It asks, refuses, or counts on another subject; the answer names it in each case."""
    text = policy(subject='{ any_of = ["account", "device"] }') + f"missing_dimension = {rule}\n"
    grant = weighed(book(text), demand("o", phone="p")).grant
    assert (grant.outcome, grant.codes, grant.missing) == (outcome, codes, ("device",))
    assert [use.subject for use in grant.uses] == subjects


@pytest.mark.parametrize(
    ("rule", "outcome"), [('"challenge"', Outcome.CHALLENGE), ('"reject"', Outcome.DENY)]
)
@pytest.mark.parametrize("currency", ["USD", ""])
def test_other_money_is_never_counted_nor_skipped(
    rule: str, outcome: Outcome, currency: str
) -> None:
    """A cap in one currency says nothing about another: it is as a subject that is missing."""
    text = policy(measure="amount", cap=250) + 'currency = "CNY"\n'
    asked = replace(demand("o"), traits={"currency": currency})
    grant = weighed(book(text + f"missing_dimension = {rule}\n"), asked).grant
    assert (grant.outcome, grant.missing, grant.uses) == (outcome, ("currency",), ())


def _money(name: str, currency: str, cap: int, more: str = "", **changes: object) -> str:
    """Return a policy on money in a currency."""
    text = policy(name, measure="amount", cap=cap, **changes)
    return f'{text}currency = "{currency}"\n{more}'


@pytest.mark.parametrize(
    ("currency", "outcome", "policies"),
    [
        ("CNY", Outcome.ALLOW, ["cny"]),
        ("HKD", Outcome.DENY, ["hkd"]),
        ("USD", Outcome.CHALLENGE, []),
    ],
)
def test_an_order_meets_the_limit_in_its_own_currency(
    currency: str, outcome: Outcome, policies: list[str]
) -> None:
    """One policy per currency, alike in all else: none is missed, and no order goes uncounted."""
    both = book(_money("cny", "CNY", 250), _money("hkd", "HKD", 50))
    asked = replace(demand("o"), traits={"currency": currency})
    grant = weighed(both, asked).grant
    assert (grant.outcome, [use.policy_id for use in grant.uses]) == (outcome, policies)
    assert grant.missing == (() if policies else ("currency",))


@pytest.mark.parametrize(
    "other",
    [
        _money("hkd", "HKD", 50, state="shadow"),
        _money("hkd", "HKD", 50, subject='{ any_of = ["device"] }'),
        _money("hkd", "HKD", 50, per="everything"),
        _money("hkd", "HKD", 50, more='include = { skus = ["sku-9"] }\n'),
        _money("hkd", "HKD", 50, more="valid_from = 2030-01-01T00:00:00Z\n"),
        _money("hkd", "HKD", 50, window='{ rolling = "1h" }'),
    ],
)
def test_what_counts_something_else_stands_in_for_nothing(other: str) -> None:
    """In shadow, of others, of other goods, later: the order's currency is missing all the same."""
    asked = replace(demand("o", device="d"), traits={"currency": "HKD"})
    grant = weighed(book(_money("cny", "CNY", 250), other), asked).grant
    assert "currency" in grant.missing
    assert grant.outcome is not Outcome.ALLOW


FOOD = 'include = { categories = ["food"] }\n'


def test_skus_of_one_product_count_together() -> None:
    """Three colours of a shoe are one SPU; another product has a count of its own."""
    asked = demand(
        "o",
        line("red", 1, spu="shoe"),
        line("blue", 1, spu=" shoe "),
        line("green", 1, spu="shoe"),
        line("hat", 2, spu="hat"),
    )
    found = weighed(book(policy(per="spu", on_exceed="cap_quantity")), asked)
    assert granted(found.grant) == [1, 1, 0, 2]
    assert {use.scope for use in found.grant.uses} == {"spu:shoe", "spu:hat"}


def test_category_says_which_lines_a_policy_is_about() -> None:
    """Only lines of the category count; an exclusion leaves out what it names."""
    asked = demand("o", line("rice", 2, category="food"), line("tv", 5, category="tv"))
    per_category = policy(per="category", on_exceed="cap_quantity")
    assert granted(weighed(book(per_category + FOOD), asked).grant) == [2, 5]
    assert granted(weighed(book(per_category), asked).grant) == [2, 2]
    but = per_category + FOOD.replace("include", "exclude")
    assert granted(weighed(book(but), asked).grant) == [2, 2]
    assert {use.scope for use in weighed(book(but), asked).grant.uses} == {"category:tv"}


@pytest.mark.parametrize(
    ("more", "outcome"),
    [
        (FOOD, Outcome.CHALLENGE),
        (FOOD + 'missing_dimension = "reject"\n', Outcome.DENY),
        (FOOD + 'missing_dimension = { category = "reject", "*" = "challenge" }\n', Outcome.DENY),
        (FOOD + 'missing_dimension = "device"\n', Outcome.CHALLENGE),
    ],
)
def test_line_without_its_category_is_never_skipped_silently(more: str, outcome: Outcome) -> None:
    """Nobody can tell whether the limit is about it: the answer says what is missing."""
    asked = demand("o", line("rice"), line("tv", category="tv"), device="d")
    found = weighed(book(policy() + more), asked).grant
    assert (found.outcome, found.missing) == (outcome, ("category",))
    assert weighed(book(policy(state="shadow") + more), asked).grant.outcome is Outcome.ALLOW


def test_only_lines_in_scope_must_say_their_product() -> None:
    """Lines of other promotions, sellers or measures need no SPU."""
    narrow = policy(per="spu") + 'include = { promotion_types = ["FLASH_SALE"], sellers = ["x"] }\n'
    asked = demand("o", line("a"), line("", 1), line("b", kind=PromotionType.COUPON))
    assert weighed(book(narrow), asked).grant.outcome is Outcome.ALLOW
    here = policy(per="spu") + 'include = { promotion_types = ["FLASH_SALE"] }\n'
    assert weighed(book(here), asked).grant.missing == ("spu",)
    told = demand("o", line("a", spu="p"), line("", 1), line("b", kind=PromotionType.COUPON))
    assert weighed(book(here), told).grant.outcome is Outcome.ALLOW
