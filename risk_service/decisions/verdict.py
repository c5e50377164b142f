"""What is known against an order, and what follows from it: the words of the combination."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from msgspec import Struct

from risk_service.decisions.policy_file import Action
from risk_service.domain.decision import Cause, QuantityLimit, Step
from risk_service.domain.hits import ListHit, RuleHit
from risk_service.domain.vocabulary import (
    Abuse,
    ChallengeKind,
    ChallengeResult,
    Mode,
    Outcome,
    VerificationLevel,
)

Ladder = tuple[tuple[float, Action], ...]


def ladder(thresholds: Mapping[Action, float]) -> Ladder:
    """Return (raw score, action) from the lowest score up."""
    return tuple(sorted((score, action) for action, score in thresholds.items()))


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Ladders:
    """Thresholds of one bundle and variant, per abuse in the order of ``Abuse``.

    ``score_at`` tells the score of 0 to 1000 that a raw score of an abuse stands for.
    """

    steps: tuple[Ladder, ...]
    score_at: Callable[[Abuse, float], int]


class Thresholds(Struct, frozen=True, kw_only=True):
    """Thresholds as they hold for orders of some promotion types.

    ``rungs`` runs over the abuses: (raw score, outcome) from the lowest score up, and ``lowest``
    over the same: the first raw score that asks for anything. ``scores`` is what
    ``DecisionRecord.thresholds`` keeps.
    """

    rungs: tuple[tuple[tuple[float, Outcome], ...], ...]
    lowest: tuple[float, ...]
    scores: tuple[int, ...]


NO_THRESHOLDS = Thresholds(rungs=(), lowest=(), scores=())


class Evidence(Struct, frozen=True):
    """Everything that was found out about one order, purchase limits apart.

    ``raws`` are the raw scores in the order of ``Abuse``, empty without models.
    ``completed`` is how the challenge ended that led to this decision, if one did.
    """

    raws: tuple[float, ...]
    thresholds: Thresholds
    mode: Mode
    completed: ChallengeResult | None = None
    list_hits: tuple[ListHit, ...] = ()
    rule_hits: tuple[RuleHit, ...] = ()


class Verdict(Struct, frozen=True, kw_only=True):
    """What the policy makes of the evidence.

    ``causes`` is everything that asked for more than ALLOW, the worst first, with what an
    allow list suppressed.
    """

    outcome: Outcome
    causes: tuple[Cause, ...] = ()
    challenge_kind: ChallengeKind | None = None
    quantity_limits: tuple[QuantityLimit, ...] = ()
    required_level: VerificationLevel = VerificationLevel.UNSPECIFIED

    @property
    def decisive(self) -> tuple[Cause, ...]:
        """Return the causes that decided."""
        outcome = self.outcome
        return tuple([c for c in self.causes if c.outcome is outcome and not c.suppressed_by])

    @property
    def abuses(self) -> tuple[Abuse, ...]:
        """Return the abuses whose score led to the outcome."""
        return tuple([Abuse(cause.ref) for cause in self.decisive if cause.step is Step.SCORE])


ALLOW = Verdict(outcome=Outcome.ALLOW)
