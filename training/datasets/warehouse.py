"""The prepared tables: what is left of the raw ones when every identifier is a token."""

from collections.abc import Iterator, Sequence

import numpy as np
import pyarrow as pa

from risk_service.domain.action import Action
from risk_service.domain.order import Order
from risk_service.features.entities import ENTITIES, entity_keys
from risk_service.features.order_columns import ORDER_COLUMNS, order_columns
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.order_event import order_event
from risk_service.rules.language import Value
from risk_service.rules.order_values import OrderFacts, order_fact
from training.datasets.tables import TIME

# Attributes of ``domain.action.Action`` that are kept under their own names.
ACTION_FIELDS = ("account", "device", "ip", "ip_block", "campaign", "related")
# Fields of window events that the orders hold under a name of their own; the tests hold them
# to what ``order_event`` says. Any other field gets a column, as every window column does.
WINDOW_FIELDS = {
    **{name: name for name in (*ENTITIES, "ip_block", "phone", "real_name")},
    "building": "address_building",
    "campaign": "campaign_id",
    "drop": "drop_id",
}
WINDOW_TEXTS = tuple(name for name in load_windows().fields if name not in WINDOW_FIELDS)
WINDOW_COLUMNS = tuple(f"window__{name}" for name in (*WINDOW_TEXTS, *load_windows().columns))


# What rules may ask of the order itself beside its columns, as live rules see it.
FACTS = {
    "promotion_types": pa.list_(pa.string()),
    "campaign_ids": pa.list_(pa.string()),
    "skus": pa.list_(pa.string()),
    "spus": pa.list_(pa.string()),
    "categories": pa.list_(pa.string()),
    "lines_without_spu": pa.float64(),
    "lines_without_category": pa.float64(),
    "seller_ids": pa.list_(pa.string()),
    "coupon_ids": pa.list_(pa.string()),
    "entry_path": pa.string(),
    "drop_id": pa.string(),
    "currency": pa.string(),
    "address_region": pa.string(),
    "phone_region": pa.string(),
    "verified_level": pa.float64(),
}


def fact_column(name: str) -> str:
    """Return the column of ``orders.parquet`` with a fact; empty or null where not known."""
    return f"fact__{name}"


def window_column(name: str) -> str:
    """Return the column of ``orders.parquet`` with a field or column of window events."""
    return WINDOW_FIELDS.get(name, f"window__{name}")


ORDERS = pa.schema(
    [
        ("order_id", pa.string()),
        ("ordered_at", TIME),
        *((entity, pa.string()) for entity in ENTITIES),
        ("ip_block", pa.string()),
        ("address_building", pa.string()),
        ("phone", pa.string()),
        ("real_name", pa.string()),
        ("registered_at", TIME),
        ("currency_code", pa.string()),
        ("units", pa.int32()),
        ("goods_minor", pa.int64()),
        ("discount_minor", pa.int64()),
        ("payable_minor", pa.int64()),
        ("lead_promotion", pa.int8()),
        ("campaign_id", pa.string()),
        ("drop_id", pa.string()),
        ("phone_prefix_class", pa.int8()),
        ("ip_is_private", pa.float64()),
        ("verification_level", pa.int8()),
        *((window_column(name), pa.string()) for name in WINDOW_TEXTS),
        *((window_column(name), pa.int64()) for name in load_windows().columns),
        *((fact_column(name), kind) for name, kind in FACTS.items()),
        ("baseline_outcome", pa.string()),
        ("allow_through", pa.bool_()),
        *((name, pa.float64()) for name in ORDER_COLUMNS),
    ]
)
ACTIONS = pa.schema(
    [
        ("action_id", pa.string()),
        ("action_type", pa.string()),
        ("action_at", TIME),
        ("recorded_at", TIME),
        *((name, pa.string()) for name in ACTION_FIELDS),
    ]
)
ACCOUNTS = pa.schema([("account", pa.string()), ("registered_at", TIME)])
_NOTHING_ELSE = OrderFacts()
# Filled from the raw batch without a look at the order.
_COPIED = ("baseline_outcome", "allow_through")


def order_batch(orders: Sequence[Order], raw: pa.RecordBatch) -> pa.RecordBatch:
    """Return the rows of ``orders.parquet`` for a batch of tokenised orders.

    Parameters
    ----------
    raw
        The raw batch, for the columns that do not belong to the order itself.
    """
    rows = [_attributes(order) for order in orders]
    columns = [
        pa.array(values, ORDERS.field(index).type)
        for index, values in enumerate(zip(*rows, strict=True))
    ]
    columns += [raw[name] for name in _COPIED]
    floats = np.array([order_columns(order) for order in orders], np.float64)
    # from_pandas would turn NaN into null; unknown stays NaN, as in serving.
    columns += [pa.array(column, from_pandas=False) for column in floats.T]
    return pa.RecordBatch.from_arrays(columns, schema=ORDERS)


def action_batch(actions: Sequence[Action], raw: pa.RecordBatch) -> pa.RecordBatch:
    """Return the rows of ``actions.parquet`` for a batch of tokenised actions.

    Parameters
    ----------
    raw
        The raw batch, for ids, types and times.
    """
    columns = [raw[name] for name in ("action_id", "action_type", "action_at", "recorded_at")]
    columns += [
        pa.array([getattr(action, name) for action in actions], pa.string())
        for name in ACTION_FIELDS
    ]
    return pa.RecordBatch.from_arrays(columns, schema=ACTIONS)


def window_values(order: Order) -> tuple[str | int, ...]:
    """Return what ``WINDOW_COLUMNS`` name: window events know it, the other columns do not."""
    event = order_event(order, order.order_id, order.ordered_at_us)
    texts = [event.fields[load_windows().fields.index(name)] for name in WINDOW_TEXTS]
    return (*texts, *event.columns)


def _attributes(order: Order) -> tuple[Value | None, ...]:
    tokens, lead = order.tokens, order.lead_line
    return (
        order.order_id,
        order.ordered_at_us,
        *entity_keys(order),
        tokens.ip_block,
        tokens.address_building,
        tokens.phone,
        tokens.real_name,
        order.account_registered_at_us,
        order.currency_code,
        sum(line.quantity for line in order.lines),
        order.goods_minor,
        order.discount_minor,
        order.payable_minor,
        int(lead.promotion_type),
        lead.campaign_id,
        order.drop_id,
        order.traits.phone_prefix_class,
        order.traits.ip_is_private,
        int(order.verification_level),
        *window_values(order),
        *_facts(order),
    )


def _facts(order: Order) -> Iterator[Value | None]:
    for name, kind in FACTS.items():
        fact = order_fact(name, order, _NOTHING_ELSE)
        # A text that is not known is empty in these tables.
        yield "" if fact is None and kind == pa.string() else fact
