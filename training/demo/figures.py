"""Figures of the demo: what was answered, held against what the simulator knows.

Definitions. *Stopped*: the outcome is not ALLOW. *Recall* of an abuse: the share of its
orders that were stopped, for whatever reason. *False positives* of an abuse: the share
of honest orders that were stopped with a reason of that abuse. *Camouflage*: an ordinary
order that an attacker places between two abuses; it is neither abuse nor honest, and is
counted apart.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from risk_service.client import Abuse, DecisionAnswer, Outcome
from training.demo.governed import LimitFigures, StepFigures, limit_figures, step_figures
from training.demo.stream import EventTally, TimedAnswer
from training.demo.truth import CAMOUFLAGE, Truth


@dataclass(frozen=True, slots=True, kw_only=True)
class AbuseFigures:
    """How one abuse was met. Shares are 0 to 1, None where there was no such order."""

    abuse: str
    orders: int
    stopped: int
    recall: float | None
    honest_stopped: int
    false_positive_rate: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """One decision in words."""

    order_id: str
    decision_id: str
    truth: str
    outcome: str
    scores: dict[str, int]
    reasons: list[dict[str, str]]


@dataclass(frozen=True, slots=True, kw_only=True)
class StreamFigures:
    """All figures of the streamed orders."""

    orders: int
    honest_orders: int
    honest_stopped: int
    camouflage_orders: int
    camouflage_stopped: int
    outcomes: dict[str, int]
    modes: dict[str, int]
    fallbacks: int
    events_accepted: int
    events_refused: dict[str, int]
    abuses: list[AbuseFigures]
    honest_stopped_by_persona: dict[str, tuple[int, int]]
    stopped_by: list[StepFigures]
    limits: list[LimitFigures]
    p50_ms: float
    p99_ms: float
    orders_per_s: float
    in_flight: int
    examples: list[Example]

    def as_json(self) -> dict[str, Any]:
        """Return plain values for ``--json``."""
        return asdict(self)


def measure(
    answers: Sequence[TimedAnswer],
    events: EventTally,
    truth: Mapping[str, Truth],
    seconds: float,
    in_flight: int,
) -> StreamFigures:
    """Return the figures of all answers, given in ``seconds`` of streaming."""
    honest = [a for a in answers if truth[a.order_id].honest]
    camouflage = [a for a in answers if truth[a.order_id].persona == CAMOUFLAGE]
    latencies_ms = np.array([a.latency_ms for a in answers])
    return StreamFigures(
        orders=len(answers),
        honest_orders=len(honest),
        honest_stopped=sum(map(_stopped, honest)),
        camouflage_orders=len(camouflage),
        camouflage_stopped=sum(map(_stopped, camouflage)),
        outcomes=_counts(a.answer.outcome.name for a in answers),
        modes=_counts(a.answer.mode.name for a in answers),
        fallbacks=sum(a.answer.is_fallback for a in answers),
        events_accepted=events.accepted,
        events_refused=events.refused,
        abuses=[_abuse(abuse, answers, honest, truth) for abuse in Abuse],
        honest_stopped_by_persona=_personas(honest, truth),
        stopped_by=step_figures(answers, truth),
        limits=limit_figures(answers, truth),
        p50_ms=float(np.percentile(latencies_ms, 50)),
        p99_ms=float(np.percentile(latencies_ms, 99)),
        orders_per_s=len(answers) / seconds,
        in_flight=in_flight,
        examples=_examples(answers, truth),
    )


def _counts(names: Any) -> dict[str, int]:
    return dict(Counter(names).most_common())


def _stopped(answered: TimedAnswer) -> bool:
    return answered.answer.outcome is not Outcome.ALLOW


def _blames(answered: TimedAnswer, abuse: Abuse) -> bool:
    answer = answered.answer
    if not isinstance(answer, DecisionAnswer):
        return False
    return _stopped(answered) and any(int(r.abuse) == abuse for r in answer.message.reasons)


def _abuse(
    abuse: Abuse,
    answers: Sequence[TimedAnswer],
    honest: Sequence[TimedAnswer],
    truth: Mapping[str, Truth],
) -> AbuseFigures:
    name = abuse.name.lower()
    mine = [a for a in answers if truth[a.order_id].abuse == name]
    stopped = sum(map(_stopped, mine))
    wrong = sum(_blames(a, abuse) for a in honest)
    return AbuseFigures(
        abuse=name,
        orders=len(mine),
        stopped=stopped,
        recall=stopped / len(mine) if mine else None,
        honest_stopped=wrong,
        false_positive_rate=wrong / len(honest) if honest else None,
    )


def _personas(
    honest: Sequence[TimedAnswer], truth: Mapping[str, Truth]
) -> dict[str, tuple[int, int]]:
    """Return stopped and all honest orders per kind of look-alike: who is hurt."""
    orders = Counter(truth[a.order_id].persona for a in honest)
    stopped = Counter(truth[a.order_id].persona for a in honest if _stopped(a))
    return {persona: (stopped[persona], n) for persona, n in sorted(orders.items())}


def _examples(answers: Sequence[TimedAnswer], truth: Mapping[str, Truth]) -> list[Example]:
    """Return three decisions with their reasons, of different abuses where there are."""
    chosen: dict[str, Example] = {}
    by_severity = sorted(answers, key=lambda a: -a.answer.outcome)
    for answered in by_severity:
        answer, known = answered.answer, truth[answered.order_id]
        if isinstance(answer, DecisionAnswer) and answer.reason_codes:
            chosen.setdefault(known.abuse or known.persona, _example(answer, known))
    first = [chosen[kind] for kind in ("scalping", "brushing", "refund") if kind in chosen]
    return [*first, *(e for e in chosen.values() if e not in first)][:3]


def _example(answer: DecisionAnswer, known: Truth) -> Example:
    return Example(
        order_id=answer.order_id,
        decision_id=answer.decision_id,
        truth=_in_words(known),
        outcome=answer.outcome.name,
        scores={abuse.name.lower(): score for abuse, score in answer.scores.items()},
        reasons=[
            {
                "code": reason.code,
                "analyst_en": reason.analyst_text.en,
                "analyst_zh": reason.analyst_text.zh,
                "customer_en": reason.customer_text.en,
                "customer_zh": reason.customer_text.zh,
            }
            for reason in answer.message.reasons[:3]
        ],
    )


def _in_words(known: Truth) -> str:
    if known.abuse:
        return f"{known.abuse} ({known.strategy})"
    return f"honest ({known.persona})" if known.honest else "an attacker's ordinary order"
