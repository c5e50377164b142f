"""Bad input against the real server: a code, a field, and the server unharmed."""

import time

import grpc
import pytest
from google.rpc import error_details_pb2, status_pb2
from hypothesis import given, settings
from hypothesis import strategies as st

from risk_service.pb.risk.v1 import risk_pb2, risk_pb2_grpc
from tests.fixtures.hostile import BROKEN, valid_request
from tests.fixtures.service import score_request

Stub = risk_pb2_grpc.RiskServiceStub
Code = grpc.StatusCode
HOSTILE = (Code.INVALID_ARGUMENT, Code.RESOURCE_EXHAUSTED)


def send(channel: grpc.Channel, payload: bytes, method: str = "ScoreOrder") -> grpc.RpcError | None:
    """Send raw bytes; return the error, or None for an answer."""
    call = channel.unary_unary(f"/risk.v1.RiskService/{method}")
    try:
        call(payload, timeout=10)
    except grpc.RpcError as error:
        return error
    return None


def fields(error: grpc.RpcError) -> list[str]:
    """Return the fields that the error's BadRequest names."""
    for key, value in error.trailing_metadata():
        if key == "grpc-status-details-bin":
            detail = error_details_pb2.BadRequest()
            status_pb2.Status.FromString(value).details[0].Unpack(detail)
            return [violation.field for violation in detail.field_violations]
    return []


@pytest.mark.parametrize("case", BROKEN, ids=lambda case: case.name)
def test_each_broken_constraint_is_answered_with_its_field(
    channel: grpc.Channel, case: object
) -> None:
    """Over the wire as in the table: code and field for every constraint."""
    request = valid_request(int(time.time()))
    case.spoil(request)  # type: ignore[attr-defined]
    error = send(channel, request.SerializeToString())
    assert error is not None
    wanted = Code.RESOURCE_EXHAUSTED if case.too_large else Code.INVALID_ARGUMENT  # type: ignore[attr-defined]
    assert error.code() is wanted
    assert case.field in fields(error)  # type: ignore[attr-defined]


def test_lone_surrogate_names_its_field(channel: grpc.Channel) -> None:
    """Text that is no UTF-8 is the caller's fault, and the field is named."""
    payload = valid_request(int(time.time())).SerializeToString()
    error = send(channel, payload.replace("王小明".encode(), b"\xed\xa0\x80" * 3))
    assert error is not None
    assert error.code() is Code.INVALID_ARGUMENT
    assert fields(error) == ["order.recipient.name"]


def test_five_mebibytes_are_refused(channel: grpc.Channel) -> None:
    """A body over the limit never reaches the service."""
    request = valid_request(int(time.time()))
    request.order.address.detail = "x" * (5 * 1024 * 1024)
    error = send(channel, request.SerializeToString())
    assert error is not None
    assert error.code() is Code.RESOURCE_EXHAUSTED


def test_unknown_method_is_unimplemented(channel: grpc.Channel) -> None:
    """What the contract does not have is said so."""
    error = send(channel, b"", "Nonsense")
    assert error is not None
    assert error.code() is Code.UNIMPLEMENTED


@settings(max_examples=150, deadline=None)
@given(
    st.sampled_from(["ScoreOrder", "BatchScoreOrders", "GetDecision", "CompleteChallenge"]),
    st.binary(max_size=120),
    st.integers(0, 300),
    st.integers(0, 40),
)
def test_no_bytes_are_an_internal_error(
    channel: grpc.Channel, method: str, noise: bytes, at: int, cut: int
) -> None:
    """Whatever arrives is answered, or refused as the caller's fault."""
    request = valid_request(int(time.time()))
    whole = request.SerializeToString()
    if method == "BatchScoreOrders":
        whole = risk_pb2.BatchScoreOrdersRequest(requests=[request] * 2).SerializeToString()
    for payload in (noise, whole[:at] + noise + whole[at + cut :]):
        error = send(channel, payload, method)
        allowed = (*HOSTILE, Code.NOT_FOUND, Code.FAILED_PRECONDITION, Code.ALREADY_EXISTS)
        assert error is None or error.code() in allowed


def test_the_server_is_unharmed(stub: Stub) -> None:
    """After all of it a good order is decided."""
    assert stub.ScoreOrder(score_request("after-all"), timeout=10).decision.number == 1
