"""What rules and limits did in the demo, beside the scores.

*Decided by*: the step whose outcome the answer has; with several of the same outcome an order
counts for each. *Blocked*: a limit spoke against the order, whatever else did.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from risk_service.client import DecisionAnswer, Outcome
from training.demo.stream import TimedAnswer
from training.demo.truth import Truth

TOP_RULES = 8


@dataclass(frozen=True, slots=True, kw_only=True)
class StepFigures:
    """Orders that one step, or one rule of it, stopped; of abuses and of honest customers."""

    step: str
    ref: str
    orders: int
    abusive: int
    honest: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LimitFigures:
    """One limit that decides: the orders in its scope, what they asked for and got."""

    policy: str
    orders: int
    asked: int
    granted: int
    blocked: int
    blocked_abusive: int
    blocked_honest: int


def step_figures(answers: Sequence[TimedAnswer], truth: Mapping[str, Truth]) -> list[StepFigures]:
    """Return who stopped orders: scores by abuse, limits, lists, and the busiest rules."""
    counts: Counter[tuple[str, str]] = Counter()
    abusive: Counter[tuple[str, str]] = Counter()
    honest: Counter[tuple[str, str]] = Counter()
    for answered, answer in _decisions(answers):
        if answer.outcome is Outcome.ALLOW:
            continue
        known = truth[answered.order_id]
        for key in _decisive(answer):
            counts[key] += 1
            abusive[key] += bool(known.abuse)
            honest[key] += known.honest
    rules = [key for key, _ in counts.most_common() if key[0] == "rule"]
    others = [key for key in sorted(counts) if key[0] != "rule"]
    return [
        StepFigures(
            step=key[0], ref=key[1], orders=counts[key], abusive=abusive[key], honest=honest[key]
        )
        for key in (*others, *rules[:TOP_RULES])
    ]


def limit_figures(answers: Sequence[TimedAnswer], truth: Mapping[str, Truth]) -> list[LimitFigures]:
    """Return what each active limit did, by its id."""
    rows: dict[str, Counter[str]] = {}
    for answered, answer in _decisions(answers):
        known = truth[answered.order_id]
        seen: set[str] = set()
        for use in answer.message.limit_uses:
            # A policy counts on several signs of one person: the order is one all the same.
            if use.shadow or use.policy_id in seen:
                continue
            seen.add(use.policy_id)
            blocks = any(
                one.blocking for one in answer.message.limit_uses if one.policy_id == use.policy_id
            )
            row = rows.setdefault(use.policy_id, Counter())
            row.update(orders=1, asked=use.requested, granted=use.granted, blocked=blocks)
            row.update(abusive=blocks and bool(known.abuse), honest=blocks and known.honest)
    return [
        LimitFigures(
            policy=policy,
            orders=row["orders"],
            asked=row["asked"],
            granted=row["granted"],
            blocked=row["blocked"],
            blocked_abusive=row["abusive"],
            blocked_honest=row["honest"],
        )
        for policy, row in sorted(rows.items())
    ]


def _decisions(answers: Sequence[TimedAnswer]) -> Iterator[tuple[TimedAnswer, DecisionAnswer]]:
    for answered in answers:
        if isinstance(answered.answer, DecisionAnswer):
            yield answered, answered.answer


def _decisive(answer: DecisionAnswer) -> set[tuple[str, str]]:
    message = answer.message
    return {
        (cause.step, cause.ref)
        for cause in message.causes
        if cause.outcome == message.outcome and not cause.suppressed_by
    }
