"""From rows of the raw tables to the raw order or action that the service would have received."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from risk_service.domain.action import RawAction
from risk_service.domain.order import Discount, OrderLine, RawOrder
from risk_service.domain.vocabulary import EntryPath, PromotionType, VerificationLevel

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)
# Looking a member up in a dict is five times as fast as calling the enum.
_PROMOTIONS = {member.value: member for member in PromotionType}
_ENTRIES = {member.value: member for member in EntryPath}
_LEVELS = {member.value: member for member in VerificationLevel}


def raw_order(record: Mapping[str, Any], lines: Sequence[Mapping[str, Any]]) -> RawOrder:
    """Return the order of one row of ``orders`` and its rows of ``lines``.

    Parameters
    ----------
    record
        Columns of the raw table; times are aware datetimes or microseconds since 1970 UTC.
    lines
        At least one row, in the order of ``line_no``.
    """
    registered_at = record["account_registered_at"]
    return RawOrder(
        order_id=record["order_id"],
        ordered_at_us=_microseconds(record["ordered_at"]),
        account_id=record["account_id"],
        account_registered_at_us=None if registered_at is None else _microseconds(registered_at),
        device_id=record["device_id"],
        ip=record["ip"],
        payment_instrument_id=record["payment_instrument_id"],
        payer_name=record["payer_name"],
        recipient_name=record["recipient_name"],
        recipient_phone=record["recipient_phone"],
        real_name_id=record["real_name_id"],
        address_region=record["address_region"],
        address_city=record["address_city"],
        address_district=record["address_district"],
        address_detail=record["address_detail"],
        address_postcode=record["address_postcode"],
        lines=tuple(map(_line, lines)),
        discounts=tuple(map(_discount, record["discounts"])),
        currency_code=record["currency_code"],
        goods_minor=record["goods_minor"],
        discount_minor=record["discount_minor"],
        shipping_minor=record["shipping_minor"],
        payable_minor=record["payable_minor"],
        page_open_to_submit_ms=record["page_open_to_submit_ms"],
        entry_path=_ENTRIES[record["entry_path"]],
        drop_id=record["drop_id"],
        verification_level=_LEVELS[record["verification_level"]],
    )


def raw_action(record: Mapping[str, Any]) -> RawAction:
    """Return the action of one row of ``actions``."""
    return RawAction(
        action_id=record["action_id"],
        action_type=record["action_type"],
        at_us=_microseconds(record["action_at"]),
        account_id=record["account_id"],
        device_id=record["device_id"],
        ip=record["ip"],
        campaign_id=record["campaign_id"],
        related_account_id=record["related_account_id"],
    )


def _line(row: Mapping[str, Any]) -> OrderLine:
    return OrderLine(
        sku=row["sku"],
        quantity=row["quantity"],
        unit_price_minor=row["unit_price_minor"],
        seller_id=row["seller_id"],
        campaign_id=row["campaign_id"],
        promotion_type=_PROMOTIONS[row["promotion_type"]],
        spu=row["spu"],
        category=row["category"],
    )


def _discount(row: Mapping[str, Any]) -> Discount:
    return Discount(
        amount_minor=row["amount_minor"],
        coupon_id=row["coupon_id"],
        promotion_type=_PROMOTIONS[row["promotion_type"]],
    )


def _microseconds(value: datetime | int) -> int:
    return value if isinstance(value, int) else (value - _EPOCH) // _MICROSECOND
