"""From one parsed event of the stream to a report, or to the reason why it is refused.

As with orders, what is plainly valid passes at once, and anything else is held to the
table of constraints; here a broken row refuses the event and nothing around it.
"""

from collections.abc import Callable
from typing import Any

from risk_service.domain.action import RawAction
from risk_service.domain.errors import InvalidInput, Violation
from risk_service.domain.reported import ORDER_LIFE, LifeEvent, Refusal, Report
from risk_service.domain.vocabulary import EventReason, EventType, RefusalReason
from risk_service.rpc.constraints import ACTION_EVENT, LIFE_EVENT, MONEY_MINOR_MAX, is_ip
from risk_service.rpc.validate import TimeWindow, micros, require

# Decisions' ids begin so; they count attempts beside the events.
RESERVED_PREFIX = "dec_"
TYPES = {int(member): member for member in EventType}
REASONS = {int(member): member for member in EventReason}
ANY_TIME = TimeWindow(earliest_us=None, latest_us=None)
# Fields without which nobody can tell what an event is about.
IDS = ("event_id", "order_id", "action.account_id", "subject")
YEAR_10000_S = 253_402_300_800
_HIGH = {row.field: row.high for row in (*LIFE_EVENT, *ACTION_EVENT)}
_WEIGHT_MAX = _HIGH["weight_ratio"]

Fingerprint = Callable[[bytes], bytes]


def accept_event(message: Any, fingerprint: Fingerprint) -> Report | Refusal:
    """Return the report of a ``ReportedEvent``, or why it is refused.

    Parameters
    ----------
    fingerprint
        Makes the keyed digest by which a repeated event is told from another one.
    """
    if not _plainly_valid(message):
        refusal = _refusal(message)
        if refusal is not None:
            return refusal
    subject = _action(message) if message.HasField("action") else _life(message)
    content = message.SerializeToString(deterministic=True)
    return Report(fingerprint=fingerprint(b"e" + content), subject=subject)


def _plainly_valid(message: Any) -> bool:
    """Tell whether the event is valid beyond doubt; False means: look closely."""
    kind = TYPES.get(message.type)
    event_id, at = message.event_id, message.occurred_at
    is_action = message.HasField("action")
    return (
        kind is not None
        and (kind in ORDER_LIFE) is not is_action
        and 0 < len(event_id) <= 64
        and event_id.isascii()
        and event_id.isprintable()
        and not event_id.startswith(RESERVED_PREFIX)
        and 0 < at.seconds < YEAR_10000_S
        and 0 <= at.nanos < 1_000_000_000
        and 0 <= message.amount_minor <= MONEY_MINOR_MAX
        and 0.0 <= message.weight_ratio <= _WEIGHT_MAX
        and message.reason in REASONS
        and (not message.claim_id or _plain_id(message.claim_id, 64))
        and (_plain_action(message.action) if is_action else _plain_id(message.order_id, 64))
    )


def _plain_id(text: str, high: int) -> bool:
    return 0 < len(text) <= high and text.isprintable() and not text.isspace()


def _plain_action(action: Any) -> bool:
    rest = (action.device_id, action.campaign_id, action.related_account_id)
    return (
        _plain_id(action.account_id, _HIGH["action.account_id"])
        and max(map(len, rest)) <= _HIGH["action.campaign_id"]
        and "".join(rest).isprintable()
        and (not action.ip or is_ip(action.ip))
    )


def _refusal(message: Any) -> Refusal | None:
    if TYPES.get(message.type) is None:
        return _refused(RefusalReason.UNKNOWN_TYPE, "type", f"no such type: {message.type}")
    subject = message.WhichOneof("subject")
    if subject is None:
        words = "either order_id or action must be set"
        return _refused(RefusalReason.MISSING_ID, "subject", words)
    if (TYPES[message.type] in ORDER_LIFE) is not (subject == "order_id"):
        words = f"{TYPES[message.type].name} does not go with {subject}"
        return _refused(RefusalReason.UNKNOWN_TYPE, "type", words)
    try:
        require(message, LIFE_EVENT if subject == "order_id" else ACTION_EVENT, ANY_TIME)
    except InvalidInput as error:
        return _of_violation(message, error.violations)
    if message.event_id.startswith(RESERVED_PREFIX):
        words = f"must not begin with {RESERVED_PREFIX}, which decisions have"
        return _refused(RefusalReason.MALFORMED, "event_id", words)
    return None


def _of_violation(message: Any, violations: tuple[Violation, ...]) -> Refusal:
    """Tell a missing id from a field that is wrong; the first violation speaks."""
    for violation in violations:
        if violation.field in IDS and not _value(message, violation.field).strip():
            return _refused(RefusalReason.MISSING_ID, violation.field, violation.description)
    first = violations[0]
    return _refused(RefusalReason.MALFORMED, first.field, first.description)


def _value(message: Any, field: str) -> str:
    for step in field.split("."):
        message = getattr(message, step)
    return str(message)


def _refused(reason: RefusalReason, field: str, description: str) -> Refusal:
    return Refusal(reason=reason, field=field, description=description)


def _life(message: Any) -> LifeEvent:
    return LifeEvent(
        event_id=message.event_id,
        event_type=TYPES[message.type],
        at_us=micros(message.occurred_at),
        order_id=message.order_id,
        amount_minor=message.amount_minor if message.HasField("amount_minor") else None,
        reason=REASONS[message.reason],
        weight_ratio=message.weight_ratio if message.HasField("weight_ratio") else None,
        claim_id=message.claim_id,
    )


def _action(message: Any) -> RawAction:
    action = message.action
    return RawAction(
        action_id=message.event_id,
        action_type=TYPES[message.type].name,
        at_us=micros(message.occurred_at),
        account_id=action.account_id,
        device_id=action.device_id,
        ip=action.ip,
        campaign_id=action.campaign_id,
        related_account_id=action.related_account_id,
    )
