"""Writes what rules, lists and limits found into the messages of an answer.

Nothing here runs for the order that meets none of them.
"""

from google.protobuf.timestamp_pb2 import Timestamp

from risk_service.domain.decision import Decision
from risk_service.domain.grant import LimitUse
from risk_service.domain.hits import RuleHit
from risk_service.domain.text import LocalizedText
from risk_service.pb.risk.v1 import risk_pb2

MICROS = 1_000_000


def write_findings(decision: Decision, message: risk_pb2.Decision) -> None:
    """Write causes, hits and limit uses into the message of their decision."""
    for cause in decision.causes:
        written = message.causes.add(
            step=cause.step.value, ref=cause.ref, suppressed_by=cause.suppressed_by
        )
        written.outcome = cause.outcome  # type: ignore[assignment]  # a number on the wire
    for rule_hit in decision.rule_hits:
        write_rule_hit(rule_hit, message.rule_hits.add())
    for list_hit in decision.list_hits:
        message.list_hits.add(
            list_id=list_hit.list_id,
            kind=list_hit.kind,
            entity=list_hit.entity,
            entry_id=list_hit.entry_id,
            reason=list_hit.reason,
        )
    for use in decision.limit_uses:
        write_limit_use(use, message.limit_uses.add())
    for line in decision.granted:
        message.granted.add(sku=line.sku, requested=line.requested, granted=line.granted)
    if decision.held_until_us:
        write_time(decision.held_until_us, message.held_until)
    message.blocking = decision.blocking
    message.required_level = decision.required_level  # type: ignore[assignment]  # as above


def write_rule_hit(hit: RuleHit, message: risk_pb2.RuleHit) -> None:
    """Write one rule hit into an empty message."""
    message.rule_id = hit.rule_id
    message.outcome = hit.outcome  # type: ignore[assignment]  # a number on the wire
    message.shadow = hit.shadow
    message.fault = hit.fault
    for value in hit.values:
        message.values.add(name=value.name, number=value.number, text=value.text)
    write_text(hit.customer_text, message.customer_text)
    write_text(hit.analyst_text, message.analyst_text)


def write_limit_use(use: LimitUse, message: risk_pb2.LimitUse) -> None:
    """Write one limit as one order met it into an empty message."""
    message.policy_id = use.policy_id
    message.version = use.version
    message.subject = use.subject
    message.scope = use.scope
    message.measure = use.measure.name.lower()
    message.window = use.window
    message.cap = use.cap
    message.used = use.used
    message.requested = use.requested
    message.granted = use.granted
    message.remaining = use.remaining
    message.blocking = use.blocking
    message.shadow = use.shadow
    if use.resets_at_us:
        write_time(use.resets_at_us, message.resets_at)


def write_text(text: LocalizedText, message: risk_pb2.LocalizedText) -> None:
    """Write both languages into an empty message."""
    message.zh, message.en = text.zh, text.en


def write_time(time_us: int, stamp: Timestamp) -> None:
    """Write microseconds since 1970 UTC into an empty time."""
    stamp.seconds, micros = divmod(time_us, MICROS)
    stamp.nanos = micros * 1000
