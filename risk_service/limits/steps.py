"""Steps that the moves of a reservation share."""

from collections.abc import Sequence

from msgspec.structs import replace

from risk_service.domain.grant import Demand, Grant
from risk_service.domain.reservation import LedgerAnswer, ReleaseReason
from risk_service.domain.reservation import ReservationState as State
from risk_service.limits.book import LimitBook
from risk_service.limits.claims import Claims
from risk_service.limits.draft import Draft
from risk_service.limits.reservation import Reservation, ended, stayed

PAID_FOR = (State.CONFIRMED, State.RELEASED)


def expire(draft: Draft, reservation: Reservation, now_us: int) -> None:
    """End a hold whose time is over, or forget a refusal that was kept long enough.

    What was refused beside a hold is asked anew once the hold is over.
    """
    told = replace(reservation, refused=None, refused_fingerprint=b"", expires_at_us=0)
    if reservation.state is State.HELD:
        told = ended(told, State.EXPIRED, ReleaseReason.PAYMENT_TIMEOUT, now_us)
    draft.put(told)


def answer(reservation: Reservation, state: State, grant: Grant | None = None) -> LedgerAnswer:
    """Return what a call about a reservation is told."""
    return LedgerAnswer(
        reservation_id=reservation.reservation_id,
        state=state,
        grant=grant,
        lines=reservation.granted_lines(),
        expires_at_us=reservation.expires_at_us if state is State.HELD else 0,
        late=reservation.late,
    )


def current(draft: Draft, reservation_id: str, now_us: int) -> Reservation | None:
    """Return a reservation; a hold whose time is over is ended first."""
    found = draft.reservation(reservation_id)
    if found is not None and found.state is State.HELD and not found.is_held_at(now_us):
        expire(draft, found, now_us)
        found = draft.reservation(reservation_id)
    return found


def claims_of(draft: Draft, book: LimitBook, demand: Demand, now_us: int) -> Claims:
    """Return what the policies count of a demand, its cluster grown together first."""
    cluster = ""
    if book.reads_cluster(demand):
        cluster = draft.merge(demand.cluster, demand.subjects.get("account", ""))
    foreseen = draft.foreseen.get((id(demand), cluster))
    return foreseen if foreseen is not None else book.claims(demand, now_us, cluster)


def foresee(
    draft: Draft, book: LimitBook, demands: Sequence[Demand], now_us: int
) -> dict[int, list[str]]:
    """Return the counters that demands will most likely read, by the time since when.

    What is claimed on the way is kept in the draft, by the demand itself and the account that
    its cluster is counted under; where a merge comes in between it is worked out anew.
    """
    counters: dict[int, list[str]] = {}
    for demand in demands:
        if not book.concerns(demand):
            continue
        cluster = ""
        if book.reads_cluster(demand):
            first = next(iter(demand.cluster), "") or demand.subjects.get("account", "")
            cluster = draft.root(first) if first else ""
        claims = draft.foreseen[id(demand), cluster] = book.claims(demand, now_us, cluster)
        for claim in claims.claims:
            if claim.plan.counts:
                some = counters.get(claim.place.since_us)
                if some is None:
                    some = counters[claim.place.since_us] = []
                for _, counter in claim.counters:
                    some.append(counter)
    return counters


def blank(reservation_id: str, now_us: int) -> Reservation:
    """Return a reservation that never held anything."""
    return Reservation(reservation_id, State.NONE, 0, b"", now_us, 0)


def next_generation(before: Reservation, now_us: int) -> Reservation:
    """Return the next generation, empty; what policies did not give back stays charged."""
    return replace(
        blank(before.reservation_id, now_us),
        generation=before.generation + 1,
        kept=before.kept + stayed(before),
    )
