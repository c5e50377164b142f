"""The one table from our error tree to gRPC status codes.

What is not in the tree is a bug: it is logged and answered INTERNAL "internal error".
"""

import grpc
from google.rpc import error_details_pb2, status_pb2

from risk_service.domain.errors import (
    BundleRefused,
    ChallengeNotOpen,
    ConfigFault,
    Conflict,
    DataFault,
    DecisionNotFound,
    Forbidden,
    InvalidInput,
    NotFound,
    Overloaded,
    ProviderUnavailable,
    RequestIdReused,
    RiskError,
    StoreUnavailable,
    TooLarge,
    TooManyAttempts,
    Unauthenticated,
    Violation,
)
from risk_service.domain.refusals import refusal
from risk_service.rules.faults import RuleFileFault

Code = grpc.StatusCode


class DeadlinePassed(RiskError):
    """The caller's time was over before the order's turn came; nothing was recorded."""


class Stopping(RiskError):
    """The server is stopping and takes no more calls; another one will."""


CODES: dict[type[RiskError], grpc.StatusCode] = {
    InvalidInput: Code.INVALID_ARGUMENT,
    RuleFileFault: Code.INVALID_ARGUMENT,
    TooLarge: Code.RESOURCE_EXHAUSTED,
    RequestIdReused: Code.ALREADY_EXISTS,
    DecisionNotFound: Code.NOT_FOUND,
    ChallengeNotOpen: Code.FAILED_PRECONDITION,
    Unauthenticated: Code.UNAUTHENTICATED,
    Forbidden: Code.PERMISSION_DENIED,
    NotFound: Code.NOT_FOUND,
    Conflict: Code.FAILED_PRECONDITION,
    TooManyAttempts: Code.RESOURCE_EXHAUSTED,
    Overloaded: Code.RESOURCE_EXHAUSTED,
    StoreUnavailable: Code.UNAVAILABLE,
    ProviderUnavailable: Code.UNAVAILABLE,
    DeadlinePassed: Code.DEADLINE_EXCEEDED,
    Stopping: Code.UNAVAILABLE,
    # Raised at start and by offline commands only; on a call they would be our fault.
    BundleRefused: Code.INTERNAL,
    DataFault: Code.INTERNAL,
    ConfigFault: Code.INTERNAL,
}

INTERNAL_WORDS = "internal error"
FULL_WORDS = "the server is full; try again later with the same request id"
STORE_WORDS = refusal("not_stored")
DETAILS_KEY = "grpc-status-details-bin"
CHINESE = "zh-CN"
# gRPC allows some 8 KiB of headers. Past them it drops the answer, and past twice as much the
# connection with every call on it. Details travel as base64, other words percent-encoded.
_DETAILS_BYTES_MAX = 4096
_MESSAGE_BYTES_MAX = 2000
_VIOLATION_CHARS_MAX = 800
_CHINESE_CHARS_MAX = 300


def code_of(error: Exception) -> grpc.StatusCode:
    """Return the code for an error; INTERNAL for whatever is not in the table."""
    return CODES.get(type(error), Code.INTERNAL)  # type: ignore[arg-type]  # any type may be asked for


def words_of(error: Exception) -> str:
    """Return what the caller may read: no file of ours, nothing of a bug."""
    if code_of(error) is Code.INTERNAL:
        return INTERNAL_WORDS
    if isinstance(error, StoreUnavailable):
        return STORE_WORDS.en
    return _bounded(str(error))


def violations_of(error: Exception) -> tuple[Violation, ...]:
    """Return the fields at fault, empty when the error names none."""
    return error.violations if isinstance(error, (InvalidInput, TooManyAttempts)) else ()


def details_of(error: Exception) -> tuple[tuple[str, bytes], ...]:
    """Return the trailing metadata: a ``google.rpc.Status`` with a ``BadRequest``.

    A violation that is said in Chinese too has that as its ``localized_message``.
    Where it helps to wait it says how long (``RetryInfo``), and what the customer may read
    (``LocalizedMessage``, Chinese and English). An error that names no field, and that people
    read, says in Chinese what its message says: that it has details at all tells UNAVAILABLE by
    the service from a service that nobody reaches.
    """
    violations = violations_of(error)
    if not violations:
        return _in_chinese(error)
    chars = _VIOLATION_CHARS_MAX
    while True:
        payload = _status(error, violations, chars).SerializeToString()
        if len(payload) <= _DETAILS_BYTES_MAX:
            return ((DETAILS_KEY, payload),)
        if len(violations) > 1:
            violations = violations[: len(violations) // 2]
        else:
            chars //= 2


def _in_chinese(error: Exception) -> tuple[tuple[str, bytes], ...]:
    words = STORE_WORDS.zh if isinstance(error, StoreUnavailable) else getattr(error, "zh", "")
    if not words or code_of(error) is Code.INTERNAL:
        return ()
    number: int = code_of(error).value[0]
    status = status_pb2.Status(code=number, message=words_of(error))
    told = error_details_pb2.LocalizedMessage(
        locale=CHINESE, message=_cut(words, _CHINESE_CHARS_MAX)
    )
    status.details.add().Pack(told)
    return ((DETAILS_KEY, status.SerializeToString()),)


def _bounded(text: str) -> str:
    """Return as much of a text as a header takes once it is percent-encoded."""
    left = _MESSAGE_BYTES_MAX
    for at, one in enumerate(text):
        is_sent_as_it_is = " " <= one <= "~" and one != "%"
        left -= 1 if is_sent_as_it_is else 3 * len(one.encode("utf-8", "replace"))
        if left < 0:
            return f"{text[:at]}…"
    return text


def _cut(text: str, chars: int) -> str:
    return text if len(text) <= chars else f"{text[:chars]}…"


def _status(error: Exception, violations: tuple[Violation, ...], chars: int) -> status_pb2.Status:
    number: int = code_of(error).value[0]
    status = status_pb2.Status(code=number, message=words_of(error))
    status.details.add().Pack(
        error_details_pb2.BadRequest(
            field_violations=[_violation(violation, chars) for violation in violations]
        )
    )
    if isinstance(error, TooManyAttempts):
        _write_wait(error, status)
    return status


def _violation(violation: Violation, chars: int) -> error_details_pb2.BadRequest.FieldViolation:
    told = error_details_pb2.BadRequest.FieldViolation(
        field=_cut(violation.field, chars), description=_cut(violation.description, chars)
    )
    if violation.description_zh:
        told.localized_message.locale = CHINESE
        told.localized_message.message = _cut(violation.description_zh, chars)
    return told


def _write_wait(error: TooManyAttempts, status: status_pb2.Status) -> None:
    retry = error_details_pb2.RetryInfo()
    retry.retry_delay.FromSeconds(error.retry_after_s)
    status.details.add().Pack(retry)
    text = error.customer_text
    for locale, message in ((CHINESE, text.zh), ("en", text.en)):
        status.details.add().Pack(
            error_details_pb2.LocalizedMessage(locale=locale, message=message)
        )
