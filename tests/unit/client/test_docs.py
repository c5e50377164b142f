"""The example of the documentation runs as it is printed."""

import os
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import create_autospec

import pytest

from risk_service.client import EventReport, InvalidRequest, OrderRefused, RiskClient
from risk_service.client.answers import decision_answer
from risk_service.pb.risk.v1 import (
    action_pb2,
    event_pb2,
    order_pb2,
    real_name_pb2,
    refund_pb2,
    risk_pb2,
)
from tests.unit.client.scripted import Scripted

PAGE = Path(__file__).parents[3] / "docs" / "client.md"
# A checkout has this much time; on a busy machine an answer takes more of it.
DEADLINE, PATIENT = "deadline_ms=500", "deadline_ms=30_000"


def run_example(target: str) -> str:
    """Run the page's example, its first program, against a server and return what it prints."""
    program, *_ = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    assert DEADLINE in program
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", program.replace(DEADLINE, PATIENT)],
        env=os.environ | {"TARGET": target},
        capture_output=True,
        text=True,
        check=True,
    )
    return run.stdout


def test_the_example_gets_a_decision(service: Scripted) -> None:
    """Against a server the example prints a decision and its id."""
    assert run_example(service.target) == "decided ALLOW FULL dec_1\n"


def test_the_example_gets_a_fallback() -> None:
    """Without a server the same program prints a fallback."""
    assert run_example("127.0.0.1:1") == "fallback ALLOW UNAVAILABLE\n"


def test_challenges_and_batches_are_called_as_the_page_says(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Both programs are calls of the client, and the answers have what they read."""
    shown = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    risk = create_autospec(RiskClient, instance=True)
    decision = decision_answer(
        risk_pb2.Decision(
            decision_id="dec_2", outcome=risk_pb2.OUTCOME_DENY, mode=risk_pb2.MODE_FULL
        )
    )
    risk.complete_challenge.return_value = decision
    refused = OrderRefused(request_id="import-1", error=InvalidRequest("no lines"))
    risk.score_batch.return_value = [decision, refused]
    names = {"risk": risk, "challenge_id": "chl_1", "order": order_pb2.Order()}
    for program in shown:
        if re.search(r"risk\.(complete_challenge|score_batch)\(", program):
            exec(program, names)  # noqa: S102 - our own page
    assert capsys.readouterr().out.splitlines() == ["DENY dec_2", "False DENY", "mend no lines"]


class _Noting:
    """Takes events and keeps them."""

    def __init__(self) -> None:
        self.events: list[event_pb2.ReportedEvent] = []

    def report_events(self, events: list[event_pb2.ReportedEvent]) -> EventReport:
        """Keep the events."""
        self.events = events
        return EventReport(accepted=len(events), repeated=0, refused=(), refused_counts={})


def test_the_messages_of_the_page_can_be_made() -> None:
    """Events, a claim, an action and a verification are written as the page writes them."""
    shown = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    made: dict[str, object] = {"risk": _Noting()}
    for program in shown:
        if any(f"{one}(" in program for one in ("event_message", "RefundClaim", "RealNameRequest")):
            exec(program, made)  # noqa: S102 - our own page
    paid, claimed = made["risk"].events  # type: ignore[attr-defined]  # as made above
    assert (paid.order_id, paid.type) == ("2026-000123", event_pb2.EVENT_TYPE_PAID)
    assert claimed.action.campaign_id == "cmp-1111"
    claim, request = made["claim"], made["request"]
    assert isinstance(claim, refund_pb2.RefundClaim)
    assert claim.reason == event_pb2.EVENT_REASON_EMPTY_PARCEL
    assert isinstance(request, action_pb2.AssessPromotionActionRequest)
    assert request.customer.action.account_id == "a-77"
    verification = made["verification"]
    assert isinstance(verification, real_name_pb2.VerifyRealNameRequest)
    assert verification.phone_code_result == real_name_pb2.PHONE_CODE_RESULT_PASSED
