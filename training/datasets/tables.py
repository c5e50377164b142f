"""The raw tables of a promotion data set: columns, types, and what may be null.

Limits: format 1 of ``dataset.toml``. A file may hold more columns; they are ignored.
"""

from dataclasses import dataclass

import pyarrow as pa

from risk_service.domain.vocabulary import Abuse

TIME = pa.timestamp("us", tz="UTC")
MONEY_MINOR_MAX = 10**12
EVENT_TYPES = ("PAID", "CANCELLED", "SHIPPED", "DELIVERED", "REVIEWED", "REFUND_REQUESTED",
               "REFUNDED", "RETURN_RECEIVED", "BLOCKED")  # fmt: skip
ACTION_TYPES = ("COUPON_CLAIMED", "DRAW", "INVITE", "GROUP_JOINED", "BARGAIN_HELP")
BASELINE_OUTCOMES = ("ALLOW", "DENY")
ABUSES = tuple(abuse.value for abuse in Abuse)
DISCOUNT = pa.struct(
    [("coupon_id", pa.string()), ("promotion_type", pa.int8()), ("amount_minor", pa.int64())]
)


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """Name of a table and its columns; a column that is not nullable holds no null.

    Parameters
    ----------
    may_lack
        Columns of texts that a file may leave out; they are read as empty.
    """

    name: str
    schema: pa.Schema
    may_lack: frozenset[str] = frozenset()


def _table(
    name: str, columns: dict[str, pa.DataType], nullable: str = "", may_lack: str = ""
) -> RawTable:
    optional = nullable.split()
    fields = [pa.field(column, kind, column in optional) for column, kind in columns.items()]
    return RawTable(name=name, schema=pa.schema(fields), may_lack=frozenset(may_lack.split()))


def _texts(names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names.split(), pa.string())


ORDERS = _table(
    "orders",
    _texts("order_id")
    | {"ordered_at": TIME}
    | _texts("account_id")
    | {"account_registered_at": TIME}
    | _texts(
        "device_id ip payment_instrument_id payer_name recipient_name recipient_phone real_name_id "
        "address_region address_city address_district address_detail address_postcode currency_code"
    )
    | dict.fromkeys(
        ("goods_minor", "discount_minor", "shipping_minor", "payable_minor"), pa.int64()
    )
    | {"page_open_to_submit_ms": pa.int32(), "entry_path": pa.int8()}
    | _texts("drop_id")
    | {"verification_level": pa.int8(), "discounts": pa.list_(DISCOUNT)}
    | _texts("baseline_outcome")
    | {"allow_through": pa.bool_()},
    nullable="account_registered_at page_open_to_submit_ms",
)
LINES = _table(
    "lines",
    _texts("order_id")
    | {"line_no": pa.int16()}
    | _texts("sku")
    | {"quantity": pa.int32(), "unit_price_minor": pa.int64()}
    | _texts("seller_id campaign_id")
    | {"promotion_type": pa.int8()}
    | _texts("spu category"),
    may_lack="spu category",
)
EVENTS = _table(
    "events",
    _texts("event_id order_id event_type")
    | {"event_at": TIME, "recorded_at": TIME, "amount_minor": pa.int64()}
    | _texts("reason")
    | {"weight_ratio": pa.float64()},
    nullable="amount_minor weight_ratio",
)
ACCOUNTS = _table("accounts", _texts("account_id") | {"registered_at": TIME})
CAMPAIGNS = _table(
    "campaigns",
    _texts("campaign_id")
    | {"promotion_type": pa.int8(), "starts_at": TIME, "ends_at": TIME}
    | _texts("drop_id")
    | {"drop_at": TIME}
    | _texts("sku")
    | {"units": pa.int32()},
    nullable="drop_at sku units",
)
LABELS = _table("labels", _texts("order_id abuse") | {"value": pa.int8(), "known_at": TIME})
ACTIONS = _table(
    "actions",
    _texts("action_id action_type")
    | {"action_at": TIME, "recorded_at": TIME}
    | _texts("account_id device_id ip campaign_id related_account_id"),
)
# Shops without promotion actions have no such table.
OPTIONAL = (ACTIONS,)
ALL = (ORDERS, LINES, EVENTS, LABELS, CAMPAIGNS, ACCOUNTS)
