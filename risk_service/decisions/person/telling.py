"""From stored records to what is told of them."""

from typing import NamedTuple

from msgspec import Struct

from risk_service.decisions.person.rows import (
    ActionRow,
    ClaimRow,
    DecisionRow,
    EventRow,
    LineRow,
    ReservationRow,
    VerificationRow,
)
from risk_service.domain.assessment import AssessmentRecord
from risk_service.domain.benefit import Benefit
from risk_service.domain.decision import DecisionRecord
from risk_service.domain.refund import RefundClaim
from risk_service.domain.reported import EventRecord
from risk_service.domain.verification import Verification
from risk_service.domain.vocabulary import EventReason
from risk_service.limits.reservation import Reservation


class Dated(NamedTuple):
    """A row and the time that it is asked for by; 0 where there is none."""

    at_us: int
    row: Struct


def decision_row(record: DecisionRecord, by: tuple[str, ...]) -> Dated:
    """Return what is told of a decision on an order."""
    decision = record.decision
    row = DecisionRow(
        at_us=decision.decided_at_us,
        order_id=decision.order_id,
        decision_id=decision.decision_id,
        request_id=decision.request_id,
        number=decision.number,
        outcome=decision.outcome,
        reasons=decision.reasons,
        tokens=record.order.tokens,
        by=by,
    )
    return Dated(row.at_us, row)


def claim_row(record: AssessmentRecord, claim: RefundClaim, by: tuple[str, ...]) -> Dated:
    """Return what is told of a decision on a claim."""
    decision = record.decision
    row = ClaimRow(
        at_us=decision.decided_at_us,
        order_id=claim.order_id,
        claim_id=claim.claim_id,
        decision_id=decision.decision_id,
        number=decision.number,
        amount_minor=claim.amount_minor,
        outcome=decision.outcome,
        reasons=decision.reasons,
        by=by,
    )
    return Dated(row.at_us, row)


def action_row(record: AssessmentRecord, benefit: Benefit, by: tuple[str, ...]) -> Dated:
    """Return what is told of a decision on a promotion action."""
    decision = record.decision
    row = ActionRow(
        at_us=decision.decided_at_us,
        action_id=benefit.action_id,
        kind=benefit.benefit_type.name,
        decision_id=decision.decision_id,
        number=decision.number,
        outcome=decision.outcome,
        reasons=decision.reasons,
        by=by,
    )
    return Dated(row.at_us, row)


def event_row(record: EventRecord, by: tuple[str, ...]) -> Dated:
    """Return what is told of a reported event."""
    life, action = record.life, record.action
    at_us = life.at_us if life else action.at_us if action else record.stamp_us
    reason = life.reason if life else EventReason.UNSPECIFIED
    row = EventRow(
        at_us=at_us,
        event_id=record.event_id,
        kind=life.event_type.name if life else action.action_type if action else "",
        order_id=life.order_id if life else "",
        amount_minor=life.amount_minor if life else None,
        reason="" if reason is EventReason.UNSPECIFIED else reason.name,
        claim_id=life.claim_id if life else "",
        by=by,
    )
    return Dated(at_us, row)


def reservation_row(one: Reservation, by: tuple[str, ...]) -> Dated:
    """Return what is told of a reservation."""
    row = ReservationRow(
        at_us=one.changed_us,
        reservation_id=one.reservation_id,
        state=one.state,
        expires_at_us=one.expires_at_us,
        lines=tuple(
            [
                LineRow(
                    sku=line.sku, requested=line.requested, granted=line.granted, left=line.left
                )
                for line in one.lines
            ]
        ),
        policies=tuple(dict.fromkeys(entry.policy for entry in (*one.entries, *one.kept))),
        note=one.note,
        by=by,
    )
    return Dated(row.at_us, row)


def verification_row(one: Verification, by: tuple[str, ...]) -> Dated:
    """Return what is told of a verification."""
    row = VerificationRow(
        at_us=one.verified_at_us,
        request_id=one.request_id,
        result=one.result,
        level=one.level,
        expires_at_us=one.expires_at_us,
        provider=one.provider,
        account=one.account,
        by=by,
    )
    return Dated(row.at_us, row)
