"""The table from errors to status codes."""

from typing import Any, cast

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2

from risk_service.domain import errors
from risk_service.domain.errors import (
    InvalidInput,
    RiskError,
    StoreUnavailable,
    TooManyAttempts,
    Violation,
)
from risk_service.domain.text import LocalizedText
from risk_service.rpc.errors import CODES, DETAILS_KEY, code_of, details_of, words_of


def tree(root: type[RiskError]) -> set[type[RiskError]]:
    """Return every class below the root, those of the service's core and edge only."""
    below = {
        child for child in root.__subclasses__() if child.__module__.startswith("risk_service.")
    }
    return below.union(*(tree(child) for child in below)) if below else set()


def test_every_error_of_the_domain_has_a_code() -> None:
    """No error of ours reaches a caller without a decision on its code."""
    domain = {error for error in tree(RiskError) if error.__module__ == errors.__name__}
    assert domain <= CODES.keys()
    assert len(domain) >= 10


@pytest.mark.parametrize("error", [KeyError("13800138000"), OSError("/var/secret"), TypeError()])
def test_a_bug_says_nothing(error: Exception) -> None:
    """What is not in the table is INTERNAL and keeps its message to itself."""
    assert code_of(error) is grpc.StatusCode.INTERNAL
    assert words_of(error) == "internal error"
    assert details_of(error) == ()


def test_a_store_fault_names_no_file() -> None:
    """The caller learns that it may retry, not where our files lie."""
    error = StoreUnavailable("decision store: /var/lib/risk: disk full")
    assert code_of(error) is grpc.StatusCode.UNAVAILABLE
    assert "/var" not in words_of(error)


def test_violations_travel_as_bad_request() -> None:
    """Fields at fault arrive as google.rpc.BadRequest in the trailing metadata."""
    error = InvalidInput((Violation(field="order.ip", description="must be set"),))
    ((key, payload),) = details_of(error)
    status = status_pb2.Status.FromString(payload)
    detail = error_details_pb2.BadRequest()
    assert status.details[0].Unpack(detail)
    assert key == "grpc-status-details-bin"
    assert [(v.field, v.description) for v in detail.field_violations] == [
        ("order.ip", "must be set")
    ]


def test_a_violation_travels_in_both_languages() -> None:
    """Chinese stands beside the English words of the same field; where there is none, nothing."""
    both = Violation(field="l.toml:3", description="must be text", description_zh="须为文本")
    error = InvalidInput((both, Violation(field="note", description="must be set")))
    ((_, payload),) = details_of(error)
    detail = error_details_pb2.BadRequest()
    assert status_pb2.Status.FromString(payload).details[0].Unpack(detail)
    first, second = detail.field_violations
    assert (first.field, first.description) == ("l.toml:3", "must be text")
    assert (first.localized_message.locale, first.localized_message.message) == (
        "zh-CN", "须为文本",
    )  # fmt: skip
    assert not second.HasField("localized_message")


def test_too_many_attempts_say_how_long_to_wait_and_what_the_customer_reads() -> None:
    """The field, the seconds to wait, and a text in Chinese and English."""
    text = LocalizedText(zh="请稍后再试", en="later")
    violation = Violation(field="account_id", description="used up")
    error = TooManyAttempts((violation,), 90, text)
    assert code_of(error) is grpc.StatusCode.RESOURCE_EXHAUSTED
    ((_, payload),) = details_of(error)
    bad, retry, *texts = status_pb2.Status.FromString(payload).details
    assert b"account_id" in bad.value
    wait = error_details_pb2.RetryInfo()
    assert retry.Unpack(wait)
    assert wait.retry_delay.seconds == 90
    messages = [error_details_pb2.LocalizedMessage.FromString(one.value) for one in texts]
    assert {one.locale: one.message for one in messages} == {"zh-CN": text.zh, "en": text.en}


CHINESE = "规则文件第 1 行：没有这个键 "
LONG = (
    [Violation(field="my.toml:1", description="x" * 200_000)],
    [Violation(field="my.toml:1", description=CHINESE * 2_000)],
    [Violation(field="规" * 200, description=CHINESE * 10) for _ in range(20)],
    [Violation(field="my.toml:1", description="x" * 300, description_zh=CHINESE * 300)] * 20,
    [Violation(field="f" * 100_000, description="must be set")],
    [Violation(field="order.totals", description="%" * 2_000) for _ in range(20)],
)


@pytest.mark.parametrize("found", LONG, ids=["long", "chinese", "many", "both", "field", "percent"])
async def test_however_much_is_wrong_the_caller_is_told_so(found: list[Violation]) -> None:
    """Beyond its limit of headers gRPC drops the answer: code, words and field arrive all the same.

    Chinese takes nine bytes a character in the message of an error, a percent sign three.
    """
    error = InvalidInput(tuple(found))

    async def handle(_: bytes, context: Any) -> None:
        await context.abort(code_of(error), words_of(error), details_of(error))

    server = grpc.aio.server()
    method: Any = grpc.unary_unary_rpc_method_handler(handle)
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("a", {"B": method})])
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
            with pytest.raises(grpc.aio.AioRpcError) as caught:
                await cast("Any", channel).unary_unary("/a/B")(b"")
    finally:
        await server.stop(None)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT
    assert (caught.value.details() or "").startswith(found[0].field[:40])
    trailing = dict(caught.value.trailing_metadata() or ())
    detail = error_details_pb2.BadRequest()
    assert status_pb2.Status.FromString(trailing[DETAILS_KEY]).details[0].Unpack(detail)
    assert found[0].field.startswith(detail.field_violations[0].field.rstrip("…"))


@pytest.mark.parametrize(
    ("one", "sent"), [("a", "a"), ("%", "%25"), ("\n", "%0A"), ("规", "%E8%A7%84")]
)
def test_words_stay_below_the_header_limit_as_they_are_sent(one: str, sent: str) -> None:
    """Of answers that are a little too large gRPC drops only some: the bound itself is held."""
    words = words_of(InvalidInput((Violation(field="f", description=one * 5_000),)))
    assert words.startswith(f"f: {one}")
    assert 1_900 < words.count(one) * len(sent) <= 2_000


def test_details_stay_below_the_header_limit() -> None:
    """However many fields are at fault, gRPC can carry the answer."""
    many = tuple(Violation(field=f"order.lines[{i}].sku", description="x" * 300) for i in range(20))
    ((_, payload),) = details_of(InvalidInput(many))
    assert 0 < len(payload) <= 4096
