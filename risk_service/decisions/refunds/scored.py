"""What the refund model says of an order at the time of a claim.

The model input is formed by the one vector builder: the order's columns as it was placed,
stored history and live windows as they are now. The model was trained on orders when they
were placed, so its answer is a hint (docs/refunds.md).
"""

from dataclasses import dataclass

from risk_service.decisions.assessing.combining import Finding
from risk_service.decisions.live import Live, LiveAttempt, Stamped
from risk_service.decisions.reasons import Reasons
from risk_service.decisions.scoring import ScoredGroup, Scoring
from risk_service.domain.decision import AbuseScore, Cause, Step
from risk_service.domain.order import Order
from risk_service.domain.vocabulary import Abuse, Outcome

REFUND = tuple(Abuse).index(Abuse.REFUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundScore:
    """The model's answer to one claim; ``score`` is None when no model could be asked.

    ``cluster`` names the order's identity cluster, empty where it has none.
    """

    group: ScoredGroup
    stamped: Stamped
    cluster: str
    score: AbuseScore | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundScoring:
    """Asks the refund model.

    Parameters
    ----------
    outcomes
        Outcome for each action that the model's thresholds ask for.
    """

    live: Live
    scoring: Scoring
    reasons: Reasons
    outcomes: dict[str, Outcome]

    def score(self, order: Order, decision_id: str, now_us: int) -> RefundScore:
        """Read the windows now, without letting the order count, and score it."""
        attempt = LiveAttempt(order=order, decision_id=decision_id, counts=False)
        seen = self.live.observe([attempt], now_us)
        group = self.scoring.score([order], now_us, seen.values)
        return RefundScore(
            group=group,
            stamped=seen.stamps[0],
            cluster=seen.clusters[0],
            score=_score(group),
            findings=self._findings(group),
        )

    def values(self, group: ScoredGroup) -> dict[str, float]:
        """Return the model inputs by name."""
        return self.scoring.values(group, 0)

    def _findings(self, group: ScoredGroup) -> tuple[Finding, ...]:
        if group.ladders is None:
            return ()
        raw = group.raw[0][REFUND]
        asked = [action for score, action in group.ladders.steps[REFUND] if raw >= score]
        outcome = max((self.outcomes[action] for action in asked), default=Outcome.ALLOW)
        if outcome is Outcome.ALLOW:
            return ()
        cause = Cause(step=Step.SCORE, ref=Abuse.REFUND, outcome=outcome)
        shares = self.scoring.contributions(group, 0, [Abuse.REFUND])
        reasons = self.reasons.explain(shares, self.values(group))
        return tuple(Finding(cause=cause, reason=reason) for reason in reasons)


def _score(group: ScoredGroup) -> AbuseScore | None:
    if group.ladders is None:
        return None
    return AbuseScore(
        abuse=Abuse.REFUND,
        probability=group.probability[0][REFUND],
        score=group.score[0][REFUND],
    )
