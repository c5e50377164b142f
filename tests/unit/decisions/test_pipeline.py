"""A group of attempts in, an answer for each out."""

import pytest
from msgspec.structs import replace

from risk_service.decisions.attempt import Attempt
from risk_service.decisions.kept_inputs import inputs_of
from risk_service.domain.decision import Decision
from risk_service.domain.errors import ChallengeNotOpen, RequestIdReused, StoreUnavailable
from risk_service.domain.vocabulary import ChallengeResult, Mode, Outcome, VerificationLevel
from tests.fixtures.desk import POISON_UNITS, SCHEMA, UNITS, Desk, attempt, completion
from tests.fixtures.records import NOW_US

PASSED, FAILED = ChallengeResult.PASSED, ChallengeResult.FAILED
L2 = VerificationLevel.L2


def decided(answers: list[Decision | Exception]) -> list[Decision]:
    """Return the decisions; an error among them fails the test."""
    assert all(isinstance(answer, Decision) for answer in answers), answers
    return [answer for answer in answers if isinstance(answer, Decision)]


def test_each_order_of_a_group_has_its_own_answer() -> None:
    """Answers come in the order of the attempts, with the outcome each deserves."""
    group = [attempt(f"r{units}", units=units) for units in (1, 5, 9, 25, 60)]
    answers = decided(Desk().pipeline().decide(group))
    assert [answer.request_id for answer in answers] == ["r1", "r5", "r9", "r25", "r60"]
    assert [answer.outcome for answer in answers] == sorted(Outcome)


def test_everything_that_decided_is_recorded() -> None:
    """The record holds the tokenised order, the whole vector, clock and versions."""
    desk = Desk()
    (answer,) = decided(desk.pipeline().decide([attempt("r", units=9)]))
    record = desk.store.by_decision_id(answer.decision_id)
    assert record is not None
    assert record.decision == answer
    vector = inputs_of(record)
    assert vector.shape == (len(SCHEMA.names),)
    assert vector[UNITS] == 9
    assert record.clock_us == answer.decided_at_us == NOW_US
    assert "acc-1" not in str(record)
    assert answer.versions.feature_schema == SCHEMA.version


def test_repeated_request_gets_the_stored_answer() -> None:
    """Same id and payload: the same decision, whatever time and models say now."""
    desk = Desk()
    pipeline = desk.pipeline()
    first = decided(pipeline.decide([attempt("r")]))
    desk.clock.order_seen(NOW_US + 10**9)
    assert decided(pipeline.decide([attempt("r")])) == first
    assert desk.store.last_numbers(["o-r"]) == {"o-r": 1}


def test_request_id_with_another_payload_is_refused() -> None:
    """The same id for another order is an error, stored or in the same group."""
    pipeline = Desk().pipeline()
    pipeline.decide([attempt("r", units=1)])
    stored, first, second = pipeline.decide(
        [attempt("r", units=2), attempt("s", units=1), attempt("s", units=2)]
    )
    assert isinstance(stored, RequestIdReused)
    assert isinstance(first, Decision)
    assert isinstance(second, RequestIdReused)


def test_repeat_within_a_group_is_one_decision() -> None:
    """Two equal requests that meet in a group share one decision."""
    desk = Desk()
    first, second = decided(desk.pipeline().decide([attempt("r"), attempt("r")]))
    assert first is second
    assert desk.store.last_numbers(["o-r"]) == {"o-r": 1}


def test_decisions_of_an_order_are_numbered() -> None:
    """A changed quantity is the order's next decision, in a group or after it."""
    pipeline = Desk().pipeline()
    group = [attempt("a", order_id="o", units=1), attempt("b", order_id="o", units=2)]
    numbers = [answer.number for answer in decided(pipeline.decide(group))]
    (third,) = decided(pipeline.decide([attempt("c", order_id="o", units=3)]))
    assert [*numbers, third.number] == [1, 2, 3]


def test_a_fault_fails_its_own_order_only() -> None:
    """A bug that one order triggers leaves its neighbours decided and recorded."""
    desk = Desk()
    group = [attempt("a"), attempt("bad", units=POISON_UNITS), attempt("c")]
    first, bad, third = desk.pipeline().decide(group)
    assert isinstance(bad, RuntimeError)
    assert [answer.number for answer in decided([first, third])] == [1, 1]
    assert desk.store.by_request_ids(["a", "bad", "c"]).keys() == {"a", "c"}


def test_an_order_that_cannot_be_tokenised_fails_alone() -> None:
    """A refusal by the identity room is the order's, not the group's."""
    bad = attempt("bad")
    bad = replace(bad, subject=replace(bad.subject, ip="nowhere"))
    refused, good = Desk().pipeline().decide([bad, attempt("good")])
    assert isinstance(refused, Exception)
    assert isinstance(good, Decision)


def test_a_store_that_is_down_answers_nobody() -> None:
    """No decision leaves without a durable record."""
    desk = Desk()
    pipeline = desk.pipeline()
    desk.store.available = False
    answers = pipeline.decide([attempt("a"), attempt("b")])
    assert [type(answer) for answer in answers] == [StoreUnavailable] * 2
    desk.store.available = True
    assert [answer.number for answer in decided(pipeline.decide([attempt("a")]))] == [1]


def test_mode_says_what_the_decision_rests_on() -> None:
    """Old history is STALE; without history the order-only models decide, and never DENY."""
    desk = Desk()
    pipeline = desk.pipeline()
    (full,) = decided(pipeline.decide([attempt("a", units=60)]))
    desk.reader.until_us = NOW_US - 2 * 3600 * 10**6
    (stale,) = decided(pipeline.decide([attempt("b", units=60)]))
    desk.reader.available = False
    (bare,) = decided(pipeline.decide([attempt("c", units=60)]))
    assert (full.mode, stale.mode, bare.mode) == (Mode.FULL, Mode.STALE, Mode.NO_FEATURES)
    assert (full.outcome, stale.outcome) == (Outcome.DENY, Outcome.DENY)
    assert bare.outcome is Outcome.REVIEW
    assert desk.models.variants == ["full", "full", "order_only"]


def test_reasons_come_with_every_outcome_but_allow() -> None:
    """ALLOW has no reasons; anything else says what spoke against the order."""
    allowed, denied = decided(
        Desk().pipeline().decide([attempt("a", units=1), attempt("b", units=60)])
    )
    assert allowed.reasons == ()
    assert [reason.code for reason in denied.reasons] == ["ORDER_QUANTITY"]
    assert denied.reasons[0].feature_value == 60
    assert "60" in denied.reasons[0].analyst_text.en
    assert "60" not in denied.reasons[0].customer_text.en


def challenged(desk: Desk, units: int = 9) -> str:
    """Return the open challenge of order ``o``."""
    (answer,) = decided(desk.pipeline().decide([attempt("r", order_id="o", units=units)]))
    assert answer.outcome is Outcome.CHALLENGE
    assert answer.challenge is not None
    return answer.challenge.challenge_id


def end(desk: Desk, attempt: Attempt) -> Decision | Exception:
    """Decide one attempt."""
    return desk.pipeline().decide([attempt])[0]


def test_passed_challenge_leaves_the_quantity_limit() -> None:
    """Who passes is a person, and still gets no nine units of a limited item."""
    desk = Desk()
    answer = end(desk, completion("c", challenged(desk), PASSED, level=L2))
    assert isinstance(answer, Decision)
    assert (answer.number, answer.outcome) == (2, Outcome.LIMIT_QUANTITY)
    assert [(limit.requested, limit.allowed) for limit in answer.quantity_limits] == [(9, 2)]
    record = desk.store.latest_of_order("o")
    assert record is not None
    assert record.order.verification_level is L2
    assert record.completion is not None


def test_failed_challenge_goes_to_review() -> None:
    """Who fails meets a person, with the reason said."""
    desk = Desk()
    answer = end(
        desk, completion("c", challenged(desk), FAILED, level=VerificationLevel.UNSPECIFIED)
    )
    assert isinstance(answer, Decision)
    assert answer.outcome is Outcome.REVIEW
    assert [reason.code for reason in answer.reasons] == ["CHALLENGE_FAILED"]


def test_completion_is_idempotent_and_happens_once() -> None:
    """The same report gets the same answer; a second one finds the challenge closed."""
    desk = Desk()
    challenge_id = challenged(desk)
    first = end(desk, completion("c", challenge_id, PASSED, level=L2))
    assert end(desk, completion("c", challenge_id, PASSED, level=L2)) == first
    again = end(desk, completion("d", challenge_id, PASSED, level=L2))
    assert isinstance(again, ChallengeNotOpen)


def test_two_completions_in_one_group_are_one() -> None:
    """Of two reports that meet in a group the first one counts."""
    desk = Desk()
    challenge_id = challenged(desk)
    group = [completion(name, challenge_id, PASSED, level=L2) for name in "cd"]
    first, second = desk.pipeline().decide(group)
    assert isinstance(first, Decision)
    assert isinstance(second, ChallengeNotOpen)


@pytest.mark.parametrize("how", ["unknown", "expired", "superseded"])
def test_challenge_that_is_not_open_is_refused(how: str) -> None:
    """An unknown, an expired and a superseded challenge change nothing."""
    desk = Desk()
    challenge_id = challenged(desk)
    if how == "unknown":
        challenge_id = "chl-0"
    elif how == "expired":
        desk.clock.order_seen(NOW_US + 901 * 10**6)
    else:
        desk.pipeline().decide([attempt("newer", order_id="o", units=2)])
    before = desk.store.last_numbers(["o"])
    answer = end(desk, completion("c", challenge_id, PASSED, level=L2))
    assert isinstance(answer, ChallengeNotOpen)
    assert desk.store.last_numbers(["o"]) == before
