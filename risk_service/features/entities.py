"""The entities that history is kept for, and the key of each in an order."""

from risk_service.domain.order import Order

ENTITIES = ("account", "device", "address", "payment", "ip", "seller", "sku")


def entity_keys(order: Order) -> tuple[str, ...]:
    """Return the order's key of each entity, in the order of ``ENTITIES``.

    An empty key means that the order does not name the entity: it has no history.
    Seller and SKU are those of the lead line. An address without a door is known by
    its building, so that a missing door number does not hide the place.
    """
    tokens = order.tokens
    lead = order.lead_line
    return (
        tokens.account,
        tokens.device,
        tokens.address_door or tokens.address_building,
        tokens.payment,
        tokens.ip,
        lead.seller_id,
        lead.sku,
    )
