"""What the ledger keeps of one reservation, and what that adds up to on the counters.

``charges`` is the one place that says what a stored reservation counts for: every change of a
counter is the difference between two of its answers, so counters are the sum of the ledger.
"""

from msgspec import Struct
from msgspec.structs import replace

from risk_service.domain.grant import Grant, GrantedLine, Measure
from risk_service.domain.reservation import ReleaseReason, ReservationState

ORDERS, AMOUNT, DISCOUNT = int(Measure.ORDERS), int(Measure.AMOUNT), int(Measure.DISCOUNT)
# A hold that the order's next attempt took over; every policy lets go of it.
TAKEN_OVER = 0
# A module's name is found faster than an enum's member.
HELD, CONFIRMED = ReservationState.HELD, ReservationState.CONFIRMED
RELEASED, EXPIRED = ReservationState.RELEASED, ReservationState.EXPIRED


class Entry(Struct, frozen=True, array_like=True, gc=False):
    """What one reservation charges one counter with, and by which policy.

    ``claim`` numbers the claims of the reservation; ``needed`` of a claim's counters must be
    used up for it to refuse, 0 for a shadow policy. ``releases`` has a bit per reason that
    gives quota back. The rest pins what the policy said: cap and window.
    """

    counter: str
    cell_us: int
    policy: str
    measure: int
    lines: tuple[int, ...]
    charged: int
    releases: int
    claim: int
    needed: int
    cap: int
    span_us: int
    tile_us: int

    def gives_back(self, reason: int) -> bool:
        """Tell whether a release reason gives back what was charged."""
        return bool(self.releases >> reason & 1)


class HeldLine(Struct, frozen=True, array_like=True, gc=False):
    """One line as it was asked for; ``left`` units are held or confirmed now."""

    sku: str
    requested: int
    granted: int
    left: int
    amount_minor: int
    discount_minor: int


class Released(Struct, frozen=True, array_like=True, gc=False):
    """A release that was done; ``asked`` tells a repetition from another one."""

    release_id: str
    asked: str
    left: tuple[int, ...]


class Reservation(Struct, frozen=True, array_like=True, gc=False):
    """One row of the ledger, its latest generation.

    ``entries`` are those of this generation, ``kept`` the charges that earlier ones left for
    good. ``ended_by`` says why an EXPIRED or CANCELLED one ended; an EXPIRED one that ended by
    anything but its time or a take-over held nothing and was cancelled, a CANCELLED one that
    ended by its time was cancelled afterwards. ``refused`` is the last
    refusal, so that its repetition gets the same answer. ``note`` says who and why where a
    person adjusted a counter: such a row has one kept charge.
    """

    reservation_id: str
    state: ReservationState
    generation: int
    fingerprint: bytes
    changed_us: int
    expires_at_us: int
    lines: tuple[HeldLine, ...] = ()
    entries: tuple[Entry, ...] = ()
    kept: tuple[Entry, ...] = ()
    ended_by: int = 0
    releases: tuple[Released, ...] = ()
    grant: Grant | None = None
    refused_fingerprint: bytes = b""
    refused: Grant | None = None
    refund_told: bool = False
    late: bool = False
    note: str = ""

    def granted_lines(self) -> tuple[GrantedLine, ...]:
        """Return what is held or confirmed of each SKU: nothing of a hold that is over."""
        is_over = self.state is EXPIRED or self.state is ReservationState.CANCELLED
        return tuple(
            [
                GrantedLine(
                    sku=line.sku, requested=line.requested, granted=0 if is_over else line.left
                )
                for line in self.lines
            ]
        )

    @property
    def cancelled_unheld(self) -> bool:
        """Tell whether it is that of an order which was cancelled and held nothing."""
        state, reason = self.state, self.ended_by
        return state is EXPIRED and reason not in (TAKEN_OVER, ReleaseReason.PAYMENT_TIMEOUT)

    @property
    def ran_out(self) -> bool:
        """Tell whether it is a hold that ended by its time."""
        return self.state is EXPIRED and self.ended_by == ReleaseReason.PAYMENT_TIMEOUT

    @property
    def cancelled_late(self) -> bool:
        """Tell whether it was cancelled when its time was over already."""
        state, reason = self.state, self.ended_by
        return state is ReservationState.CANCELLED and reason == ReleaseReason.PAYMENT_TIMEOUT

    def is_held_at(self, now_us: int) -> bool:
        """Tell whether it holds something that has not expired."""
        return self.state is ReservationState.HELD and self.expires_at_us > now_us


Charge = tuple[str, int, int, int]


def charges(reservation: Reservation) -> list[Charge]:
    """Return (counter, cell, confirmed, held) of everything that a reservation counts for."""
    state = reservation.state
    if state is HELD:
        charged = [(one.counter, one.cell_us, 0, one.charged) for one in reservation.entries]
    else:
        paid = state is CONFIRMED or state is RELEASED
        stays = reservation.entries if paid else stayed(reservation)
        charged = [(one.counter, one.cell_us, one.charged, 0) for one in stays]
    for one in reservation.kept:
        charged.append((one.counter, one.cell_us, one.charged, 0))
    return charged


def stayed(reservation: Reservation) -> tuple[Entry, ...]:
    """Return what an ended generation still charges, because a policy does not give it back."""
    reason = reservation.ended_by
    if reason == TAKEN_OVER:
        return ()
    return tuple([entry for entry in reservation.entries if not entry.gives_back(reason)])


def ended(
    reservation: Reservation, state: ReservationState, reason: int, now_us: int
) -> Reservation:
    """Return a held reservation as it is after it expired, was cancelled or taken over."""
    return replace(reservation, state=state, ended_by=reason, changed_us=now_us, expires_at_us=0)


def charge_of(measure: int, entry_lines: tuple[int, ...], lines: tuple[HeldLine, ...]) -> int:
    """Return what the units that are left of some lines come to in a measure."""
    if measure == ORDERS:
        return int(any(lines[index].left for index in entry_lines))
    if measure == AMOUNT:
        return sum([share(lines[i].amount_minor, lines[i]) for i in entry_lines])
    if measure == DISCOUNT:
        return sum([share(lines[i].discount_minor, lines[i]) for i in entry_lines])
    if len(entry_lines) == 1:
        return lines[entry_lines[0]].left
    return sum([lines[index].left for index in entry_lines])


def share(whole_minor: int, line: HeldLine) -> int:
    """Return the part of a line's money that its units left make up, rounded up."""
    if not line.requested:
        return 0
    return -(-whole_minor * line.left // line.requested)


def nothing_left(reservation: Reservation) -> tuple[HeldLine, ...]:
    """Return the lines of a reservation of which all units came back."""
    return tuple([replace(line, left=0) for line in reservation.lines])


def mask_of(reasons: frozenset[ReleaseReason]) -> int:
    """Return the bits of some reasons."""
    return sum(1 << reason for reason in reasons)
