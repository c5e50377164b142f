"""What the log knows of an order when money is asked back."""

from collections.abc import Sequence

from msgspec import Struct

from risk_service.domain.reported import EventRecord, LifeEvent
from risk_service.domain.vocabulary import EventType


class OrderLife(Struct, frozen=True, kw_only=True):
    """The order's life so far; times are microseconds since 1970 UTC, None where unknown.

    ``claims`` counts requests of a refund that count by themselves, and ``claim_ids`` names
    those that the shop named; the one that is being decided is in neither. ``stopped_us`` is when
    the order was cancelled, or blocked by the shop.
    """

    paid_us: int | None = None
    stopped_us: int | None = None
    shipped_us: int | None = None
    delivered_us: int | None = None
    refunded_minor: int = 0
    claims: int = 0
    claim_ids: tuple[str, ...] = ()
    parcel_weight_ratio: float | None = None
    return_weight_ratio: float | None = None
    events: int = 0


def order_life(events: Sequence[EventRecord], claim_id: str) -> OrderLife:
    """Return the life of an order from its reported events.

    Parameters
    ----------
    claim_id
        The claim that is being decided.
    """
    known = [one for one in events if one.life is not None]
    lives = [one.life for one in known if one.life is not None]
    return OrderLife(
        paid_us=_first(lives, EventType.PAID),
        stopped_us=_first(lives, EventType.CANCELLED, EventType.BLOCKED),
        shipped_us=_first(lives, EventType.SHIPPED),
        delivered_us=_first(lives, EventType.DELIVERED),
        refunded_minor=sum(
            one.amount_minor or 0 for one in lives if one.event_type is EventType.REFUNDED
        ),
        claims=sum(_is_other_claim(one, claim_id) for one in known),
        claim_ids=tuple(sorted({one.claim_id for one in lives} - {"", claim_id})),
        parcel_weight_ratio=_weight(lives, EventType.SHIPPED),
        return_weight_ratio=_weight(lives, EventType.RETURN_RECEIVED),
        events=len(known),
    )


def _first(lives: Sequence[LifeEvent], *kinds: EventType) -> int | None:
    return min((one.at_us for one in lives if one.event_type in kinds), default=None)


def _weight(lives: Sequence[LifeEvent], kind: EventType) -> float | None:
    """Return the lowest weight told: one parcel of several that is empty is enough."""
    told = [
        one.weight_ratio for one in lives if one.event_type is kind and one.weight_ratio is not None
    ]
    return min(told, default=None)


def _is_other_claim(record: EventRecord, claim_id: str) -> bool:
    life = record.life
    asked = life is not None and life.event_type is EventType.REFUND_REQUESTED
    return bool(asked and not record.same_as and life and life.claim_id != claim_id)
