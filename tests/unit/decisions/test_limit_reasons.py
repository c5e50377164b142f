"""What limits say to an order that they do not let pass: somebody can always read why."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.decisions.cause_reasons import reasons_of_causes
from risk_service.decisions.findings import Found
from risk_service.decisions.limiting import Ask, Limiting
from risk_service.decisions.policy import load_policy
from risk_service.decisions.reasons import load_reasons
from risk_service.decisions.verdict import ALLOW
from risk_service.domain.decision import Decision
from risk_service.domain.grant import Grant
from risk_service.domain.order import Discount
from risk_service.domain.reservation import Confirm, HoldRequest
from risk_service.domain.vocabulary import ChallengeResult, Outcome, PromotionType
from risk_service.features.schema import load_schema
from risk_service.limits.book import LimitBook
from risk_service.ports import Reserved
from tests.fixtures.customer_texts import PLAIN
from tests.fixtures.desk import NoLimits
from tests.fixtures.ledgers import demand, line
from tests.fixtures.limit_texts import policy as policy_text
from tests.fixtures.limited_desk import flash, flash_order, limited_desk, policy, used
from tests.fixtures.records import NOW_US, TOKENISER
from tests.fixtures.weighing import book, weighed

REASONS = load_reasons(load_schema())


@pytest.mark.parametrize(
    ("on_exceed", "outcome", "code"),
    [
        ("reject", Outcome.DENY, "LIMIT_QUANTITY_STEP"),
        ("challenge", Outcome.CHALLENGE, "LIMIT_STEP_TO_VERIFY"),
        ("review", Outcome.REVIEW, "LIMIT_STEP_TO_CHECK"),
    ],
)
@pytest.mark.parametrize("bounds", ["minimum = 3", "step = 2"])
def test_too_few_units_are_no_limit_that_is_reached(
    tmp_path: Path, bounds: str, on_exceed: str, outcome: Outcome, code: str
) -> None:
    """The customer reads what comes next, the analyst what is wrong with the quantity."""
    with limited_desk(tmp_path, policy(cap=9, on_exceed=on_exceed, more=bounds)) as desk:
        (decision,) = desk.pipeline().decide([flash("a", 1)])
        assert isinstance(decision, Decision)
        assert decision.outcome is outcome
        (reason,) = decision.reasons
        assert reason.code == code
        assert "multiple of the step" in reason.analyst_text.en


SUBJECTS = ('["account"]', '["device"]', '["account", "device"]')
EXCEEDED = ("reject", "cap_quantity", "excess_at_full_price", "challenge", "review")
limits = st.fixed_dictionaries(
    {
        "subject": st.sampled_from([f"{{ any_of = {names} }}" for names in SUBJECTS]),
        "per": st.sampled_from(["sku", "everything"]),
        "cap": st.integers(3, 5),
        "on_exceed": st.sampled_from(EXCEEDED),
        "bounds": st.sampled_from(["", "minimum = 3\n", "step = 2\n"]),
        "level": st.sampled_from(["", 'require_verification = "L2"\n']),
    }
)


def book_of(policies: list[dict[str, object]]) -> LimitBook:
    """Return limits in force."""
    texts = []
    for number, one in enumerate(policies):
        words = {key: said for key, said in one.items() if key not in ("bounds", "level")}
        texts.append(policy_text(f"p{number}", **words) + f"{one['bounds']}{one['level']}")
    return book(*texts)


class OneGrant(NoLimits):
    """A ledger that answers whatever it is asked with one grant."""

    def __init__(self, grant: Grant) -> None:
        self.grants = [grant]

    def hold(self, requests: Sequence[HoldRequest], now_us: int) -> Reserved:
        """Return the grant."""
        assert len(requests) == 1
        assert now_us
        return self

    def dropped(self) -> None:
        """Do nothing."""


@settings(max_examples=300)
@given(
    policies=st.lists(limits, min_size=1, max_size=3),
    units=st.integers(1, 6),
    subjects=st.sampled_from([{}, {"device": "d"}]),
    used=st.integers(0, 5),
    partial=st.booleans(),
    completed=st.sampled_from([None, ChallengeResult.PASSED]),
)
def test_what_limits_stop_is_told_why(
    policies: list[dict[str, object]],
    units: int,
    subjects: dict[str, str],
    used: int,
    partial: bool,
    completed: ChallengeResult | None,
) -> None:
    """Whatever policies say together there is a reason, one that fits the outcome."""
    order = TOKENISER.order(flash_order("o", units))
    asked = demand("o", line(order.lines[0].sku, units), **subjects)
    in_force = book_of(policies)
    grant = weighed(in_force, asked, {"account": used}, partial=partial).grant
    ask = Ask(order, asked, ALLOW, completed)
    (answer,) = Limiting(load_policy(), OneGrant(grant)).hold([ask], in_force, NOW_US).answers
    told = reasons_of_causes(answer.verdict, Found(), grant, REASONS, "CNY")
    assert bool(told) == (answer.verdict.outcome is not Outcome.ALLOW)
    for reason in told:
        assert answer.verdict.outcome in PLAIN[reason.code]


def test_an_order_paid_in_part_is_not_allowed_whole(tmp_path: Path) -> None:
    """Asked again, it gets the part that was paid for, with a reason, and no more."""
    with limited_desk(tmp_path, policy(cap=1, on_exceed="cap_quantity")) as desk:
        answers = []
        for request_id in "ab":
            (answer,) = desk.pipeline().decide([flash(request_id, 2, order_id="o")])
            assert isinstance(answer, Decision)
            answers.append(answer)
            paid = Confirm(reservation_id=answer.order_id)
            desk.ledger.run([paid], desk.clock.now_us())  # type: ignore[attr-defined]  # the SQLite ledger
        assert [one.outcome for one in answers] == [Outcome.LIMIT_QUANTITY] * 2
        assert [(one.requested, one.allowed) for one in answers[1].quantity_limits] == [(2, 1)]
        assert [reason.code for reason in answers[1].reasons] == ["LIMIT_QUANTITY_REDUCED"]
        assert used(desk) == 1


def test_a_coupon_that_is_left_out_is_told_and_never_counted(tmp_path: Path) -> None:
    """No SKU is cut: the reason and the row of the coupon say it, after the payment as well."""
    coupons = tuple(Discount(100, f"c{number}", PromotionType.COUPON) for number in range(2))
    given: dict[str, Any] = {"discounts": coupons, "discount_minor": 200}
    limit = policy_text(per="everything", measure="redemptions", cap=1, on_exceed="cap_quantity")
    with limited_desk(tmp_path, limit) as desk:
        for request_id in "ab":
            (answer,) = desk.pipeline().decide([flash(request_id, order_id="o", **given)])
            assert isinstance(answer, Decision)
            assert (answer.outcome, answer.quantity_limits) == (Outcome.LIMIT_QUANTITY, ())
            assert "LIMIT_REDUCTION_LEFT_OUT" in [reason.code for reason in answer.reasons]
            assert "LIMIT_QUANTITY_REDUCED" not in [reason.code for reason in answer.reasons]
            assert [one.granted for one in answer.granted if not one.sku] == [1, 0]
            desk.ledger.run([Confirm(reservation_id="o")], desk.clock.now_us())  # type: ignore[attr-defined]  # the SQLite ledger
        assert used(desk) == 1
