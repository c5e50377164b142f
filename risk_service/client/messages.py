"""Orders as messages, from plain mappings such as the rows of a raw data set.

Limits: reads the columns named in ``order_message``; checks nothing that the service
checks. A value that cannot be put into the message raises ``ValueError`` or ``TypeError``
here, before anything is sent.
"""

import math
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from google.protobuf.timestamp_pb2 import Timestamp

from risk_service.pb.risk.v1 import order_pb2

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def order_message(record: Mapping[str, Any], lines: Iterable[Mapping[str, Any]]) -> order_pb2.Order:
    """Return the order message of one row of orders and its rows of lines.

    Parameters
    ----------
    record
        Columns of ``orders.parquet``. Times are datetimes (naive ones are UTC) or
        integers in microseconds since 1970 UTC. ``account_registered_at``,
        ``balance_due_at`` and ``page_open_to_submit_ms`` may be None, NaN or absent; so may
        texts.
    lines
        Columns of ``lines.parquet``, in the order of the basket.
    """
    balance_due_at: Any = record.get("balance_due_at")
    message = order_pb2.Order(
        order_id=_text(record, "order_id"),
        ordered_at=timestamp(record["ordered_at"]),
        account=_account(record),
        device_id=_text(record, "device_id"),
        address=_address(record),
        payment_instrument=order_pb2.PaymentInstrument(
            payment_instrument_id=_text(record, "payment_instrument_id"),
            payer_name=_text(record, "payer_name"),
        ),
        ip=_text(record, "ip"),
        recipient=order_pb2.Recipient(
            name=_text(record, "recipient_name"), phone=_text(record, "recipient_phone")
        ),
        real_name_id=_text(record, "real_name_id"),
        lines=[_line(line) for line in lines],
        discounts=[_discount(discount) for discount in _list(record, "discounts")],
        totals=_totals(record),
        session=_session(record),
        balance_due_at=None if is_missing(balance_due_at) else timestamp(balance_due_at),
    )
    message.verification_level = cast(
        "order_pb2.VerificationLevel", _number(record, "verification_level")
    )
    return message


def timestamp(moment: datetime | int) -> Timestamp:
    """Return a protobuf time for a datetime (naive: UTC) or microseconds since 1970 UTC."""
    if isinstance(moment, datetime):
        aware = moment if moment.tzinfo is not None else moment.replace(tzinfo=UTC)
        moment_us = (aware - EPOCH) // MICROSECOND
    else:
        moment_us = int(moment)
    seconds, micros = divmod(moment_us, 1_000_000)
    return Timestamp(seconds=seconds, nanos=micros * 1_000)


def _account(record: Mapping[str, Any]) -> order_pb2.Account:
    registered_at: Any = record.get("account_registered_at")
    return order_pb2.Account(
        account_id=_text(record, "account_id"),
        registered_at=None if is_missing(registered_at) else timestamp(registered_at),
        member_level=_text(record, "member_level"),
    )


def _address(record: Mapping[str, Any]) -> order_pb2.Address:
    return order_pb2.Address(
        region=_text(record, "address_region"),
        city=_text(record, "address_city"),
        district=_text(record, "address_district"),
        detail=_text(record, "address_detail"),
        postcode=_text(record, "address_postcode"),
    )


def _totals(record: Mapping[str, Any]) -> order_pb2.Totals:
    return order_pb2.Totals(
        currency_code=_text(record, "currency_code"),
        goods_minor=_number(record, "goods_minor"),
        discount_minor=_number(record, "discount_minor"),
        shipping_minor=_number(record, "shipping_minor"),
        payable_minor=_number(record, "payable_minor"),
    )


def _session(record: Mapping[str, Any]) -> order_pb2.Session:
    open_ms: Any = record.get("page_open_to_submit_ms")
    message = order_pb2.Session(
        page_open_to_submit_ms=None if is_missing(open_ms) else int(open_ms),
        drop_id=_text(record, "drop_id"),
    )
    message.entry_path = cast("order_pb2.EntryPath", _number(record, "entry_path"))
    return message


def _line(line: Mapping[str, Any]) -> order_pb2.OrderLine:
    message = order_pb2.OrderLine(
        sku=_text(line, "sku"),
        quantity=_number(line, "quantity"),
        unit_price_minor=_number(line, "unit_price_minor"),
        seller_id=_text(line, "seller_id"),
        campaign_id=_text(line, "campaign_id"),
        spu=_text(line, "spu"),
        category=_text(line, "category"),
    )
    message.promotion_type = _promotion(line)
    return message


def _discount(discount: Mapping[str, Any]) -> order_pb2.Discount:
    message = order_pb2.Discount(
        coupon_id=_text(discount, "coupon_id"), amount_minor=_number(discount, "amount_minor")
    )
    message.promotion_type = _promotion(discount)
    return message


def _promotion(row: Mapping[str, Any]) -> order_pb2.PromotionType:
    return cast("order_pb2.PromotionType", _number(row, "promotion_type"))


def _text(row: Mapping[str, Any], column: str) -> str:
    """Return the text, or "" for what the row does not have: the message's own absence."""
    value = row.get(column)
    return "" if is_missing(value) else str(value)


def _number(row: Mapping[str, Any], column: str) -> int:
    """Return the integer, or 0 for what the row does not have.

    A fraction is refused: money is in minor units, and rounding would hide the mistake.
    """
    value = row.get(column)
    if is_missing(value):
        return 0
    number = int(cast("int", value))
    if number != value:
        raise ValueError(f"{column} must be a whole number, got {value!r}")
    return number


def _list(row: Mapping[str, Any], column: str) -> Iterable[Mapping[str, Any]]:
    value = row.get(column)
    return () if value is None else cast("Iterable[Mapping[str, Any]]", value)


def is_missing(value: object) -> bool:
    """Tell None, NaN and pandas' NaT, which alone differ from themselves."""
    return value is None or (isinstance(value, float) and math.isnan(value)) or value != value
