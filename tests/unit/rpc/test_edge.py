"""What the edge notes of errors: ours with all that finds them, a caller's in the count alone."""

import pytest

from risk_service.domain.errors import InvalidInput, StoreUnavailable
from risk_service.rpc.actors import Actors
from risk_service.rpc.edge import DeadlineRule, Edge
from risk_service.rpc.gate import Gate
from risk_service.telemetry import Metrics


@pytest.fixture
def edge() -> Edge:
    """Return the edge of a service that knows no actors."""
    return Edge(
        actors=Actors(None),
        deadlines=DeadlineRule(default_s=1.0, cap_s=2.0),
        metrics=Metrics(),
        gate=Gate(1, 1.0),
    )


def test_a_bug_is_logged_with_its_traceback(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    """The caller reads "internal error": only the log tells where to look."""
    bug = ZeroDivisionError("division by zero")
    edge.note("ScoreOrder", bug)
    (told,) = caplog.records
    assert (told.message, told.method) == ("unexpected_error", "ScoreOrder")  # type: ignore[attr-defined]  # our own field
    assert told.exc_info is not None
    assert told.exc_info[1] is bug


def test_a_store_that_is_away_is_logged_with_its_words(
    edge: Edge, caplog: pytest.LogCaptureFixture
) -> None:
    """Which store and why; a traceback would say no more."""
    edge.note("ScoreOrder", StoreUnavailable("decision store: disk I/O error"))
    (told,) = caplog.records
    assert (told.message, told.exc_info) == ("store_unavailable", None)
    assert told.error == "decision store: disk I/O error"  # type: ignore[attr-defined]  # our own field


def test_a_callers_fault_is_not_logged(edge: Edge, caplog: pytest.LogCaptureFixture) -> None:
    """Else anybody could fill the log of a service by calling it."""
    edge.note("ScoreOrder", InvalidInput([]))
    assert caplog.records == []
