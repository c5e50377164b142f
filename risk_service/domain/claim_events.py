"""Which event counts already for a claim: each claim counts once, by whichever way it came first.

A claim comes as a decision on it (its event id is the decision's) or as a reported event, with
the shop's claim id or without. A reported event without one is taken for the order's oldest
scored claim that no event has reported yet, and the other way round.
"""

from collections.abc import Sequence

from risk_service.domain.reported import EventRecord, LifeEvent
from risk_service.domain.vocabulary import EventType

# Decisions' ids begin so; reported events' may not.
DECISION_PREFIX = "dec_"


def counted_as(life: LifeEvent, known: Sequence[EventRecord]) -> str:
    """Return the event that counts already for this request of a refund, empty for none.

    Parameters
    ----------
    life
        The request; its event id tells a decision from a reported event.
    known
        Events of the same order in the order of the log.
    """
    claims = [
        one for one in known if one.life and one.life.event_type is EventType.REFUND_REQUESTED
    ]
    if life.claim_id:
        for one in claims:
            if one.life and one.life.claim_id == life.claim_id:
                return one.same_as or one.event_id
    return _unpaired(claims, life)


def is_decision(event_id: str) -> bool:
    """Tell whether an event id is that of a decision."""
    return event_id.startswith(DECISION_PREFIX)


def _unpaired(claims: Sequence[EventRecord], life: LifeEvent) -> str:
    scored = is_decision(life.event_id)
    if not scored and life.claim_id:
        return ""  # a claim of its own that was never scored
    taken = {one.same_as for one in claims}
    for one in claims:
        other_way = is_decision(one.event_id) is not scored
        nameless = not scored or (one.life is not None and not one.life.claim_id)
        if other_way and nameless and not one.same_as and one.event_id not in taken:
            return one.event_id
    return ""
