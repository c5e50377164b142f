"""Every call of the contract, with any message that its form allows: never an internal error."""

import random
import time
from collections.abc import Iterator
from typing import Any

import grpc
import pytest
from google.protobuf.descriptor import Descriptor, FieldDescriptor
from google.protobuf.message_factory import GetMessageClass
from google.protobuf.timestamp_pb2 import Timestamp

from risk_service.pb.risk.v1 import admin_pb2, limits_pb2, risk_pb2
from tests.fixtures.limit_texts import policy
from tests.fixtures.rule_texts import file_text, rule_text

Code = grpc.StatusCode
# What a caller may be told; that the service is broken is not among it.
TOLD = frozenset(
    {
        Code.OK,
        Code.INVALID_ARGUMENT,
        Code.RESOURCE_EXHAUSTED,
        Code.NOT_FOUND,
        Code.FAILED_PRECONDITION,
        Code.ALREADY_EXISTS,
        Code.PERMISSION_DENIED,
    }
)
SERVICES = (risk_pb2, limits_pb2, admin_pb2)
MESSAGES_OF_EACH, DEPTH_MAX = 60, 5
BOUNDS = {
    FieldDescriptor.CPPTYPE_INT32: (-(2**31), 2**31 - 1),
    FieldDescriptor.CPPTYPE_INT64: (-(2**63), 2**63 - 1),
    FieldDescriptor.CPPTYPE_UINT32: (0, 2**32 - 1),
    FieldDescriptor.CPPTYPE_UINT64: (0, 2**64 - 1),
}
NUMBERS = (0, 1, 1, 2, 3, 7, -1, 100, 1_000, 10**9, 10**12, 10**12 + 1, 2**31, 2**62)
REALS = (0.0, 1.0, 0.5, -1.0, 1e308, -1e308, float("nan"), float("inf"), float("-inf"))
RULES = file_text(rule_text(known="order__page_open_ms = 200"))
LIMITS = "format = 1\n" + policy()
TEXTS = (
    "", "a", " ", "\x00", "\x1b[2K", "\u202e", "规则", "😀" * 40, "a" * 65, "a" * 129, "b" * 6_000,
    "CNY", "le_17", "le_99999999999999999999", "dec_1", "account", "account+device", "global",
    "+", "127.0.0.1", "::1", "10.0.0.0/8", "10.0.0.0/99", "13800138000", "11010519491231002X",
    "ring-1", "vip", "f.toml", "limits.toml", "flash-sale-person", "no", "%00", "'; --",
    RULES, RULES.replace("fast_submit", "x" * 3_000), LIMITS, "[" * 3_000, "a = " + "9" * 5_000,
)  # fmt: skip


def calls() -> Iterator[tuple[str, Descriptor, bool]]:
    """Yield path, request and whether it is a stream, of every call of the contract."""
    for module in SERVICES:
        for service in module.DESCRIPTOR.services_by_name.values():
            for method in service.methods:
                path = f"/{service.full_name}/{method.name}"
                yield path, method.input_type, method.client_streaming


def drawn(descriptor: Descriptor, rng: random.Random, depth: int = 0) -> Any:
    """Return a message whose fields hold anything that its form allows."""
    message = GetMessageClass(descriptor)()
    for field in descriptor.fields:
        if rng.random() < 0.25 or (depth >= DEPTH_MAX and field.message_type is not None):
            continue
        if field.is_repeated:
            count = rng.choice((0, 1, 1, 2, 3))
            values = [value(field, rng, depth) for _ in range(count)]
            getattr(message, field.name).extend(values)
        elif field.message_type is not None:
            getattr(message, field.name).CopyFrom(value(field, rng, depth))
        else:
            setattr(message, field.name, value(field, rng, depth))
    return message


def value(field: FieldDescriptor, rng: random.Random, depth: int) -> Any:
    """Return a value of a field."""
    if field.message_type is Timestamp.DESCRIPTOR and rng.random() < 0.7:
        return Timestamp(seconds=int(time.time()))
    if field.message_type is not None:
        return drawn(field.message_type, rng, depth + 1)
    kind = field.cpp_type
    if kind == FieldDescriptor.CPPTYPE_ENUM:
        known = [one.number for one in field.enum_type.values]
        return rng.choice((*known, *known, 99, -1))
    if kind == FieldDescriptor.CPPTYPE_BOOL:
        return rng.random() < 0.5
    if kind in (FieldDescriptor.CPPTYPE_DOUBLE, FieldDescriptor.CPPTYPE_FLOAT):
        return rng.choice(REALS)
    if kind == FieldDescriptor.CPPTYPE_STRING:
        text = rng.choice(TEXTS)
        return text.encode() if field.type == FieldDescriptor.TYPE_BYTES else text
    low, high = BOUNDS[kind]
    return min(max(rng.choice((*NUMBERS, low, high)), low), high)


@pytest.mark.parametrize(
    ("path", "request_type", "streams"), list(calls()), ids=[path for path, _, _ in calls()]
)
def test_no_message_is_an_internal_error(
    channel: grpc.Channel, path: str, request_type: Descriptor, streams: bool
) -> None:
    """Whatever the contract's form allows is answered, or refused as the caller's fault."""
    rng = random.Random(path)
    told: dict[Code, Any] = {}
    for _ in range(MESSAGES_OF_EACH):
        message = drawn(request_type, rng)
        payload = message.SerializeToString()
        try:
            if streams:
                channel.stream_unary(path)(iter([payload]), timeout=20)
            else:
                channel.unary_unary(path)(payload, timeout=20)
            told[Code.OK] = message
        except grpc.RpcError as error:
            told[error.code()] = (error.details(), message)
    assert {code: one for code, one in told.items() if code not in TOLD} == {}
