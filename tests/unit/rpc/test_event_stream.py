"""Streams of events take turns with each other and with orders."""

import asyncio
from collections.abc import AsyncIterator, Sequence

from risk_service.domain.reported import Report
from risk_service.identity.payload import Fingerprinter
from risk_service.intake.intake import Answer, Taken
from risk_service.pb.risk.v1 import event_pb2
from risk_service.rpc.event_stream import EventStream
from risk_service.rpc.gather import Gatherer, GatherLimits
from risk_service.telemetry import Metrics
from tests.fixtures.events import action
from tests.fixtures.keys import KEY

STREAMS = 5
LIMITS = GatherLimits(quiet_s=0.0, max_age_s=0.0, max_group=8, max_waiting=100)


def test_one_message_is_read_between_two_turns_of_the_loop() -> None:
    """A message of 500 events takes as long as many orders: of a burst, each lets orders go by."""
    asyncio.run(_burst())


async def _burst() -> None:
    turn, read_in = 0, []

    class Watched(Fingerprinter):
        def fingerprint(self, payload: bytes) -> bytes:
            """Note the turn."""
            read_in.append(turn)
            return super().fingerprint(payload)

    def taken(batches: Sequence[Sequence[Report]]) -> list[Answer]:
        return [[Taken.ACCEPTED for _ in batch] for batch in batches]

    async def messages(number: int) -> AsyncIterator[bytes]:
        events = [action(f"e-{number}")]
        yield event_pb2.ReportEventsRequest(events=events).SerializeToString()

    async def count_turns() -> None:
        nonlocal turn
        while True:
            turn += 1
            await asyncio.sleep(0)

    metrics = Metrics()
    stream = EventStream(
        gatherer=Gatherer(taken, LIMITS, metrics.event_groups),
        fingerprinter=Watched(KEY),
        metrics=metrics,
    )
    counting = asyncio.create_task(count_turns())
    answers = await asyncio.gather(*[stream.report(messages(n)) for n in range(STREAMS)])
    counting.cancel()
    assert [answer.results[0].accepted for answer in answers] == [1] * STREAMS
    assert len(set(read_in)) == STREAMS
