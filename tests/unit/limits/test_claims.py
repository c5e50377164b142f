"""What is claimed of an order's lines: the plans' short ways lead where the policies say."""

from hypothesis import given
from hypothesis import strategies as st

from risk_service.domain.grant import DemandLine
from risk_service.domain.vocabulary import PromotionType
from risk_service.limits.book import parse_limits
from risk_service.limits.claims import SEPARATOR
from tests.fixtures.ledgers import START_US, demand, line
from tests.fixtures.limit_texts import policy

KINDS = (PromotionType.FLASH_SALE, PromotionType.COUPON, PromotionType.NONE)
TYPES = 'include = {{ promotion_types = ["{}"] }}\n'
BOOK = parse_limits(
    "format = 1\n"
    + policy("all", per="everything")
    + policy("orders", per="everything", measure="orders")
    + policy("flash", per="everything")
    + TYPES.format("FLASH_SALE")
    + policy("two", per="sku")
    + TYPES.format('FLASH_SALE", "COUPON')
    + policy("coupons", per="campaign", measure="redemptions")
    + TYPES.format("COUPON")
    + policy("not-s1", per="everything")
    + 'exclude = { skus = ["s1"] }\n'
    + policy("seller", per="everything", window='"session"')
    + 'include = { sellers = ["seller-1"] }\n',
    "test.toml",
)


def lines() -> st.SearchStrategy[DemandLine]:
    """Return lines of goods and redemptions."""
    return st.builds(
        line,
        st.sampled_from(["", "s1", "s2"]),
        st.integers(1, 3),
        campaign=st.sampled_from(["c1", "c2"]),
        kind=st.sampled_from(KINDS),
    )


@given(st.lists(lines(), min_size=1, max_size=6))
def test_every_policy_claims_the_lines_that_it_covers(asked: list[DemandLine]) -> None:
    """Each line that a policy covers is in one of its claims, under one key, and no other is."""
    wanted = demand("o1", *asked)
    found: dict[str, list[int]] = {}
    for claim in BOOK.claims(wanted, START_US).claims:
        found.setdefault(claim.policy.id, []).extend(claim.lines)
        keys = {claim.plan.scope_of(asked[n]) for n in claim.lines}
        places = {claim.policy.window.place(wanted, asked[n], START_US) for n in claim.lines}
        assert keys == {claim.scope}
        assert places == {claim.place}
        parts = "account=a1", claim.policy.shape, claim.scope, claim.place.bucket
        assert claim.counters == (("account", SEPARATOR.join(parts)),)
    for one in BOOK.policies:
        covered = [n for n, each in enumerate(asked) if one.covers(each)]
        assert sorted(found.get(one.id, [])) == covered
