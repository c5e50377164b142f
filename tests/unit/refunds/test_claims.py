"""Groups of claims: each answered once, faults alone, nothing in memory before the commit."""

from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from risk_service.decisions.refunds.claims import ClaimAttempt
from risk_service.domain.assessment import AssessmentRecord
from risk_service.domain.decision import AbuseScore
from risk_service.domain.errors import (
    DecisionNotFound,
    RequestIdReused,
    StoreUnavailable,
)
from risk_service.domain.evidence import Evidence
from risk_service.domain.refund import RefundClaim
from risk_service.domain.vocabulary import Abuse, EventReason, EventType, Mode, Outcome
from risk_service.features.windows.order_event import KIND_OF
from tests.fixtures.claim_desk import ClaimDesk, claim_desk
from tests.fixtures.desk import POISON_UNITS, attempt
from tests.fixtures.records import NOW_US


@pytest.fixture
def desk() -> Iterator[ClaimDesk]:
    """Return a desk that has scored the orders o-1 and o-2."""
    with claim_desk() as made:
        score(made, "o-1", "o-2")
        yield made


def score(desk: ClaimDesk, *order_ids: str, units: int = 1) -> None:
    """Score orders."""
    desk.desk.pipeline().decide(
        [attempt(f"r-{one}", order_id=one, units=units) for one in order_ids]
    )


def claim(
    request_id: str, order_id: str = "o-1", claim_id: str = "c-1", amount: int = 400, **more: Any
) -> ClaimAttempt:
    """Return an attempt whose fingerprint follows from its contents."""
    told = RefundClaim(
        order_id=order_id,
        claim_id=claim_id,
        at_us=NOW_US,
        amount_minor=amount,
        reason=more.pop("reason", EventReason.CHANGED_MIND),
        **more,
    )
    return ClaimAttempt(request_id=request_id, fingerprint=repr(told).encode(), claim=told)


def decide_anew(desk: ClaimDesk, score: int, thresholds: tuple[int, ...]) -> None:
    """Let the newest decision on o-1 have a refund score, and thresholds."""
    placed = desk.desk.store.latest_of_order("o-1")
    assert placed is not None
    told = AbuseScore(abuse=Abuse.REFUND, probability=0.9, score=score)
    decision = replace(placed.decision, request_id="x", decision_id="x", number=2, scores=(told,))
    desk.desk.store.commit([replace(placed, decision=decision, thresholds=thresholds)])


def counted(desk: ClaimDesk) -> int:
    """Return how often windows counted a request of a refund."""
    kind = KIND_OF[EventType.REFUND_REQUESTED]
    return sum(event.kind == kind for event in desk.desk.windows.counted)


def test_a_claim_of_the_whole_order_passes_and_is_stored_whole(desk: ClaimDesk) -> None:
    """The record holds the claim, the order's decision, values, vector, versions and clock."""
    (record,) = desk.refunds.assess([claim("a")])
    assert isinstance(record, AssessmentRecord)
    assert record.decision.outcome is Outcome.ALLOW
    assert record.decision.mode is Mode.FULL
    assert desk.store.by_request_ids(["a"]) == {"a": record}
    assert record.refund is not None
    assert record.refund.order_decision_id == "dec-1"
    assert record.values["claim_minor"] == 400.0
    assert record.vector
    assert record.stamp_us
    assert counted(desk) == 1


def test_a_group_is_answered_in_order_and_faults_hit_their_own_claim(desk: ClaimDesk) -> None:
    """An unknown order and a reused request id refuse themselves only."""
    desk.refunds.assess([claim("a")])
    answers = desk.refunds.assess(
        [claim("b", "o-9"), claim("a", amount=1), claim("c", "o-2"), claim("c", "o-2")]
    )
    assert isinstance(answers[0], DecisionNotFound)
    assert "o-9" in str(answers[0])
    assert isinstance(answers[1], RequestIdReused)
    assert answers[2] == answers[3]
    assert isinstance(answers[2], AssessmentRecord)


def test_a_bug_in_one_claim_fails_no_neighbour_and_counts_nobody_twice(desk: ClaimDesk) -> None:
    """The group runs again claim by claim; the poisonous one alone is an error."""
    poisonous = desk.desk.store.latest_of_order("o-2")
    assert poisonous is not None
    lines = (replace(poisonous.order.lines[0], quantity=POISON_UNITS),)
    bad = replace(
        poisonous,
        order=replace(poisonous.order, lines=lines),
        decision=replace(poisonous.decision, request_id="x", decision_id="x", number=2),
    )
    desk.desk.store.commit([bad])
    answers = desk.refunds.assess([claim("a"), claim("b", "o-2"), claim("c", claim_id="c-2")])
    assert [isinstance(one, AssessmentRecord) for one in answers] == [True, False, True]
    assert counted(desk) == 2


def test_a_store_that_is_down_fails_the_group_and_the_retry_counts_once(desk: ClaimDesk) -> None:
    """The same request gets the same decision id, so shared windows count it once."""
    desk.desk.store.available = False
    (answer,) = desk.refunds.assess([claim("a")])
    assert isinstance(answer, StoreUnavailable)
    desk.desk.store.available = True
    assert counted(desk) == 0
    (again,) = desk.refunds.assess([claim("a")])
    assert isinstance(again, AssessmentRecord)
    assert counted(desk) == 1


def test_without_windows_a_claim_is_decided_on_less_and_logged(desk: ClaimDesk) -> None:
    """NO_FEATURES is said, and the log has the claim for windows that are made again."""
    desk.desk.windows.available = False
    (record,) = desk.refunds.assess([claim("a")])
    assert isinstance(record, AssessmentRecord)
    assert record.decision.mode is Mode.NO_FEATURES
    assert [one.event_id for one in desk.log.of_orders(["o-1"])["o-1"]] == [
        record.decision.decision_id
    ]


@pytest.mark.parametrize(
    ("reason", "lacking"),
    [
        (EventReason.EMPTY_PARCEL, (Evidence.PHOTOS, Evidence.WEIGHT)),
        (EventReason.NOT_RECEIVED, (Evidence.REAL_NAME,)),
        (EventReason.CHANGED_MIND, (Evidence.RETURN_FIRST,)),
    ],
)
def test_what_is_asked_for_follows_from_the_reason(
    desk: ClaimDesk, reason: EventReason, lacking: tuple[Evidence, ...]
) -> None:
    """A claim for more than was paid is looked at, and says what it needs."""
    (record,) = desk.refunds.assess([claim("a", amount=5_000, reason=reason)])
    assert isinstance(record, AssessmentRecord)
    assert record.decision.outcome is Outcome.REVIEW
    assert record.required == lacking


def test_money_reported_as_refunded_is_not_given_twice(desk: ClaimDesk) -> None:
    """A second claim for the whole order meets what the first one took."""
    first, second = desk.refunds.assess([claim("a"), claim("b", claim_id="c-2")])
    assert isinstance(first, AssessmentRecord)
    assert isinstance(second, AssessmentRecord)
    assert first.decision.outcome is Outcome.ALLOW
    assert second.decision.outcome is Outcome.REVIEW
    assert [one.code for one in second.decision.reasons] == ["REFUND_ABOVE_PAID"]


@pytest.mark.parametrize(
    ("score", "thresholds", "outcome"),
    [
        (950, (-1,) * 8 + (-1, 800, 900, 980), Outcome.REVIEW),
        (850, (-1,) * 8 + (-1, 800, 900, 980), Outcome.CHALLENGE),
        (700, (-1,) * 8 + (-1, 800, 900, 980), Outcome.ALLOW),
        (999, (-1,) * 8 + (-1, -1, -1, -1), Outcome.ALLOW),
        # A record of before thresholds were kept: the score of now decides, and it is low.
        (999, (), Outcome.ALLOW),
    ],
)
def test_what_the_model_said_of_the_order_decides(
    desk: ClaimDesk, score: int, thresholds: tuple[int, ...], outcome: Outcome
) -> None:
    """By the score and the thresholds of the order's own decision; the score of now is kept."""
    decide_anew(desk, score, thresholds)
    (record,) = desk.refunds.assess([claim("a")])
    assert isinstance(record, AssessmentRecord)
    assert record.decision.outcome is outcome
    assert record.values["order_refund_score"] == score
    assert record.values["refund_score"] == 500.0
    assert record.decision.scores[0].score == (score if thresholds else 500)
    assert (record.decision.reasons != ()) is (outcome is not Outcome.ALLOW)


@pytest.mark.parametrize("amount", [400, 5_000])
def test_who_has_handed_in_everything_is_asked_for_nothing(desk: ClaimDesk, amount: int) -> None:
    """The score challenges, by itself or beside the money: a person looks at what came."""
    decide_anew(desk, 850, (-1,) * 8 + (-1, 800, 900, 980))
    (record,) = desk.refunds.assess([claim("a", amount=amount, goods_returned=True)])
    assert isinstance(record, AssessmentRecord)
    assert (record.decision.outcome, record.required) == (Outcome.REVIEW, ())
    assert any(reason.abuse is Abuse.REFUND for reason in record.decision.reasons)
    for reason in record.decision.reasons:
        assert "evidence" not in reason.customer_text.en
        assert "凭证" not in reason.customer_text.zh


requests = st.lists(
    st.tuples(st.integers(0, 5), st.integers(1, 2), st.integers(0, 2)), min_size=1, max_size=12
)


@settings(max_examples=12, deadline=None)
@given(asked=requests, cuts=st.lists(st.integers(1, 4), min_size=12, max_size=12))
def test_however_requests_come_each_has_one_answer_and_each_claim_counts_once(
    asked: list[tuple[int, int, int]], cuts: list[int]
) -> None:
    """Repeats within groups and across them: one answer per id, numbers without gaps."""
    with claim_desk() as desk:
        score(desk, "o-1", "o-2")
        first: dict[str, ClaimAttempt] = {}
        answers: dict[str, AssessmentRecord] = {}
        waiting = [claim(f"r-{r}", f"o-{o}", f"c-{c}") for r, o, c in asked]
        while waiting:
            size = cuts[len(waiting) - 1]
            group, waiting = waiting[:size], waiting[size:]
            for one, answer in zip(group, desk.refunds.assess(group), strict=True):
                known = first.setdefault(one.request_id, one)
                if known.fingerprint != one.fingerprint:
                    assert isinstance(answer, RequestIdReused)
                    continue
                assert isinstance(answer, AssessmentRecord)
                assert answers.setdefault(one.request_id, answer) == answer
        numbers: dict[str, list[int]] = {}
        for record in answers.values():
            numbers.setdefault(record.subject, []).append(record.decision.number)
        assert all(sorted(n) == list(range(1, len(n) + 1)) for n in numbers.values())
        assert counted(desk) == len(numbers)
