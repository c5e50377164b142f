"""Puts the answer and its record together from what each step found."""

from dataclasses import dataclass

from msgspec import Struct

from risk_service.decisions.cases import Case
from risk_service.decisions.cause_reasons import reasons_of_causes
from risk_service.decisions.findings import Found
from risk_service.decisions.limiting import Limited
from risk_service.decisions.live import Stamped
from risk_service.decisions.policy import Policy
from risk_service.decisions.policy_file import ABUSES
from risk_service.decisions.reasons import Reasons
from risk_service.decisions.scoring import ScoredGroup, Scoring
from risk_service.decisions.verdict import Thresholds, Verdict
from risk_service.domain.decision import (
    AbuseScore,
    Challenge,
    Decision,
    DecisionRecord,
    Reason,
    Versions,
)
from risk_service.domain.grant import Grant
from risk_service.domain.vocabulary import Mode, Outcome
from risk_service.ports import IdSource

NO_LIMITS_ASKED = Grant(outcome=Outcome.ALLOW)
# Modes that a lack of limits does not make worse.
WORSE_THAN_NO_LIMITS = frozenset({Mode.NO_FEATURES, Mode.RULES_ONLY, Mode.STATIC})


class Draft(Struct, frozen=True, gc=False):
    """One case after lists, rules and scores."""

    case: Case
    found: Found
    thresholds: Thresholds
    mode: Mode
    verdict: Verdict


class Judged(Struct, frozen=True, gc=False):
    """A case as it stands in the end, with its stamps."""

    draft: Draft
    limited: Limited
    stamped: Stamped


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Writes decisions and their records."""

    scoring: Scoring
    policy: Policy
    reasons: Reasons
    ids: IdSource

    def of(
        self, judged: Judged, group: ScoredGroup, index: int, versions: Versions
    ) -> DecisionRecord:
        """Return the record of one order of a group."""
        case, stamped = judged.draft.case, judged.stamped
        return DecisionRecord(
            decision=self._decision(judged, group, index, versions),
            fingerprint=case.attempt.fingerprint,
            order=case.order,
            vector=group.matrix[index].tobytes(),
            clock_us=group.now_us,
            completion=case.completion,
            stamp_us=stamped.stamp_us,
            read_us=stamped.read_us,
            applied_us=stamped.applied_us,
            linked_us=stamped.linked_us,
            others_us=stamped.others_us,
            thresholds=judged.draft.thresholds.scores,
        )

    def _decision(
        self, judged: Judged, group: ScoredGroup, index: int, versions: Versions
    ) -> Decision:
        draft, verdict = judged.draft, judged.limited.verdict
        case, found = draft.case, draft.found
        grant = judged.limited.grant or NO_LIMITS_ASKED
        return Decision(
            decision_id=case.decision_id,
            request_id=case.attempt.request_id,
            order_id=case.order.order_id,
            number=case.number,
            outcome=verdict.outcome,
            scores=_scores(group, index),
            reasons=() if verdict.outcome is Outcome.ALLOW else self._why(judged, group, index),
            versions=versions,
            mode=_mode(judged),
            decided_at_us=group.now_us,
            challenge=self._challenge(verdict, group.now_us),
            quantity_limits=verdict.quantity_limits,
            causes=verdict.causes,
            rule_hits=found.rule_hits,
            list_hits=found.list_hits,
            limit_uses=grant.uses,
            granted=grant.lines if grant.expires_at_us else (),
            held_until_us=grant.expires_at_us,
            blocking=_blocking(grant),
            required_level=verdict.required_level,
        )

    def _why(self, judged: Judged, group: ScoredGroup, index: int) -> tuple[Reason, ...]:
        verdict, abuses = judged.limited.verdict, judged.limited.verdict.abuses
        told = reasons_of_causes(verdict, judged.draft.found, judged.limited.grant, self.reasons)
        if not abuses:
            return told
        shares = self.scoring.contributions(group, index, abuses)
        return (*told, *self.reasons.explain(shares, self.scoring.values(group, index)))

    def _challenge(self, verdict: Verdict, now_us: int) -> Challenge | None:
        if verdict.challenge_kind is None:
            return None
        return Challenge(
            challenge_id=self.ids.new_id("chl"),
            kind=verdict.challenge_kind,
            expires_at_us=now_us + self.policy.challenge_ttl_us,
        )


def _blocking(grant: Grant) -> str:
    """Return whom the first limit counts that spoke against the order."""
    blocking = [use.subject for use in grant.uses if use.blocking and not use.shadow]
    return blocking[0] if blocking else ""


def _mode(judged: Judged) -> Mode:
    """Return what the decision rests on: limits that nobody could count are told too."""
    mode = judged.draft.mode
    if judged.limited.counted or mode in WORSE_THAN_NO_LIMITS:
        return mode
    return Mode.NO_LIMITS


def _scores(group: ScoredGroup, index: int) -> tuple[AbuseScore, ...]:
    if not group.raw[index]:
        return ()
    rows = zip(ABUSES, group.probability[index], group.score[index], strict=True)
    return tuple(
        [
            AbuseScore(abuse=abuse, probability=probability, score=score)
            for abuse, probability, score in rows
        ]
    )
