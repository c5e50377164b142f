"""Steps that the moves of a reservation share."""

from collections.abc import Sequence

from msgspec.structs import replace

from risk_service.domain.grant import Demand, Grant
from risk_service.domain.reservation import LedgerAnswer, ReleaseReason
from risk_service.domain.reservation import ReservationState as State
from risk_service.limits.book import LimitBook
from risk_service.limits.claims import Claims
from risk_service.limits.draft import Draft, PrefetchedClaims
from risk_service.limits.reservation import Reservation, ended, stayed

PAID_FOR = (State.CONFIRMED, State.RELEASED)


def expire(draft: Draft, reservation: Reservation, now_us: int) -> None:
    """End a hold whose time is over, or forget a refusal that was kept long enough.

    What was refused beside a hold is asked anew once the hold is over.
    """
    if reservation.state is State.HELD:
        reservation = ended(reservation, State.EXPIRED, ReleaseReason.PAYMENT_TIMEOUT, now_us)
    if reservation.refused is not None or reservation.expires_at_us:
        reservation = replace(reservation, refused=None, refused_fingerprint=b"", expires_at_us=0)
    draft.put(reservation)


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
    prefetched = draft.prefetched.get(id(demand))
    cluster = ""
    if book.reads_cluster(demand) if prefetched is None else prefetched.reads_cluster:
        cluster = draft.merge(demand.cluster, demand.subjects.get("account", ""))
    if prefetched is not None and prefetched.cluster == cluster:
        return prefetched.claims
    return book.claims(demand, now_us, cluster)


def prefetch(
    draft: Draft, book: LimitBook, demands: Sequence[Demand], now_us: int
) -> dict[int, list[str]]:
    """Return the counters that demands will most likely read, by the time since when.

    What is claimed on the way is kept in the draft, by the demand itself, with the account
    that its cluster is counted under; where a merge comes in between it is worked out anew.
    """
    counters: dict[int, list[str]] = {}
    for demand in demands:
        cluster = ""
        reads_cluster = book.reads_cluster(demand)
        if reads_cluster:
            first = next(iter(demand.cluster), "") or demand.subjects.get("account", "")
            cluster = draft.root(first) if first else ""
        claims = book.claims(demand, now_us, cluster)
        draft.prefetched[id(demand)] = PrefetchedClaims(reads_cluster, cluster, claims)
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
