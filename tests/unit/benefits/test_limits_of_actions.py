"""What limits say to promotion actions: refused, asked to verify, handed to a person."""

import pytest

from risk_service.domain.evidence import Evidence
from risk_service.domain.grant import Grant, LimitUse, Measure
from risk_service.domain.vocabulary import ChallengeKind, ChallengeResult, Mode, Outcome
from risk_service.rules.rule_set import load_rule_set
from tests.fixtures.actions import L1, L2, ScriptedLedger, completion, draw, needs_l2, records
from tests.fixtures.claim_desk import ClaimDesk
from tests.fixtures.rule_texts import file_text, rule_text

DRAW_RULE = rule_text(
    subject="action",
    when="action_type == 'DRAW'",
    analyst_zh="抽奖",
    analyst_en="A draw",
    known="action_type = 'DRAW'",
)


def test_without_the_ledger_nothing_passes(desk: ClaimDesk, ledger: ScriptedLedger) -> None:
    """A person looks, the mode says so, and nothing was charged."""
    ledger.available = False
    (record,) = records(desk, draw("r1"))
    assert (record.decision.outcome, record.decision.mode) == (Outcome.REVIEW, Mode.NO_LIMITS)
    assert ledger.confirmed == []
    (reason,) = record.decision.reasons
    assert "再试" not in reason.customer_text.zh
    assert "try again" not in reason.customer_text.en


def test_data_that_is_missing_is_no_limit_that_is_reached(
    desk: ClaimDesk, ledger: ScriptedLedger
) -> None:
    """The customer reads of the data, the analyst what it is."""
    codes, missing = ("LIMIT_DIMENSION_MISSING",), ("device",)
    ledger.grant = lambda demand: Grant(outcome=Outcome.DENY, codes=codes, missing=missing)
    (record,) = records(desk, draw("r1"))
    (reason,) = record.decision.reasons
    assert (record.decision.outcome, reason.code) == (Outcome.DENY, "ACTION_DATA_MISSING")
    assert reason.analyst_text.en.endswith("is missing: device.")
    assert reason.analyst_text.zh.endswith("缺失：设备。")


@pytest.mark.parametrize(
    ("outcome", "reached"),
    [
        (Outcome.DENY, "ACTION_LIMIT_REACHED"),
        (Outcome.REVIEW, "ACTION_LIMIT_TO_CHECK"),
    ],
)
def test_data_that_is_missing_hides_no_limit_that_is_reached(
    desk: ClaimDesk, ledger: ScriptedLedger, outcome: Outcome, reached: str
) -> None:
    """Whoever is told to complete the data reads that this alone does not help."""
    codes, missing = ("LIMIT_DIMENSION_MISSING", "LIMIT_REACHED"), ("device",)
    use = LimitUse(
        "two-each", "1", "account", "", Measure.DRAWS, "lifetime", 2, 2, 1, 0, 0, True, False
    )
    ledger.grant = lambda demand: Grant(outcome=outcome, uses=(use,), codes=codes, missing=missing)
    (record,) = records(desk, draw("r1"))
    lacking, used_up = record.decision.reasons
    assert (lacking.code, used_up.code) == ("ACTION_DATA_MISSING", reached)
    assert "two-each (account has used 2 of 2 draws)" in used_up.analyst_text.en
    assert [cause.ref for cause in record.decision.causes] == ["ACTION_DATA_MISSING", "two-each"]


def test_who_waits_for_a_person_is_not_asked_to_verify(
    desk: ClaimDesk, ledger: ScriptedLedger
) -> None:
    """A rule that challenges beside a limit that hands over: there is no challenge to pass."""
    desk.desk.books.rules = load_rule_set({"a.toml": file_text(DRAW_RULE)})
    ledger.available = False
    (record,) = records(desk, draw("r1"))
    assert [cause.outcome for cause in record.decision.causes] == [
        Outcome.REVIEW, Outcome.CHALLENGE,
    ]  # fmt: skip
    assert record.decision.challenge is None
    assert [reason.code for reason in record.decision.reasons] == ["LIMITS_UNAVAILABLE"]


def test_a_missing_level_stays_open_until_it_is_there(
    desk: ClaimDesk, ledger: ScriptedLedger
) -> None:
    """CHALLENGE with the real name; "passed" without the level asks again, with it passes."""
    ledger.grant = needs_l2
    (first,) = records(desk, draw("r1"))
    challenge = first.decision.challenge
    assert challenge is not None
    assert (challenge.kind, first.required) == (ChallengeKind.REAL_NAME, (Evidence.REAL_NAME,))
    assert first.decision.required_level is L2
    passed = completion("r2", challenge.challenge_id, ChallengeResult.PASSED, L1)
    (second,) = records(desk, passed)
    assert second.decision.outcome is Outcome.CHALLENGE
    assert second.decision.challenge is not None
    again = completion("r3", second.decision.challenge.challenge_id, ChallengeResult.PASSED, L2)
    (third,) = records(desk, again)
    assert (third.decision.outcome, third.decision.number) == (Outcome.ALLOW, 3)
    assert ledger.confirmed == ["action:a-r1"]


def test_a_soft_limit_after_a_passed_challenge_goes_to_a_person(
    desk: ClaimDesk, ledger: ScriptedLedger
) -> None:
    """Asking a second time would ask for ever."""
    ledger.grant = lambda demand: Grant(outcome=Outcome.CHALLENGE, codes=("SOFT",))
    (first,) = records(desk, draw("r1"))
    challenge = first.decision.challenge
    assert challenge is not None
    assert challenge.kind is ChallengeKind.CAPTCHA
    passed = completion("r2", challenge.challenge_id, ChallengeResult.PASSED, L1)
    (second,) = records(desk, passed)
    assert second.decision.outcome is Outcome.REVIEW


def test_a_level_that_would_not_help_is_no_reason(desk: ClaimDesk, ledger: ScriptedLedger) -> None:
    """Refused by another limit, an action is not told to be so for want of a level."""
    codes = ("LIMIT_VERIFICATION_REQUIRED", "LIMIT_QUANTITY_STEP")
    ledger.grant = lambda demand: Grant(outcome=Outcome.DENY, required_level=L2, codes=codes)
    (record,) = records(desk, draw("r1"))
    (reason,) = record.decision.reasons
    assert reason.analyst_text.en.endswith("refused it: LIMIT_QUANTITY_STEP.")


def test_one_unit_has_no_part(desk: ClaimDesk, ledger: ScriptedLedger) -> None:
    """A limit that would sell fewer units denies an action: there is nothing to cut down to."""
    ledger.grant = lambda demand: Grant(outcome=Outcome.LIMIT_QUANTITY, codes=("CAPPED",))
    (record,) = records(desk, draw("r1"))
    assert record.decision.outcome is Outcome.DENY
    assert ledger.confirmed == []
