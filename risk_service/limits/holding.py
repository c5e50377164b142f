"""Moves that hold, and that let go: none -> HELD -> CANCELLED | EXPIRED.

Pure: every move reads and changes a ``Draft``. A move that raises has changed nothing but, at
most, ended a hold whose time was over. The same move again gets the same answer.
"""

from msgspec.structs import replace

from risk_service.domain.errors import Conflict, NotFound, RequestIdReused
from risk_service.domain.grant import Demand, Grant
from risk_service.domain.reservation import Cancel, Extend, HoldRequest, LedgerAnswer, Reserve
from risk_service.domain.reservation import ReservationState as State
from risk_service.domain.vocabulary import Outcome
from risk_service.limits.book import LimitBook
from risk_service.limits.crowd import LINES_SURE, ORDER_COUNTERS_MAX, ORDER_TOO_LARGE
from risk_service.limits.cutting import QUANTITY_REDUCED, REDUCTION_LEFT_OUT
from risk_service.limits.draft import Draft
from risk_service.limits.giving_back import cancelled_over_time, given_back, given_back_unpaid
from risk_service.limits.reservation import TAKEN_OVER, Reservation, ended, stayed
from risk_service.limits.steps import (
    PAID_FOR,
    answer,
    blank,
    claims_of,
    current,
    next_generation,
)
from risk_service.limits.weigh import Weighed, charged_whole, weigh

CANCELLED = "RESERVATION_CANCELLED"
CLOSED = "RESERVATION_CLOSED"
NOT_HELD = "RESERVATION_NOT_HELD"
# How long the repetition of a refused Reserve gets the same answer, at most.
REFUSAL_KEPT_US = 24 * 3600 * 1_000_000


def check(draft: Draft, book: LimitBook, demand: Demand, now_us: int) -> Grant:
    """Return what a demand would be granted; the draft is to be thrown away."""
    return hold(draft, book, HoldRequest(demand=demand, ttl_us=1), now_us)


def hold(draft: Draft, book: LimitBook, request: HoldRequest, now_us: int) -> Grant:
    """Hold for a decision, which takes the order's earlier hold over whatever its outcome."""
    demand = request.demand
    before = current(draft, demand.reservation_id, now_us)
    if before is not None and before.state in (State.CANCELLED, *PAID_FOR):
        return _standing(before, demand)
    if before is not None and before.state is State.HELD:
        # Whoever pays all the same, after a decision that holds nothing, pays without a hold.
        before = replace(ended(before, State.EXPIRED, TAKEN_OVER, now_us), refund_told=True)
        draft.put(before)
    if request.ttl_us <= 0:
        return Grant(outcome=Outcome.DENY, codes=(NOT_HELD,), versions=book.version)
    weighed = _weighed(draft, book, request, now_us)
    if weighed.entries:
        # The decision keeps the grant; a further decision on the order is weighed anew.
        draft.put(_held(before, request, None, weighed, now_us))
    return weighed.grant


def reserve(draft: Draft, book: LimitBook, call: Reserve, now_us: int) -> LedgerAnswer:
    """Hold for a caller, once per reservation id and fingerprint.

    Raises
    ------
    RequestIdReused
        The id holds another request, and the call does not take it over.
    """
    request, demand = call.hold, call.hold.demand
    before = current(draft, demand.reservation_id, now_us)
    if before is not None:
        known = _known(before, demand, take_over=call.take_over)
        if known is not None:
            return known
        if before.state is State.HELD:
            draft.put(ended(before, State.EXPIRED, TAKEN_OVER, now_us))
    weighed = _weighed(draft, book, request, now_us)
    if weighed.grant.outcome > Outcome.LIMIT_QUANTITY:
        after = _refused(before, demand, weighed.grant, now_us)
        grant = weighed.grant
    else:
        grant = weighed.grant
        if not weighed.entries:
            grant = replace(grant, expires_at_us=now_us + request.ttl_us)
        after = _held(before, request, grant, weighed, now_us)
    draft.put(after)
    return answer(after, after.state, grant)


def cancel(draft: Draft, book: LimitBook, call: Cancel, now_us: int) -> LedgerAnswer:
    """Let a hold go for good, and remember the id of one that is not there.

    An order of ours that held nothing may be asked for again; only paying it comes too late.

    Raises
    ------
    Conflict
        It is confirmed, and the call is not about what is paid too.
    """
    before = current(draft, call.reservation_id, now_us)
    if before is None:
        if call.paid_too:  # an order of ours: it never held anything
            return _cancelled_unheld(draft, book, call, now_us)
        before = blank(call.reservation_id, now_us)
    if call.paid_too and before.cancelled_unheld:
        return answer(before, before.state)
    if before.state in PAID_FOR:
        if call.paid_too:
            return given_back(draft, before, call.reason, now_us)
        raise Conflict("the reservation is confirmed; release what comes back")
    if before.state is State.HELD:
        before = ended(before, State.CANCELLED, call.reason, now_us)
        draft.put(before)
    elif before.ran_out:
        before = cancelled_over_time(before, call.reason, now_us)
        draft.put(before)
    elif before.state is not State.CANCELLED:
        before = next_generation(before, now_us)
        before = replace(before, state=State.CANCELLED, ended_by=int(call.reason))
        draft.put(before)
    elif call.paid_too:
        return given_back_unpaid(draft, before, call.reason, now_us)
    return answer(before, before.state)


def _cancelled_unheld(draft: Draft, book: LimitBook, call: Cancel, now_us: int) -> LedgerAnswer:
    """Remember that an order was cancelled, where it would be charged when it is paid."""
    if call.demand is None or not charged_whole(book.claims(call.demand, now_us), call.demand)[1]:
        return LedgerAnswer(reservation_id=call.reservation_id, state=State.NONE)
    after = replace(
        next_generation(blank(call.reservation_id, now_us), now_us),
        state=State.EXPIRED,
        ended_by=int(call.reason),
        refund_told=True,
    )
    draft.put(after)
    return answer(after, after.state)


def extend(draft: Draft, call: Extend, now_us: int) -> LedgerAnswer:
    """Move the end of a hold; never to an earlier time.

    Raises
    ------
    NotFound
        There is no such reservation.
    Conflict
        It holds nothing any more, or nothing that could expire.
    """
    before = current(draft, call.reservation_id, now_us)
    if before is None or before.state is State.NONE:
        raise NotFound("there is no reservation of that id")
    if before.state is not State.HELD:
        raise Conflict(f"the reservation is {before.state.name}; only one that is HELD can go on")
    if call.until_us > before.expires_at_us:
        before = replace(before, expires_at_us=call.until_us, changed_us=now_us)
        draft.put(before)
    return answer(before, State.HELD)


def _weighed(draft: Draft, book: LimitBook, request: HoldRequest, now_us: int) -> Weighed:
    demand = request.demand
    claims = claims_of(draft, book, demand, now_us)
    may_be_too_large = len(demand.lines) > LINES_SURE or book.too_many
    if may_be_too_large and claims.counters > ORDER_COUNTERS_MAX:
        codes = (ORDER_TOO_LARGE,)
        return Weighed(Grant(outcome=Outcome.DENY, codes=codes, versions=claims.version))
    until_us = now_us + request.ttl_us
    return weigh(claims, demand, draft.used, partial=request.partial, expires_at_us=until_us)


def _held(
    before: Reservation | None,
    request: HoldRequest,
    grant: Grant | None,
    weighed: Weighed,
    now_us: int,
) -> Reservation:
    """Return the order's next generation, which holds what was granted."""
    demand = request.demand
    return Reservation(
        demand.reservation_id,
        State.HELD,
        before.generation + 1 if before else 1,
        demand.fingerprint,
        now_us,
        now_us + request.ttl_us,
        weighed.lines,
        weighed.entries,
        before.kept + stayed(before) if before else (),
        grant=grant,
    )


def _refused(before: Reservation | None, demand: Demand, grant: Grant, now_us: int) -> Reservation:
    """Return what stays when a Reserve is refused: all as it was, and the refusal."""
    kept = before or blank(demand.reservation_id, now_us)
    expires_at_us = kept.expires_at_us or _stands_until(grant, now_us)
    asked = _refusal_of(demand)
    return replace(kept, refused_fingerprint=asked, refused=grant, expires_at_us=expires_at_us)


def _stands_until(grant: Grant, now_us: int) -> int:
    """Return until when a refusal is repeated: no longer than what refused is used up."""
    resets = [use.resets_at_us for use in grant.uses if use.blocking and not use.shadow]
    return min([now_us + REFUSAL_KEPT_US, *[at_us for at_us in resets if at_us > now_us]])


def _refusal_of(demand: Demand) -> bytes:
    """Return what a refusal is known by: who has verified since asks anew with the same words."""
    return demand.fingerprint + bytes((demand.verification_level,))


def _known(before: Reservation, demand: Demand, *, take_over: bool) -> LedgerAnswer | None:
    """Return the answer to a request that needs no weighing, or None."""
    if before.refused is not None and before.refused_fingerprint == _refusal_of(demand):
        return answer(before, before.state, before.refused)
    if before.state is State.CANCELLED:
        return answer(before, State.CANCELLED, _standing(before, demand))
    if before.state in (State.HELD, *PAID_FOR) and before.fingerprint == demand.fingerprint:
        return answer(before, State.HELD, before.grant or _standing(before, demand))
    if before.state in PAID_FOR:
        return answer(before, before.state, _standing(before, demand))
    if before.state is State.HELD and not take_over:
        raise RequestIdReused("the reservation id holds another request; take it over, or cancel")
    return None


def _standing(before: Reservation, demand: Demand) -> Grant:
    """Return what a reservation that is over says to a further request."""
    if before.state is State.CANCELLED:
        return Grant(outcome=Outcome.DENY, codes=(CANCELLED,))
    asked = [(line.sku, line.quantity) for line in demand.lines]
    same = asked == [(line.sku, line.requested) for line in before.lines]
    if before.state is State.RELEASED or not same:
        return Grant(outcome=Outcome.DENY, codes=(CLOSED,))
    lines = before.granted_lines()
    if all(line.granted == line.requested for line in before.lines):
        return Grant(outcome=Outcome.ALLOW, lines=lines)
    # Without a code nothing would ask for less than the whole, and the order would go through.
    fewer = any(line.sku and line.granted < line.requested for line in before.lines)
    code = QUANTITY_REDUCED if fewer else REDUCTION_LEFT_OUT
    return Grant(outcome=Outcome.LIMIT_QUANTITY, codes=(code,), lines=lines)
