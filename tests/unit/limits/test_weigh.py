"""How much of a demand is granted: key sets, tiers, money, steps, scopes."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from risk_service.domain.grant import DemandLine
from risk_service.domain.vocabulary import Outcome, PromotionType, VerificationLevel
from risk_service.limits.reservation import Entry
from tests.fixtures.ledgers import START_US, demand, line
from tests.fixtures.limit_texts import policy
from tests.fixtures.weighing import book, granted, weighed

Level = VerificationLevel


@pytest.mark.parametrize(
    ("subject", "used", "outcome"),
    [
        ('{ any_of = ["account", "device"] }', {"account": 2}, Outcome.DENY),
        ('{ all_of = ["account", "device"] }', {"account": 2}, Outcome.ALLOW),
        ('{ all_of = ["account", "device"] }', {"account": 2, "device": 2}, Outcome.DENY),
        ('{ k_of_n = ["account", "device", "phone"], k = 2 }', {"account": 2}, Outcome.ALLOW),
        (
            '{ k_of_n = ["account", "device", "phone"], k = 2 }',
            {"account": 2, "phone": 2},
            Outcome.DENY,
        ),
        ('{ any_of = ["account+device"] }', {"account": 2, "device": 2}, Outcome.ALLOW),
        ('{ any_of = ["device+account"] }', {"account+device": 2}, Outcome.DENY),
        ('"GLOBAL"', {"GLOBAL": 2}, Outcome.DENY),
    ],
)
def test_key_sets(subject: str, used: dict[str, int], outcome: Outcome) -> None:
    """any_of is used up by one, all_of by all, k_of_n by k of its subjects."""
    asked = demand("o", device="d", phone="p")
    grant = weighed(book(policy(subject=subject)), asked, used).grant
    assert grant.outcome is outcome
    assert all(use.blocking == (use.used == 2) for use in grant.uses if outcome is Outcome.DENY)


def test_of_the_counters_that_block_the_fullest_comes_first() -> None:
    """It is named as the reason; "the account has used 0 of 2" explains no refusal."""
    one = book(policy(subject='{ any_of = ["account", "device", "phone"] }'))
    asked = demand("o", line("sku-1", 5), device="d", phone="p")
    uses = weighed(one, asked, {"device": 1, "phone": 2}).grant.uses
    assert [(use.subject, use.used) for use in uses] == [
        ("phone", 2),
        ("device", 1),
        ("account", 0),
    ]
    assert all(use.blocking for use in uses)


@pytest.mark.parametrize(
    ("cap", "outcome", "blocking"),
    [(2, Outcome.LIMIT_QUANTITY, ["part"]), (1, Outcome.CHALLENGE, ["ask", "part"])],
)
def test_a_limit_blocks_what_the_others_have_left_of_the_order(
    cap: int, outcome: Outcome, blocking: list[str]
) -> None:
    """Where the quantity was cut to what it allows, a limit that takes no part is not named."""
    both = book(
        policy("part", cap=2, on_exceed="cap_quantity"),
        policy("ask", cap=cap, on_exceed="challenge"),
    )
    grant = weighed(both, demand("o", line("sku-1", 3))).grant
    assert grant.outcome is outcome
    assert [use.policy_id for use in grant.uses if use.blocking] == blocking


def test_unmet_level_asks_and_names_it() -> None:
    """The greatest level that an active policy asks for is what the customer needs."""
    text = policy() + 'require_verification = "L2"\n'
    asked = demand("o")
    grant = weighed(book(text), asked).grant
    assert (grant.outcome, grant.required_level) == (Outcome.CHALLENGE, Level.L2)
    assert grant.codes == ("LIMIT_VERIFICATION_REQUIRED",)
    assert weighed(book(text), replace(asked, verification_level=Level.L2)).grant.outcome is (
        Outcome.ALLOW
    )
    shadow = book(policy(state="shadow") + 'require_verification = "L2"\n')
    assert weighed(shadow, asked).grant.outcome is Outcome.ALLOW


def test_first_tier_that_fits_sets_the_cap() -> None:
    """Every condition of a tier must be met; without one the policy's own cap holds."""
    text = policy() + (
        "[[policy.tier]]\ncap = 9\n"
        'when = { verification = "L2", member_level = ["gold", "black"] }\n'
        '[[policy.tier]]\nwhen = { is_new_account = "true" }\ncap = 1\n'
    )
    asked = demand("o")
    caps = []
    for level, traits in (
        (Level.L2, {"member_level": "gold"}),
        (Level.L1, {"member_level": "gold"}),
        (Level.L3, {"is_new_account": "true"}),
        (Level.L1, {}),
    ):
        one = replace(asked, verification_level=level, traits=traits)
        caps.append(weighed(book(text), one).grant.uses[0].cap)
    assert caps == [9, 2, 1, 2]


def test_money_is_cut_to_whole_units() -> None:
    """A cap on an amount leaves as many units as it pays for."""
    text = policy(measure="amount", cap=250, on_exceed="cap_quantity") + 'currency = "CNY"\n'
    asked = demand("o", line(quantity=5, price_minor=100))
    grant = weighed(book(text), asked).grant
    assert (grant.outcome, granted(grant)) == (Outcome.LIMIT_QUANTITY, [2])
    assert (grant.uses[0].requested, grant.uses[0].granted) == (500, 200)


@pytest.mark.parametrize(("cap", "left"), [(100, 3), (99, 2), (67, 2), (66, 1), (34, 1), (33, 0)])
def test_discounts_are_cut_to_whole_units(cap: int, left: int) -> None:
    """A line's discount falls on its units alike; what is left of it is rounded up."""
    text = policy(measure="discount", cap=cap, on_exceed="cap_quantity") + 'currency = "CNY"\n'
    asked = demand("o", line(quantity=3, discount_minor=100), line("no-discount", 9))
    grant = weighed(book(text), asked).grant
    assert granted(grant) == [left, 9]
    assert grant.uses[0].granted == {3: 100, 2: 67, 1: 34, 0: 0}[left]


def test_later_lines_are_cut_first() -> None:
    """Lines of one count give way from the last one on."""
    text = policy(per="everything", cap=4, on_exceed="cap_quantity")
    asked = demand("o", line("a", 3), line("b", 3))
    assert granted(weighed(book(text), asked).grant) == [3, 1]


def test_redemptions_are_whole_or_not_at_all() -> None:
    """Coupons and draws are lines without a SKU; goods do not count among them."""
    coupons = policy(per="everything", measure="redemptions", cap=1, on_exceed="cap_quantity")
    coupon = line("", campaign="c", kind=PromotionType.COUPON)
    asked = demand("o", line("a", 3), coupon, coupon)
    grant = weighed(book(coupons), asked).grant
    assert granted(grant) == [3, 1, 0]
    assert grant.uses[0].requested == 2


def test_an_order_without_goods_left_is_refused_with_its_coupon() -> None:
    """Nobody redeems a coupon on nothing: sold out is sold out, and the coupon stays unused."""
    both = book(policy(on_exceed="cap_quantity"), policy("coupons", measure="redemptions", cap=9))
    coupon = line("", campaign="c", kind=PromotionType.COUPON)
    found = weighed(both, demand("o", line("a", 1), coupon), {"account": 2})
    assert (found.grant.outcome, granted(found.grant)) == (Outcome.DENY, [0, 0])
    assert found.entries == ()
    draw = weighed(both, demand("o", coupon, coupon), {"account": 1}).grant
    assert (draw.outcome, granted(draw)) == (Outcome.ALLOW, [1, 1])


@pytest.mark.parametrize(
    ("bounds", "units", "outcome", "left"),
    [
        ("step = 2", 5, Outcome.LIMIT_QUANTITY, 4),
        ("step = 2", 1, Outcome.DENY, 0),
        ("minimum = 3", 2, Outcome.DENY, 0),
        ("minimum = 3", 4, Outcome.ALLOW, 4),
        ("minimum = 6\nstep = 4", 10, Outcome.LIMIT_QUANTITY, 8),
    ],
)
def test_minimum_and_step(bounds: str, units: int, outcome: Outcome, left: int) -> None:
    """Units go in whole steps, and not below the least."""
    text = policy(cap=10, on_exceed="cap_quantity") + bounds + "\n"
    grant = weighed(book(text), demand("o", line(quantity=units))).grant
    assert grant.outcome is outcome
    assert granted(grant) == [left]
    assert ("LIMIT_QUANTITY_STEP" in grant.codes) is (left != units)


@pytest.mark.parametrize("other", ["reject", "cap_quantity"])
def test_a_limit_with_room_has_no_say_in_what_becomes_of_the_rest(other: str) -> None:
    """It is sold at full price where nothing but such limits is exceeded, else not sold."""

    def told(cap: int) -> tuple[Outcome, tuple[str, ...]]:
        limits = policy(on_exceed="excess_at_full_price"), policy("all", cap=cap, on_exceed=other)
        grant = weighed(book(*limits), demand("o", line(quantity=3))).grant
        assert granted(grant) == [2]
        return grant.outcome, grant.codes

    assert told(9) == (Outcome.LIMIT_QUANTITY, ("LIMIT_EXCESS_AT_FULL_PRICE",))
    reduced = ("LIMIT_QUANTITY_REDUCED",) if other == "cap_quantity" else told(9)[1]
    assert told(2) == (Outcome.LIMIT_QUANTITY, reduced)


def test_scope_filters_and_counts_per_value() -> None:
    """What is excluded does not count; each seller has a count of its own."""
    text = policy(per="seller", cap=5) + 'exclude = { skus = ["free"] }\n'
    lines = (line("a"), line("free"), replace(line("b"), seller_id="seller-2"))
    grant = weighed(book(text), demand("o", *lines)).grant
    assert [(use.scope, use.requested) for use in grant.uses] == [
        ("seller:seller-1", 1), ("seller:seller-2", 1),
    ]  # fmt: skip
    assert not book(text + 'include = { promotion_types = ["GIFT"] }\n').concerns(demand("o"))


@pytest.mark.parametrize("window", ['"lifetime"', '"session"', '"campaign"'])
@pytest.mark.parametrize("per", ["sku", "seller", "campaign"])
def test_space_around_an_id_makes_no_other_counter(per: str, window: str) -> None:
    """Blanks around SKU, seller, campaign or drop get nobody a second quota."""
    policies = book(policy(per=per, window=window) + 'include = { skus = ["s"] }\n')
    plain = line("s", campaign="c")
    blank = replace(line(" s\u3000", campaign="\u00a0c"), seller_id=" seller-1 ")
    claims = [
        policies.claims(replace(demand("o", one), drop_id=drop), START_US).claims
        for one, drop in ((plain, "d"), (blank, " d "))
    ]
    assert len(claims[0]) == 1
    assert claims[0][0].counters == claims[1][0].counters


def test_orders_before_and_after_a_policy_holds() -> None:
    """A policy counts from its first microsecond to its last."""
    text = policy() + "valid_from = 2023-11-14T22:13:20Z\nvalid_to = 2023-11-14T22:13:21Z\n"
    asked = demand("o")
    found = [
        len(book(text).claims(asked, START_US + at_us).claims)
        for at_us in (-1, 0, 999_999, 1_000_000)
    ]
    assert found == [0, 1, 1, 0]


lines_of = st.lists(
    st.builds(
        lambda sku, quantity, price, seller: DemandLine(
            sku=sku,
            seller_id=seller,
            campaign_id="c",
            promotion_type=PromotionType.FLASH_SALE,
            quantity=quantity,
            amount_minor=quantity * price,
        ),
        st.sampled_from(["a", "b", ""]),
        st.integers(1, 9),
        st.integers(0, 7),
        st.sampled_from(["s", "t"]),
    ),
    min_size=1,
    max_size=5,
)
CUTTING = [
    {"measure": "units", "per": "sku"},
    {"measure": "units", "per": "everything"},
    {"measure": "orders", "per": "seller"},
    {"measure": "amount", "per": "everything"},
    {"measure": "redemptions", "per": "everything"},
]


@given(
    lines=lines_of,
    caps=st.lists(st.tuples(st.sampled_from(range(len(CUTTING))), st.integers(0, 12)), max_size=4),
    used=st.integers(0, 4),
    exceed=st.sampled_from(["cap_quantity", "excess_at_full_price", "reject", "review"]),
    partial=st.booleans(),
)
def test_never_over_any_cap_and_all_or_nothing(
    lines: list[DemandLine],
    caps: list[tuple[int, int]],
    used: int,
    exceed: str,
    partial: bool,
) -> None:
    """Whatever the limits: what is granted fits under each, and a refusal charges nothing."""
    texts = [
        policy(f"p{n}", cap=cap, on_exceed=exceed, **CUTTING[kind])
        + ('currency = "CNY"\n' if CUTTING[kind]["measure"] == "amount" else "")
        for n, (kind, cap) in enumerate(caps)
    ]
    result = weighed(book(*texts), demand("o", *lines), {"account": used}, partial=partial)
    grant, entries = result.grant, result.entries
    for use in grant.uses:
        assert use.granted == 0 or use.used + use.granted <= use.cap
        assert use.granted <= use.requested
    if grant.outcome > Outcome.LIMIT_QUANTITY:
        assert (entries, result.lines) == ((), ())
        assert not any(granted(grant))
    if grant.outcome is Outcome.ALLOW and grant.lines:
        assert granted(grant) == [one.quantity for one in lines]
    assert charged(entries) == {
        use.policy_id + use.scope: use.granted for use in grant.uses if use.granted
    }


def charged(entries: tuple[Entry, ...]) -> dict[str, int]:
    """Return what is charged by policy and scope, as uses name them."""
    found = {}
    for entry in entries:
        _, shape, scope, _ = entry.counter.split("\x1f")
        per = shape.rsplit("/", 1)[1]
        label = scope if per == "everything" else f"{per}:{scope}"
        found[entry.policy.split("@")[0] + label] = entry.charged
    return found
