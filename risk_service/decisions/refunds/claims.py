"""The use case of a claim: the order's record and life, the windows of now, one decision.

A claim may be decided several times, each time under a new request id, while evidence comes
in: its decisions are numbered, and it counts in the windows once.
"""

from dataclasses import dataclass

from msgspec import Struct

from risk_service import __version__
from risk_service.decisions.assessing.combining import Finding, hit_findings, worst
from risk_service.decisions.assessing.in_force import Searches
from risk_service.decisions.assessing.pending import Drafted, Pending
from risk_service.decisions.policy import promotions_of
from risk_service.decisions.refunds.earlier import before_claim, require_lines
from risk_service.decisions.refunds.facts import claim_facts, order_facts, present
from risk_service.decisions.refunds.history import OrderLife, order_life
from risk_service.decisions.refunds.policy import RefundPolicy
from risk_service.decisions.refunds.recalculation import recalculated
from risk_service.decisions.refunds.scored import RefundScore, RefundScoring
from risk_service.domain.assessment import (
    AssessedRefund,
    AssessmentRecord,
    Value,
    claim_subject,
)
from risk_service.domain.claim_events import counted_as
from risk_service.domain.decision import Decision, DecisionRecord, Reason, Versions
from risk_service.domain.errors import DecisionNotFound
from risk_service.domain.evidence import Evidence
from risk_service.domain.hits import ListHit, RuleHit
from risk_service.domain.order import Order
from risk_service.domain.refund import Recalculation, RefundClaim
from risk_service.domain.reported import EventRecord, LifeEvent
from risk_service.domain.vocabulary import EventType, Outcome
from risk_service.features.windows.order_event import life_event
from risk_service.ports import DecisionStore

REASONS_MAX = 8


class ClaimAttempt(Struct, frozen=True, kw_only=True, gc=False):
    """A valid claim as it came in; ``fingerprint`` is the keyed digest of its payload."""

    request_id: str
    fingerprint: bytes
    claim: RefundClaim

    @property
    def at_us(self) -> int:
        """Return when the customer claimed."""
        return self.claim.at_us


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """One claim with everything that is known about it."""

    attempt: ClaimAttempt
    decision_id: str
    record: DecisionRecord
    life: OrderLife
    recalculation: Recalculation
    number: int
    counts_as: str
    now_us: int

    @property
    def claim(self) -> RefundClaim:
        return self.attempt.claim

    @property
    def order(self) -> Order:
        return self.record.order


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judged:
    """What the claim comes to."""

    outcome: Outcome
    reasons: tuple[Reason, ...]
    findings: tuple[Finding, ...]
    required: tuple[Evidence, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class RefundClaims:
    """Decides claims.

    Parameters
    ----------
    orders
        Where the records of scored orders are found.
    searches
        Lists and rules in force.
    """

    orders: DecisionStore
    scoring: RefundScoring
    policy: RefundPolicy
    searches: Searches

    def draft(
        self, attempt: ClaimAttempt, decision_id: str, pending: Pending, now_us: int
    ) -> Drafted:
        """Decide one claim.

        Raises
        ------
        DecisionNotFound
            The order was never scored here; names it.
        InvalidInput
            A claimed line is none of the order, or claims more units than were ordered.
        """
        case = self._case(attempt, decision_id, pending, now_us)
        scored = self.scoring.score(case.record, decision_id, now_us)
        lists = self.searches.lists(case.order, scored.cluster, now_us)
        values = self._values(case, scored, lists)
        features = self.searches.features(case.order, scored.group)
        promotions = promotions_of(case.order)
        rules = self.searches.rules("refund", promotions, now_us, {**features, **values})
        findings = [
            *hit_findings(lists, rules),
            *scored.findings,
            *self.policy.findings(case.claim, case.recalculation, case.order.currency_code),
        ]
        judged = self._judged(case, findings, self.searches.required(rules))
        decision = self._decision(case, judged, scored, (lists, rules))
        return self._drafted(case, decision, judged, scored, values)

    def _case(
        self, attempt: ClaimAttempt, decision_id: str, pending: Pending, now_us: int
    ) -> _Case:
        claim = attempt.claim
        record = self.orders.latest_of_order(claim.order_id)
        if record is None:
            raise DecisionNotFound(f"no order {claim.order_id} was scored here")
        require_lines(record.order, claim)
        events = pending.events_of(claim.order_id)
        life = order_life(events, claim.claim_id)
        earlier = pending.latest_of(claim_subject(claim.order_id, claim.claim_id))
        before = before_claim(record.order, pending, life)
        return _Case(
            attempt=attempt,
            decision_id=decision_id,
            record=record,
            life=life,
            recalculation=recalculated(record.order, claim, before),
            number=earlier.decision.number + 1 if earlier else 1,
            counts_as=counted_as(_life(claim, decision_id, now_us), events),
            now_us=now_us,
        )

    def _values(
        self, case: _Case, scored: RefundScore, lists: tuple[ListHit, ...]
    ) -> dict[str, Value]:
        facts = claim_facts(case.record, case.claim, case.life, case.recalculation, case.now_us)
        score = None if scored.now is None else float(scored.now.score)
        grey = tuple(hit.list_id for hit in lists if hit.kind == "grey")
        found = present({"refund_score": score, "grey_lists": grey})
        return {**order_facts(case.order), **facts, **found}

    def _judged(
        self, case: _Case, findings: list[Finding], wanted: tuple[Evidence, ...]
    ) -> _Judged:
        lacking = self.policy.lacking(case.order, case.claim, wanted)
        if not lacking:
            findings = self.policy.evidence_seen(findings)
        outcome, _, reasons = worst(findings)
        asked = outcome in (Outcome.CHALLENGE, Outcome.REVIEW)
        return _Judged(
            outcome=outcome,
            reasons=reasons[:REASONS_MAX],
            findings=tuple(findings),
            required=lacking if asked else (),
        )

    def _decision(
        self,
        case: _Case,
        judged: _Judged,
        scored: RefundScore,
        hits: tuple[tuple[ListHit, ...], tuple[RuleHit, ...]],
    ) -> Decision:
        rules_version, lists_version = self.searches.versions
        return Decision(
            decision_id=case.decision_id,
            request_id=case.attempt.request_id,
            order_id=case.claim.order_id,
            number=case.number,
            outcome=judged.outcome,
            scores=() if scored.decisive is None else (scored.decisive,),
            reasons=judged.reasons,
            versions=Versions(
                bundle_sha256=self.scoring.scoring.bundle_sha256,
                feature_schema=self.scoring.scoring.schema_version,
                policy=self.policy.version,
                reason_texts=self.scoring.reasons.version,
                service=__version__,
                rules=rules_version,
                lists=lists_version,
            ),
            mode=scored.group.mode,
            decided_at_us=case.now_us,
            causes=worst(judged.findings)[1],
            rule_hits=hits[1],
            list_hits=hits[0],
        )

    def _drafted(
        self,
        case: _Case,
        decision: Decision,
        judged: _Judged,
        scored: RefundScore,
        values: dict[str, Value],
    ) -> Drafted:
        claim = case.claim
        counts = case.number == 1 and not case.counts_as
        record = AssessmentRecord(
            decision=decision,
            subject=claim_subject(claim.order_id, claim.claim_id),
            fingerprint=case.attempt.fingerprint,
            counted=counts,
            required=judged.required,
            values=values,
            clock_us=case.now_us,
            stamp_us=scored.stamped.stamp_us,
            read_us=scored.stamped.read_us,
            vector=scored.group.matrix[0].tobytes(),
            linked_us=scored.stamped.linked_us,
            others_us=scored.stamped.others_us,
            refund=AssessedRefund(
                claim=claim,
                order_decision_id=case.record.decision.decision_id,
                events=case.life.events,
                recalculation=case.recalculation,
            ),
        )
        if case.number > 1:
            return Drafted(record=record)
        life = _life(claim, case.decision_id, case.now_us)
        reported = EventRecord(
            event_id=case.decision_id,
            fingerprint=case.attempt.fingerprint,
            stamp_us=0,
            life=life,
            decision_id=case.record.decision.decision_id,
            same_as=case.counts_as,
        )
        event = life_event(case.order, life) if counts else None
        return Drafted(record=record, event=event, reported=reported)


def _life(claim: RefundClaim, decision_id: str, now_us: int) -> LifeEvent:
    """Return the claim as the event that counts; it happened now, when the service took it in."""
    return LifeEvent(
        event_id=decision_id,
        event_type=EventType.REFUND_REQUESTED,
        at_us=now_us,
        order_id=claim.order_id,
        amount_minor=claim.amount_minor,
        reason=claim.reason,
        weight_ratio=claim.weight_ratio,
        claim_id=claim.claim_id,
    )
