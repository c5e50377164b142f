"""Which stored decisions match a question, how many, and what decided them."""

from collections import Counter
from collections.abc import Iterable
from heapq import nlargest

from msgspec import Struct

from risk_service.domain.assessment import SEPARATOR
from risk_service.domain.decision import Cause, Decision, Step
from risk_service.domain.vocabulary import Mode, Outcome

# What a subject begins with; that of an order is empty.
KINDS = ("order", "refund", "action")
FLAGGED = frozenset(Outcome) - {Outcome.ALLOW}

# Step and what asked there: a list, a rule, an abuse, a limit policy; empty for any.
Ref = tuple[Step, str]


class FlaggedQuestion(Struct, frozen=True, kw_only=True):
    """Which decisions are asked for; what is empty asks for all.

    ``by`` are causes of which one must have decided. With ``is_last`` only the last decision on
    an order, claim or action counts: a passed challenge takes the place of what asked for it.
    Times are microseconds since 1970 UTC, ``until_us`` is left out.
    """

    outcomes: frozenset[Outcome] = FLAGGED
    kinds: frozenset[str] = frozenset()
    modes: frozenset[Mode] = frozenset()
    by: frozenset[Ref] = frozenset()
    since_us: int = 0
    until_us: int = 2**62
    is_last: bool = False
    rows: int = 20


class FlaggedRow(Struct, frozen=True, kw_only=True, gc=False):
    """A decision that matches; ``ids`` name its subject, the order's first where there is one."""

    at_us: int
    decision_id: str
    kind: str
    ids: tuple[str, ...]
    number: int
    outcome: Outcome
    mode: Mode
    causes: tuple[Cause, ...]
    reasons: tuple[str, ...]
    held_until_us: int


class Flagged(Struct, frozen=True, kw_only=True):
    """What was found; ``rows`` are the newest, the newest first."""

    read: int
    matched: int
    by_outcome: Counter[Outcome]
    by_cause: Counter[Ref]
    rows: list[FlaggedRow]


def flagged(decisions: Iterable[tuple[str, Decision]], question: FlaggedQuestion) -> Flagged:
    """Go through decisions in the order of their log, each with its subject."""
    read, found = 0, dict[tuple[str, ...], FlaggedRow]()
    for subject, decision in decisions:
        read += 1
        kind, ids = _named(subject, decision)
        row = _row(decision, kind, ids)
        key = (kind, *ids) if question.is_last else (row.decision_id,)
        if _matches(row, question):
            found[key] = row
        else:
            found.pop(key, None)
    return Flagged(
        read=read,
        matched=len(found),
        by_outcome=Counter(row.outcome for row in found.values()),
        by_cause=Counter(ref for row in found.values() for ref in _refs(row)),
        rows=nlargest(question.rows, found.values(), key=lambda row: (row.at_us, row.decision_id)),
    )


def deciding(row: FlaggedRow) -> list[Cause]:
    """Return the causes that decided: those of the outcome that no allow list took away."""
    return [one for one in row.causes if one.outcome is row.outcome and not one.suppressed_by]


def _refs(row: FlaggedRow) -> set[Ref]:
    return {(one.step, one.ref) for one in deciding(row)}


def _matches(row: FlaggedRow, question: FlaggedQuestion) -> bool:
    if not question.since_us <= row.at_us < question.until_us:
        return False
    wanted = (
        (question.outcomes, row.outcome),
        (question.kinds, row.kind),
        (question.modes, row.mode),
    )
    if any(some and one not in some for some, one in wanted):
        return False
    return not question.by or any(
        ref in question.by or (ref[0], "") in question.by for ref in _refs(row)
    )


def _named(subject: str, decision: Decision) -> tuple[str, tuple[str, ...]]:
    if not subject:
        return "order", (decision.order_id,)
    kind, *ids = subject.split(SEPARATOR)
    return kind, tuple(ids)


def _row(decision: Decision, kind: str, ids: tuple[str, ...]) -> FlaggedRow:
    return FlaggedRow(
        at_us=decision.decided_at_us,
        decision_id=decision.decision_id,
        kind=kind,
        ids=ids,
        number=decision.number,
        outcome=decision.outcome,
        mode=decision.mode,
        causes=decision.causes,
        reasons=tuple(reason.code for reason in decision.reasons),
        held_until_us=decision.held_until_us,
    )
