"""From a decision to the bytes of its message.

What every answer has is written by hand, in a third of the time that setting the fields of a
message takes; reasons, a challenge and hits, which few have, are left to protobuf. A test holds
the bytes equal to those of a message whose fields were set.
"""

from functools import lru_cache
from typing import Any

from msgspec.structs import astuple

from risk_service.domain.decision import AbuseScore, Decision, Versions
from risk_service.domain.grant import GrantedLine, LimitUse
from risk_service.pb.risk.v1 import risk_pb2
from risk_service.rpc.convert_hits import ABUSE_NUMBERS, write_rare, write_reason
from risk_service.rpc.wire_write import DoubleField, NumberField, TextField, length, tag

MICROS = 1_000_000
# Limits in force, their scopes and caps; what orders say of them; times that are alike within
# a group.
KEPT_LIMITS, KEPT_USES, KEPT_TIMES = 4096, 4096, 1024

# The numbers of fields are those of risk.proto.
_DECISION_ID, _REQUEST_ID, _ORDER_ID = TextField(1), TextField(2), TextField(3)
_NUMBER, _OUTCOME, _MODE = NumberField(4), NumberField(5), NumberField(9)
_SCORE, _VERSIONS, _DECIDED_AT, _LIMIT_USE, _GRANTED, _HELD_UNTIL = map(tag, (6, 8, 10, 16, 17, 18))
_BLOCKING, _REQUIRED_LEVEL = TextField(19), NumberField(20)
# AbuseScore
_ABUSE = {abuse: NumberField(1)[number] for abuse, number in ABUSE_NUMBERS.items()}
_PROBABILITY, _OF_1000 = DoubleField(2), NumberField(3)
# Versions and the texts of a LimitUse
_TEXTS = tuple(map(TextField, range(1, 9)))
# LimitUse
_CAP, _USED, _REQUESTED, _LEFT = NumberField(7), NumberField(8), NumberField(9), NumberField(11)
_USE_GRANTED, _USE_BLOCKING, _SHADOW = NumberField(10), NumberField(12), NumberField(13)
_RESETS_AT = tag(14)
# The first fields of a LimitUse are the limit's own, from policy_id to cap.
_LIMIT_FIELDS = 7
# GrantedLine
_SKU, _ASKED, _UNITS = TextField(1), NumberField(2), NumberField(3)
# Timestamp
_SECONDS, _NANOS = NumberField(1), NumberField(2)


def decision_bytes(decision: Decision) -> bytes:
    """Return the bytes of the decision's message."""
    parts = [
        _DECISION_ID(decision.decision_id),
        _REQUEST_ID(decision.request_id),
        _ORDER_ID(decision.order_id),
        _NUMBER[decision.number],
        _OUTCOME[decision.outcome],
    ]
    parts += map(_score, decision.scores)
    if decision.reasons:
        parts.append(_reasons(decision))
    parts += (
        _versions(decision.versions),
        _MODE[decision.mode],
        _DECIDED_AT,
        _time(decision.decided_at_us),
    )
    if (
        decision.causes
        or decision.challenge
        or decision.quantity_limits
        or decision.rule_hits
        or decision.list_hits
    ):
        parts.append(_rare(decision))
    if decision.limit_uses:
        parts += map(_limit_use, decision.limit_uses)
    if decision.granted:
        parts += map(_granted, decision.granted)
    if decision.held_until_us:
        parts += (_HELD_UNTIL, _time(decision.held_until_us))
    parts += (_BLOCKING(decision.blocking), _REQUIRED_LEVEL[decision.required_level])
    return b"".join(parts)


def limit_use_bytes(use: LimitUse) -> bytes:
    """Return the bytes of the message of one limit as one order met it."""
    told = astuple(use)
    used, requested, granted, remaining, blocking, shadow, resets_at_us = told[_LIMIT_FIELDS:]
    return b"".join(
        (
            _limit(told[:_LIMIT_FIELDS]),
            _USED[used],
            _REQUESTED[requested],
            _USE_GRANTED[granted],
            _LEFT[remaining],
            _USE_BLOCKING[blocking],
            _SHADOW[shadow],
            _RESETS_AT + _time(resets_at_us) if resets_at_us else b"",
        )
    )


def embedded(prefix: bytes, message: bytes) -> bytes:
    """Return a message as a field of another, behind the field's tag."""
    return prefix + length(len(message)) + message


def _score(score: AbuseScore) -> bytes:
    message = _ABUSE[score.abuse] + _PROBABILITY(score.probability) + _OF_1000[score.score]
    return embedded(_SCORE, message)


@lru_cache(maxsize=KEPT_USES)
def _limit_use(use: LimitUse) -> bytes:
    """Return a limit as an order met it; most have used nothing of it, and ask for the same."""
    return embedded(_LIMIT_USE, limit_use_bytes(use))


def _granted(line: GrantedLine) -> bytes:
    return embedded(_GRANTED, _SKU(line.sku) + _ASKED[line.requested] + _UNITS[line.granted])


def _reasons(decision: Decision) -> bytes:
    message = risk_pb2.Decision()
    for reason in decision.reasons:
        write_reason(reason, message.reasons.add())
    return message.SerializeToString()


def _rare(decision: Decision) -> bytes:
    message = risk_pb2.Decision()
    write_rare(decision, message)
    return message.SerializeToString()


@lru_cache(maxsize=64)
def _versions(versions: Versions) -> bytes:
    texts = [field(text) for field, text in zip(_TEXTS, astuple(versions), strict=True)]
    return embedded(_VERSIONS, b"".join(texts))


@lru_cache(maxsize=KEPT_LIMITS)
def _limit(told: tuple[Any, ...]) -> bytes:
    """Return what a limit says of itself, whoever meets it."""
    policy_id, version, subject, scope, measure, window, cap = told
    texts = (policy_id, version, subject, scope, measure.name.lower(), window)
    return b"".join([field(text) for field, text in zip(_TEXTS, texts, strict=False)]) + _CAP[cap]


@lru_cache(maxsize=KEPT_TIMES)
def _time(time_us: int) -> bytes:
    """Return microseconds since 1970 UTC as a Timestamp, with its length."""
    seconds, micros = divmod(time_us, MICROS)
    return embedded(b"", _SECONDS[seconds] + _NANOS[micros * 1000])
