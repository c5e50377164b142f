"""Groups of promotion actions: charged once, challenges, sums within one group."""

from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.decisions.benefits.actions import BenefitAttempt
from risk_service.domain.assessment import AssessmentRecord
from risk_service.domain.benefit import BenefitType, RawBenefit, SubsidyClaim, SubsidyKind
from risk_service.domain.errors import ChallengeNotOpen, RequestIdReused
from risk_service.domain.vocabulary import ChallengeResult, Mode, Outcome
from tests.fixtures.actions import L1, L2, ScriptedLedger, completion, draw, needs_l2, records
from tests.fixtures.claim_desk import CHALLENGE_TTL_US, ClaimDesk, claim_desk
from tests.fixtures.records import NOW_US


def subsidy(request_id: str, amount: int) -> BenefitAttempt:
    """Return a seller's claim."""
    claim = SubsidyClaim(
        seller_id="s",
        campaign_id="",
        kind=SubsidyKind.SALES,
        currency_code="CNY",
        amount_minor=amount,
    )
    benefit = RawBenefit(
        action_id=f"a-{request_id}",
        benefit_type=BenefitType.SUBSIDY_CLAIM,
        at_us=NOW_US,
        subsidy=claim,
    )
    return BenefitAttempt(request_id=request_id, fingerprint=b"s", subject=benefit)


def test_what_passes_is_charged_once_under_its_own_id(
    desk: ClaimDesk, ledger: ScriptedLedger
) -> None:
    """The action's id is the reservation's; a repeated request asks the ledger nothing."""
    (first,) = records(desk, draw("r1"))
    assert first.decision.outcome is Outcome.ALLOW
    assert ledger.confirmed == ["action:a-r1"]
    records(desk, draw("r1"))
    assert ledger.confirmed == ["action:a-r1"]


def test_a_challenge_ends_once_and_in_time(desk: ClaimDesk, ledger: ScriptedLedger) -> None:
    """Completed, unknown and expired challenges are refused; a failed one goes to a person."""
    ledger.grant = needs_l2
    first, second = records(desk, draw("r1"), draw("r2"))
    ids = [one.decision.challenge.challenge_id for one in (first, second) if one.decision.challenge]
    (failed,) = records(desk, completion("f", ids[0], ChallengeResult.FAILED, L1))
    assert failed.decision.outcome is Outcome.REVIEW
    again = desk.actions.assess([completion("f2", ids[0], ChallengeResult.PASSED, L2)])
    unknown = desk.actions.assess([completion("u", "chl_none", ChallengeResult.PASSED, L2)])
    desk.desk.clock.order_seen(NOW_US + CHALLENGE_TTL_US)
    late = desk.actions.assess([completion("l", ids[1], ChallengeResult.PASSED, L2)])
    assert all(isinstance(one, ChallengeNotOpen) for one in (*again, *unknown, *late))


def test_an_action_id_belongs_to_one_action(desk: ClaimDesk) -> None:
    """Another account under the same action id is refused, also within one group."""
    answers = desk.actions.assess([draw("r1", "a"), draw("r2", "a", account="other")])
    assert isinstance(answers[0], AssessmentRecord)
    assert isinstance(answers[1], RequestIdReused)


def test_without_windows_an_action_is_decided_on_less(desk: ClaimDesk) -> None:
    """NO_FEATURES is said, nothing is told of what windows count, and the exact counts go on."""
    desk.desk.windows.available = False
    first, second = (records(desk, draw(name))[0] for name in ("r1", "r2"))
    assert (first.decision.mode, second.decision.mode) == (Mode.NO_FEATURES,) * 2
    assert second.values["draws_30d"] == 2.0


@settings(max_examples=10, deadline=None)
@given(
    parts=st.lists(st.integers(1, 1_000_000), min_size=2, max_size=8),
    cuts=st.lists(st.integers(1, 3), min_size=8, max_size=8),
)
def test_a_split_claim_is_seen_however_its_parts_are_grouped(
    parts: list[int], cuts: list[int]
) -> None:
    """From the part on that carries the seller over the line, every claim is looked at."""
    with claim_desk() as desk:
        waiting = [subsidy(f"r{n}", amount) for n, amount in enumerate(parts)]
        outcomes: list[Outcome] = []
        while waiting:
            size = cuts[len(waiting) - 1]
            group, waiting = waiting[:size], waiting[size:]
            outcomes += [one.decision.outcome for one in records(desk, *group)]
        total = 0
        for amount, outcome in zip(parts, outcomes, strict=True):
            total += amount
            if total > 1_000_000:
                assert outcome is Outcome.REVIEW
