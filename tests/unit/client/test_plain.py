"""Messages as plain values and back."""

from datetime import UTC, datetime

import pytest

from risk_service.client.limits import LimitClient
from risk_service.client.plain import enum_names, fill, to_plain
from risk_service.pb.risk.v1 import admin_pb2, order_pb2

ENTRY = {
    "row": 17,
    "listed": {"entity": "device", "value": "d-1"},
    "reason": "ring",
    "promotion_types": ["coupon", "flash_sale"],
    "campaigns": ["c-1"],
    "expires_at": datetime(2026, 12, 31, 12, tzinfo=UTC),
}


def test_values_come_back_as_they_were_given() -> None:
    """Enums by their short names, times as text, unset ones as None."""
    message = fill(admin_pb2.NewListEntry(), ENTRY)
    assert message.promotion_types == [
        order_pb2.PROMOTION_TYPE_COUPON,
        order_pb2.PROMOTION_TYPE_FLASH_SALE,
    ]
    plain = to_plain(message)
    assert plain["listed"]["entity"] == "device"
    assert plain["listed"]["address"] is None
    assert plain["promotion_types"] == ENTRY["promotion_types"]
    assert plain["expires_at"] == "2026-12-31T12:00:00Z"
    assert to_plain(admin_pb2.NewListEntry())["expires_at"] is None
    assert to_plain(admin_pb2.ListAuditResponse(rows=[{"leaf_sha256": b"\x00\xff"}])) == {
        "rows": [
            {
                "number": 0, "at": None, "actor_id": "", "action": "", "subject": "",
                "before": "", "after": "", "leaf_sha256": "00ff",
            }
        ]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"colour": "red"}, "NewListEntry has no field colour"),
        ({"listed": {"entity": "king"}}, "entity: must be one of account, device"),
        ({"promotion_types": ["free"]}, "promotion_types: must be one of none"),
        ({"row": "x"}, "row: "),
    ],
)
def test_what_does_not_fit_is_named(values: dict[str, object], words: str) -> None:
    """A slip names the field and what would be right."""
    with pytest.raises(ValueError, match=words):
        fill(admin_pb2.NewListEntry(), values)


def test_number_that_this_client_does_not_know_is_shown() -> None:
    """A newer service may say more than this client knows."""
    message = admin_pb2.Change()
    message.state = 99
    assert to_plain(message)["state"] == "99"


def test_names_of_an_enum_leave_out_the_unset_one() -> None:
    """What a command offers is what a request may say."""
    assert enum_names(admin_pb2.ListKind.DESCRIPTOR) == ["allow", "deny", "grey"]


def test_a_slip_in_a_name_is_told_with_those_there_are() -> None:
    """A field and a call that do not exist: the error says which do, before anything is sent."""
    with pytest.raises(ValueError, match="Listed has no field valu; it has entity, value"):
        fill(admin_pb2.NewListEntry(), {"listed": {"valu": "d-1"}})
    wrong = pytest.raises(ValueError, match=r"no call 'Reserv'; calls are .*Reserve, Confirm")
    with LimitClient("127.0.0.1:1") as limits, wrong:
        limits.call("Reserv")
