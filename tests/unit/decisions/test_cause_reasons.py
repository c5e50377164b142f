"""Each decisive cause is told by its own reason, in the words of what asked for it."""

import pytest

from risk_service.decisions.cause_reasons import reasons_of_causes, rule_code
from risk_service.decisions.findings import Found
from risk_service.decisions.reasons import load_reasons
from risk_service.decisions.verdict import Verdict
from risk_service.domain.decision import Cause, Reason, Step
from risk_service.domain.hits import ListHit, RuleHit
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import Outcome
from risk_service.features.schema import load_schema

REASONS = load_reasons(load_schema())


def rule(name: str) -> RuleHit:
    """Return a hit of a rule with texts of its own."""
    text = LocalizedText(zh=f"{name}的原因", en=f"why {name}")
    return RuleHit(
        rule_id=name, outcome=Outcome.REVIEW, shadow=False, values=(), customer_text=text,
        analyst_text=text, fault="",
    )  # fmt: skip


def on_list(name: str) -> ListHit:
    """Return a hit of a list."""
    return ListHit(list_id=name, kind="deny", entity="device", entry_id="1", reason=f"ring {name}")


def told(outcome: Outcome, *causes: Cause) -> tuple[Reason, ...]:
    """Return the reasons of an order that two rules and two lists matched."""
    found = Found(
        list_hits=(on_list("one"), on_list("two")), rule_hits=(rule("first"), rule("second"))
    )
    return reasons_of_causes(Verdict(outcome=outcome, causes=causes), found, None, REASONS, "CNY")


def cause(step: Step, ref: str, outcome: Outcome = Outcome.REVIEW, by: str = "") -> Cause:
    """Return what asked for an outcome."""
    return Cause(step=step, ref=ref, outcome=outcome, suppressed_by=by)


def test_a_rule_is_told_in_its_own_words() -> None:
    """Of two rules that matched only the one that decided is named."""
    (reason,) = told(Outcome.REVIEW, cause(Step.RULE, "second"))
    assert (reason.code, reason.customer_text.en) == ("RULE_SECOND", "why second")
    both = told(Outcome.REVIEW, cause(Step.RULE, "second"), cause(Step.RULE, "first"))
    assert [one.code for one in both] == ["RULE_SECOND", "RULE_FIRST"]


def test_what_did_not_decide_is_no_reason() -> None:
    """A milder rule, and one that an allow list suppressed, are told to nobody."""
    milder = cause(Step.RULE, "first", Outcome.CHALLENGE)
    assert told(Outcome.REVIEW, milder, cause(Step.RULE, "second", by="allowed")) == ()


def test_the_list_that_denied_is_named_to_the_analyst_alone() -> None:
    """Of two lists the first decisive one; customers read of no list."""
    (reason,) = told(
        Outcome.DENY,
        cause(Step.LIST, "two", Outcome.DENY),
        cause(Step.LIST, "one", Outcome.DENY),
    )
    assert reason.code == "DENY_LISTED"
    assert "ring two" in reason.analyst_text.en
    assert "two" not in reason.customer_text.en


@pytest.mark.parametrize(
    ("step", "outcome", "code"),
    [
        (Step.AMOUNT, Outcome.REVIEW, "LARGE_AMOUNT"),
        (Step.CHALLENGE, Outcome.REVIEW, "CHALLENGE_FAILED"),
        (Step.FAIL_POLICY, Outcome.REVIEW, "LIMITS_UNAVAILABLE"),
        (Step.FAIL_POLICY, Outcome.DENY, "LIMITS_UNAVAILABLE_DENIED"),
    ],
)
def test_every_other_cause_has_a_reason_of_its_own(step: Step, outcome: Outcome, code: str) -> None:
    """Also where rules and lists matched beside it, and where two causes say the same."""
    both = cause(step, "a", outcome), cause(step, "b", outcome)
    assert [one.code for one in told(outcome, *both)] == [code]


def test_scores_are_told_elsewhere() -> None:
    """Their reasons are features and need what the models say."""
    assert told(Outcome.REVIEW, cause(Step.SCORE, "scalping")) == ()


@pytest.mark.parametrize(
    ("name", "code"), [("first", "RULE_FIRST"), ("a-b  c_", "RULE_A_B_C"), ("-9", "RULE_9")]
)
def test_a_rules_code_is_its_name_in_capitals(name: str, code: str) -> None:
    """What is no letter or digit is one underscore, and none at the ends."""
    assert rule_code(name) == code
