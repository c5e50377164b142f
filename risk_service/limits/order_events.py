"""What the life of an order means for its reservation."""

from risk_service.domain.order import Order
from risk_service.domain.reported import LifeEvent
from risk_service.domain.reservation import Cancel, LedgerCall, Pay, ReleaseReason
from risk_service.domain.vocabulary import EventReason, EventType
from risk_service.limits.demand import demand_of_order

_GIVES_BACK = {
    EventType.CANCELLED: ReleaseReason.CANCELLED_BEFORE_SHIP,
    EventType.BLOCKED: ReleaseReason.CANCELLED_BEFORE_SHIP,
    EventType.REFUNDED: ReleaseReason.REFUND,
    EventType.RETURN_RECEIVED: ReleaseReason.RETURN,
}


def call_of(event: LifeEvent, order: Order) -> LedgerCall | None:
    """Return what an event asks of the ledger, None for nothing.

    The amount of a refund is all that went back on the order until then. Only what concerns
    the whole order: the lines of a partial return or refund are not known here; the shop
    releases them with their quantities.
    """
    reason = _GIVES_BACK.get(event.event_type)
    is_paid = event.event_type is EventType.PAID
    if not is_paid and (reason is None or _is_partial(event, order)):
        return None
    demand = demand_of_order(order, event.event_id.encode("utf-8"), now_us=event.at_us)
    if reason is None:
        return Pay(demand=demand)
    return Cancel(reservation_id=order.order_id, reason=reason, paid_too=True, demand=demand)


def _is_partial(event: LifeEvent, order: Order) -> bool:
    if event.event_type is EventType.REFUNDED and event.amount_minor is not None:
        return event.amount_minor < order.payable_minor
    return event.reason is EventReason.PARTIAL_RETURN
