"""What reported events say of an order's life when money is asked back."""

from typing import Any

from risk_service.decisions.refunds.history import OrderLife, order_life
from risk_service.domain.reported import EventRecord, LifeEvent
from risk_service.domain.vocabulary import EventType


def reported(number: int, kind: EventType, *, same_as: str = "", **said: Any) -> EventRecord:
    """Return an event as the log keeps it; it happened at its number."""
    name = f"e{number}"
    life = LifeEvent(event_id=name, event_type=kind, at_us=number, order_id="o-1", **said)
    return EventRecord(event_id=name, fingerprint=b"", stamp_us=number, life=life, same_as=same_as)


def test_only_refunds_give_money_back_and_all_of_them_do() -> None:
    """What was asked for or paid is none; a refund of which no amount is told adds nothing."""
    events = [
        reported(1, EventType.PAID, amount_minor=900),
        reported(2, EventType.REFUND_REQUESTED, amount_minor=700),
        reported(3, EventType.REFUNDED, amount_minor=200),
        reported(4, EventType.REFUNDED, amount_minor=30),
        reported(5, EventType.REFUNDED),
    ]
    assert order_life(events, "").refunded_minor == 230


def test_each_step_is_told_from_when_it_was_first_taken() -> None:
    """An order that the shop blocked is stopped as one that was cancelled."""
    steps = (EventType.PAID, EventType.BLOCKED, EventType.SHIPPED, EventType.DELIVERED)
    events = [reported(9 - place, kind) for place, kind in enumerate(steps)]
    events += [reported(20 + place, kind) for place, kind in enumerate(steps)]
    assert order_life(events, "") == OrderLife(
        paid_us=9, stopped_us=8, shipped_us=7, delivered_us=6, events=8
    )
    events.append(reported(5, EventType.CANCELLED))
    assert order_life(events, "").stopped_us == 5


def test_one_parcel_of_several_that_is_too_light_is_enough() -> None:
    """What was sent and what came back are weighed apart; the lightest counts."""
    events = [
        reported(1, EventType.SHIPPED, weight_ratio=0.9),
        reported(2, EventType.SHIPPED, weight_ratio=0.2),
        reported(3, EventType.RETURN_RECEIVED, weight_ratio=0.1),
        reported(4, EventType.RETURN_RECEIVED, weight_ratio=0.8),
        reported(5, EventType.RETURN_RECEIVED),
    ]
    life = order_life(events, "")
    assert (life.parcel_weight_ratio, life.return_weight_ratio) == (0.2, 0.1)


def test_the_claim_that_is_decided_is_none_of_those_before_it() -> None:
    """A report that counted as a decision is that claim; one without an id counts by itself."""
    asked = EventType.REFUND_REQUESTED
    events = [
        reported(1, asked, claim_id="this"),
        reported(2, asked, claim_id="other"),
        reported(3, asked, claim_id="other", same_as="e2"),
        reported(4, asked),
        reported(5, EventType.PAID),
    ]
    life = order_life(events, "this")
    assert (life.claims, life.claim_ids) == (2, ("other",))
