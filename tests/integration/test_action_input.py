"""Promotion actions that are none: each fault is told by its field."""

from collections.abc import Callable

import grpc
import pytest

from risk_service.pb.risk.v1 import action_pb2, risk_pb2_grpc
from tests.fixtures.asking import refused
from tests.fixtures.claims import action_request

Stub = risk_pb2_grpc.RiskServiceStub
Spoil = Callable[[action_pb2.AssessPromotionActionRequest], None]
Code = grpc.StatusCode

BAD = (
    ("action_id", lambda one: setattr(one, "action_id", "dec_1")),
    ("action_id", lambda one: setattr(one, "action_id", "")),
    ("type", lambda one: setattr(one, "type", 99)),
    ("type", lambda one: setattr(one, "type", 7)),
    ("actor", lambda one: one.ClearField("customer")),
    ("customer.action.account_id", lambda one: one.customer.action.ClearField("account_id")),
    ("customer.action.ip", lambda one: setattr(one.customer.action, "ip", "1.2.3")),
    ("customer.points", lambda one: setattr(one.customer, "points", -1)),
    ("customer.group.overlap_share", lambda one: setattr(one.customer.group, "overlap_share", 2.0)),
    ("occurred_at", lambda one: one.ClearField("occurred_at")),
)


@pytest.mark.parametrize(
    ("field", "spoil"), BAD, ids=[one[0] + str(n) for n, one in enumerate(BAD)]
)
def test_bad_input_names_the_field(stub: Stub, field: str, spoil: Spoil) -> None:
    """INVALID_ARGUMENT with the path of the field at fault."""
    request = action_request("bad")
    spoil(request)
    error = refused(stub.AssessPromotionAction, request)
    assert error.code() is Code.INVALID_ARGUMENT
    assert f"{field}:" in error.details()
