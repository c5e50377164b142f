"""Groups of promotion actions: limits last, challenges, sums within one group."""

from collections.abc import Callable, Iterator, Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.decisions.attempt import ChallengeReport
from risk_service.decisions.benefits.actions import BenefitAttempt
from risk_service.domain.action import RawAction
from risk_service.domain.assessment import AssessmentRecord
from risk_service.domain.benefit import (
    BenefitType,
    CustomerFacts,
    RawBenefit,
    SubsidyClaim,
    SubsidyKind,
)
from risk_service.domain.errors import ChallengeNotOpen, RequestIdReused, StoreUnavailable
from risk_service.domain.evidence import Evidence
from risk_service.domain.grant import Demand, Grant
from risk_service.domain.reservation import (
    Confirm,
    LedgerAnswer,
    LedgerCall,
    ReservationState,
    Reserve,
)
from risk_service.domain.vocabulary import (
    ChallengeKind,
    ChallengeResult,
    Mode,
    Outcome,
    VerificationLevel,
)
from risk_service.rules.rule_set import load_rule_set
from tests.fixtures.claim_desk import CHALLENGE_TTL_US, ClaimDesk, claim_desk
from tests.fixtures.records import NOW_US
from tests.fixtures.rule_texts import file_text, rule_text

L1, L2 = VerificationLevel.L1, VerificationLevel.L2
DRAW_RULE = rule_text(
    subject="action",
    when="action_type == 'DRAW'",
    analyst_zh="抽奖",
    analyst_en="A draw",
    known="action_type = 'DRAW'",
)


class ScriptedLedger:
    """Grants what the test says and notes what was charged."""

    def __init__(self, grant: Callable[[Demand], Grant]) -> None:
        self.grant = grant
        self.available = True
        self.confirmed: list[str] = []
        self.looked_at = 0

    def expect(self, demands: Sequence[Demand], now_us: int) -> None:
        """Do nothing."""

    def check(self, demands: Sequence[Demand], now_us: int) -> list[Grant]:
        """Answer without an effect."""
        assert now_us
        self.looked_at += len(demands)
        return [self._granted(demand) for demand in demands]

    def run(self, calls: Sequence[LedgerCall], now_us: int) -> list[LedgerAnswer]:
        """Answer holds and note confirmations."""
        assert now_us
        return [self._answer(call) for call in calls]

    def _answer(self, call: LedgerCall) -> LedgerAnswer:
        if isinstance(call, Reserve):
            demand = call.hold.demand
            return LedgerAnswer(
                reservation_id=demand.reservation_id,
                state=ReservationState.HELD,
                grant=self._granted(demand),
            )
        assert isinstance(call, Confirm)
        self.confirmed.append(call.reservation_id)
        return LedgerAnswer(reservation_id=call.reservation_id, state=ReservationState.CONFIRMED)

    def _granted(self, demand: Demand) -> Grant:
        if not self.available:
            raise StoreUnavailable("switched off")
        return self.grant(demand)


def needs_l2(demand: Demand) -> Grant:
    """Ask for L2 until it is there."""
    if demand.verification_level >= L2:
        return Grant(outcome=Outcome.ALLOW)
    return Grant(outcome=Outcome.CHALLENGE, required_level=L2)


@pytest.fixture
def ledger() -> ScriptedLedger:
    """Return a ledger that grants everything."""
    return ScriptedLedger(lambda demand: Grant(outcome=Outcome.ALLOW))


@pytest.fixture
def desk(ledger: ScriptedLedger) -> Iterator[ClaimDesk]:
    """Return a desk over the ledger."""
    with claim_desk(ledger) as made:  # type: ignore[arg-type]  # the calls that actions make
        yield made


def draw(request_id: str, action_id: str = "", account: str = "acc") -> BenefitAttempt:
    """Return a draw."""
    action_id = action_id or f"a-{request_id}"
    raw = RawAction(
        action_id=action_id,
        action_type="DRAW",
        at_us=NOW_US,
        account_id=account,
        device_id="",
        ip="",
        campaign_id="camp",
        related_account_id="",
    )
    benefit = RawBenefit(
        action_id=action_id,
        benefit_type=BenefitType.DRAW,
        at_us=NOW_US,
        action=raw,
        facts=CustomerFacts(verification_level=L1),
    )
    return BenefitAttempt(
        request_id=request_id, fingerprint=f"{action_id}{account}".encode(), subject=benefit
    )


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


def completion(
    request_id: str, challenge_id: str, result: ChallengeResult, level: VerificationLevel
) -> BenefitAttempt:
    """Return the end of a challenge."""
    report = ChallengeReport(challenge_id=challenge_id, result=result, verification_level=level)
    return BenefitAttempt(request_id=request_id, fingerprint=b"c", subject=report)


def records(desk: ClaimDesk, *attempts: BenefitAttempt) -> list[AssessmentRecord]:
    """Return the records of a group; none of it may fail."""
    answers = desk.actions.assess(attempts)
    found = [one for one in answers if isinstance(one, AssessmentRecord)]
    assert len(found) == len(attempts), answers
    return found


def test_what_passes_is_charged_once_under_its_own_id(
    desk: ClaimDesk, ledger: ScriptedLedger
) -> None:
    """The action's id is the reservation's; a repeated request asks the ledger nothing."""
    (first,) = records(desk, draw("r1"))
    assert first.decision.outcome is Outcome.ALLOW
    assert ledger.confirmed == ["action:a-r1"]
    records(desk, draw("r1"))
    assert ledger.confirmed == ["action:a-r1"]


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


def test_one_unit_has_no_part(desk: ClaimDesk, ledger: ScriptedLedger) -> None:
    """A limit that would sell fewer units denies an action: there is nothing to cut down to."""
    ledger.grant = lambda demand: Grant(outcome=Outcome.LIMIT_QUANTITY, codes=("CAPPED",))
    (record,) = records(desk, draw("r1"))
    assert record.decision.outcome is Outcome.DENY
    assert ledger.confirmed == []


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
