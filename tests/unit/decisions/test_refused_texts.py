"""What a customer reads of a refusal: no promise of a check, no request for evidence."""

import pytest
from msgspec.structs import replace

from risk_service.decisions.assessing.combining import hit_findings, worst
from risk_service.decisions.cause_reasons import reasons_of_causes
from risk_service.decisions.findings import Found
from risk_service.decisions.reasons import load_reasons
from risk_service.decisions.verdict import Verdict
from risk_service.domain.decision import Cause, Reason, Step
from risk_service.domain.grant import Grant, LimitUse, Measure
from risk_service.domain.hits import ListHit, RuleHit
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import Outcome, VerificationLevel
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
    assert told.customer_text.zh == "很抱歉，该申请无法受理，如有疑问请联系客服。"
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
    (reason,) = reasons_of_causes(verdict, found, None, load_reasons(load_schema()), "CNY")
    assert told in reason.customer_text.zh


def limited(outcome: Outcome, grant: Grant, ref: str = "two-each") -> dict[str, Reason]:
    """Return the reasons of an order in yen for which a limit asked for an outcome."""
    cause = Cause(step=Step.LIMIT, ref=ref, outcome=outcome)
    verdict = Verdict(outcome=outcome, causes=(cause,))
    told = reasons_of_causes(verdict, Found(), grant, load_reasons(load_schema()), "JPY")
    return {reason.code: reason for reason in told}


def used(measure: Measure = Measure.UNITS) -> LimitUse:
    """Return a limit on identity clusters that is used up."""
    counts = (20_000, 20_000, 1, 0, 0)
    return LimitUse(
        "two-each", "1", "identity_cluster", "", measure, "session", *counts, True, False
    )


def test_analysts_read_what_an_entry_is_about_in_words() -> None:
    """The deny list of an order and that of a claim, in both languages."""
    hit = replace(LISTED, entity="real_name")
    cause = Cause(step=Step.LIST, ref="ring", outcome=Outcome.DENY)
    verdict = Verdict(outcome=Outcome.DENY, causes=(cause,))
    found = Found(list_hits=(hit,))
    (of_order,) = reasons_of_causes(verdict, found, None, load_reasons(load_schema()), "CNY")
    (of_claim,) = hit_findings([hit], [])
    for reason in (of_order, of_claim.reason):
        assert reason.analyst_text.zh == "命中黑名单 ring（实名身份）：ring 17"
        assert reason.analyst_text.en == "On the deny list ring (real name): ring 17"


@pytest.mark.parametrize(
    ("measure", "en", "zh"),
    [
        (Measure.UNITS, "20,000 of 20,000 units", "已用 20,000，上限 20,000 件"),
        (Measure.AMOUNT, "20,000 of 20,000 JPY", "已用 20,000，上限 20,000 JPY"),
    ],
)
def test_analysts_read_whom_a_limit_counts_and_how_much(measure: Measure, en: str, zh: str) -> None:
    """No key of a program; a limit on money in the currency of the order."""
    grant = Grant(outcome=Outcome.DENY, uses=(used(measure),), codes=("LIMIT_REACHED",))
    text = limited(Outcome.DENY, grant)["LIMIT_REACHED"].analyst_text
    assert text.en == f"Limit two-each: identity cluster has used {en}."
    assert text.zh == f"限购 two-each：身份簇{zh}。"


def test_a_level_is_asked_for_only_where_it_helps() -> None:
    """An order that another limit refuses anyway is not sent to verify."""
    grant = Grant(
        outcome=Outcome.DENY, uses=(used(),), required_level=VerificationLevel.L2,
        codes=("LIMIT_VERIFICATION_REQUIRED", "LIMIT_REACHED"),
    )  # fmt: skip
    assert limited(Outcome.DENY, grant).keys() == {"LIMIT_REACHED"}
    asked = limited(Outcome.CHALLENGE, replace(grant, uses=()), "LIMIT_VERIFICATION_REQUIRED")
    assert asked.keys() == {"LIMIT_VERIFICATION_REQUIRED"}


def test_a_part_is_told_only_where_a_part_is_sold() -> None:
    """Where a person decides nothing is held, so no quantity "was reduced"."""
    codes = ("LIMIT_QUANTITY_REDUCED", "LIMIT_REACHED")
    grant = Grant(outcome=Outcome.REVIEW, uses=(used(),), codes=codes)
    assert limited(Outcome.REVIEW, grant).keys() == {"LIMIT_TO_CHECK"}
    cut = limited(Outcome.LIMIT_QUANTITY, grant)
    assert cut.keys() == {"LIMIT_QUANTITY_REDUCED", "LIMIT_PART_GRANTED"}


def test_who_gets_a_part_is_not_told_that_the_limit_was_reached() -> None:
    """They may buy the part, so nothing sends them away; analysts read the limit all the same."""
    grant = Grant(outcome=Outcome.LIMIT_QUANTITY, uses=(used(),))
    (reason,) = limited(Outcome.LIMIT_QUANTITY, grant).values()
    assert "customer service" not in reason.customer_text.en
    assert "客服" not in reason.customer_text.zh
    assert "identity cluster has used 20,000 of 20,000 units" in reason.analyst_text.en


def test_what_a_limit_lacks_is_told_in_words() -> None:
    """A dimension that the order has not, in both languages."""
    code = "LIMIT_DIMENSION_MISSING"
    grant = Grant(outcome=Outcome.DENY, codes=(code,), missing=("address_door", "currency"))
    text = limited(Outcome.DENY, grant, code)[code].analyst_text
    assert text.en.endswith("is missing: address with room, currency of the limit.")
    assert text.zh == "限购所需信息缺失：门牌户地址、限额币种。"
