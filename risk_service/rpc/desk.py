"""From the bytes of gathered calls to the bytes of their answers, a group at a time.

Handlers only queue what came. Decoding, validation and the fingerprint run here, one order
after the other, and so does writing the answers: between two calls gRPC's own work empties
the processor's caches, and the same code costs about twice as much there.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from google.protobuf.message import DecodeError, Message

from risk_service.decisions.attempt import Attempt
from risk_service.domain.decision import Decision
from risk_service.domain.errors import InvalidInput
from risk_service.identity.payload import Fingerprinter
from risk_service.pb.risk.v1 import risk_pb2
from risk_service.rpc.constraints import COMPLETE_CHALLENGE
from risk_service.rpc.convert import answered_bytes, challenge_report
from risk_service.rpc.screen import accept
from risk_service.rpc.validate import TimeWindow, require
from risk_service.rpc.wire import locate
from risk_service.telemetry import Metrics

# Fingerprints of different calls must differ even for equal bytes.
_ORDER_CALL, _CHALLENGE_CALL = b"o", b"c"

# The bytes of a ScoreOrderRequest, or an attempt that its handler has formed.
Call = bytes | Attempt
# Bytes of a ScoreOrderResponse for bytes, a decision for an attempt.
Answer = bytes | Decision | Exception


@dataclass(frozen=True, slots=True, kw_only=True)
class Desk:
    """Decides gathered calls.

    Parameters
    ----------
    decide
        The pipeline: one answer per attempt, in order.
    window
        Returns which times of order are taken right now.
    """

    decide: Callable[[Sequence[Attempt]], Sequence[Decision | Exception]]
    fingerprinter: Fingerprinter
    window: Callable[[], TimeWindow]
    metrics: Metrics

    def answer(self, calls: Sequence[Call]) -> list[Answer]:
        """Return one answer per call; what is wrong with a call is that call's answer."""
        window = self.window()
        drafts = [
            self._drafted(call, window) if isinstance(call, bytes) else call for call in calls
        ]
        attempts = [draft for draft in drafts if isinstance(draft, Attempt)]
        decided = iter(self.decide(attempts) if attempts else ())
        answers = [next(decided) if isinstance(draft, Attempt) else draft for draft in drafts]
        self._count(answers)
        return [
            _written(answer) if isinstance(call, bytes) else answer
            for call, answer in zip(calls, answers, strict=True)
        ]

    def order_attempt(self, request: Any, window: TimeWindow) -> Attempt:
        """Return the attempt of a ``ScoreOrderRequest``.

        Raises
        ------
        risk_service.domain.errors.InvalidInput
            A constraint is broken.
        """
        return Attempt(
            request_id=request.request_id,
            subject=accept(request, window),
            fingerprint=self._fingerprint(_ORDER_CALL, request),
        )

    def challenge_attempt(self, payload: bytes) -> Attempt:
        """Return the attempt of a ``CompleteChallengeRequest``.

        Raises
        ------
        risk_service.domain.errors.InvalidInput
            A constraint is broken.
        """
        request = decoded(risk_pb2.CompleteChallengeRequest, payload)
        require(request, COMPLETE_CHALLENGE, self.window())
        return Attempt(
            request_id=request.request_id,
            fingerprint=self._fingerprint(_CHALLENGE_CALL, request),
            subject=challenge_report(request),
        )

    def _drafted(self, payload: bytes, window: TimeWindow) -> Attempt | Exception:
        try:
            return self.order_attempt(decoded(risk_pb2.ScoreOrderRequest, payload), window)
        except Exception as error:  # noqa: BLE001 - a fault in one never fails its neighbours
            return error

    def _fingerprint(self, call: bytes, request: Message) -> bytes:
        return self.fingerprinter.fingerprint(call + request.SerializeToString(deterministic=True))

    def _count(self, answers: Sequence[Decision | Exception]) -> None:
        made = Counter(
            [(answer.outcome, answer.mode) for answer in answers if isinstance(answer, Decision)]
        )
        for (outcome, mode), count in made.items():
            self.metrics.decisions_made(outcome.name, mode.name, count)


def decoded(message_type: Any, payload: bytes) -> Any:
    """Parse the bytes.

    Raises
    ------
    risk_service.domain.errors.InvalidInput
        They are no such message; names the field at fault.
    """
    try:
        return message_type.FromString(payload)
    except DecodeError as error:
        raise InvalidInput((locate(payload, message_type.DESCRIPTOR),)) from error


def _written(answer: Decision | Exception) -> bytes | Exception:
    if isinstance(answer, Exception):
        return answer
    return answered_bytes(answer)
