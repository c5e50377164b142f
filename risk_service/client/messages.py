"""Orders as messages, from plain mappings such as the rows of a raw data set.

Limits: reads the columns named in ``order_message``; checks nothing that the service
checks. A value that cannot be put into the message raises ``ValueError`` with its column
here, before anything is sent.
"""

from collections.abc import Iterable
from typing import cast

from risk_service.client import rows
from risk_service.client.rows import ENUM, UINT32, Row
from risk_service.pb.risk.v1 import order_pb2


def order_message(record: Row, lines: Iterable[Row]) -> order_pb2.Order:
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

    Raises
    ------
    ValueError
        A value cannot be put into the message: ``lines[1].quantity must be ..., got -1``.
    """
    message = order_pb2.Order(
        order_id=rows.text(record, "order_id"),
        ordered_at=rows.time(record, "ordered_at"),
        account=_account(record),
        device_id=rows.text(record, "device_id"),
        address=_address(record),
        payment_instrument=order_pb2.PaymentInstrument(
            payment_instrument_id=rows.text(record, "payment_instrument_id"),
            payer_name=rows.text(record, "payer_name"),
        ),
        ip=rows.text(record, "ip"),
        recipient=order_pb2.Recipient(
            name=rows.text(record, "recipient_name"), phone=rows.text(record, "recipient_phone")
        ),
        real_name_id=rows.text(record, "real_name_id"),
        lines=rows.each("lines", lines, _line),
        discounts=rows.each("discounts", record.get("discounts"), _discount),
        totals=_totals(record),
        session=_session(record),
        balance_due_at=rows.time(record, "balance_due_at"),
    )
    message.verification_level = cast(
        "order_pb2.VerificationLevel", rows.number(record, "verification_level", ENUM)
    )
    return message


def _account(record: Row) -> order_pb2.Account:
    return order_pb2.Account(
        account_id=rows.text(record, "account_id"),
        registered_at=rows.time(record, "account_registered_at"),
        member_level=rows.text(record, "member_level"),
    )


def _address(record: Row) -> order_pb2.Address:
    return order_pb2.Address(
        region=rows.text(record, "address_region"),
        city=rows.text(record, "address_city"),
        district=rows.text(record, "address_district"),
        detail=rows.text(record, "address_detail"),
        postcode=rows.text(record, "address_postcode"),
    )


def _totals(record: Row) -> order_pb2.Totals:
    return order_pb2.Totals(
        currency_code=rows.text(record, "currency_code"),
        goods_minor=rows.number(record, "goods_minor"),
        discount_minor=rows.number(record, "discount_minor"),
        shipping_minor=rows.number(record, "shipping_minor"),
        payable_minor=rows.number(record, "payable_minor"),
    )


def _session(record: Row) -> order_pb2.Session:
    message = order_pb2.Session(drop_id=rows.text(record, "drop_id"))
    if not rows.is_missing(record.get("page_open_to_submit_ms")):
        message.page_open_to_submit_ms = rows.number(
            record, "page_open_to_submit_ms", UINT32, rounded=True
        )
    message.entry_path = cast("order_pb2.EntryPath", rows.number(record, "entry_path", ENUM))
    return message


def _line(line: Row) -> order_pb2.OrderLine:
    message = order_pb2.OrderLine(
        sku=rows.text(line, "sku"),
        quantity=rows.number(line, "quantity", UINT32),
        unit_price_minor=rows.number(line, "unit_price_minor"),
        seller_id=rows.text(line, "seller_id"),
        campaign_id=rows.text(line, "campaign_id"),
        spu=rows.text(line, "spu"),
        category=rows.text(line, "category"),
    )
    message.promotion_type = _promotion(line)
    return message


def _discount(discount: Row) -> order_pb2.Discount:
    message = order_pb2.Discount(
        coupon_id=rows.text(discount, "coupon_id"),
        amount_minor=rows.number(discount, "amount_minor"),
    )
    message.promotion_type = _promotion(discount)
    return message


def _promotion(row: Row) -> order_pb2.PromotionType:
    return cast("order_pb2.PromotionType", rows.number(row, "promotion_type", ENUM))
