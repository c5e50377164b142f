"""Forgets reservations that nobody asks about any more, without changing what counts.

A reservation that is over has done its work once no repetition, return or appeal can come for
it, and the rolling and calendar windows that it counts in have passed. Its row goes, and what it
charged in those windows. What it charged for ever, for a campaign or a drop, goes on in one row
for all that were forgotten with it, so that counters remain what all rows add up to.
"""

from collections.abc import Sequence

from msgspec.structs import replace

from risk_service.domain.reservation import ReservationState as State
from risk_service.limits.adjusting import ADJUSTMENT
from risk_service.limits.claims import SEPARATOR
from risk_service.limits.draft import Draft
from risk_service.limits.reservation import Entry, Reservation, charges
from risk_service.limits.steps import blank
from risk_service.limits.window_text import span_us_of
from risk_service.limits.windows import SECOND_US, TILES

# Rows of what was forgotten; and adjustments, whose ids must stay known.
CARRIED = f"carried{SEPARATOR}"
KEPT = (CARRIED, ADJUSTMENT)
OVER = frozenset({State.CONFIRMED, State.CANCELLED, State.EXPIRED, State.RELEASED})
# The longest calendar window, with a day for the changes of clocks.
PERIOD_MAX_US = 32 * 86_400 * SECOND_US
# A carried charge gives nothing back, refuses nothing and moves to no other time.
_PINS = (0, 0, 0, 0, 0, 0)


def may_go(row: Reservation, before_us: int) -> bool:
    """Tell whether a reservation is over since before a time."""
    return (
        row.state in OVER
        and row.changed_us < before_us
        and not row.expires_at_us
        and not row.reservation_id.startswith(KEPT)
    )


def is_empty(row: Reservation) -> bool:
    """Tell whether a row says nothing any more: what was forgotten, and old refusals."""
    return row.state is State.NONE and row.refused is None and not row.kept


def prune(draft: Draft, reservation_ids: Sequence[str], before_us: int, now_us: int) -> int:
    """Forget those of some reservations that may go; return how many."""
    lasting: dict[tuple[str, int], int] = {}
    going = ""
    count = 0
    for reservation_id in reservation_ids:
        row = draft.reservation(reservation_id)
        if row is None or not may_go(row, before_us):
            continue
        charged = [
            (draft.pinned(counter), cell_us, confirmed, ends_us(counter, cell_us))
            for counter, cell_us, confirmed, _ in charges(row)
            if confirmed
        ]
        if any(end_us is not None and end_us > now_us for _, _, _, end_us in charged):
            continue
        for counter, cell_us, confirmed, end_us in charged:
            if end_us is None:
                lasting[counter, cell_us] = lasting.get((counter, cell_us), 0) + confirmed
        draft.put(blank(reservation_id, now_us))
        going = going or reservation_id
        count += 1
    if lasting:
        draft.put(_carried(draft, going, lasting, now_us))
    return count


def _carried(
    draft: Draft, name: str, lasting: dict[tuple[str, int], int], now_us: int
) -> Reservation:
    """Return the row of what goes on; an id that was forgotten before has one already."""
    row_id = f"{CARRIED}{name}"
    before = draft.reservation(row_id)
    kept = tuple(
        [
            Entry(counter, cell_us, "", 0, (), charged, *_PINS)
            for (counter, cell_us), charged in lasting.items()
        ]
    )
    return replace(
        blank(row_id, now_us),
        state=State.CONFIRMED,
        generation=before.generation + 1 if before else 1,
        kept=before.kept + kept if before else kept,
    )


def ends_us(counter: str, cell_us: int) -> int | None:
    """Return from when on a cell counts no more, None when it counts for ever.

    A calendar period is taken for longer than any is; what cannot be told counts for ever.
    """
    _, shape, _, bucket = counter.split(SEPARATOR)
    # The name of a zone holds the sign that stands between the parts.
    window = shape.split("/", 2)[2].rpartition("/")[0]
    kind, _, text = window.partition(" ")
    span_us = span_us_of(text)
    if kind == "rolling" and span_us:
        return cell_us + span_us + span_us // TILES + 1
    if kind == "calendar" and bucket.lstrip("-").isdecimal():
        return int(bucket) * SECOND_US + PERIOD_MAX_US
    return None
