"""The policy: the worst outcome wins, and every combination is answered."""

from importlib.resources import files
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_service.decisions.policy import Policy, load_policy, promotions_of
from risk_service.decisions.verdict import Evidence, Verdict
from risk_service.domain.errors import ConfigFault
from risk_service.domain.order import Order
from risk_service.domain.vocabulary import (
    Abuse,
    ChallengeKind,
    ChallengeResult,
    Mode,
    Outcome,
    PromotionType,
)
from tests.fixtures.ladders import LADDERS
from tests.fixtures.records import order

POLICY = load_policy()
QUIET = -9.0


def verdict_on(asked: Order, *raws: float, **more: Any) -> Verdict:
    """Return the verdict on an order with raw scores of scalping, brushing and refund."""
    thresholds = POLICY.thresholds(LADDERS, promotions_of(asked))
    return POLICY.judge(
        asked, Evidence(raws=raws, thresholds=thresholds, **({"mode": Mode.FULL} | more))
    )


def judge(*raws: float, units: int = 9, promotion: PromotionType = PromotionType.NONE) -> Outcome:
    """Return the outcome for raw scores of scalping, brushing and refund."""
    return verdict_on(order(units=units, promotion=promotion), *raws).outcome


def test_actions_follow_the_thresholds_inclusively() -> None:
    """An action is asked for at its score, not only above it."""
    outcomes = [judge(raw, QUIET, QUIET) for raw in (0.99, 1.0, 2.0, 3.0, 4.0)]
    assert outcomes == sorted(Outcome)


def test_the_worst_abuse_wins() -> None:
    """One abuse that asks for a denial outweighs two that ask for less."""
    verdict = verdict_on(order(units=9), 1.5, 4.5, 2.5)
    assert (verdict.outcome, verdict.abuses) == (Outcome.DENY, (Abuse.BRUSHING,))


def test_refund_scores_never_deny() -> None:
    """Before a refund was asked for a person decides."""
    assert judge(QUIET, QUIET, 99.0) is Outcome.REVIEW


def test_subsidised_orders_are_reviewed_where_others_are_challenged() -> None:
    """The promotion type changes what an action becomes."""
    assert judge(QUIET, 2.0, QUIET) is Outcome.CHALLENGE
    assert judge(QUIET, 2.0, QUIET, promotion=PromotionType.PLATFORM_SUBSIDY) is Outcome.REVIEW


def test_nothing_to_limit_is_allowed() -> None:
    """A quantity within the limit makes the action fall away."""
    assert judge(1.0, QUIET, QUIET, units=2) is Outcome.ALLOW
    assert judge(1.0, QUIET, QUIET, units=3) is Outcome.LIMIT_QUANTITY
    assert judge(1.0, QUIET, QUIET, units=2, promotion=PromotionType.FLASH_SALE) is (
        Outcome.LIMIT_QUANTITY
    )


def test_the_strongest_kind_of_challenge_is_asked() -> None:
    """With two abuses behind a challenge the harder one is set."""
    verdict = verdict_on(order(units=9), 2.0, 2.0, QUIET)
    assert verdict.abuses == (Abuse.SCALPING, Abuse.BRUSHING)
    assert verdict.challenge_kind is ChallengeKind.REAL_NAME


@given(
    st.lists(st.floats(-10, 10), min_size=3, max_size=3),
    st.sampled_from([Mode.FULL, Mode.STALE, Mode.NO_FEATURES]),
    st.sampled_from([None, *ChallengeResult]),
    st.integers(1, 20),
)
def test_every_combination_has_a_whole_verdict(
    raws: list[float], mode: Mode, completed: ChallengeResult | None, units: int
) -> None:
    """Challenge, limits and causes are there exactly when the outcome speaks of them."""
    verdict = verdict_on(order(units=units), *raws, mode=mode, completed=completed)
    outcome = verdict.outcome
    assert (verdict.challenge_kind is not None) == (outcome is Outcome.CHALLENGE)
    assert bool(verdict.quantity_limits) == (outcome is Outcome.LIMIT_QUANTITY)
    assert (outcome is Outcome.ALLOW) == (not verdict.decisive)
    if completed is ChallengeResult.PASSED:
        assert outcome is not Outcome.CHALLENGE
    if completed is ChallengeResult.FAILED:
        assert outcome >= Outcome.REVIEW
    if mode is Mode.NO_FEATURES:
        assert outcome <= Outcome.REVIEW


@given(st.lists(st.floats(-10, 10), min_size=3, max_size=3), st.floats(0, 5), st.integers(0, 2))
def test_a_higher_score_never_helps(raws: list[float], more: float, which: int) -> None:
    """Raising one score cannot make the outcome milder."""
    worse = [raw + more if at == which else raw for at, raw in enumerate(raws)]
    assert judge(*worse) >= judge(*raws)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('deny = "DENY"', 'deny = "REFUSE"'),
        ("[actions.refund.default]", "[actions.refund.FLASH_SALE]"),
        ("[actions.brushing.PLATFORM_SUBSIDY]", "[actions.brushing.PLATFORM]"),
        ("ttl_s = 900", "ttl_s = 0"),
        ('kind = { scalping = "CAPTCHA", ', "kind = { "),
        ("name =", "name"),
    ],
)
def test_a_wrong_policy_is_refused_at_start(before: str, after: str) -> None:
    """A gap or a slip in the file is a clear fault, not a surprise at three in the morning."""
    text = files("risk_service.decisions").joinpath("policy.toml").read_text("utf-8")
    assert before in text
    with pytest.raises(ConfigFault, match="policy"):
        Policy(text.replace(before, after))


def test_two_policies_have_two_versions() -> None:
    """Any change of the file changes the version that decisions carry."""
    text = files("risk_service.decisions").joinpath("policy.toml").read_text("utf-8")
    assert Policy(text + "\n").version != POLICY.version
