"""The text and the data of a decision on a claim or an action."""

import json
import math

import click
import pytest
from msgspec.structs import replace

from risk_service.cli.explain_claim import assessment_data, explained_assessment
from risk_service.cli.explain_data import as_data
from risk_service.domain.assessment import AssessmentRecord
from risk_service.domain.benefit import Benefit, BenefitType
from risk_service.domain.decision import Cause, Challenge, ChallengeCompletion, Decision, Step
from risk_service.domain.grant import LimitUse, Measure
from risk_service.domain.hits import ListHit, MatchedValue, RuleHit
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import ChallengeKind, ChallengeResult, Outcome
from tests.fixtures.records import record

TEXT = LocalizedText(zh="请补充凭证。", en="Please hand in evidence.")
RULE = RuleHit(
    rule_id="light_return",
    outcome=Outcome.CHALLENGE,
    shadow=False,
    values=(MatchedValue(name="account_age_hours", number=math.inf, text=""),),
    customer_text=TEXT,
    analyst_text=TEXT,
    fault="",
)
USE = LimitUse(
    policy_id="coupon-claims", version="1", subject="account", scope="", measure=Measure.REWARDS,
    window="calendar day", cap=2, used=2, requested=1, granted=0, remaining=0, blocking=True,
    shadow=False, resets_at_us=0,
)  # fmt: skip


def challenged() -> Decision:
    """Return a decision that two rules with one text for the customer asked for."""
    (reason, *_) = record("r-1", with_reasons=True).decision.reasons
    return replace(
        record("r-1").decision,
        outcome=Outcome.CHALLENGE,
        reasons=tuple(replace(reason, code=code, customer_text=TEXT) for code in ("A", "B")),
        causes=(Cause(step=Step.RULE, ref="light_return", outcome=Outcome.CHALLENGE),),
        rule_hits=(RULE,),
        limit_uses=(USE,),
        challenge=Challenge(challenge_id="chl_7", kind=ChallengeKind.CAPTCHA, expires_at_us=9),
    )


def action(decision: Decision, **values: float) -> AssessmentRecord:
    """Return the record of an action."""
    return AssessmentRecord(
        decision=decision, subject="action\x1fa-1", fingerprint=b"", counted=True, required=(),
        values=dict(values), clock_us=9, stamp_us=9,
        benefit=Benefit(action_id="a-1", benefit_type=BenefitType.COUPON_CLAIMED, at_us=9),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("value", "told"),
    [(82_050.374, "82,050"), (12_345.6, "12,346"), (0.00013, "0.00013"), (3.14159, "3.142"),
     (9.848e-06, "<0.0001"), (-2_500.5, "-2,500"), (999.95, "1000"), (7.0, "7"),
     (1_999.0, "1,999")],
)  # fmt: skip
def test_numbers_are_told_as_people_write_them(value: float, told: str) -> None:
    """No power of ten in the age of an account, and no more digits than say something."""
    text = click.unstyle(explained_assessment(action(challenged(), account_age_hours=value), "en"))
    (line,) = [one for one in text.splitlines() if one.startswith("  account_age_hours ")]
    assert line.split()[:2] == ["account_age_hours", told]


@pytest.mark.parametrize(
    ("language", "told"),
    [("en", "and 2 counts were 0: --json names each"), ("zh", "另有 2 项计数为 0，见 --json")],
)
def test_counts_that_were_nothing_are_told_together(language: str, told: str) -> None:
    """The one that a rule read is not lost among dozens; facts of the action stay, 0 or not."""
    counts = {"account__draws_24h": 0.0, "device__draws_24h": 0.0, "device__coupon_claims_7d": 3.0}
    asked = action(challenged(), refunded_minor=0.0, **counts)
    text = click.unstyle(explained_assessment(asked, language))
    assert told in text
    assert [name for name in (*counts, "refunded_minor") if name in text] == [
        "device__coupon_claims_7d", "refunded_minor",
    ]  # fmt: skip
    assert assessment_data(asked)["values"]["account__draws_24h"] == 0


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_customer_is_told_everything_once(language: str) -> None:
    """Two rules with one text are one sentence; an open challenge is told as for an order."""
    text = click.unstyle(explained_assessment(action(challenged()), language))
    assert text.splitlines().count("  " + {"en": TEXT.en, "zh": TEXT.zh}[language]) == 1
    assert "chl_7" in text
    assert "CAPTCHA" in text


@pytest.mark.parametrize("language", ["en", "zh"])
def test_everything_that_was_found_is_told(language: str) -> None:
    """Lists, rules with their values, who is blocked, the challenge before, amounts as amounts."""
    hits = tuple(
        ListHit(list_id=f"the-{kind}", kind=kind, entity="real_name", entry_id="le_7", reason="why")
        for kind in ("allow", "deny", "grey")
    )
    decision = replace(challenged(), list_hits=hits, blocking="identity_cluster")
    done = ChallengeCompletion(challenge_id="chl_6", result=ChallengeResult.PASSED)
    asked = action(decision, claim_minor=12_345.0)
    values = {**asked.values, "currency": "JPY", "grey_lists": ()}
    text = click.unstyle(
        explained_assessment(replace(asked, completion=done, values=values), language)
    )
    named = {"en": "real name, entry le_7", "zh": "实名身份，条目 le_7"}[language]
    assert text.count(named) == 3
    for piece in (
        "the-allow", "the-deny", "the-grey", "account_age_hours = inf", "chl_6",
        "12,345 (12,345 JPY)",
        {"en": "blocked by identity cluster", "zh": "受限于 身份簇"}[language],
        {"en": "account has used 2 of 2 rewards", "zh": "账号已用 2 / 2 次奖励"}[language],
        {"en": "Amount asked for now", "zh": "本次申请金额"}[language],
    ):  # fmt: skip
        assert piece in text, piece
    assert "identity_cluster" not in text


@pytest.mark.parametrize(("language", "told"), [("en", "nothing: it passes"), ("zh", "无：放行")])
def test_an_action_that_passes_is_no_order(language: str, told: str) -> None:
    """A coupon that is claimed or money that goes back is told so, and as no order."""
    text = click.unstyle(explained_assessment(action(record("r-1").decision), language))
    assert f"  {told}\n" in text


def test_words_of_another_version_are_shown_as_they_are() -> None:
    """What an earlier or later service stored is told, though it has no name here."""
    use = replace(USE, subject="palm+account", window="eternal")
    decision = replace(challenged(), limit_uses=(use,), blocking="palm")
    record = action(decision, of_another_version=1.5)
    text = click.unstyle(explained_assessment(record, "zh"))
    assert "palm+账号已用 2 / 2 次奖励" in text
    assert "窗口 eternal" in text
    assert "受限于 palm" in text
    assert "of_another_version" in text


def test_data_of_an_action_is_named_as_that_of_an_order() -> None:
    """Outcomes and measures stand by their names, and nothing is a number that JSON has not."""
    decision = challenged()
    data = assessment_data(action(decision, account_age_hours=math.nan))
    assert data["decision"] == as_data(replace(record("r-1"), decision=decision))["decision"]
    assert data["decision"]["causes"][0]["outcome"] == "CHALLENGE"
    assert data["decision"]["limit_uses"][0]["measure"] == "rewards"
    assert data["values"] == {"account_age_hours": None}
    json.dumps(data, allow_nan=False)
