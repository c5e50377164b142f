"""Exactly one retry, on UNAVAILABLE only, with the same request id and within the deadline."""

from collections.abc import Callable
from typing import Any

import grpc
import pytest

from risk_service.client import (
    AccessRefused,
    ChallengeNotOpen,
    DecisionAnswer,
    DecisionNotFound,
    FallbackAnswer,
    FallbackCause,
    InvalidRequest,
    RequestIdReused,
    ServiceUnavailable,
)
from risk_service.client.attempt import Budget
from tests.unit.client.scripted import Scripted, decide, fails, order

Connect = Callable[..., Any]

PATIENT_MS = 30_000


def test_unavailable_once_is_retried_with_the_same_request(
    connect: Connect, service: Scripted
) -> None:
    """One UNAVAILABLE is not seen by checkout; the second call is the first again."""
    service.plays(fails(grpc.StatusCode.UNAVAILABLE), decide)
    answer = connect(service.target).score_order(order(), "req_7", deadline_ms=PATIENT_MS)
    assert isinstance(answer, DecisionAnswer)
    assert answer.request_id == "req_7"
    assert len(service.seen) == 2
    assert service.seen[0] == service.seen[1]


def test_there_is_no_second_retry(connect: Connect, service: Scripted) -> None:
    """UNAVAILABLE twice ends in a fallback after two calls, with time left for more."""
    service.plays(fails(grpc.StatusCode.UNAVAILABLE))
    answer = connect(service.target).score_order(order(), "req_1", deadline_ms=PATIENT_MS)
    assert isinstance(answer, FallbackAnswer)
    assert len(service.seen) == 2


@pytest.mark.parametrize(
    ("code", "cause"),
    [
        (grpc.StatusCode.RESOURCE_EXHAUSTED, FallbackCause.OVERLOADED),
        (grpc.StatusCode.INTERNAL, FallbackCause.SERVICE_FAULT),
        (grpc.StatusCode.UNKNOWN, FallbackCause.SERVICE_FAULT),
        (grpc.StatusCode.UNIMPLEMENTED, FallbackCause.SERVICE_FAULT),
        (grpc.StatusCode.DEADLINE_EXCEEDED, FallbackCause.TIMED_OUT),
    ],
)
def test_failures_of_the_service_fall_back_without_retry(
    connect: Connect, service: Scripted, code: grpc.StatusCode, cause: FallbackCause
) -> None:
    """A failure that is not the caller's gives a fallback that names its cause."""
    service.plays(fails(code))
    answer = connect(service.target).score_order(order(), "req_1", deadline_ms=PATIENT_MS)
    assert isinstance(answer, FallbackAnswer)
    assert answer.cause is cause
    assert len(service.seen) == 1


@pytest.mark.parametrize(
    ("code", "error"),
    [
        (grpc.StatusCode.INVALID_ARGUMENT, InvalidRequest),
        (grpc.StatusCode.ALREADY_EXISTS, RequestIdReused),
        (grpc.StatusCode.NOT_FOUND, DecisionNotFound),
        (grpc.StatusCode.FAILED_PRECONDITION, ChallengeNotOpen),
        (grpc.StatusCode.PERMISSION_DENIED, AccessRefused),
        (grpc.StatusCode.UNAUTHENTICATED, AccessRefused),
    ],
)
def test_errors_of_the_caller_are_raised_without_retry(
    connect: Connect, service: Scripted, code: grpc.StatusCode, error: type[Exception]
) -> None:
    """What the caller must mend is raised, never hidden behind a fallback."""
    service.plays(fails(code))
    with pytest.raises(error):
        connect(service.target).score_order(order(), "req_1", deadline_ms=PATIENT_MS)
    assert len(service.seen) == 1


def test_calls_without_fallback_retry_once_too(connect: Connect, service: Scripted) -> None:
    """A stored decision has no fallback: two UNAVAILABLE raise."""
    service.plays(fails(grpc.StatusCode.UNAVAILABLE))
    with pytest.raises(ServiceUnavailable):
        connect(service.target).get_decision(decision_id="dec_1", deadline_ms=PATIENT_MS)
    assert len(service.seen) == 2


class Failed:
    """A call that ended with a status."""

    def __init__(self, code: grpc.StatusCode) -> None:
        self._code = code

    def code(self) -> grpc.StatusCode:
        """Return the status."""
        return self._code

    def details(self) -> str:
        """Return no message."""
        return ""

    def trailing_metadata(self) -> None:
        """Return no metadata."""


@pytest.mark.parametrize(("draw", "pause_ms"), [(0.0, 5.0), (0.5, 10.0), (1.0, 15.0)])
def test_the_pause_is_jittered_around_its_mean(draw: float, pause_ms: float) -> None:
    """The pause lies between half and one and a half of its mean."""
    budget = Budget(1_000, 10, now_s=lambda: 0.0, draw=lambda: draw)
    pause_s = budget.retry_pause_s(Failed(grpc.StatusCode.UNAVAILABLE))
    assert pause_s == pytest.approx(pause_ms / 1_000)


def test_no_retry_starts_after_the_deadline() -> None:
    """When the pause would reach the deadline, there is no retry; time left is never negative."""
    now_s = [0.0]
    budget = Budget(100, 10, now_s=lambda: now_s[0], draw=lambda: 0.5)
    now_s[0] = 0.095
    assert budget.retry_pause_s(Failed(grpc.StatusCode.UNAVAILABLE)) is None
    now_s[0] = 0.2
    assert budget.left_s() == 0.0


def test_both_attempts_share_one_deadline() -> None:
    """What the first attempt used is gone for the second."""
    now_s = [10.0]
    budget = Budget(100, 10, now_s=lambda: now_s[0])
    assert budget.left_s() == pytest.approx(0.1)
    now_s[0] = 10.06
    assert budget.left_s() == pytest.approx(0.04)


@pytest.mark.parametrize("deadline_ms", [0, -1, float("nan"), float("inf"), 60_001])
def test_a_call_without_an_end_is_refused(
    connect: Connect, service: Scripted, deadline_ms: float
) -> None:
    """A deadline must be above 0 and at most a minute; nothing is sent otherwise."""
    with pytest.raises(ValueError, match="deadline_ms"):
        connect(service.target).score_order(order(), "req_1", deadline_ms=deadline_ms)
    assert service.seen == []
