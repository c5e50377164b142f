"""Puts the answer and its record together from what each step found."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from risk_service.decisions.cases import Case
from risk_service.decisions.cause_reasons import reasons_of_causes
from risk_service.decisions.findings import Found
from risk_service.decisions.limiting import Limited
from risk_service.decisions.live import Stamped
from risk_service.decisions.policy import Policy
from risk_service.decisions.policy_file import ABUSES
from risk_service.decisions.reasons import Reasons, Told
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
from risk_service.domain.grant import Grant, LimitUse
from risk_service.domain.vocabulary import Mode, Outcome
from risk_service.features.packing import Packer
from risk_service.ports import IdSource

NO_LIMITS_ASKED = Grant(outcome=Outcome.ALLOW)
# A module's name is found faster than an enum's member.
LIMIT_QUANTITY = Outcome.LIMIT_QUANTITY
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
    """A case as it stands in the end, with its stamps and its packed model inputs."""

    draft: Draft
    limited: Limited
    stamped: Stamped
    inputs: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Records:
    """Writes decisions and their records."""

    scoring: Scoring
    policy: Policy
    reasons: Reasons
    ids: IdSource
    packer: Packer = field(default_factory=Packer)

    def of(
        self, judged: Judged, group: ScoredGroup, index: int, versions: Versions
    ) -> DecisionRecord:
        """Return the record of one order of a group."""
        case, stamped = judged.draft.case, judged.stamped
        # By position, here and below: names would cost as much again as the values.
        return DecisionRecord(
            self._decision(judged, group, index, versions),
            case.attempt.fingerprint,
            case.order,
            b"",
            group.now_us,
            case.completion,
            stamped.stamp_us,
            stamped.read_us,
            stamped.applied_us,
            stamped.linked_us,
            judged.draft.thresholds.scores,
            stamped.others_us,
            judged.inputs,
        )

    def _decision(
        self, judged: Judged, group: ScoredGroup, index: int, versions: Versions
    ) -> Decision:
        draft, verdict = judged.draft, judged.limited.verdict
        case, found = draft.case, draft.found
        grant = judged.limited.grant or NO_LIMITS_ASKED
        return Decision(
            case.decision_id,
            case.attempt.request_id,
            case.order.order_id,
            case.number,
            verdict.outcome,
            _scores(group, index),
            () if verdict.outcome is Outcome.ALLOW else self._why(judged, group, index),
            versions,
            _mode(judged),
            group.now_us,
            None if verdict.challenge_kind is None else self._challenge(verdict, group.now_us),
            verdict.quantity_limits,
            verdict.causes,
            found.rule_hits,
            found.list_hits,
            grant.uses,
            grant.lines if grant.expires_at_us or grant.outcome is LIMIT_QUANTITY else (),
            grant.expires_at_us,
            blocking_of(grant.uses),
            verdict.required_level,
        )

    def _why(self, judged: Judged, group: ScoredGroup, index: int) -> tuple[Reason, ...]:
        verdict, abuses = judged.limited.verdict, judged.limited.verdict.abuses
        draft, currency_code = judged.draft, judged.draft.case.order.currency_code
        told = reasons_of_causes(
            verdict, draft.found, judged.limited.grant, self.reasons, currency_code
        )
        if not abuses:
            return told
        shares = self.scoring.contributions(group, index, abuses)
        values = self.scoring.values(group, index)
        of_score = Told(outcome=verdict.outcome, currency_code=currency_code)
        return (*told, *self.reasons.explain(shares, values, of_score))

    def _challenge(self, verdict: Verdict, now_us: int) -> Challenge | None:
        if verdict.challenge_kind is None:
            return None
        return Challenge(
            challenge_id=self.ids.new_id("chl"),
            kind=verdict.challenge_kind,
            expires_at_us=now_us + self.policy.challenge_ttl_us,
        )


def blocking_of(uses: Sequence[LimitUse]) -> str:
    """Return whom the first limit counts that spoke against the order."""
    for use in uses:
        if use.blocking and not use.shadow:
            return use.subject
    return ""


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
    return tuple([AbuseScore(*row) for row in rows])
