"""One outcome out of lists, rules and scores: the worst wins, and what an allow list may do."""

from importlib.resources import files
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_service.decisions.policy import Policy, load_policy, promotions_of
from risk_service.decisions.verdict import NO_THRESHOLDS, Evidence, Verdict
from risk_service.domain.decision import Step
from risk_service.domain.hits import ListHit, RuleHit
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import (
    ChallengeKind,
    ChallengeResult,
    Mode,
    Outcome,
    PromotionType,
)
from tests.fixtures.ladders import LADDERS
from tests.fixtures.records import order

POLICY = load_policy()
POLICY_TEXT = files("risk_service.decisions").joinpath("policy.toml").read_text("utf-8")
TEXT = LocalizedText(zh="文本", en="text")
QUIET = (-9.0, -9.0, -9.0)
NINE = order(units=9)

kinds = st.sampled_from(["allow", "deny", "grey"])
list_hits = st.lists(kinds, max_size=3).map(
    lambda chosen: tuple(
        ListHit(list_id=f"{kind}-{n}", kind=kind, entity="account", entry_id="1", reason="why")
        for n, kind in enumerate(chosen)
    )
)
rule_hits = st.lists(
    # Most of them count, or too few examples would have a rule that does.
    st.tuples(
        st.sampled_from(list(Outcome)[1:]),
        st.sampled_from([False, False, False, True]),
        st.sampled_from(["", "", "", "MISSING"]),
    ),
    max_size=4,
).map(
    lambda rows: tuple(
        rule(f"rule-{n}", outcome, shadow=shadow, fault=fault)
        for n, (outcome, shadow, fault) in enumerate(rows)
    )
)
raws = st.tuples(*[st.floats(-5, 6)] * 3)
completed = st.sampled_from([None, *ChallengeResult])


def rule(rule_id: str, outcome: Outcome, *, shadow: bool = False, fault: str = "") -> RuleHit:
    """Return a hit of a rule."""
    return RuleHit(
        rule_id=rule_id,
        outcome=outcome,
        shadow=shadow,
        values=(),
        customer_text=TEXT,
        analyst_text=TEXT,
        fault=fault,
    )


def on_list(kind: str) -> tuple[ListHit, ...]:
    """Return one hit of a list of that kind."""
    return (ListHit(list_id=f"the-{kind}", kind=kind, entity="device", entry_id="1", reason="why"),)


def judge(
    scores: tuple[float, ...] = QUIET,
    lists: tuple[ListHit, ...] = (),
    rules: tuple[RuleHit, ...] = (),
    ended: ChallengeResult | None = None,
    mode: Mode = Mode.FULL,
) -> Verdict:
    """Return the verdict on an order of nine units."""
    thresholds = POLICY.thresholds(LADDERS, promotions_of(NINE))
    evidence = Evidence(
        raws=scores,
        thresholds=thresholds,
        mode=mode,
        completed=ended,
        list_hits=lists,
        rule_hits=rules,
    )
    return POLICY.judge(NINE, evidence)


@given(raws, list_hits, rule_hits, completed)
def test_the_worst_that_counts_wins(
    scores: tuple[float, ...],
    lists: tuple[ListHit, ...],
    rules: tuple[RuleHit, ...],
    ended: ChallengeResult | None,
) -> None:
    """The outcome is the greatest of what each step asks for by itself, allow lists apart."""
    allowed = any(hit.kind == "allow" for hit in lists)
    asked = [Outcome.ALLOW]
    asked += [Outcome.DENY for hit in lists if hit.kind == "deny"]
    for hit in rules:
        counts = not hit.shadow and not hit.fault
        if counts and (hit.outcome is Outcome.DENY or not allowed):
            asked.append(judge(rules=(hit,), ended=ended).outcome)
    if not allowed:
        asked.append(judge(scores, ended=ended).outcome)
    if ended is ChallengeResult.FAILED:
        asked.append(Outcome.REVIEW)
    assert judge(scores, lists, rules, ended).outcome is max(asked)


@given(raws, list_hits, rule_hits, completed)
def test_an_allow_list_lifts_no_hard_denial(
    scores: tuple[float, ...],
    lists: tuple[ListHit, ...],
    rules: tuple[RuleHit, ...],
    ended: ChallengeResult | None,
) -> None:
    """On an allow list or not: a deny list and a rule that denies stay."""
    denied = any(hit.kind == "deny" for hit in lists) or any(
        hit.outcome is Outcome.DENY and not hit.shadow and not hit.fault for hit in rules
    )
    outcome = judge(scores, (*lists, *on_list("allow")), rules, ended).outcome
    assert (outcome is Outcome.DENY) == denied


@given(raws, list_hits, rule_hits, completed)
def test_an_allow_list_is_no_reason_to_be_harsher(
    scores: tuple[float, ...],
    lists: tuple[ListHit, ...],
    rules: tuple[RuleHit, ...],
    ended: ChallengeResult | None,
) -> None:
    """Nobody is worse off for being on an allow list."""
    with_it = judge(scores, (*lists, *on_list("allow")), rules, ended)
    assert with_it.outcome <= judge(scores, lists, rules, ended).outcome


@given(raws, list_hits, rule_hits, completed)
def test_shadow_and_broken_rules_change_nothing(
    scores: tuple[float, ...],
    lists: tuple[ListHit, ...],
    rules: tuple[RuleHit, ...],
    ended: ChallengeResult | None,
) -> None:
    """Without them the verdict is the same, to its causes."""
    counting = tuple(hit for hit in rules if not hit.shadow and not hit.fault)
    assert judge(scores, lists, rules, ended) == judge(scores, lists, counting, ended)


@given(raws, list_hits, rule_hits, completed)
def test_every_verdict_says_what_decided(
    scores: tuple[float, ...],
    lists: tuple[ListHit, ...],
    rules: tuple[RuleHit, ...],
    ended: ChallengeResult | None,
) -> None:
    """More than ALLOW has a cause that was not suppressed; the causes run from the worst."""
    verdict = judge(scores, lists, rules, ended)
    assert bool(verdict.decisive) == (verdict.outcome is not Outcome.ALLOW)
    counting = [cause.outcome for cause in verdict.causes if not cause.suppressed_by]
    assert counting == sorted(counting, reverse=True)
    assert (verdict.challenge_kind is not None) == (verdict.outcome is Outcome.CHALLENGE)


def test_a_rule_that_denies_is_no_soft_rule() -> None:
    """An allow list lifts a rule that reviews and leaves one that denies."""
    assert judge(lists=on_list("allow"), rules=(rule("soft", Outcome.REVIEW),)).outcome is (
        Outcome.ALLOW
    )
    assert judge(lists=on_list("allow"), rules=(rule("hard", Outcome.DENY),)).outcome is (
        Outcome.DENY
    )


def test_a_suppressed_cause_is_told() -> None:
    """The answer shows what an allow list took off the table, and which list did."""
    verdict = judge((9.0, -9.0, -9.0), on_list("allow"), (rule("soft", Outcome.REVIEW),))
    assert verdict.outcome is Outcome.ALLOW
    assert {(cause.step, cause.suppressed_by) for cause in verdict.causes} == {
        (Step.SCORE, "the-allow"),
        (Step.RULE, "the-allow"),
    }


def test_a_passed_challenge_settles_the_challenge_of_a_rule() -> None:
    """A rule that asked for a challenge has been answered; one that asks for more has not."""
    soft, hard = rule("soft", Outcome.CHALLENGE), rule("hard", Outcome.REVIEW)
    assert judge(rules=(soft,)).challenge_kind is ChallengeKind.CAPTCHA
    assert judge(rules=(soft,), ended=ChallengeResult.PASSED).outcome is Outcome.ALLOW
    assert judge(rules=(soft, hard), ended=ChallengeResult.PASSED).outcome is Outcome.REVIEW


def test_the_cap_of_a_mode_is_for_scores_only() -> None:
    """Without history a score does not deny; a rule that could be evaluated still does."""
    assert judge((9.0, -9.0, -9.0), mode=Mode.NO_FEATURES).outcome is Outcome.REVIEW
    verdict = judge(rules=(rule("hard", Outcome.DENY),), mode=Mode.NO_FEATURES)
    assert verdict.outcome is Outcome.DENY


@pytest.mark.parametrize(("minor", "outcome"), [(500, Outcome.ALLOW), (100_000, Outcome.REVIEW)])
def test_without_models_and_rules_the_amount_decides(minor: int, outcome: Outcome) -> None:
    """In mode STATIC an order is reviewed from the amount of the policy on."""
    asked = order(units=minor // 500 + 1)
    evidence = Evidence(raws=(), thresholds=NO_THRESHOLDS, mode=Mode.STATIC)
    assert POLICY.judge(asked, evidence).outcome is outcome


@pytest.mark.parametrize("kind", ["allow", "grey", "deny"])
def test_a_list_keeps_no_large_amount_from_a_person(kind: str) -> None:
    """In mode STATIC the amount counts beside what lists say, and nobody is let through by one."""
    asked = order(units=100_000 // 500 + 1)
    evidence = Evidence(
        raws=(), thresholds=NO_THRESHOLDS, mode=Mode.STATIC, list_hits=on_list(kind)
    )
    verdict = POLICY.judge(asked, evidence)
    assert verdict.outcome is (Outcome.DENY if kind == "deny" else Outcome.REVIEW)
    assert Step.AMOUNT in {cause.step for cause in verdict.causes}


def of_text(**factors: float) -> Policy:
    """Return the shipped policy with other losses of scalping."""
    rows = "\n".join(f"{name} = {factor}" for name, factor in factors.items())
    return Policy(
        POLICY_TEXT.replace("[loss.brushing]", f"[loss.scalping]\n{rows}\n\n[loss.brushing]")
    )


def test_a_greater_loss_is_acted_upon_at_lower_odds() -> None:
    """Twice the loss moves every threshold by ln 2; the strictest promotion of an order counts."""
    policy = of_text(FLASH_SALE=2.0, GIFT=0.5)
    none, flash, gift = PromotionType.NONE, PromotionType.FLASH_SALE, PromotionType.GIFT
    starts = {
        kinds_of: policy.thresholds(LADDERS, frozenset(kinds_of)).rungs[0][0][0]
        for kinds_of in ((none,), (flash,), (gift,), (gift, flash))
    }
    assert starts[none,] == 1.0
    assert starts[flash,] == pytest.approx(1.0 - 0.693147, abs=1e-6)
    assert starts[gift,] == pytest.approx(1.0 + 0.693147, abs=1e-6)
    assert starts[gift, flash] == starts[flash,]
    marks = policy.thresholds(LADDERS, frozenset([flash])).scores
    assert marks[:4] == (31, 131, 231, 331)


def test_factors_change_no_other_abuse() -> None:
    """What is not named keeps the bundle's thresholds."""
    policy = of_text(FLASH_SALE=3.0)
    flash = frozenset([PromotionType.FLASH_SALE])
    assert (
        policy.thresholds(LADDERS, flash).rungs[1:] == (POLICY.thresholds(LADDERS, flash).rungs[1:])
    )


@pytest.mark.parametrize(
    ("of_goods", "promotion"), list(product([True, False], list(PromotionType)))
)
def test_goods_under_a_limit_never_pass_uncounted(of_goods: bool, promotion: PromotionType) -> None:
    """Whatever the fail policy of a promotion says, counted goods are reviewed at best."""
    outcome = POLICY.fail_outcome([promotion], of_goods=of_goods)
    assert outcome in (Outcome.REVIEW, Outcome.DENY) if of_goods else outcome is not Outcome.REVIEW
