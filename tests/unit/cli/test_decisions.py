"""What ``risk decisions`` finds in a state directory, and prints."""

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from msgspec.structs import replace

from risk_service.adapters.sqlite.assessments import SqliteAssessments
from risk_service.adapters.sqlite.decisions import SqliteDecisionStore
from risk_service.adapters.sqlite.events import SqliteEventLog
from risk_service.cli.main import risk
from risk_service.domain.assessment import AssessmentRecord, claim_subject
from risk_service.domain.decision import Cause, DecisionRecord, Step
from risk_service.domain.errors import ConfigFault
from risk_service.domain.vocabulary import Outcome
from tests.fixtures.records import NOW_US, record
from tests.fixtures.stored import write_log_of_before


def flagged_record(name: str, outcome: Outcome, step: Step, ref: str) -> DecisionRecord:
    """Return the record of a decision that this step asked for."""
    kept = record(name, order_id=f"o-{name}", outcome=outcome, with_reasons=True)
    cause = Cause(step=step, ref=ref, outcome=outcome)
    decision = replace(kept.decision, causes=(cause,), held_until_us=NOW_US)
    return replace(kept, decision=decision)


def claim_record() -> AssessmentRecord:
    """Return the record of a claim that a person is to look at."""
    kept = flagged_record("claim", Outcome.REVIEW, Step.AMOUNT, "")
    return AssessmentRecord(
        decision=replace(kept.decision, order_id="o-calm"),
        subject=claim_subject("o-calm", "c-1"),
        fingerprint=b"f",
        counted=True,
        required=(),
        values={},
        clock_us=NOW_US,
        stamp_us=NOW_US,
    )


@pytest.fixture
def state(tmp_path: Path) -> Path:
    """Return a state directory with three orders and a claim."""
    store, log = SqliteDecisionStore(tmp_path), SqliteEventLog(tmp_path)
    store.commit(
        [
            record("calm", order_id="o-calm"),
            flagged_record("farm", Outcome.DENY, Step.RULE, "farm-device"),
            flagged_record("odd", Outcome.REVIEW, Step.SCORE, "scalping"),
        ]
    )
    SqliteAssessments(log).commit([claim_record()], [], [])
    log.close()
    store.close()
    return tmp_path


def run(state: Path, *arguments: str) -> Any:
    """Run the command."""
    return CliRunner().invoke(risk, ["decisions", "--state", str(state), *arguments])


@pytest.mark.parametrize(
    ("lang", "told"),
    [
        (
            "en",
            (
                "3 of 4 decisions",
                "rule farm-device",
                "score of scalping",
                "order o-farm no. 1",
                "claim c-1 of order o-calm no. 1",
                "held until",
                "risk explain DECISION",
            ),
        ),
        (
            "zh",
            (
                "共 3 条，读取 4 条决策",
                "规则 farm-device",
                "黄牛 评分",
                "订单 o-farm 第 1 次",
                "退款申请 c-1（订单 o-calm）第 1 次",
                "预占至",
                "risk explain 决策号",
            ),
        ),
    ],
)
def test_what_was_flagged_is_told(state: Path, lang: str, told: tuple[str, ...]) -> None:
    """How many, by what, and each one with the id to go on with."""
    done = run(state, "--lang", lang)
    assert done.exit_code == 0
    for text in (*told, "dec-farm", "dec-odd", "dec-claim", "REVIEW", "DENY"):
        assert text in done.output
    assert "dec-calm" not in done.output


def test_questions_are_narrowed(state: Path) -> None:
    """By outcome, cause, kind and time; all are counted where none is shown."""

    def ids(*arguments: str) -> list[str]:
        data = json.loads(run(state, *arguments, "--json").output)
        assert data["read"] == 4
        return [one["decision_id"] for one in data["decisions"]]

    assert ids("--outcome", "ALLOW") == ["dec-calm"]
    assert ids("--by", "rule:farm-device") == ["dec-farm"]
    assert ids("--by", "score", "--by", "amount", "--of", "order") == ["dec-odd"]
    assert ids("--of", "refund", "--last") == ["dec-claim"]
    assert ids("--until", "2000-01-01") == []
    assert len(ids("--since", "2000-01-01T00:00:00+08:00")) == 3
    assert "3 of 4" in run(state, "--limit", "0").output
    assert "and 2 more" in run(state, "--limit", "1").output


def test_nothing_found_says_so(state: Path) -> None:
    """An answer of its own, not an empty page."""
    assert "none of 4 decisions" in run(state, "--mode", "STALE").output


def test_a_cause_that_there_is_not_is_refused(state: Path) -> None:
    """The message lists the steps, in the language of the command."""
    done = run(state, "--by", "rules:farm-device", "--lang", "zh")
    assert done.exit_code == 1
    assert "fail_policy" in done.output
    assert "请给出步骤" in done.output


def test_a_log_of_before_is_read(tmp_path: Path) -> None:
    """One row and field names per decision."""
    records = [flagged_record("old", Outcome.DENY, Step.LIST, "bad-devices")]
    write_log_of_before(tmp_path, records, 4)
    assert "deny list bad-devices" in run(tmp_path).output


def test_what_cannot_be_read_is_named(state: Path, tmp_path: Path) -> None:
    """File and place; a directory without a log is said to have none."""
    with sqlite3.connect(state / "decisions.sqlite3") as db:
        db.execute("UPDATE assessments SET record = x'01'")
    done = run(state)
    assert isinstance(done.exception, ConfigFault)
    assert "decisions.sqlite3" in str(done.exception)
    empty = tmp_path / "empty"
    empty.mkdir()
    assert isinstance(run(empty).exception, ConfigFault)
