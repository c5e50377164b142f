"""Orders, their life and promotion actions as the events that windows count.

Pure functions: the same online, in replay and (column by column over a warehouse) offline.
Fields and columns stand in the order of ``windows.toml``; what is unknown is 0.
"""

from risk_service.domain.action import Action
from risk_service.domain.order import Order, OrderLine
from risk_service.domain.reported import LifeEvent, PastOrder
from risk_service.domain.vocabulary import EventReason, EventType
from risk_service.features.order_columns import (
    DAY_US,
    DIRECT_ENTRIES,
    FLASH_SALE,
    THRESHOLD_STEP_MINOR,
)
from risk_service.features.windows.declaration import load_windows
from risk_service.features.windows.event import Event

NEW_ACCOUNT_US = 7 * DAY_US
# A returned parcel may have lost its wrapping; a sent one may not be half empty.
LOW_RETURN_RATIO = 0.7
LOW_PARCEL_RATIO = 0.5
WITHOUT_RETURN = (EventReason.NOT_RECEIVED, EventReason.EMPTY_PARCEL, EventReason.REFUND_ONLY)

ATTEMPT = load_windows().kinds.index("ATTEMPT")
KIND_OF = {kind: load_windows().kinds.index(kind.name) for kind in EventType}
NO_LIFE = (0, 0, 0, 0)
NO_COLUMNS = (0,) * len(load_windows().columns)
# A page left open for longer says nothing; squares of more would not fit into int64 when added up.
LONGEST_DWELL_DS = 6_000
# What follows from the other columns of an order; a past order does not keep it.
DWELL = ("dwell_ds", "dwell_squared")
_PAGE_MS = load_windows().columns.index("page_ms")
_ORDER_COLUMNS = load_windows().columns.index(DWELL[0])


def order_event(order: Order, event_id: str, at_us: int) -> Event:
    """Return the event of an order attempt; ``at_us`` is the stamp at which it was read."""
    lead = order.lead_line
    columns = _order_columns(order, lead)
    own = (*columns, *_dwell(columns[_PAGE_MS]), *NO_LIFE)
    return Event(event_id, ATTEMPT, at_us, _fields(order, lead), own)


def life_event(order: Order, life: LifeEvent) -> Event:
    """Return an event in the life of an order, with the fields and columns of that order."""
    lead = order.lead_line
    past = PastOrder(_fields(order, lead), _order_columns(order, lead))
    return past_life_event(past, life)


def past_life_event(order: PastOrder, life: LifeEvent) -> Event:
    """Return an event in the life of an order of which only the history tells."""
    return Event(
        life.event_id,
        KIND_OF[life.event_type],
        life.at_us,
        order.fields,
        (*order.columns, *_dwell(order.columns[_PAGE_MS]), *_life_columns(life)),
    )


def past_order(attempt: Event) -> PastOrder:
    """Return what later events of an order need of its attempt."""
    return PastOrder(attempt.fields, attempt.columns[:_ORDER_COLUMNS])


def action_event(action: Action) -> Event:
    """Return the event of a promotion action; it belongs to no order."""
    return Event(
        action.action_id,
        KIND_OF[EventType[action.action_type]],
        action.at_us,
        (
            action.account,
            action.device,
            "",  # payment
            "",  # address
            "",  # building
            action.ip,
            action.ip_block,
            "",  # phone
            "",  # real_name
            "",  # seller
            "",  # sku
            action.campaign,
            "",  # drop
            action.related,
        ),
        NO_COLUMNS,
    )


def _fields(order: Order, lead: OrderLine) -> tuple[str, ...]:
    tokens = order.tokens
    return (
        tokens.account,
        tokens.device,
        tokens.payment,
        # A missing door number must not hide the place.
        tokens.address_door or tokens.address_building,
        tokens.address_building,
        tokens.ip,
        tokens.ip_block,
        tokens.phone,
        tokens.real_name,
        lead.seller_id,
        lead.sku,
        lead.campaign_id,
        order.drop_id,
        "",  # related
    )


def _order_columns(order: Order, lead: OrderLine) -> tuple[int, ...]:
    units, flash_units = _units(order.lines)
    traits = order.traits
    registered_us = order.account_registered_at_us
    return (
        units,
        lead.quantity,
        units if order.drop_id else flash_units,
        order.goods_minor,
        order.discount_minor,
        order.payable_minor,
        len([discount for discount in order.discounts if discount.coupon_id]),
        order.goods_minor % THRESHOLD_STEP_MINOR,
        order.page_open_to_submit_ms or 0,
        int(order.entry_path in DIRECT_ENTRIES),
        int(traits.payer_matches_recipient == 0.0),
        int(registered_us is not None and order.ordered_at_us - registered_us < NEW_ACCOUNT_US),
        int(traits.phone_is_virtual == 1.0),
    )


def _dwell(page_ms: int) -> tuple[int, int]:
    """Return the time on the page in tenths of a second, and its square."""
    dwell_ds = min(page_ms // 100, LONGEST_DWELL_DS)
    return dwell_ds, dwell_ds * dwell_ds


def _units(lines: tuple[OrderLine, ...]) -> tuple[int, int]:
    """Return the units of all lines, and of those in a flash sale."""
    if len(lines) == 1:
        (line,) = lines
        return line.quantity, line.quantity if line.promotion_type == FLASH_SALE else 0
    flash = [line.quantity for line in lines if line.promotion_type == FLASH_SALE]
    return sum([line.quantity for line in lines]), sum(flash)


def _life_columns(life: LifeEvent) -> tuple[int, ...]:
    returned = life.event_type is EventType.RETURN_RECEIVED
    limit = LOW_RETURN_RATIO if returned else LOW_PARCEL_RATIO
    return (
        int(life.reason),
        int(life.reason in WITHOUT_RETURN),
        int(life.weight_ratio is not None and life.weight_ratio < limit),
        life.amount_minor or 0,
    )
