"""The example of the documentation runs as it is printed."""

import os
import re
import subprocess
import sys
from pathlib import Path
from unittest.mock import create_autospec

import pytest

from risk_service.client import (
    DecisionAnswer,
    InvalidRequest,
    OrderRefused,
    Outcome,
    RiskClient,
)
from risk_service.client.answers import decision_answer
from risk_service.pb.risk.v1 import (
    event_pb2,
    order_pb2,
    real_name_pb2,
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


def test_the_snippets_go_on_from_the_example(capsys: pytest.CaptureFixture[str]) -> None:
    """One after another in one program, as a reader copies them; no name is read too early."""
    _, *shown = re.findall(r"```python\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
    risk = create_autospec(RiskClient, instance=True)
    risk.complete_challenge.return_value = decided = _decision(risk_pb2.OUTCOME_DENY)
    refused = OrderRefused(request_id="import-1", error=InvalidRequest("no lines"))
    risk.score_batch.return_value = [decided, refused]
    for claimed in (risk.score_refund, risk.assess_promotion_action):
        claimed.return_value.decision = decided
    risk.verify_real_name.return_value.is_verified = True
    challenged = _decision(risk_pb2.OUTCOME_CHALLENGE, challenge_id="chl_1")
    names = {"risk": risk, "order": order_pb2.Order(), "answer": challenged, "Outcome": Outcome}
    for program in shown:
        if "LimitClient" not in program:
            exec(program, names)  # noqa: S102 - our own page
    told = ["DENY dec_2", "False DENY", "mend no lines", "DENY DENY", "True"]
    assert capsys.readouterr().out.splitlines() == told
    assert risk.complete_challenge.call_args.args[0] == "chl_1"
    ((paid, claimed),) = risk.report_events.call_args.args
    assert (paid.order_id, paid.type) == ("2026-000123", event_pb2.EVENT_TYPE_PAID)
    assert claimed.action.campaign_id == "cmp-1111"
    claim, _ = risk.score_refund.call_args.args
    assert claim.reason == event_pb2.EVENT_REASON_EMPTY_PARCEL
    (request,) = risk.assess_promotion_action.call_args.args
    assert request.customer.action.account_id == "a-77"
    (verification,) = risk.verify_real_name.call_args.args
    assert verification.phone_code_result == real_name_pb2.PHONE_CODE_RESULT_PASSED


def _decision(outcome: risk_pb2.Outcome, challenge_id: str = "") -> DecisionAnswer:
    message = risk_pb2.Decision(decision_id="dec_2", outcome=outcome, mode=risk_pb2.MODE_FULL)
    message.challenge.challenge_id = challenge_id
    return decision_answer(message)
