"""Reservations: what may be asked of the ledger, and what it answers.

Times are microseconds since 1970 UTC. States: none -> HELD -> CONFIRMED | CANCELLED | EXPIRED,
and CONFIRMED -> RELEASED by quantity. CANCELLED is final; after EXPIRED the same order may ask
again, which starts its next generation.
"""

from enum import IntEnum

from msgspec import Struct

from risk_service.domain.grant import Demand, Grant, GrantedLine, Measure


class ReservationState(IntEnum):
    """Where a reservation stands; numbers are stored, never renumber."""

    NONE = 0
    HELD = 1
    CONFIRMED = 2
    CANCELLED = 3
    EXPIRED = 4
    RELEASED = 5


class ReleaseReason(IntEnum):
    """Why quota comes back; a policy says which reasons give it back."""

    PAYMENT_TIMEOUT = 1
    CANCELLED_BEFORE_SHIP = 2
    REFUND = 3
    RETURN = 4
    FRAUD_REVERSAL = 5


class HoldRequest(Struct, frozen=True, gc=False):
    """Asks to hold what a demand asks for.

    ``partial`` takes a part where the policies grant no more; else it is all or nothing.
    ``ttl_us`` 0 holds nothing and lets an earlier hold of the order go: for a decision that
    is DENY. A request takes over the earlier hold of its order, whatever it asked for.
    """

    demand: Demand
    ttl_us: int
    partial: bool = True


class Reserve(Struct, frozen=True, kw_only=True, gc=False):
    """Holds, idempotent by reservation id and fingerprint.

    Another fingerprint under an id that is held is an error, or with ``take_over`` the same
    order's next attempt; refused, it leaves the earlier hold as it was.
    """

    hold: HoldRequest
    take_over: bool = False


class Confirm(Struct, frozen=True, kw_only=True, gc=False):
    """Turns a hold into usage. After expiry it is granted anew or ``refund_required``."""

    reservation_id: str


class Pay(Struct, frozen=True, kw_only=True, gc=False):
    """Tells that an order is paid: confirms its hold; without one it is charged late.

    ``demand`` is what the order asks for; it is charged over the cap where it must be,
    because the money has moved. An order that was cancelled is to be refunded instead.
    """

    demand: Demand


class Cancel(Struct, frozen=True, kw_only=True, gc=False):
    """Lets a hold go for good; an unknown id is remembered, so that a late Reserve is refused.

    ``paid_too`` gives back what is confirmed as well, where the policies allow it for the
    reason; else a confirmed reservation is an error. An order that never held anything leaves no
    row then, unless limits are about its ``demand``: who pays it afterwards is to be refunded.
    """

    reservation_id: str
    reason: ReleaseReason = ReleaseReason.CANCELLED_BEFORE_SHIP
    paid_too: bool = False
    demand: Demand | None = None


class Extend(Struct, frozen=True, kw_only=True, gc=False):
    """Moves the end of a hold that has not expired; never to an earlier time."""

    reservation_id: str
    until_us: int


class ReleasedLine(Struct, frozen=True, kw_only=True, gc=False):
    """Units of one SKU that come back."""

    sku: str
    quantity: int


class Release(Struct, frozen=True, kw_only=True, gc=False):
    """Gives confirmed units back to the counters that were charged, once per ``release_id``.

    No ``lines`` means everything that is left.
    """

    reservation_id: str
    release_id: str
    reason: ReleaseReason
    lines: tuple[ReleasedLine, ...] = ()


class Adjust(Struct, frozen=True, kw_only=True, gc=False):
    """Changes one counter by hand, once per ``adjustment_id``; ``delta`` may be negative.

    ``subject`` is a key set such as ``account`` or ``device+address_door`` and ``token`` its
    tokens, joined by ``+``; ``scope`` is the value that the policy counts per, such as a SKU.
    """

    adjustment_id: str
    actor_id: str
    policy_id: str
    subject: str
    token: str
    scope: str
    delta: int
    reason: str


LedgerCall = Reserve | Confirm | Pay | Cancel | Extend | Release | Adjust


class LedgerAnswer(Struct, frozen=True, kw_only=True, gc=False):
    """What a call came to; the same call again gets the same answer.

    ``grant`` answers a Reserve. ``refund_required``: the hold was gone, and what it held too.
    ``late``: paid without a hold, charged all the same, and to be looked into. ``confirmed`` is
    what an Adjust left its counter at; None when it is repeated, and for all other calls.
    """

    reservation_id: str
    state: ReservationState
    grant: Grant | None = None
    lines: tuple[GrantedLine, ...] = ()
    expires_at_us: int = 0
    refund_required: bool = False
    late: bool = False
    confirmed: int | None = None


class CounterUse(Struct, frozen=True, kw_only=True, gc=False):
    """One counter of one subject: what is confirmed and what is held right now.

    ``currency_code`` is that of a limit on money, empty elsewhere.
    """

    policy_id: str
    subject: str
    scope: str
    measure: Measure
    window: str
    cap: int
    confirmed: int
    held: int
    shadow: bool
    resets_at_us: int = 0
    currency_code: str = ""


class Drift(Struct, frozen=True, kw_only=True, gc=False):
    """A counter that differs from the sum of the ledger."""

    counter: str
    cell_us: int
    counted: tuple[int, int]
    ledger: tuple[int, int]
