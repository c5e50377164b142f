"""Events of an order's life and promotion actions: messages in, what became of them out.

Reporting is idempotent by event id: after any failure the same events may be sent again.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import cast

from google.protobuf.internal.enum_type_wrapper import EnumTypeWrapper

from risk_service.client import rows
from risk_service.client.rows import Row
from risk_service.pb.risk.v1 import event_pb2

EVENTS_PER_MESSAGE = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class RefusedEvent:
    """An event that does not count: why, and the field at fault, if it is one."""

    event_id: str
    reason: str
    field: str
    description: str


@dataclass(frozen=True, slots=True, kw_only=True)
class EventReport:
    """What became of the events of one call.

    ``accepted`` count from now on and are durable; ``repeated`` did already. ``refused`` holds
    at most 5,000 of those counted in ``refused_counts``, by reason.
    """

    accepted: int
    repeated: int
    refused: tuple[RefusedEvent, ...]
    refused_counts: Mapping[str, int]


def event_message(record: Row) -> event_pb2.ReportedEvent:
    """Return the message of one row of ``events.parquet``: something in an order's life.

    Parameters
    ----------
    record
        event_id, event_type, event_at, order_id; amount_minor, reason, weight_ratio and claim_id
        may be None, NaN, empty or absent.

    Raises
    ------
    ValueError
        A value cannot be put into the message; names its column.
    """
    message = event_pb2.ReportedEvent(
        event_id=rows.text(record, "event_id"),
        type=_type(record, "event_type"),
        occurred_at=rows.time(record, "event_at"),
        order_id=rows.text(record, "order_id"),
        claim_id=rows.text(record, "claim_id"),
    )
    if not rows.is_missing(record.get("amount_minor")):
        message.amount_minor = rows.number(record, "amount_minor")
    if told := rows.text(record, "reason"):
        reason = _number("reason", event_pb2.EventReason, "EVENT_REASON_", told)
        message.reason = cast("event_pb2.EventReason", reason)
    if not rows.is_missing(record.get("weight_ratio")):
        message.weight_ratio = rows.fraction(record, "weight_ratio")
    return message


def action_message(record: Row) -> event_pb2.ReportedEvent:
    """Return the message of one row of ``actions.parquet``: a promotion action.

    Parameters
    ----------
    record
        action_id, action_type, action_at, account_id; device_id, ip, campaign_id and
        related_account_id may be empty or absent.

    Raises
    ------
    ValueError
        A value cannot be put into the message; names its column.
    """
    return event_pb2.ReportedEvent(
        event_id=rows.text(record, "action_id"),
        type=_type(record, "action_type"),
        occurred_at=rows.time(record, "action_at"),
        action=event_pb2.PromotionAction(
            account_id=rows.text(record, "account_id"),
            device_id=rows.text(record, "device_id"),
            ip=rows.text(record, "ip"),
            campaign_id=rows.text(record, "campaign_id"),
            related_account_id=rows.text(record, "related_account_id"),
        ),
    )


def report_requests(
    events: Sequence[event_pb2.ReportedEvent],
) -> Iterator[event_pb2.ReportEventsRequest]:
    """Yield the messages of a stream."""
    for start in range(0, len(events), EVENTS_PER_MESSAGE):
        part = events[start : start + EVENTS_PER_MESSAGE]
        yield event_pb2.ReportEventsRequest(events=part)


def event_report(response: event_pb2.ReportEventsResponse) -> EventReport:
    """Return the sums over all messages of a stream."""
    counts: dict[str, int] = {}
    for result in response.results:
        for one in result.refused_counts:
            name = _reason(one.reason)
            counts[name] = counts.get(name, 0) + one.count
    return EventReport(
        accepted=sum(result.accepted for result in response.results),
        repeated=sum(result.repeated for result in response.results),
        refused=tuple(
            RefusedEvent(
                event_id=one.event_id,
                reason=_reason(one.reason),
                field=one.field,
                description=one.description,
            )
            for result in response.results
            for one in result.refused
        ),
        refused_counts=counts,
    )


def _type(record: Row, column: str) -> event_pb2.EventType:
    told = record.get(column)
    return cast("event_pb2.EventType", _number(column, event_pb2.EventType, "EVENT_TYPE_", told))


def _number(column: str, kind: EnumTypeWrapper, prefix: str, name: object) -> int:
    """Return the number of a short name.

    Raises
    ------
    ValueError
        There is no such name; the message lists those there are.
    """
    known = [one.removeprefix(prefix) for one, number in kind.items() if number]
    if name not in known:
        raise ValueError(f"{column}: {name!r} is none of {', '.join(known)}")
    return kind.Value(f"{prefix}{name}")


def _reason(number: int) -> str:
    known = event_pb2.RefusalReason.DESCRIPTOR.values_by_number.get(number)
    return known.name.removeprefix("REFUSAL_REASON_") if known else f"UNKNOWN_{number}"
