"""Which decisions of a log match a question."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from risk_service.decisions.flagged import FLAGGED, Flagged, FlaggedQuestion, Ref, flagged
from risk_service.domain.assessment import benefit_subject, claim_subject
from risk_service.domain.decision import Cause, Decision, Step
from risk_service.domain.vocabulary import Mode, Outcome
from tests.fixtures.records import record

RULE, SCORE = (Step.RULE, "farm"), (Step.SCORE, "scalping")


def decided(
    name: str,
    outcome: Outcome,
    *,
    by: Iterable[Ref] = (),
    at_us: int = 1,
    order_id: str = "",
    suppressed_by: str = "",
) -> Decision:
    """Return a decision in which each of these asked for its outcome."""
    causes = tuple(
        Cause(step=step, ref=ref, outcome=outcome, suppressed_by=suppressed_by) for step, ref in by
    )
    kept = record(name, order_id=order_id or f"o-{name}", outcome=outcome).decision
    return replace(kept, causes=causes, decided_at_us=at_us)


def found(decisions: Iterable[Decision], **asked: object) -> Flagged:
    """Ask about decisions on orders."""
    return flagged((("", one) for one in decisions), FlaggedQuestion(**asked))  # type: ignore[arg-type]  # given by name


def names(answer: Flagged) -> list[str]:
    """Return what was found, by request."""
    return [row.decision_id.removeprefix("dec-") for row in answer.rows]


DENIED = decided("denied", Outcome.DENY, by=[RULE], at_us=3)
REVIEWED = decided("reviewed", Outcome.REVIEW, by=[SCORE, RULE], at_us=2)
CALM = decided("calm", Outcome.ALLOW, at_us=1)
STALE = replace(decided("stale", Outcome.REVIEW, by=[SCORE], at_us=4), mode=Mode.STALE)
ALL = (DENIED, REVIEWED, CALM, STALE)


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({}, ["stale", "denied", "reviewed"]),
        ({"outcomes": frozenset({Outcome.ALLOW})}, ["calm"]),
        ({"by": frozenset({RULE})}, ["denied", "reviewed"]),
        ({"by": frozenset({(Step.SCORE, "")})}, ["stale", "reviewed"]),
        ({"by": frozenset({(Step.LIMIT, "")})}, []),
        ({"modes": frozenset({Mode.STALE})}, ["stale"]),
        ({"since_us": 3}, ["stale", "denied"]),
        ({"until_us": 3}, ["reviewed"]),
        ({"kinds": frozenset({"refund"})}, []),
        ({"rows": 1}, ["stale"]),
    ],
)
def test_a_question_finds_what_it_asks_for(asked: dict[str, object], told: list[str]) -> None:
    """The newest first, and all of them counted whatever is shown."""
    answer = found(ALL, **asked)
    assert names(answer) == told
    assert answer.read == len(ALL)
    assert answer.matched == (3 if "rows" in asked else len(told))
    assert answer.by_outcome.total() == answer.matched


def test_what_decided_is_counted_once_per_decision() -> None:
    """A milder cause and one that an allow list took away did not decide."""
    milder = Cause(step=Step.LIST, ref="l", outcome=Outcome.CHALLENGE)
    gone = Cause(step=Step.LIMIT, ref="x", outcome=Outcome.REVIEW, suppressed_by="staff")
    twice = replace(REVIEWED, causes=(*REVIEWED.causes, *REVIEWED.causes, milder, gone))
    assert found([twice]).by_cause == {RULE: 1, SCORE: 1}


def test_the_last_decision_takes_the_place_of_those_before() -> None:
    """A passed challenge is no longer flagged; orders and claims of one name are not one."""
    asked = decided("asked", Outcome.CHALLENGE, order_id="o-1")
    passed = decided("passed", Outcome.ALLOW, order_id="o-1")
    claim = decided("claim", Outcome.REVIEW)
    stream = [
        ("", asked),
        (claim_subject("o-1", "c-1"), claim),
        (benefit_subject("o-1"), decided("action", Outcome.DENY)),
        ("", passed),
    ]
    answer = flagged(stream, FlaggedQuestion(is_last=True))
    assert {(row.kind, row.ids) for row in answer.rows} == {
        ("refund", ("o-1", "c-1")),
        ("action", ("o-1",)),
    }
    assert flagged(stream, FlaggedQuestion()).matched == 3


@given(
    st.lists(st.tuples(st.sampled_from(Outcome), st.integers(0, 9), st.integers(0, 3))),
    st.booleans(),
    st.integers(0, 5),
)
def test_any_log_is_counted_as_one_would_by_hand(
    drawn: list[tuple[Outcome, int, int]], is_last: bool, rows: int
) -> None:
    """Each decision is looked at by itself, or where the last counts, the last of each order."""
    log = [
        decided(str(n), outcome, at_us=at_us, order_id=f"o-{order}")
        for n, (outcome, at_us, order) in enumerate(drawn)
    ]
    counted = list({one.order_id: one for one in log}.values()) if is_last else log
    wanted = [one for one in counted if one.outcome in FLAGGED]
    answer = found(log, is_last=is_last, rows=rows)
    assert answer.matched == len(wanted)
    newest = sorted((one.decided_at_us for one in wanted), reverse=True)[:rows]
    assert [row.at_us for row in answer.rows] == newest
