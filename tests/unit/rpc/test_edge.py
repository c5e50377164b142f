"""What the edge notes of errors: ours with all that finds them, a caller's in the count alone."""

import asyncio
from collections.abc import Callable
from typing import Any, cast

import pytest

from risk_service.domain.actor import Actor, Scope
from risk_service.domain.errors import InvalidInput, Overloaded, StoreUnavailable
from risk_service.domain.refusals import refusal
from risk_service.rpc.actors import Actors
from risk_service.rpc.calls import Call
from risk_service.rpc.edge import DeadlineRule, Edge
from risk_service.rpc.errors import FULL_WORDS, Code
from risk_service.rpc.gate import Gate
from risk_service.telemetry import Metrics


@pytest.fixture
def edge() -> Edge:
    """Return the edge of a service that knows no actors."""
    return Edge(
        actors=Actors(None),
        deadlines=DeadlineRule(default_s=1.0, cap_s=2.0),
        metrics=Metrics(),
        gate=Gate(streams_max=1, idle_s=1.0),
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


class Caller:
    """Stands where a call does, and notes how it ended."""

    payload, metadata = b"ask", ()

    def __init__(self) -> None:
        self.ended: list[object] = []
        self.leave: Callable[[], object] | None = None

    def time_remaining(self) -> float:
        """Return half a second."""
        return 0.5

    def on_leave(self, leave: Callable[[], object]) -> None:
        """Note what is to be told."""
        self.leave = leave

    def answer(self, payload: bytes) -> None:
        """Note the answer."""
        self.ended.append(payload)

    def refuse(self, code: Code, words: str, _trailing: object) -> None:
        """Note the refusal."""
        self.ended.append((code, words))


ASK = Scope.SCORE


async def test_a_gathered_call_is_answered_when_its_group_is(edge: Edge) -> None:
    """With the bytes, or by the error that is the answer; both are out of the door then."""
    answers: list[asyncio.Future[Any]] = []

    def submit(payload: bytes, remaining_s: float) -> "asyncio.Future[Any]":
        assert (payload, remaining_s) == (b"ask", 0.5)
        answers.append(asyncio.get_running_loop().create_future())
        return answers[-1]

    callers = [Caller(), Caller(), Caller()]
    for one in callers:
        edge.gathered("ScoreOrder", ASK, submit).start(cast("Call", one))
    assert not await edge.gate.close(0.0)
    answers[0].set_result(b"ok")
    answers[1].set_result(InvalidInput.at("order", "is none"))
    answers[2].set_exception(ZeroDivisionError("a bug"))
    assert await edge.gate.close(1.0)
    assert [one.ended for one in callers] == [
        [b"ok"],
        [(Code.INVALID_ARGUMENT, "order: is none")],
        [(Code.INTERNAL, "internal error")],
    ]


async def test_a_call_that_no_group_takes_is_refused_at_once(edge: Edge) -> None:
    """It has been inside all the same, and leaves."""

    def full(_: bytes, __: float) -> "asyncio.Future[Any]":
        raise Overloaded("full")

    caller = Caller()
    edge.gathered("ScoreOrder", ASK, full).start(cast("Call", caller))
    assert caller.ended == [(Code.RESOURCE_EXHAUSTED, "full")]
    assert await edge.gate.close(1.0)


async def test_a_call_without_room_is_told_so_or_that_another_server_has_some(edge: Edge) -> None:
    """Behind a closed gate nobody is asked to come again in a moment."""
    caller = Caller()
    edge.turn_away(cast("Call", caller))
    await edge.gate.close(0.0)
    edge.turn_away(cast("Call", caller))
    assert caller.ended == [
        (Code.RESOURCE_EXHAUSTED, FULL_WORDS),
        (Code.UNAVAILABLE, refusal("stopping").en),
    ]


async def test_who_leaves_is_out_of_the_door_and_not_decided(edge: Edge) -> None:
    """The group finds his place given up; a handler of his own is ended."""
    answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    gone, other = Caller(), Caller()

    async def for_ever(_: bytes, __: float, ___: Actor) -> bytes:
        await asyncio.Event().wait()
        return b""

    edge.gathered("ScoreOrder", ASK, lambda *_: answer).start(cast("Call", gone))
    edge.unary("GetDecision", ASK, for_ever).start(cast("Call", other))
    await asyncio.sleep(0)
    for one in (gone, other):
        assert one.leave is not None
        one.leave()
    assert answer.cancelled()
    assert await edge.gate.close(1.0)
    assert (gone.ended, other.ended) == ([], [])
