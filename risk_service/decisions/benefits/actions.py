"""The use case of a promotion action: who asks, windows of now, rules, limits, one decision.

An action may be decided several times under new request ids, as documents come in, and once
more when its challenge has ended: its decisions are numbered, and it counts once.
"""

from dataclasses import dataclass

from msgspec import Struct

from risk_service import __version__
from risk_service.decisions.assessing.combining import hit_findings
from risk_service.decisions.assessing.in_force import Searches
from risk_service.decisions.assessing.pending import Drafted, Pending
from risk_service.decisions.attempt import ChallengeReport
from risk_service.decisions.benefits.as_order import PROMOTION_OF, as_order, is_same_action
from risk_service.decisions.benefits.entries import BenefitEntries
from risk_service.decisions.benefits.facts import (
    common_facts,
    customer_facts,
    seen_facts,
)
from risk_service.decisions.benefits.judging import Judge, Judged
from risk_service.decisions.benefits.limits import Asked
from risk_service.decisions.benefits.tokenising import TokeniseBenefit
from risk_service.decisions.benefits.windows import ActionWindows, SeenAction
from risk_service.decisions.refunds.facts import present
from risk_service.domain.assessment import AssessmentRecord, Value, benefit_subject
from risk_service.domain.benefit import Benefit, BenefitType, CustomerFacts, RawBenefit
from risk_service.domain.decision import Challenge, ChallengeCompletion, Decision, Versions
from risk_service.domain.errors import ChallengeNotOpen, RequestIdReused
from risk_service.domain.evidence import Evidence
from risk_service.domain.hits import ListHit, RuleHit
from risk_service.domain.reported import EventRecord
from risk_service.domain.vocabulary import ChallengeResult, Mode, VerificationLevel
from risk_service.ports import IdSource

# Points and subsidies are no kinds of the windows: exact sums are kept of them instead.
NO_WINDOW = frozenset({BenefitType.POINTS, BenefitType.SUBSIDY_CLAIM})


class BenefitAttempt(Struct, frozen=True, kw_only=True, gc=False):
    """A valid action as it came in, or the end of the challenge of an earlier one.

    ``event_fingerprint`` is that of the reported event which says the same.
    """

    request_id: str
    fingerprint: bytes
    subject: RawBenefit | ChallengeReport
    event_fingerprint: bytes = b""

    @property
    def at_us(self) -> int:
        """Return when it happened; 0 for the end of a challenge."""
        return self.subject.at_us if isinstance(self.subject, RawBenefit) else 0


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    attempt: BenefitAttempt
    decision_id: str
    benefit: Benefit
    number: int
    counts: bool
    completion: ChallengeCompletion | None
    now_us: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Actions:
    """Decides promotion actions.

    Parameters
    ----------
    tokenise
        Turns a raw action into one without raw identifiers, its level lifted to what was
        verified here.
    challenge_ttl_us
        How long a challenge stays open.
    """

    tokenise: TokeniseBenefit
    windows: ActionWindows
    entries: BenefitEntries
    judge: Judge
    searches: Searches
    ids: IdSource
    challenge_ttl_us: int
    feature_schema: str

    def draft(
        self, attempt: BenefitAttempt, decision_id: str, pending: Pending, now_us: int
    ) -> Drafted:
        """Decide one action.

        Raises
        ------
        RequestIdReused
            The action id was used before for another action.
        ChallengeNotOpen
            The challenge is unknown, completed or expired.
        """
        case = self._case(attempt, decision_id, pending, now_us)
        benefit = case.benefit
        counted = benefit.benefit_type not in NO_WINDOW
        seen = (
            self.windows.read(benefit.action, counted=counted, now_us=now_us)
            if benefit.action
            else self.windows.nothing(now_us)
        )
        looked_up = self.entries.look_up(benefit, pending, now_us, is_first=case.number == 1)
        cluster = seen.cluster[0] if seen.cluster else ""
        lists = self.searches.lists(as_order(benefit), cluster, now_us)
        values = {
            **common_facts(benefit),
            **self._customer_values(benefit, now_us),
            **looked_up.values(seen, now_us),
            **seen_facts(benefit, seen),
            **present({"grey_lists": tuple(hit.list_id for hit in lists if hit.kind == "grey")}),
        }
        promotions = frozenset({PROMOTION_OF[benefit.benefit_type]})
        rules = self.searches.rules("action", promotions, now_us, {**seen.features, **values})
        findings = [*hit_findings(lists, rules), *looked_up.findings]
        completed = case.completion.result if case.completion else None
        asked = self._asked(case, seen, self.searches.required(rules))
        judged = self.judge.judge(findings, asked, completed, now_us)
        decision = self._decision(case, judged, (lists, rules), seen)
        record = _record(case, decision, judged, {**dict(seen.features), **values}, seen)
        return Drafted(
            record=record,
            event=seen.event if case.counts else None,
            reported=_reported(case) if case.counts and seen.event is not None else None,
            entries=looked_up.new,
        )

    def _case(
        self, attempt: BenefitAttempt, decision_id: str, pending: Pending, now_us: int
    ) -> _Case:
        if isinstance(attempt.subject, ChallengeReport):
            return self._completed(attempt, attempt.subject, decision_id, pending, now_us)
        benefit = self.tokenise(attempt.subject, now_us)
        latest = pending.latest_of(benefit_subject(benefit.action_id))
        if latest is not None and not is_same_action(latest.benefit, benefit):
            raise RequestIdReused("the action id stands for another action: take a new one")
        is_first = latest is None
        return _Case(
            attempt=attempt,
            decision_id=decision_id,
            benefit=benefit,
            number=1 if latest is None else latest.decision.number + 1,
            counts=is_first and not pending.is_reported(benefit.action_id),
            completion=None,
            now_us=now_us,
        )

    def _completed(
        self,
        attempt: BenefitAttempt,
        report: ChallengeReport,
        decision_id: str,
        pending: Pending,
        now_us: int,
    ) -> _Case:
        record = pending.store.by_challenge_id(report.challenge_id)
        challenge = record.decision.challenge if record else None
        if record is None or challenge is None or record.benefit is None:
            raise ChallengeNotOpen("there is no such challenge: a CHALLENGE names its id")
        if challenge.expires_at_us <= now_us:
            raise ChallengeNotOpen("the challenge has expired")
        latest = pending.latest_of(record.subject)
        if latest is None or latest.decision.number != record.decision.number:
            raise ChallengeNotOpen(
                "the challenge was completed, or the action has a newer decision"
            )
        benefit = self.tokenise.lifted(record.benefit, report.verification_level, now_us)
        return _Case(
            attempt=attempt,
            decision_id=decision_id,
            benefit=benefit,
            number=record.decision.number + 1,
            counts=False,
            completion=ChallengeCompletion(challenge_id=report.challenge_id, result=report.result),
            now_us=now_us,
        )

    def _customer_values(self, benefit: Benefit, now_us: int) -> dict[str, Value]:
        if benefit.action is None:
            return {}
        facts = benefit.facts or CustomerFacts()
        return customer_facts(facts, facts.verification_level, now_us)

    def _asked(self, case: _Case, seen: SeenAction, wanted: tuple[Evidence, ...]) -> Asked:
        benefit = case.benefit
        level = benefit.facts.verification_level if benefit.facts else None
        passed = case.completion is not None and case.completion.result is ChallengeResult.PASSED
        account = benefit.action.account if benefit.action else ""
        return Asked(
            benefit=benefit,
            fingerprint=_print_of(benefit.action_id, level, passed=passed),
            level=level or VerificationLevel.UNSPECIFIED,
            real_name=self.tokenise.real_name(account, case.now_us),
            cluster=seen.cluster,
            passed=passed,
            wanted=wanted,
        )

    def _decision(
        self,
        case: _Case,
        judged: Judged,
        hits: tuple[tuple[ListHit, ...], tuple[RuleHit, ...]],
        seen: SeenAction,
    ) -> Decision:
        rules_version, lists_version = self.searches.versions
        challenge = None
        if judged.challenge_kind is not None:
            challenge = Challenge(
                challenge_id=self.ids.new_id("chl"),
                kind=judged.challenge_kind,
                expires_at_us=case.now_us + self.challenge_ttl_us,
            )
        return Decision(
            decision_id=case.decision_id,
            request_id=case.attempt.request_id,
            order_id="",
            number=case.number,
            outcome=judged.outcome,
            scores=(),
            reasons=judged.reasons,
            versions=Versions(
                bundle_sha256="",
                feature_schema=self.feature_schema,
                policy=self.judge.policy.version,
                reason_texts=self.judge.policy.version,
                service=__version__,
                rules=rules_version,
                lists=lists_version,
                limits=judged.limits_version,
            ),
            mode=_mode(judged, seen),
            decided_at_us=case.now_us,
            challenge=challenge,
            causes=judged.causes,
            rule_hits=hits[1],
            list_hits=hits[0],
            limit_uses=judged.uses,
            blocking=judged.blocking,
            required_level=judged.required_level,
        )


def _print_of(action_id: str, level: VerificationLevel | None, *, passed: bool) -> bytes:
    """Return what the ledger knows the action by: a further request is no other action.

    Verified, or with a passed challenge, the customer may have more: a refusal ends there.
    """
    return f"{action_id}\x1f{int(level or 0)}\x1f{int(passed)}".encode("utf-8", "surrogatepass")


def _record(
    case: _Case,
    decision: Decision,
    judged: Judged,
    values: dict[str, Value],
    seen: SeenAction,
) -> AssessmentRecord:
    return AssessmentRecord(
        decision=decision,
        subject=benefit_subject(case.benefit.action_id),
        fingerprint=case.attempt.fingerprint,
        counted=case.counts,
        required=judged.required,
        values=values,
        clock_us=case.now_us,
        stamp_us=seen.stamp_us,
        benefit=case.benefit,
        completion=case.completion,
    )


def _mode(judged: Judged, seen: SeenAction) -> Mode:
    """Return FULL when everything that looks at an action was there; no model does."""
    if not seen.available:
        return Mode.NO_FEATURES
    return Mode.FULL if judged.limits_counted else Mode.NO_LIMITS


def _reported(case: _Case) -> EventRecord:
    """Return the action as the event under which it counts: its own id, as if reported."""
    return EventRecord(
        event_id=case.benefit.action_id,
        fingerprint=case.attempt.event_fingerprint,
        stamp_us=0,
        action=case.benefit.action,
        decision_id=case.decision_id,
    )
