"""What the refund model says of an order at the time of a claim: then, and now.

The score of now is formed by the one vector builder: the order's columns as it was placed, stored
history and live windows as they are now. The model was trained on orders when they were placed, and
what it said then ranks claims better; ``refunds.toml`` says which one decides (docs/refunds.md).
"""

from dataclasses import dataclass, replace

from risk_service.decisions.assessing.combining import Finding
from risk_service.decisions.kept_inputs import inputs_of
from risk_service.decisions.live import Live, LiveAttempt, Stamped
from risk_service.decisions.policy_file import ABUSES, ACTIONS
from risk_service.decisions.reasons import Reasons, Told
from risk_service.decisions.scoring import ScoredGroup, Scoring, Variant
from risk_service.domain.decision import AbuseScore, Cause, DecisionRecord, Reason, Step
from risk_service.domain.vocabulary import Abuse, Mode, Outcome

REFUND = tuple(Abuse).index(Abuse.REFUND)


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundScore:
    """The model's answer to one claim.

    ``now`` is the score of now, ``decisive`` the one that ``findings`` rest on; None when no
    model could be asked. ``cluster`` names the order's identity cluster, empty where it has none.
    """

    group: ScoredGroup
    stamped: Stamped
    cluster: str
    now: AbuseScore | None
    decisive: AbuseScore | None
    findings: tuple[Finding, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundScoring:
    """Asks the refund model.

    Parameters
    ----------
    outcomes
        Outcome for each action that the model's thresholds ask for.
    order_decides
        Whether the score of the order when it was placed decides, where there is one.
    """

    live: Live
    scoring: Scoring
    reasons: Reasons
    outcomes: dict[str, Outcome]
    order_decides: bool

    def score(self, record: DecisionRecord, decision_id: str, now_us: int) -> RefundScore:
        """Read the windows now, without letting the order count, and score it."""
        attempt = LiveAttempt(order=record.order, decision_id=decision_id, counts=False)
        seen = self.live.observe([attempt], now_us)
        group = self.scoring.score([record.order], now_us, seen.values)
        now, then = _score(group), _score_then(record)
        from_order = self.order_decides and then is not None and bool(_marks(record))
        asked = _asked_then(record) if from_order else _asked_now(group)
        return RefundScore(
            group=group,
            stamped=seen.stamps[0],
            cluster=seen.clusters[0],
            now=now,
            decisive=then if from_order else now,
            findings=self._findings(
                asked,
                self._then(group, record) if from_order else group,
                record.order.currency_code,
            ),
        )

    def _then(self, group: ScoredGroup, record: DecisionRecord) -> ScoredGroup | None:
        """Return the group with the order's own model input; None when another bundle read it."""
        versions = record.decision.versions
        known = (self.scoring.bundle_sha256, self.scoring.schema_version)
        if (versions.bundle_sha256, versions.feature_schema) != known:
            return None
        vector = inputs_of(record).reshape(1, -1)
        variant: Variant = "order_only" if record.decision.mode is Mode.NO_FEATURES else "full"
        return replace(group, matrix=vector, variant=variant)

    def _findings(
        self, asked: list[str], group: ScoredGroup | None, currency_code: str
    ) -> tuple[Finding, ...]:
        outcome = max((self.outcomes[action] for action in asked), default=Outcome.ALLOW)
        if outcome is Outcome.ALLOW:
            return ()
        cause = Cause(step=Step.SCORE, ref=Abuse.REFUND, outcome=outcome)
        told = Told(outcome=outcome, currency_code=currency_code, claim=True)
        return tuple(Finding(cause=cause, reason=reason) for reason in self._why(group, told))

    def _why(self, group: ScoredGroup | None, told: Told) -> tuple[Reason, ...]:
        if group is None:
            return (self.reasons.combined(Abuse.REFUND, told),)
        shares = self.scoring.contributions(group, 0, [Abuse.REFUND])
        return self.reasons.explain(shares, self.scoring.values(group, 0), told)


def _asked_now(group: ScoredGroup) -> list[str]:
    if group.ladders is None:
        return []
    raw = group.raw[0][REFUND]
    return [action for score, action in group.ladders.steps[REFUND] if raw >= score]


def _asked_then(record: DecisionRecord) -> list[str]:
    """Return the actions that the order's score reached by the thresholds of its own decision."""
    score = _score_then(record)
    if score is None:
        return []
    marks = zip(ACTIONS, _marks(record), strict=True)
    return [action for action, mark in marks if 0 <= mark <= score.score]


def _marks(record: DecisionRecord) -> tuple[int, ...]:
    """Return the score from which each action was asked for; empty in records of before."""
    marks = record.thresholds
    if len(marks) != len(ABUSES) * len(ACTIONS):
        return ()
    return marks[REFUND * len(ACTIONS) : (REFUND + 1) * len(ACTIONS)]


def _score_then(record: DecisionRecord) -> AbuseScore | None:
    return next((one for one in record.decision.scores if one.abuse is Abuse.REFUND), None)


def _score(group: ScoredGroup) -> AbuseScore | None:
    if group.ladders is None:
        return None
    return AbuseScore(
        abuse=Abuse.REFUND,
        probability=group.probability[0][REFUND],
        score=group.score[0][REFUND],
    )
