"""What a customer reads of a refusal: no promise of a check, no request for evidence."""

import pytest

from risk_service.decisions.assessing.combining import hit_findings, worst
from risk_service.decisions.cause_reasons import reasons_of_causes
from risk_service.decisions.findings import Found
from risk_service.decisions.reasons import load_reasons
from risk_service.decisions.verdict import Verdict
from risk_service.domain.decision import Cause, Step
from risk_service.domain.hits import ListHit, RuleHit
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import Outcome
from risk_service.features.schema import load_schema

EVIDENCE_PLEASE = LocalizedText(zh="请补充凭证。", en="Please hand in evidence.")
LISTED = ListHit(list_id="ring", kind="deny", entity="device", entry_id="le_1", reason="ring 17")
SOFT = RuleHit(
    rule_id="light_return",
    outcome=Outcome.CHALLENGE,
    shadow=False,
    values=(),
    customer_text=EVIDENCE_PLEASE,
    analyst_text=EVIDENCE_PLEASE,
    fault="",
)


def test_a_denied_claim_tells_of_the_refusal_alone() -> None:
    """A deny list and a rule that asks for evidence: the customer reads of no evidence."""
    outcome, causes, reasons = worst(hit_findings([LISTED], [SOFT]))
    assert outcome is Outcome.DENY
    assert [cause.ref for cause in causes] == ["ring", "light_return"]
    (told,) = reasons
    assert told.customer_text.zh == "该申请无法受理，如有疑问请联系客服。"
    assert "person" not in told.customer_text.en


def test_a_reviewed_claim_tells_what_evidence_is_asked_for() -> None:
    """Below a refusal every finding that counts is told: a review may need evidence too."""
    _, _, reasons = worst(hit_findings([], [SOFT]))
    assert [reason.customer_text for reason in reasons] == [EVIDENCE_PLEASE]


@pytest.mark.parametrize(
    ("outcome", "told"),
    [(Outcome.DENY, "请稍后再试"), (Outcome.REVIEW, "正在核实")],
)
def test_without_the_ledger_the_text_fits_the_outcome(outcome: Outcome, told: str) -> None:
    """Where the fail policy refuses, nobody checks the order: the customer may try again."""
    cause = Cause(step=Step.FAIL_POLICY, ref="LUCKY_DRAW", outcome=outcome)
    verdict = Verdict(outcome=outcome, causes=(cause,))
    found = Found(rule_hits=(), list_hits=())
    (reason,) = reasons_of_causes(verdict, found, None, load_reasons(load_schema()))
    assert told in reason.customer_text.zh
