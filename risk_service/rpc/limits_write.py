"""From answers of the ledger to messages of the reservation service, and nothing else."""

from collections.abc import Sequence

from risk_service.domain.governed import Adjustment, AdjustmentState
from risk_service.domain.grant import Grant
from risk_service.domain.reservation import CounterUse, Drift, LedgerAnswer
from risk_service.limits.claims import SEPARATOR
from risk_service.pb.risk.v1 import limits_pb2
from risk_service.rpc.convert_hits import write_time
from risk_service.rpc.decision_bytes import limit_use_bytes

DRIFTS_LISTED_MAX = 1_000
# Numbers of the contract; 0 is unset.
ADJUSTMENT_STATES = {state: number for number, state in enumerate(AdjustmentState, 1)}


def write_grant(grant: Grant, message: limits_pb2.LimitGrant) -> None:
    """Write what is granted into an empty message."""
    message.outcome = grant.outcome  # type: ignore[assignment]  # a number on the wire
    for use in grant.uses:
        message.uses.add().ParseFromString(limit_use_bytes(use))
    for line in grant.lines:
        message.lines.add(sku=line.sku, requested=line.requested, granted=line.granted)
    message.codes.extend(grant.codes)
    message.required_level = grant.required_level  # type: ignore[assignment]  # as above
    message.missing.extend(grant.missing)
    message.version = grant.versions
    if grant.expires_at_us:
        write_time(grant.expires_at_us, message.expires_at)


def write_reservation(answer: LedgerAnswer, message: limits_pb2.Reservation) -> None:
    """Write where a reservation stands into an empty message."""
    message.reservation_id = answer.reservation_id
    message.state = answer.state  # type: ignore[assignment]  # a number on the wire
    for line in answer.lines:
        message.lines.add(sku=line.sku, requested=line.requested, granted=line.granted)
    message.refund_required = answer.refund_required
    message.late = answer.late
    if answer.expires_at_us:
        write_time(answer.expires_at_us, message.expires_at)


def write_usage(counters: Sequence[CounterUse], message: limits_pb2.GetUsageResponse) -> None:
    """Write the counters into an empty response."""
    for use in counters:
        written = message.counters.add(
            policy_id=use.policy_id,
            subject=use.subject,
            scope=use.scope,
            measure=use.measure.name.lower(),
            window=use.window,
            cap=use.cap,
            confirmed=use.confirmed,
            held=use.held,
            shadow=use.shadow,
            currency_code=use.currency_code,
        )
        if use.resets_at_us:
            write_time(use.resets_at_us, written.resets_at)


def write_adjustment(one: Adjustment, message: limits_pb2.Adjustment) -> None:
    """Write a change by hand into an empty message."""
    for name in ("number", "adjustment_id", "policy_id", "subject", "token", "scope", "delta",
                 "reason", "author", "approver", "closed_by", "note", "measure",
                 "currency_code"):  # fmt: skip
        setattr(message, name, getattr(one, name))
    message.state = ADJUSTMENT_STATES[one.state]  # type: ignore[assignment]  # a number on the wire
    write_time(one.created_us, message.created_at)
    if one.decided_us:
        write_time(one.decided_us, message.decided_at)


def write_drifts(drifts: Sequence[Drift], message: limits_pb2.ReconcileResponse) -> None:
    """Write what differs into an empty response."""
    message.count = len(drifts)
    for drift in drifts[:DRIFTS_LISTED_MAX]:
        message.drifts.add(
            counter=drift.counter.replace(SEPARATOR, " | "),
            counted_confirmed=drift.counted[0],
            counted_held=drift.counted[1],
            ledger_confirmed=drift.ledger[0],
            ledger_held=drift.ledger[1],
        )
