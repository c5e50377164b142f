"""How attempts come to count: once each, by decision id, whatever becomes of the order."""

import pytest

from risk_service.domain.decision import Decision
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.vocabulary import ChallengeResult, Mode, Outcome, VerificationLevel
from tests.fixtures.desk import POISON_UNITS, Desk, attempt, completion


@pytest.fixture
def desk() -> Desk:
    """Return the parts of a pipeline."""
    return Desk()


def counted(desk: Desk) -> list[str]:
    """Return the ids under which attempts counted."""
    return [event.event_id for event in desk.windows.counted]


def test_every_outcome_counts_once(desk: Desk) -> None:
    """Allowed, limited, challenged, reviewed, denied: five attempts, by their decision ids."""
    group = [attempt(f"r{units}", units=units) for units in (1, 5, 9, 25, 60)]
    answers = desk.pipeline().decide(group)
    ids = [answer.decision_id for answer in answers if isinstance(answer, Decision)]
    assert counted(desk) == ids
    assert len(ids) == 5


def test_repeated_request_counts_no_more(desk: Desk) -> None:
    """A request that is stored, or comes twice in a group, counts once."""
    pipeline = desk.pipeline()
    pipeline.decide([attempt("r"), attempt("r")])
    pipeline.decide([attempt("r")])
    assert len(counted(desk)) == 1


def test_end_of_a_challenge_reads_and_does_not_count(desk: Desk) -> None:
    """The order's second decision has a stamp of its own, and no window moves."""
    pipeline = desk.pipeline()
    (first,) = pipeline.decide([attempt("r", units=9)])
    assert isinstance(first, Decision)
    assert first.outcome is Outcome.CHALLENGE
    assert first.challenge is not None
    done = completion(
        "r2",
        first.challenge.challenge_id,
        ChallengeResult.PASSED,
        level=VerificationLevel.UNSPECIFIED,
    )
    (second,) = pipeline.decide([done])
    assert isinstance(second, Decision)
    assert counted(desk) == [first.decision_id]
    stamps = [
        record.stamp_us
        for one in (first, second)
        if (record := desk.store.by_decision_id(one.decision_id)) is not None
    ]
    assert 0 < stamps[0] < stamps[1]


def test_without_windows_orders_are_decided_and_stamped(desk: Desk) -> None:
    """Windows that are down cost the models' history, not the answer, nor the place in the log."""
    desk.windows.available = False
    (answer,) = desk.pipeline().decide([attempt("r")])
    assert isinstance(answer, Decision)
    assert answer.mode is Mode.NO_FEATURES
    record = desk.store.by_decision_id(answer.decision_id)
    assert record is not None
    assert record.stamp_us > 0


def test_request_that_failed_comes_again_under_its_id(desk: Desk) -> None:
    """A shared store may have counted the attempt: the retry has the same decision id."""
    pipeline = desk.pipeline()
    desk.store.available = False
    (failed,) = pipeline.decide([attempt("r")])
    assert isinstance(failed, StoreUnavailable)
    desk.store.available = True
    before = counted(desk)
    (answer,) = pipeline.decide([attempt("r")])
    assert isinstance(answer, Decision)
    assert set(counted(desk)) == {answer.decision_id} >= set(before)


def test_order_at_fault_keeps_the_ids_of_its_neighbours(desk: Desk) -> None:
    """A group that runs again order by order gives each order the id that it had."""
    group = [attempt("good"), attempt("bad", units=POISON_UNITS)]
    good, bad = desk.pipeline().decide(group)
    assert isinstance(good, Decision)
    assert isinstance(bad, RuntimeError)
    assert counted(desk).count(good.decision_id) == 2
    assert len(set(counted(desk))) == 2
