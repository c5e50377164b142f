"""A fallback cannot be mistaken for a decision, nor nonsense for either."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, get_args

import pytest

from risk_service.client import (
    Abuse,
    Answer,
    DecisionAnswer,
    FallbackAnswer,
    FallbackCause,
    FallbackPolicy,
    Mode,
    Outcome,
    ServiceFault,
    ServiceUnavailable,
)
from risk_service.client.answers import decision_answer
from risk_service.pb.risk.v1 import risk_pb2
from tests.unit.client.scripted import Scripted, answers, decision, order

FALLBACK = FallbackPolicy().answer(order(), "req_1", ServiceUnavailable("gone"))

DECISION_ONLY = ("decision_id", "number", "scores", "reason_codes", "challenge_id", "is_full")

TYPED = """
from risk_service.client import Answer, DecisionAnswer, FallbackAnswer

def wrong(answer: Answer) -> str:
    return answer.decision_id

def wrong_too(answer: FallbackAnswer) -> None:
    answer.decision_id

def by_type(answer: Answer) -> str:
    return answer.decision_id if isinstance(answer, DecisionAnswer) else answer.detail

def by_flag(answer: Answer) -> str:
    if answer.is_fallback:
        return answer.detail
    return answer.decision_id
"""


def test_the_type_checker_refuses_a_decision_id_of_a_fallback(tmp_path: Path) -> None:
    """Strict mypy: an answer has a decision id only after the fallback was ruled out."""
    module = tmp_path / "checkout.py"
    module.write_text(TYPED)
    # The project's own settings; its packages are not checked again.
    command = [sys.executable, "-m", "mypy", "--follow-imports=silent", str(module)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    errors = [line for line in run.stdout.splitlines() if "has no attribute" in line]
    lines = [int(line.split(":")[1]) for line in errors]
    assert lines == [5, 8], run.stdout + run.stderr
    assert all('"FallbackAnswer"' in line and '"decision_id"' in line for line in errors)


@pytest.mark.parametrize("name", DECISION_ONLY)
def test_a_fallback_has_nothing_of_a_decision(name: str) -> None:
    """What only a stored decision has is absent at run time too."""
    assert hasattr(DecisionAnswer, name)
    assert not hasattr(FALLBACK, name)


def test_the_two_answers_share_no_base_class() -> None:
    """Only ``object`` is above both, and neither compares equal to the other."""
    assert FallbackAnswer.__mro__[1:] == DecisionAnswer.__mro__[1:] == (object,)
    assert get_args(Answer) == (DecisionAnswer, FallbackAnswer)
    assert decision_answer(decision()) != FALLBACK


def test_the_flags_cannot_be_set() -> None:
    """Whether an answer is a fallback is no argument of either."""
    with pytest.raises(TypeError):
        DecisionAnswer(decision(), is_fallback=True)  # type: ignore[call-arg]  # must fail
    with pytest.raises(TypeError):
        FallbackAnswer(  # type: ignore[call-arg]  # must fail
            request_id="r",
            order_id="o",
            outcome=Outcome.ALLOW,
            cause=FallbackCause.TIMED_OUT,
            detail="",
            mode=Mode.FULL,
        )


@pytest.mark.parametrize(
    "broken",
    [
        {"decision_id": ""},
        {"outcome": risk_pb2.OUTCOME_UNSPECIFIED},
        {"outcome": 99},
        {"mode": risk_pb2.MODE_UNSPECIFIED},
        {"mode": 99},
        {"mode": risk_pb2.MODE_CLIENT_FALLBACK},
    ],
)
def test_what_cannot_be_a_decision_becomes_a_fallback(
    connect: Callable[..., Any], service: Scripted, broken: dict[str, Any]
) -> None:
    """No id, an unknown outcome or mode, or a pretended fallback: not a decision."""
    service.plays(answers(risk_pb2.ScoreOrderResponse(decision=decision(**broken))))
    answer = connect(service.target).score_order(order(), "req_1", deadline_ms=30_000)
    assert isinstance(answer, FallbackAnswer)
    assert answer.cause is FallbackCause.SERVICE_FAULT


def test_an_empty_answer_is_no_decision() -> None:
    """The default message of protobuf must not pass for an answer."""
    with pytest.raises(ServiceFault):
        decision_answer(risk_pb2.Decision())


@pytest.mark.parametrize(
    ("ours", "theirs", "prefix"),
    [
        (Outcome, risk_pb2.Outcome, "OUTCOME_"),
        (Mode, risk_pb2.Mode, "MODE_"),
        (Abuse, risk_pb2.Abuse, "ABUSE_"),
    ],
)
def test_the_vocabularies_are_those_of_the_contract(ours: Any, theirs: Any, prefix: str) -> None:
    """Names and numbers equal the proto's, the unspecified one left out."""
    assert {f"{prefix}{member.name}": int(member) for member in ours} == {
        name: number for name, number in theirs.items() if number
    }


def test_a_decision_shows_what_checkout_acts_on() -> None:
    """Scores, reasons, challenge, limits and time are read from the message."""
    message = decision(
        outcome=risk_pb2.OUTCOME_CHALLENGE,
        mode=risk_pb2.MODE_STALE,
        scores=[risk_pb2.AbuseScore(abuse=risk_pb2.ABUSE_REFUND, score=901)],
        reasons=[risk_pb2.Reason(code="REFUND_X")],
        challenge=risk_pb2.Challenge(challenge_id="ch_1"),
        quantity_limits=[risk_pb2.QuantityLimit(sku="s", requested=5, allowed=2)],
    )
    message.decided_at.FromMicroseconds(1_790_000_000_000_001)
    answer = decision_answer(message)
    assert answer.outcome is Outcome.CHALLENGE
    assert not answer.is_full
    assert answer.scores == {Abuse.REFUND: 901}
    assert answer.reason_codes == ("REFUND_X",)
    assert answer.challenge_id == "ch_1"
    assert answer.quantity_limits[0].allowed == 2
    assert answer.discounts_left_out == ()
    assert answer.decided_at.isoformat() == "2026-09-21T14:13:20.000001+00:00"


def test_discounts_that_a_limit_left_out_are_told_by_their_place() -> None:
    """Lines stand before them; one of which nothing is granted is no discount."""
    rows = [("s", 2, 0), ("t", 1, 1), ("", 1, 1), ("", 1, 0), ("", 1, 1), ("", 1, 0)]
    granted = [
        risk_pb2.GrantedLine(sku=sku, requested=asked, granted=given) for sku, asked, given in rows
    ]
    message = decision(outcome=risk_pb2.OUTCOME_LIMIT_QUANTITY, granted=granted)
    assert decision_answer(message).discounts_left_out == (1, 3)
