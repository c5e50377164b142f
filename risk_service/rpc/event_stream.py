"""ReportEvents: reads a stream of messages, answers once all of it is durable or refused.

A message is cut into chunks that are written together with those of other streams, so
that no message of 500 events keeps orders waiting. Some messages are read ahead of the
answers to earlier ones; beyond that gRPC makes the caller wait.
"""

import asyncio
from collections import Counter, deque
from collections.abc import AsyncIterable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from google.protobuf.message import DecodeError

from risk_service.domain.errors import InvalidInput, TooLarge
from risk_service.domain.reported import Refusal, Report
from risk_service.identity.payload import Fingerprinter
from risk_service.intake.intake import Answer, Result, Taken
from risk_service.pb.risk.v1 import event_pb2
from risk_service.rpc.constraints import EVENTS
from risk_service.rpc.gather import Gatherer
from risk_service.rpc.screen_event import ANY_TIME, accept_event
from risk_service.rpc.validate import require
from risk_service.rpc.wire import locate
from risk_service.telemetry import Metrics

# A chunk takes some 2 ms: as long as a group of orders.
CHUNK_EVENTS = 32
READ_AHEAD_MESSAGES = 8
MESSAGES_MAX = 10_000
# Together with the counts an answer stays well under the 4 MiB that clients take by default.
REFUSALS_LISTED_MAX = 5_000
EVENT_ID_LISTED_MAX = 64
# How long a chunk may wait for its turn; the caller's own deadline ends the call before.
WAIT_S = 60.0

# Typed loosely: the generated stub knows two kinds of descriptor.
_MESSAGE: Any = event_pb2.ReportEventsRequest
Chunks = Gatherer[Sequence[Report], Answer]


@dataclass(slots=True)
class _Pending:
    """One message on its way: what is refused already, and the chunks of the rest."""

    event_ids: list[str]
    refusals: dict[int, Refusal]
    places: list[int]
    chunks: "list[asyncio.Future[Answer]]"


@dataclass(frozen=True, slots=True, kw_only=True)
class EventStream:
    """Takes the messages of one or more streams."""

    gatherer: Chunks
    fingerprinter: Fingerprinter
    metrics: Metrics
    # Reading a message of 500 events takes longer than deciding a group of orders.
    _turn: asyncio.Lock = field(default_factory=asyncio.Lock, init=False)

    async def report(self, messages: AsyncIterable[bytes]) -> event_pb2.ReportEventsResponse:
        """Return the answer to a whole stream.

        Raises
        ------
        InvalidInput
            A message is none of the contract, or holds no event.
        TooLarge
            A message holds more than 500 events, or the stream more than 10,000 messages.
        risk_service.domain.errors.StoreUnavailable
            What was not written by then is not; the stream may be sent again.
        """
        answer = event_pb2.ReportEventsResponse()
        pending: deque[_Pending] = deque()
        count, left = 0, REFUSALS_LISTED_MAX
        try:
            async for payload in messages:
                count += 1
                if count > MESSAGES_MAX:
                    raise _too_long()
                async with self._turn:
                    pending.append(self._submit(payload))
                    # One message at a time: orders that came meanwhile go before the next.
                    await asyncio.sleep(0)
                if len(pending) > READ_AHEAD_MESSAGES:
                    left -= await self._settle(pending.popleft(), answer, left)
            while pending:
                left -= await self._settle(pending.popleft(), answer, left)
        finally:
            # A stream that breaks leaves nobody to take these answers; they are written all
            # the same, and repeated when the stream comes again.
            for one in pending:
                for chunk in one.chunks:
                    chunk.add_done_callback(_looked_at)
        return answer

    def _submit(self, payload: bytes) -> _Pending:
        try:
            message = _MESSAGE.FromString(payload)
        except DecodeError as error:
            raise InvalidInput((locate(payload, _MESSAGE.DESCRIPTOR),)) from error
        require(message, EVENTS, ANY_TIME)
        refusals: dict[int, Refusal] = {}
        places: list[int] = []
        reports: list[Report] = []
        for place, event in enumerate(message.events):
            accepted = accept_event(event, self.fingerprinter.fingerprint)
            if isinstance(accepted, Refusal):
                refusals[place] = accepted
            else:
                places.append(place)
                reports.append(accepted)
        chunks = [
            self.gatherer.submit(reports[start : start + CHUNK_EVENTS], WAIT_S)
            for start in range(0, len(reports), CHUNK_EVENTS)
        ]
        return _Pending([event.event_id for event in message.events], refusals, places, chunks)

    async def _settle(
        self, pending: _Pending, answer: event_pb2.ReportEventsResponse, listed_max: int
    ) -> int:
        """Write the answer to one message; return how many refusals it lists."""
        results: list[Result] = []
        for chunk in pending.chunks:
            answered = await chunk
            if isinstance(answered, Exception):
                raise answered
            results += answered
        taken = Counter(one for one in results if isinstance(one, Taken))
        placed = zip(pending.places, results, strict=True)
        refusals = pending.refusals | {
            place: one for place, one in placed if isinstance(one, Refusal)
        }
        batch = answer.results.add(accepted=taken[Taken.ACCEPTED], repeated=taken[Taken.REPEATED])
        _write_refusals(batch, pending.event_ids, refusals, listed_max)
        self._count(taken, refusals.values())
        return len(batch.refused)

    def _count(self, taken: "Counter[Taken]", refusals: Iterable[Refusal]) -> None:
        for one, count in taken.items():
            self.metrics.events_taken(one.value, count)
        for reason, count in Counter(one.reason for one in refusals).items():
            self.metrics.events_taken(reason.name, count)


def _write_refusals(
    batch: Any, event_ids: Sequence[str], refusals: dict[int, Refusal], listed_max: int
) -> None:
    for place in sorted(refusals)[:listed_max]:
        one = refusals[place]
        batch.refused.add(
            event_id=event_ids[place][:EVENT_ID_LISTED_MAX],
            index=place,
            reason=one.reason,
            field=one.field,
            description=one.description,
        )
    for reason, count in sorted(Counter(one.reason for one in refusals.values()).items()):
        batch.refused_counts.add(reason=reason, count=count)


def _looked_at(chunk: "asyncio.Future[Answer]") -> None:
    """Take note of a result nobody waits for, so that asyncio does not complain."""
    if not chunk.cancelled():
        chunk.exception()


def _too_long() -> TooLarge:
    words = f"a stream has at most {MESSAGES_MAX} messages; end it and open another"
    return TooLarge.at("events", words)
