"""Moves that turn a hold into usage and back: HELD -> CONFIRMED -> RELEASED by quantity.

Pure, as in ``holding``. What a release gives back goes to the cells that were charged.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from risk_service.domain.errors import (
    Conflict,
    InvalidInput,
    NotFound,
    RequestIdReused,
)
from risk_service.domain.grant import Demand, GrantedLine
from risk_service.domain.reservation import (
    Confirm,
    LedgerAnswer,
    Pay,
    Release,
    ReleasedLine,
    ReleaseReason,
)
from risk_service.domain.reservation import ReservationState as State
from risk_service.limits.book import LimitBook
from risk_service.limits.draft import Draft
from risk_service.limits.giving_back import proven_paid
from risk_service.limits.reservation import (
    Entry,
    HeldLine,
    Released,
    Reservation,
    charge_of,
    nothing_left,
    stayed,
)
from risk_service.limits.steps import (
    PAID_FOR,
    answer,
    blank,
    claims_of,
    current,
    next_generation,
)
from risk_service.limits.weigh import charged_whole
from risk_service.limits.windows import EVERYTHING, rolling_place, rolling_since_us

RELEASES_MAX = 200


def confirm(draft: Draft, call: Confirm, now_us: int) -> LedgerAnswer:
    """Turn a hold into usage; one that was gone is granted anew, or the order be refunded.

    Raises
    ------
    NotFound
        There is no such reservation.
    """
    before = current(draft, call.reservation_id, now_us)
    if before is None or before.state is State.NONE:
        raise NotFound("there is no reservation of that id")
    if before.state is State.HELD:
        before = _confirmed(before, now_us)
        draft.put(before)
    elif before.state is State.EXPIRED and not before.refund_told:
        before = _acquired(draft, before, now_us)
        draft.put(before)
    return _paid_answer(before)


def pay(draft: Draft, book: LimitBook, call: Pay, now_us: int) -> LedgerAnswer:
    """Take note of an order that is paid: its hold is confirmed, else it is charged late.

    The money has moved, so it counts even above a cap; a cancelled order is to be refunded.
    """
    demand = call.demand
    before = current(draft, demand.reservation_id, now_us)
    if before is not None and before.state not in (State.NONE, State.EXPIRED):
        if before.state is State.HELD:
            before = _confirmed(before, now_us)
            draft.put(before)
        elif before.cancelled_late:
            before = proven_paid(before, now_us)
            draft.put(before)
        return _paid_answer(before)
    if before is not None and before.entries and not before.refund_told:
        again = _acquired(draft, before, now_us)
        if again.state is State.CONFIRMED:
            draft.put(again)
            return _paid_answer(again)
    return _charged_late(draft, book, demand, now_us)


def release(draft: Draft, call: Release, now_us: int) -> LedgerAnswer:
    """Give units back to the counters that were charged, once per release id.

    Raises
    ------
    NotFound
        There is no such reservation.
    Conflict
        Nothing of it is confirmed, or it was released from too often.
    RequestIdReused
        The release id was used for other lines or another reason.
    InvalidInput
        More units than are left, or a SKU that was not reserved.
    """
    before = current(draft, call.reservation_id, now_us)
    if before is None or before.state is State.NONE:
        raise NotFound("there is no reservation of that id")
    if before.state not in PAID_FOR:
        raise Conflict(f"the reservation is {before.state.name}; only what is CONFIRMED comes back")
    asked = _asked(call)
    for done in before.releases:
        if done.release_id == call.release_id:
            if done.asked != asked:
                raise RequestIdReused("the release id was used for other lines")
            return _released_answer(before, done.left)
    if len(before.releases) >= RELEASES_MAX:
        raise Conflict(f"a reservation takes at most {RELEASES_MAX} releases")
    lines = _less(before, call.lines) if call.lines else nothing_left(before)
    done = Released(call.release_id, asked, tuple([line.left for line in lines]))
    after = _after_release(before, lines, call.reason, now_us)
    draft.put(replace(after, releases=(*before.releases, done)))
    return _released_answer(after, done.left)


def _asked(call: Release) -> str:
    lines = ",".join([f"{line.sku}\x1f{line.quantity}" for line in call.lines])
    return f"{call.reason.name}\x1f{lines}"


def _released_answer(reservation: Reservation, left: tuple[int, ...]) -> LedgerAnswer:
    state = State.CONFIRMED if any(left) else State.RELEASED
    lines = [
        GrantedLine(sku=line.sku, requested=line.requested, granted=units)
        for line, units in zip(reservation.lines, left, strict=True)
    ]
    return replace(answer(reservation, state), lines=tuple(lines))


def _less(before: Reservation, released: Sequence[ReleasedLine]) -> tuple[HeldLine, ...]:
    """Return the lines without some units; lines of one SKU give in their order."""
    lines = list(before.lines)
    for place, one in enumerate(released):
        todo = one.quantity
        for index, line in enumerate(lines):
            if line.sku == one.sku:
                taken = min(todo, line.left)
                lines[index] = replace(line, left=line.left - taken)
                todo -= taken
        if todo:
            words = f"must be at most the {one.quantity - todo} units that are left of that SKU"
            raise InvalidInput.at(f"lines[{place}].quantity", words)
    return tuple(lines)


def _after_release(
    before: Reservation, lines: tuple[HeldLine, ...], reason: ReleaseReason, now_us: int
) -> Reservation:
    """Return the reservation with fewer units; policies that do not allow it keep theirs."""
    entries = []
    for entry in before.entries:
        gone = charge_of(entry.measure, entry.lines, before.lines) - charge_of(
            entry.measure, entry.lines, lines
        )
        back = gone if entry.gives_back(reason) else 0
        entries.append(replace(entry, charged=entry.charged - back) if back else entry)
    state = before.state if any(line.left for line in lines) else State.RELEASED
    return replace(before, state=state, lines=lines, entries=tuple(entries), changed_us=now_us)


def _confirmed(before: Reservation, now_us: int) -> Reservation:
    return replace(before, state=State.CONFIRMED, changed_us=now_us, expires_at_us=0)


def _acquired(draft: Draft, before: Reservation, now_us: int) -> Reservation:
    """Return an expired reservation confirmed, when its pinned policies still have room."""
    entries = tuple([_moved(entry, now_us) for entry in before.entries])
    if not _has_room(draft, before, entries, now_us):
        return replace(before, refund_told=True, changed_us=now_us)
    return replace(
        before,
        state=State.CONFIRMED,
        generation=before.generation + 1,
        changed_us=now_us,
        entries=entries,
        ended_by=0,
    )


def _moved(entry: Entry, now_us: int) -> Entry:
    """Return an entry of a rolling window as of now; others stay in their period."""
    if not entry.span_us:
        return entry
    return replace(entry, cell_us=rolling_place(entry.span_us, entry.tile_us, now_us).cell_us)


def _has_room(draft: Draft, before: Reservation, entries: tuple[Entry, ...], now_us: int) -> bool:
    own: dict[tuple[str, int], int] = {}
    for entry in stayed(before):
        key = draft.pinned(entry.counter), entry.cell_us
        own[key] = own.get(key, 0) + entry.charged
    full: dict[int, int] = {}
    needed: dict[int, int] = {}
    for entry in entries:
        counter, since_us = draft.pinned(entry.counter), EVERYTHING
        if entry.span_us:
            since_us = rolling_since_us(entry.span_us, entry.tile_us, now_us)
        cells = draft.cells_of(counter, since_us)
        used = sum([sum(cell) - own.get((counter, at_us), 0) for at_us, cell in cells.items()])
        if entry.needed and used + entry.charged > entry.cap:
            full[entry.claim] = full.get(entry.claim, 0) + 1
            needed[entry.claim] = entry.needed
    return all(count < needed[claim] for claim, count in full.items())


def _charged_late(draft: Draft, book: LimitBook, demand: Demand, now_us: int) -> LedgerAnswer:
    """Charge an order that is paid and holds nothing; one without limits leaves no row.

    One that was cancelled is not charged, and what limits say nothing about is none of theirs:
    what was asked for after the cancellation may be that. It counts once: what its hold still
    charged as one that nobody paid does so no more.
    """
    before = draft.reservation(demand.reservation_id)
    claims = claims_of(draft, book, demand, now_us)
    lines, entries = charged_whole(claims, demand)
    if not entries:
        return LedgerAnswer(reservation_id=demand.reservation_id, state=State.NONE)
    if before is not None and before.cancelled_unheld:
        return _paid_answer(before)
    before = before or blank(demand.reservation_id, now_us)
    late = replace(
        next_generation(before, now_us),
        state=State.CONFIRMED,
        kept=before.kept,
        fingerprint=demand.fingerprint,
        lines=lines,
        entries=entries,
        late=True,
    )
    draft.put(late)
    return _paid_answer(late)


def _paid_answer(reservation: Reservation) -> LedgerAnswer:
    """Return what paying came to; it stays so after a release."""
    if reservation.state in PAID_FOR:
        return answer(reservation, State.CONFIRMED)
    return replace(answer(reservation, reservation.state), refund_required=True)
