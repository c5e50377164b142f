"""The errors of the client, and how a gRPC status becomes one.

ClientError
├── InvalidRequest          the request breaks the contract; names the fields
│   └── RequestTooLarge     it has the right shape and too much of it
├── TooManyAttempts         too many verifications failed; says how long to wait
├── RequestIdReused         the request id was used for another payload
├── NotFound                what is named is not there: a proposal, a list, a reservation
│   └── DecisionNotFound    no decision under that key
├── Conflict                what is named is not in a state for this, such as approved already
│   └── ChallengeNotOpen    the challenge is unknown, completed or expired
├── AccessRefused           the service does not take calls from this caller
└── ServiceFailure          no fault of the caller: scoring answers with a fallback instead
    ├── ServiceUnavailable  not reachable, also not by the one retry; or nothing can be stored
    ├── CallTimedOut        no answer within the deadline
    ├── ServiceOverloaded   the service refused to take more
    └── ServiceFault        it failed, or answered what cannot be an answer
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol, TypeVar, cast

import grpc
from google.protobuf.message import DecodeError, Message
from google.rpc import error_details_pb2, status_pb2

M = TypeVar("M", bound=Message)

DETAILS_KEY = "grpc-status-details-bin"
CHINESE = "zh-CN"


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldViolation:
    """One broken constraint. ``field`` is a path such as ``order.lines[3].quantity``.

    ``description_zh`` says the same in Chinese: of rules and limits; empty elsewhere.
    """

    field: str
    description: str
    description_zh: str = ""


class ClientError(Exception):
    """Base of every error that the client raises on purpose.

    Attributes
    ----------
    status
        Name of the gRPC status, empty where no call ended with one.
    message_zh
        What the service says in Chinese; empty where it says nothing in Chinese.
    answered
        Whether the service itself said so, in details that no proxy and no broken connection
        makes. An UNAVAILABLE that it answered is no service that is not running.
    """

    status = ""
    message_zh = ""
    answered = False


class InvalidRequest(ClientError):
    """The request breaks the contract; repeating it will not help."""

    def __init__(self, message: str, violations: tuple[FieldViolation, ...] = ()) -> None:
        told = [f"{one.field}: {one.description}" for one in violations]
        # The service's own message tells the first violations already.
        super().__init__("; ".join([message, *(one for one in told if one not in message)]))
        self.violations = violations


class RequestTooLarge(InvalidRequest):
    """The request has the right shape and too much of it."""


class TooManyAttempts(ClientError):
    """Too many verifications failed, of the account or with the number of the document.

    Attributes
    ----------
    violations
        The fields whose attempts are used up.
    retry_after_s
        How long to wait until a new attempt may be made, seconds.
    customer_texts
        What the customer may read, by locale: ``zh-CN`` and ``en``.
    """

    def __init__(
        self,
        message: str,
        violations: tuple[FieldViolation, ...],
        retry_after_s: float,
        customer_texts: dict[str, str],
    ) -> None:
        super().__init__(message)
        self.violations = violations
        self.retry_after_s = retry_after_s
        self.customer_texts = customer_texts


class RequestIdReused(ClientError):
    """The request id was used for another payload."""


class NotFound(ClientError):
    """What is named is not there: a proposal, a list, a reservation."""


class DecisionNotFound(NotFound):
    """There is no decision under that key."""


class Conflict(ClientError):
    """What is named is not in a state for this, such as a proposal that was approved already."""


class ChallengeNotOpen(Conflict):
    """The challenge is unknown, already completed or expired."""


class AccessRefused(ClientError):
    """The service does not take calls from this caller."""


class ServiceFailure(ClientError):
    """The service gave no answer and the caller is not at fault."""


class ServiceUnavailable(ServiceFailure):
    """The service could not be reached, nor by the one retry; or it could not store anything.

    ``answered`` tells the second: it runs, and its log says what it lacks.
    """


class CallTimedOut(ServiceFailure):
    """There was no answer within the deadline; the order may still have been decided."""


class ServiceOverloaded(ServiceFailure):
    """The service refused to take more; call again later with the same request id."""


class ServiceFault(ServiceFailure):
    """The service failed, or answered what cannot be an answer."""


class FailedCall(Protocol):
    """What gRPC's errors, blocking and asyncio, have in common."""

    def code(self) -> grpc.StatusCode:
        """Return the status of the call."""

    def details(self) -> str | None:
        """Return the status message."""

    def trailing_metadata(self) -> object:
        """Return pairs of key and value, or None."""


BY_STATUS: dict[grpc.StatusCode, type[ClientError]] = {
    grpc.StatusCode.INVALID_ARGUMENT: InvalidRequest,
    grpc.StatusCode.OUT_OF_RANGE: InvalidRequest,
    grpc.StatusCode.ALREADY_EXISTS: RequestIdReused,
    grpc.StatusCode.NOT_FOUND: DecisionNotFound,
    grpc.StatusCode.FAILED_PRECONDITION: ChallengeNotOpen,
    grpc.StatusCode.UNAUTHENTICATED: AccessRefused,
    grpc.StatusCode.PERMISSION_DENIED: AccessRefused,
    grpc.StatusCode.UNAVAILABLE: ServiceUnavailable,
    grpc.StatusCode.DEADLINE_EXCEEDED: CallTimedOut,
    grpc.StatusCode.RESOURCE_EXHAUSTED: ServiceOverloaded,
}
"""Every other status means that the service failed."""

NOT_OF_ORDERS: dict[grpc.StatusCode, type[ClientError]] = BY_STATUS | {
    grpc.StatusCode.NOT_FOUND: NotFound,
    grpc.StatusCode.FAILED_PRECONDITION: Conflict,
}
"""The same for services that know neither decisions nor challenges."""

BY_NUMBER = {code.value[0]: code for code in grpc.StatusCode}


def from_call(
    error: FailedCall, by_status: Mapping[grpc.StatusCode, type[ClientError]] = BY_STATUS
) -> ClientError:
    """Return the client's error for a call that gRPC ended with an error."""
    code, message = error.code(), error.details() or ""
    status = _decoded(status_pb2.Status(), _details(error))
    found = _of_status(code, message, status, by_status)
    found.status = code.name
    found.answered = bool(status.details)
    if not isinstance(found, TooManyAttempts):
        told = _unpacked(status, error_details_pb2.LocalizedMessage)
        found.message_zh = next((one.message for one in told if one.locale == CHINESE), "")
    return found


def _of_status(
    code: grpc.StatusCode,
    message: str,
    status: status_pb2.Status,
    by_status: Mapping[grpc.StatusCode, type[ClientError]],
) -> ClientError:
    violations = _violations(status)
    waits = _unpacked(status, error_details_pb2.RetryInfo)
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and waits:
        texts = _unpacked(status, error_details_pb2.LocalizedMessage)
        wait_s = waits[0].retry_delay.ToTimedelta().total_seconds()
        return TooManyAttempts(
            message, violations, wait_s, {text.locale: text.message for text in texts}
        )
    return from_status(code, message, violations, by_status)


def from_status(
    code: grpc.StatusCode,
    message: str,
    violations: tuple[FieldViolation, ...],
    by_status: Mapping[grpc.StatusCode, type[ClientError]] = BY_STATUS,
) -> ClientError:
    """Return the client's error for a status.

    RESOURCE_EXHAUSTED names fields when the request is too large and none when the
    server is full: only the second is worth another call, or a fallback answer.
    """
    if code is grpc.StatusCode.RESOURCE_EXHAUSTED and violations:
        return RequestTooLarge(message, violations)
    kind = by_status.get(code, ServiceFault)
    if issubclass(kind, InvalidRequest):
        return kind(message, violations)
    return kind(f"{code.name}: {message}")


def _violations(status: status_pb2.Status) -> tuple[FieldViolation, ...]:
    """Return the field violations of ``google.rpc.BadRequest``; none when undecodable."""
    return tuple(
        FieldViolation(
            field=violation.field,
            description=violation.description,
            description_zh=violation.localized_message.message,
        )
        for bad_request in _unpacked(status, error_details_pb2.BadRequest)
        for violation in bad_request.field_violations
    )


def _unpacked(status: status_pb2.Status, kind: type[M]) -> list[M]:
    """Return the details of one kind."""
    return [
        _decoded(kind(), detail.value) for detail in status.details if detail.Is(kind.DESCRIPTOR)
    ]


def _details(error: FailedCall) -> bytes:
    pairs = cast("tuple[tuple[str, str | bytes], ...]", error.trailing_metadata() or ())
    found = next((value for key, value in pairs if key == DETAILS_KEY), b"")
    return found if isinstance(found, bytes) else found.encode()


def _decoded(message: M, data: bytes) -> M:
    # The status itself stands without its details: a damaged detail must not hide it.
    try:
        message.ParseFromString(data)
    except DecodeError:
        message.Clear()
    return message
