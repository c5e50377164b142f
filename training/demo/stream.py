"""Streams recorded orders and events through the client, and times each answer."""

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from operator import itemgetter
from pathlib import Path
from typing import Any

import pyarrow.compute as pc
import pyarrow.parquet as pq

from risk_service.client import (
    Answer,
    AsyncRiskClient,
    EventReport,
    action_message,
    event_message,
    order_message,
)

DEADLINE_MS = 2_000.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RecordedOrder:
    """One row of the raw data set with its lines."""

    record: dict[str, Any]
    lines: list[dict[str, Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class TimedAnswer:
    """What came back for one order, and how long the caller waited."""

    order_id: str
    answer: Answer
    latency_ms: float


def recorded_orders(data: Path, start: datetime, end: datetime) -> list[RecordedOrder]:
    """Return the orders submitted in [start, end), oldest first, with their lines."""
    window = (pc.field("ordered_at") >= start) & (pc.field("ordered_at") < end)
    orders = pq.read_table(data / "orders.parquet", filters=window)
    wanted = orders.column("order_id").combine_chunks()
    lines = pq.read_table(data / "lines.parquet", filters=pc.field("order_id").isin(wanted))
    by_order: dict[str, list[dict[str, Any]]] = {}
    for line in lines.to_pylist():
        by_order.setdefault(line["order_id"], []).append(line)
    return [RecordedOrder(record=r, lines=by_order[r["order_id"]]) for r in orders.to_pylist()]


@dataclass(slots=True)
class EventTally:
    """What became of the reported events; ``refused`` counts by reason."""

    accepted: int = 0
    refused: dict[str, int] = field(default_factory=dict)

    def add(self, report: EventReport) -> None:
        """Add the answer to one call."""
        self.accepted += report.accepted
        for reason, count in report.refused_counts.items():
            self.refused[reason] = self.refused.get(reason, 0) + count


def recorded_events(data: Path, start: datetime, end: datetime) -> list[Any]:
    """Return the messages of what the shop recorded in [start, end), in that order."""
    window = (pc.field("recorded_at") >= start) & (pc.field("recorded_at") < end)
    events = pq.read_table(data / "events.parquet", filters=window).to_pylist()
    actions = pq.read_table(data / "actions.parquet", filters=window).to_pylist()
    timed = [(row["recorded_at"], event_message(row)) for row in events]
    timed += [(row["recorded_at"], action_message(row)) for row in actions]
    return [message for _, message in sorted(timed, key=itemgetter(0))]


async def stream(
    client: AsyncRiskClient,
    orders: list[RecordedOrder],
    in_flight: int,
    on_answer: Callable[[], None],
) -> list[TimedAnswer]:
    """Return one timed answer per order; ``in_flight`` callers take the orders in turn."""
    messages = [(o.record["order_id"], order_message(o.record, o.lines)) for o in orders]
    answers: list[TimedAnswer] = []

    async def caller(turn: Iterator[tuple[str, Any]]) -> None:
        for order_id, message in turn:
            began = time.perf_counter()
            answer = await client.score_order(message, f"demo-{order_id}", DEADLINE_MS)
            waited_ms = (time.perf_counter() - began) * 1_000
            answers.append(TimedAnswer(order_id=order_id, answer=answer, latency_ms=waited_ms))
            on_answer()

    turn = iter(messages)
    await asyncio.gather(*(caller(turn) for _ in range(in_flight)))
    return answers
