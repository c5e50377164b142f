"""Claims for refunds that are no claims: each fault is told by its field."""

from typing import Any

import grpc
import pytest

from risk_service.pb.risk.v1 import risk_pb2_grpc
from tests.fixtures.asking import ordered, refused
from tests.fixtures.claims import claim_request
from tests.fixtures.service import score_request

Stub = risk_pb2_grpc.RiskServiceStub
Code = grpc.StatusCode

BAD = (
    ({"request_id": ""}, {}, "request_id"),
    ({}, {"order_id": ""}, "claim.order_id"),
    ({}, {"claim_id": "x" * 65}, "claim.claim_id"),
    ({}, {"claim_id": "a\x1fb"}, "claim.claim_id"),
    ({}, {"amount_minor": 0}, "claim.amount_minor"),
    ({}, {"amount_minor": -5}, "claim.amount_minor"),
    ({}, {"reason": 99}, "claim.reason"),
    ({}, {"weight_ratio": float("nan")}, "claim.weight_ratio"),
    ({}, {"spend_and_save_threshold_minor": -1}, "claim.spend_and_save_threshold_minor"),
)


@pytest.mark.parametrize(
    ("outer", "inner", "field"), BAD, ids=[one[2] + str(n) for n, one in enumerate(BAD)]
)
def test_bad_input_names_the_field(
    stub: Stub, outer: dict[str, Any], inner: dict[str, Any], field: str
) -> None:
    """INVALID_ARGUMENT with the path of the field at fault."""
    request = claim_request("bad", "o-bad")
    for name, value in outer.items():
        setattr(request, name, value)
    for name, value in inner.items():
        setattr(request.claim, name, value)
    error = refused(stub.ScoreRefund, request)
    assert error.code() is Code.INVALID_ARGUMENT
    assert f"{field}:" in error.details()


def test_claimed_lines_are_held_to_the_orders_own(stub: Stub) -> None:
    """A foreign SKU and more units than were ordered are named by their place."""
    order_id = ordered(stub, score_request("lines", units=2))
    request = claim_request("lines-claim", order_id)
    request.claim.lines.add(sku="sku-1", quantity=3)
    request.claim.lines.add(sku="other", quantity=1)
    error = refused(stub.ScoreRefund, request)
    assert error.code() is Code.INVALID_ARGUMENT
    assert "claim.lines[0].quantity" in error.details()
    assert "claim.lines[1].sku" in error.details()


@pytest.mark.parametrize(
    "payload", [b"\xff\xff", b"\x0a\x7f", b"\x0a\x02\xc3\x28"], ids=["tag", "cut", "utf8"]
)
def test_bytes_that_are_no_message_are_the_callers_fault(
    channel: grpc.Channel, payload: bytes
) -> None:
    """INVALID_ARGUMENT, never INTERNAL."""
    for name in ("ScoreRefund", "AssessPromotionAction", "VerifyRealName"):
        call = channel.unary_unary(f"/risk.v1.RiskService/{name}")
        assert refused(call, payload).code() is Code.INVALID_ARGUMENT
