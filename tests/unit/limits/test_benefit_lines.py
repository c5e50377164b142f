"""What is handed out and what is redeemed: each line counts in one of the two."""

import pytest

from risk_service.domain.grant import DemandLine
from risk_service.domain.vocabulary import PromotionType
from risk_service.limits.book import LimitBook, parse_limits
from tests.fixtures.ledgers import demand
from tests.fixtures.limit_texts import policy

COUPON = PromotionType.COUPON
WORTH_MINOR = 500
LINES = (
    DemandLine("sku-1", "s", "c", COUPON, 2, 200),
    DemandLine("", "", "c", COUPON, 1, 0, WORTH_MINOR),
    DemandLine("", "", "c", COUPON, 1, 0, is_benefit=True),
)


def book(measure: str, *, narrow: bool) -> LimitBook:
    """Return one limit; a narrow one filters lines one by one."""
    text = policy(per="everything", measure=measure, cap=9_999)
    if measure == "discount":
        text += 'currency = "CNY"\n'
    if narrow:
        text += 'include = { campaigns = ["c"] }\n'
    return parse_limits("format = 1\n" + text, "limits.toml")


@pytest.mark.parametrize("narrow", [False, True])
@pytest.mark.parametrize(
    ("measure", "read"),
    [
        ("units", (0,)),
        ("redemptions", (1,)),
        ("discount", (1,)),
        ("draws", (2,)),
        ("rewards", (2,)),
    ],
)
def test_each_measure_reads_its_own_lines(
    measure: str, read: tuple[int, ...], *, narrow: bool
) -> None:
    """Goods, what an order takes off, what is handed out: none is read as another."""
    asked = demand("o1", *LINES)
    claims = book(measure, narrow=narrow).claims(asked, asked.at_us).claims
    assert [claim.lines for claim in claims] == [read]
