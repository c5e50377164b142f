"""Writes reasons, a challenge, causes and hits into the message of a decision.

Nothing here runs for the order that meets none of them.
"""

from google.protobuf.timestamp_pb2 import Timestamp

from risk_service.domain.decision import Challenge, Decision, Reason
from risk_service.domain.hits import RuleHit
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import Abuse
from risk_service.pb.risk.v1 import risk_pb2

MICROS = 1_000_000
ABUSE_NUMBERS = {
    Abuse.SCALPING: risk_pb2.ABUSE_SCALPING,
    Abuse.BRUSHING: risk_pb2.ABUSE_BRUSHING,
    Abuse.REFUND: risk_pb2.ABUSE_REFUND,
}


def write_reason(reason: Reason, message: risk_pb2.Reason) -> None:
    """Write one reason into an empty message."""
    message.code = reason.code
    if reason.abuse:
        message.abuse = ABUSE_NUMBERS[reason.abuse]
    message.feature = reason.feature
    if reason.feature_value is not None:
        message.feature_value = reason.feature_value
    message.contribution = reason.contribution
    write_text(reason.customer_text, message.customer_text)
    write_text(reason.analyst_text, message.analyst_text)


def write_rare(decision: Decision, message: risk_pb2.Decision) -> None:
    """Write challenge, quantity limits, causes and hits into the message of their decision."""
    if decision.challenge is not None:
        _write_challenge(decision.challenge, message.challenge)
    for limit in decision.quantity_limits:
        message.quantity_limits.add(sku=limit.sku, requested=limit.requested, allowed=limit.allowed)
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


def _write_challenge(challenge: Challenge, message: risk_pb2.Challenge) -> None:
    message.challenge_id = challenge.challenge_id
    message.kind = challenge.kind  # type: ignore[assignment]  # a number on the wire
    write_time(challenge.expires_at_us, message.expires_at)


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


def write_text(text: LocalizedText, message: risk_pb2.LocalizedText) -> None:
    """Write both languages into an empty message."""
    message.zh, message.en = text.zh, text.en


def write_time(time_us: int, stamp: Timestamp) -> None:
    """Write microseconds since 1970 UTC into an empty time."""
    stamp.seconds, micros = divmod(time_us, MICROS)
    stamp.nanos = micros * 1000
