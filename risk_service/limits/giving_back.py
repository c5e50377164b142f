"""Moves that give back all of an order: cancelled, refunded or returned, in whichever order.

Pure, as in ``holding``. Events come late and in any order: money or goods that come back tell
that an order was paid, though nobody has reported the payment, or not yet.
"""

from msgspec.structs import replace

from risk_service.domain.reservation import LedgerAnswer, ReleaseReason
from risk_service.domain.reservation import ReservationState as State
from risk_service.limits.draft import Draft
from risk_service.limits.reservation import Entry, Reservation, nothing_left
from risk_service.limits.steps import answer

# What comes back of paid orders only.
OF_PAID = frozenset({ReleaseReason.REFUND, ReleaseReason.RETURN})


def given_back(
    draft: Draft, before: Reservation, reason: ReleaseReason, now_us: int
) -> LedgerAnswer:
    """Release the whole order, where the policies allow it.

    What is still charged since another reason came first goes back by this one, where the policy
    lists it: money may be back before the goods are, or after.
    """
    entries = _without(before.entries, reason)
    after = replace(before, state=State.RELEASED, lines=nothing_left(before), entries=entries)
    if after != before:
        draft.put(replace(after, changed_us=now_us))
    return answer(after, State.RELEASED)


def given_back_unpaid(
    draft: Draft, before: Reservation, reason: ReleaseReason, now_us: int
) -> LedgerAnswer:
    """Release what a cancelled hold still charges, once its order proves to be paid.

    Without that a hold that nobody paid stays charged, where its policy says so.
    """
    after = before
    if before.cancelled_late and reason in OF_PAID:
        after = proven_paid(before, now_us)
    if OF_PAID & {after.ended_by, reason}:
        after = replace(after, entries=_without(after.entries, reason))
    if after != before:
        after = replace(after, changed_us=now_us)
        draft.put(after)
    return answer(after, after.state)


def cancelled_over_time(before: Reservation, reason: ReleaseReason, now_us: int) -> Reservation:
    """Return a hold that has expired as it is after a cancellation.

    It goes on to charge what an unpaid one does: the cancellation came too late to spare it.
    """
    after = replace(
        before,
        state=State.CANCELLED,
        changed_us=now_us,
        expires_at_us=0,
        refused=None,
        refused_fingerprint=b"",
    )
    return _let_go_by(after, reason) if reason in OF_PAID else after


def proven_paid(before: Reservation, now_us: int) -> Reservation:
    """Return a hold that was cancelled after its time as one that was cancelled in time."""
    after = replace(before, changed_us=now_us)
    return _let_go_by(after, ReleaseReason.CANCELLED_BEFORE_SHIP)


def _let_go_by(before: Reservation, reason: ReleaseReason) -> Reservation:
    """Return a hold that ran out as if a reason had ended it; what was given back stays so."""
    entries = _without(before.entries, ReleaseReason.PAYMENT_TIMEOUT)
    return replace(before, ended_by=int(reason), entries=entries)


def _without(entries: tuple[Entry, ...], reason: ReleaseReason) -> tuple[Entry, ...]:
    """Return entries of which those that a reason gives back charge nothing any more."""
    return tuple(
        [
            replace(entry, charged=0) if entry.charged and entry.gives_back(reason) else entry
            for entry in entries
        ]
    )
