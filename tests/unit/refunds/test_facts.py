"""What rules for claims may ask of the order that is claimed for."""

import pytest
from msgspec.structs import replace

from risk_service.decisions.refunds.facts import HOUR_US, claim_facts, order_facts
from risk_service.decisions.refunds.history import OrderLife
from risk_service.domain.decision import AbuseScore
from risk_service.domain.refund import Recalculation, RefundClaim
from risk_service.domain.vocabulary import Abuse, EventReason, Outcome
from risk_service.rules.order_values import OrderFacts, order_fact
from risk_service.rules.variables import Subject, variables_of
from tests.fixtures.records import NOW_US, order, record

CLAIM = RefundClaim(
    order_id="o-1", claim_id="c", at_us=NOW_US, amount_minor=300, threshold_minor=5_000,
    reason=EventReason.EMPTY_PARCEL, gift_kept=True, photos_attached=True, weight_ratio=0.25,
)  # fmt: skip
LIFE = OrderLife(
    paid_us=NOW_US, shipped_us=NOW_US, delivered_us=NOW_US - 5 * HOUR_US, refunded_minor=200,
    claims=2, parcel_weight_ratio=0.75, return_weight_ratio=0.5,
)  # fmt: skip
WORTH = Recalculation(
    is_partial=True, rest_goods_minor=700, below_threshold=True, recalculated_minor=250,
    excess_minor=50,
)  # fmt: skip
TOLD = {
    "claim_reason": "EMPTY_PARCEL", "claim_minor": 300.0, "claim_share": 0.5,
    "claims_on_order": 3.0, "since_order_hours": 7.0, "since_delivery_hours": 5.0, "paid": True,
    "stopped": False, "delivered": True, "shipped": True, "refunded_minor": 200.0,
    "rest_goods_minor": 700.0, "threshold_minor": 5_000.0, "recalculated_minor": 250.0,
    "excess_minor": 50.0, "below_threshold": True, "gift_kept": True, "photos_attached": True,
    "goods_returned": False, "return_weight_ratio": 0.25, "parcel_weight_ratio": 0.75,
    "order_outcome": "REVIEW", "order_refund_score": 640.0,
}  # fmt: skip
OF_LINES = ("spus", "categories", "lines_without_spu", "lines_without_category")


def test_products_and_categories_are_those_that_rules_for_orders_see() -> None:
    """What lines say, also where others are silent; missing where none says one."""
    one = order()
    silent = order_facts(one)
    assert silent.keys().isdisjoint(("spus", "categories"))
    assert (silent["lines_without_spu"], silent["lines_without_category"]) == (1.0, 1.0)
    line = one.lines[0]
    told = replace(one, lines=(replace(line, spu="bag-1", category=" bags "), line))
    found = order_facts(told)
    assert found["categories"] == ("bags",)
    for name in OF_LINES:
        seen = order_fact(name, told, OrderFacts())
        assert found[name] == (tuple(seen) if isinstance(seen, list) else seen), name


def test_each_fact_of_a_claim_is_told_by_its_name() -> None:
    """Rules may ask for all of them; the share counts what was given back before."""
    placed = record("r", outcome=Outcome.REVIEW)
    scores = (
        AbuseScore(abuse=Abuse.SCALPING, probability=0.1, score=1),
        AbuseScore(abuse=Abuse.REFUND, probability=0.2, score=640),
    )
    one = replace(
        placed,
        order=replace(placed.order, ordered_at_us=NOW_US - 7 * HOUR_US, payable_minor=1_000),
        decision=replace(placed.decision, scores=scores),
    )
    assert claim_facts(one, CLAIM, LIFE, WORTH, NOW_US) == TOLD
    assert {*TOLD, *order_facts(one.order)} <= {*variables_of(Subject.REFUND)}
    stopped = replace(LIFE, stopped_us=NOW_US, paid_us=None)
    told = claim_facts(one, CLAIM, stopped, WORTH, NOW_US)
    assert (told["stopped"], told["paid"]) == (True, False)


@pytest.mark.parametrize(("weighed", "told"), [(None, 0.5), (0.0, 0.0)])
def test_the_claims_own_weight_goes_before_that_of_the_return(weighed: object, told: float) -> None:
    """An empty parcel weighs nothing, which is not the same as not weighed."""
    claim = replace(CLAIM, weight_ratio=weighed)
    assert claim_facts(record("r"), claim, LIFE, WORTH, NOW_US)["return_weight_ratio"] == told
