"""What other claims, and money that was reported as refunded, took of an order before a claim."""

from types import SimpleNamespace
from typing import Any, cast

import pytest
from msgspec.structs import replace

from risk_service.decisions.assessing.pending import Pending
from risk_service.decisions.refunds.earlier import VIOLATIONS_MAX, before_claim, require_lines
from risk_service.decisions.refunds.history import OrderLife
from risk_service.decisions.refunds.policy import load_refund_policy
from risk_service.decisions.refunds.recalculation import Before
from risk_service.domain.assessment import claim_subject
from risk_service.domain.errors import InvalidInput
from risk_service.domain.order import OrderLine
from risk_service.domain.refund import ClaimedLine, Recalculation, RefundClaim
from risk_service.domain.vocabulary import EventReason, Outcome
from tests.fixtures.records import order

POLICY = load_refund_policy()
# Of the policy that ships.
TOLERANCE_MINOR = 100
LINES = tuple(
    OrderLine(sku=f"sku-{n}", quantity=2, unit_price_minor=10_000, seller_id="s") for n in range(2)
)
# 400.00 of goods, less 40.00.
ORDER = replace(order(), lines=LINES, goods_minor=40_000, discount_minor=4_000)


def claim(claim_id: str, *lines: tuple[str, int], amount: int = 9_000) -> RefundClaim:
    """Return a claim for units of some SKUs."""
    claimed = tuple(ClaimedLine(sku=sku, quantity=units) for sku, units in lines)
    return RefundClaim(
        order_id=ORDER.order_id,
        claim_id=claim_id,
        at_us=1,
        amount_minor=amount,
        reason=EventReason.CHANGED_MIND,
        lines=claimed,
    )


def worth(most_minor: int | None, excess_minor: int = 0) -> Recalculation:
    """Return what a claim comes to."""
    return Recalculation(
        is_partial=True, rest_goods_minor=1, below_threshold=False,
        recalculated_minor=most_minor, excess_minor=excess_minor,
    )  # fmt: skip


class Decided:
    """Knows the decisions on other claims; of every one that it was not told it knows none."""

    def __init__(self) -> None:
        self._found: dict[str, Any] = {}

    def add(self, other: RefundClaim, most_minor: int | None, outcome: Outcome) -> None:
        """Decide a claim."""
        subject = claim_subject(other.order_id, other.claim_id)
        self._found[subject] = SimpleNamespace(
            refund=SimpleNamespace(claim=other, recalculation=worth(most_minor)),
            decision=SimpleNamespace(outcome=outcome),
        )

    def latest_of(self, subject: str) -> Any:
        """Return the latest decision on a claim."""
        return self._found.get(subject)

    def before(self, *claim_ids: str, refunded_minor: int = 0, asked: Any = ORDER) -> Before:
        """Return what a further claim meets."""
        life = OrderLife(claim_ids=claim_ids, refunded_minor=refunded_minor)
        return before_claim(asked, cast(Pending, self), life)


@pytest.fixture
def decided() -> Decided:
    """Return decisions on one unit that passed, one that was denied, and one that is looked at."""
    made = Decided()
    made.add(claim("passed", ("sku-0", 1)), 8_500, Outcome.ALLOW)
    made.add(claim("denied", ("sku-0", 1)), 9_000, Outcome.DENY)
    made.add(claim("looked-at", ("sku-1", 1), amount=7_000), None, Outcome.REVIEW)
    return made


def test_what_was_denied_or_never_decided_takes_nothing(decided: Decided) -> None:
    """Of every other claim its goods are gone, whether it passed or waits for a person."""
    assert decided.before("denied", "only-reported") == Before()
    assert decided.before("passed").goods_minor == 10_000
    assert decided.before("passed", "denied", "looked-at").goods_minor == 20_000


def test_nobody_was_granted_more_than_asked_for_or_than_it_came_to(decided: Decided) -> None:
    """Where nothing could be told of what it comes to, what was asked for is taken as granted."""
    assert decided.before("passed").granted_minor == 8_500
    assert decided.before("looked-at").granted_minor == 7_000
    decided.add(claim("modest", ("sku-0", 1), amount=6_000), 9_000, Outcome.ALLOW)
    assert decided.before("modest", "passed", "looked-at").granted_minor == 21_500


def test_reported_money_counts_where_it_says_more(decided: Decided) -> None:
    """Goods go with it in proportion to what was paid; less than was granted changes nothing."""
    assert decided.before("passed", refunded_minor=8_500) == decided.before("passed")
    more = decided.before("passed", refunded_minor=8_501)
    assert more == Before(goods_minor=10_000, granted_minor=8_501)
    most = decided.before("passed", refunded_minor=18_000)
    assert most == Before(goods_minor=20_000, granted_minor=18_000)
    assert decided.before(refunded_minor=9_000) == Before(goods_minor=10_000, granted_minor=9_000)


def test_an_order_that_cost_nothing_has_no_money_to_go_back(decided: Decided) -> None:
    """What is reported of it is in proportion to nothing."""
    free = replace(ORDER, discount_minor=40_000)
    assert decided.before(refunded_minor=5, asked=free) == Before()


def test_units_of_a_sku_are_held_to_the_order_over_all_lines_of_a_claim() -> None:
    """The line that goes too far is named, and a SKU that the order has not."""
    require_lines(ORDER, claim("c", ("sku-0", 1), ("sku-1", 2), ("sku-0", 1)))
    with pytest.raises(InvalidInput) as caught:
        require_lines(ORDER, claim("c", ("sku-0", 2), ("else", 1), ("sku-0", 1)))
    assert [one.field for one in caught.value.violations] == [
        "claim.lines[1].sku", "claim.lines[2].quantity",
    ]  # fmt: skip
    with pytest.raises(InvalidInput) as caught:
        require_lines(ORDER, claim("c", *[("else", 1)] * (VIOLATIONS_MAX + 1)))
    assert len(caught.value.violations) == VIOLATIONS_MAX


@pytest.mark.parametrize(("above", "codes"), [(0, []), (1, ["REFUND_ABOVE_PAID"])])
def test_rounding_of_the_shop_is_no_claim_for_too_much(above: int, codes: list[str]) -> None:
    """Up to the tolerance of the policy more may be asked for than the claim comes to."""
    found = POLICY.findings(claim("c"), worth(8_000, TOLERANCE_MINOR + above), "CNY")
    assert [one.reason.code for one in found] == codes


def test_where_the_threshold_is_unknown_or_no_longer_met_the_claim_says_so() -> None:
    """A person looks at what cannot be told, and reads below the threshold what remains."""
    unknown = replace(worth(None), below_threshold=None)
    below = replace(worth(8_000), below_threshold=True)
    found = [POLICY.findings(claim("c"), one, "CNY") for one in (unknown, below)]
    assert [[one.reason.code for one in some] for some in found] == [
        ["REFUND_THRESHOLD_UNKNOWN"], ["REFUND_BELOW_THRESHOLD"],
    ]  # fmt: skip
    assert found[0][0].cause.outcome is Outcome.REVIEW
    assert "at most 80.00 CNY" in found[1][0].reason.analyst_text.en
