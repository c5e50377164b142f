"""Orders from rows."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from risk_service.client import order_message
from risk_service.client.rows import timestamp
from risk_service.pb.risk.v1 import order_pb2

ROW: dict[str, Any] = {
    "order_id": "o1",
    "ordered_at": datetime(2026, 3, 1, 8, 0, 0, 123456, tzinfo=UTC),
    "account_id": "a1",
    "account_registered_at": 1_700_000_000_000_001,
    "device_id": "d1",
    "ip": "203.0.113.9",
    "payment_instrument_id": "p1",
    "payer_name": "李伟",
    "recipient_name": "李伟",
    "recipient_phone": "13800138000",
    "real_name_id": "",
    "address_region": "浙江",
    "address_city": "杭州",
    "address_district": "西湖",
    "address_detail": "文三路 1 号 2-301",
    "address_postcode": "310000",
    "currency_code": "CNY",
    "goods_minor": 10_000,
    "discount_minor": 500,
    "shipping_minor": 0,
    "payable_minor": 9_500,
    "page_open_to_submit_ms": 4_200,
    "entry_path": 3,
    "drop_id": "drop_1",
    "verification_level": 2,
    "balance_due_at": 1_800_000_000_000_001,
    "member_level": "gold",
    "discounts": [{"coupon_id": "c1", "promotion_type": 4, "amount_minor": 500}],
}
LINE: dict[str, Any] = {
    "sku": "s1",
    "quantity": 2,
    "unit_price_minor": 5_000,
    "seller_id": "se1",
    "campaign_id": "ca1",
    "promotion_type": 2,
}


def test_every_column_reaches_the_message() -> None:
    """The message of a full row has every field of the contract set, with its value."""
    message = order_message(ROW, [LINE])
    assert message.ordered_at.ToMicroseconds() == 1_772_352_000_123_456
    assert message.account.registered_at.ToMicroseconds() == 1_700_000_000_000_001
    assert message.account.account_id == "a1"
    assert message.account.member_level == "gold"
    assert message.address.detail == "文三路 1 号 2-301"
    assert message.lines[0].seller_id == "se1"
    assert message.lines[0].promotion_type == order_pb2.PROMOTION_TYPE_FLASH_SALE
    assert message.discounts[0].amount_minor == 500
    assert message.totals.payable_minor == 9_500
    assert message.session.page_open_to_submit_ms == 4_200
    assert message.session.entry_path == order_pb2.ENTRY_PATH_EXACT_TITLE
    assert message.verification_level == order_pb2.VERIFICATION_LEVEL_L1
    assert message.balance_due_at.ToMicroseconds() == 1_800_000_000_000_001
    unset = {"real_name_id"}  # empty in the row
    names = {field.name for field in order_pb2.Order.DESCRIPTOR.fields} - unset
    assert {field.name for field, _ in message.ListFields()} == names


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NaT])
def test_what_is_unknown_stays_unset(missing: Any) -> None:
    """None, NaN and NaT are unknown: unset, not zero."""
    row = ROW | {"account_registered_at": missing, "page_open_to_submit_ms": missing}
    message = order_message(row, [LINE])
    assert not message.account.HasField("registered_at")
    assert not message.session.HasField("page_open_to_submit_ms")


def test_numbers_and_times_of_the_data_tools_pass() -> None:
    """Numpy's numbers, whole floats of nullable columns and pandas' times are taken."""
    row = ROW | {
        "goods_minor": np.int64(7),
        "page_open_to_submit_ms": 4_200.0,
        "ordered_at": pd.Timestamp("2026-03-01T08:00:00.123456Z"),
        "discounts": np.array(ROW["discounts"], dtype=object),
    }
    message = order_message(row, [LINE | {"quantity": np.int32(2)}])
    assert message == order_message(ROW | {"goods_minor": 7}, [LINE])


def test_a_fraction_of_money_is_refused() -> None:
    """Money is in minor units: a fraction is a mistake and names its column."""
    with pytest.raises(ValueError, match="goods_minor must be a whole number"):
        order_message(ROW | {"goods_minor": 10.5}, [LINE])


@pytest.mark.parametrize("value", [2**70, 1e30, float("inf"), "two", "1.5", "\ud800", [], 1.5])
@pytest.mark.parametrize("column", ["quantity", "unit_price_minor", "promotion_type"])
def test_a_number_that_cannot_be_sent_names_its_line_and_column(column: str, value: Any) -> None:
    """Whoever must mend it reads where: a message that holds it would not."""
    with pytest.raises(ValueError, match=rf"lines\[1\]\.{column} must be "):
        order_message(ROW, [LINE, LINE | {column: value}])


def test_a_negative_quantity_is_told_with_what_there_is_room_for() -> None:
    """The message has no sign for it; the service would refuse it as well."""
    with pytest.raises(ValueError, match=r"lines\[0\]\.quantity must be 0 to 4294967295, got -1"):
        order_message(ROW, [LINE | {"quantity": -1}])


@pytest.mark.parametrize("value", [10**30, float("inf"), "2026-03-01", [], object()])
@pytest.mark.parametrize("column", ["ordered_at", "account_registered_at", "balance_due_at"])
def test_a_time_that_cannot_be_sent_names_its_column(column: str, value: Any) -> None:
    """Texts are no times; the error says what is."""
    with pytest.raises(ValueError, match=f"{column} must be a datetime or microseconds"):
        order_message(ROW | {column: value}, [LINE])


def test_a_text_that_cannot_be_sent_names_its_column_alone() -> None:
    """A lone surrogate in a name: the column is told, the name is not."""
    with pytest.raises(ValueError, match="recipient_name is not text") as raised:
        order_message(ROW | {"recipient_name": "李伟\ud800"}, [LINE])
    assert "李伟" not in str(raised.value)


@pytest.mark.parametrize("discounts", [5, "C1", [5]])
def test_what_is_no_list_of_mappings_is_said_to_be_none(discounts: Any) -> None:
    """A coupon's code in place of the discounts is told as what it is."""
    with pytest.raises(ValueError, match=r"discounts(\[0\])? must be a"):
        order_message(ROW | {"discounts": discounts}, [LINE])


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NaT, pd.NA])
def test_an_order_without_its_time_is_left_to_the_service(missing: Any) -> None:
    """It says "must be set" and names the field, as of all that an order must have."""
    assert not order_message(ROW | {"ordered_at": missing}, [LINE]).HasField("ordered_at")


def test_a_measured_time_is_rounded_down() -> None:
    """Browsers measure fractions of milliseconds."""
    row = ROW | {"page_open_to_submit_ms": 4_200.7}
    assert order_message(row, [LINE]) == order_message(ROW, [LINE])


@given(st.datetimes(min_value=datetime(1900, 1, 1), max_value=datetime(2200, 1, 1)))  # noqa: DTZ001  # hypothesis wants naive bounds
def test_times_keep_their_microseconds(moment: datetime) -> None:
    """A naive datetime is UTC, any zone names the same instant, and nothing is rounded."""
    aware = moment.replace(tzinfo=UTC)
    elsewhere = aware.astimezone(timezone(timedelta(hours=8)))
    microseconds = (aware - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)
    assert timestamp(moment) == timestamp(elsewhere) == timestamp(microseconds)
    assert timestamp(moment).ToMicroseconds() == microseconds
