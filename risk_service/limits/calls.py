"""One door to every move, and the questions about counters; both stores come through here."""

from collections.abc import Callable, Iterable

from risk_service.domain.errors import RiskError
from risk_service.domain.grant import Measure
from risk_service.domain.reservation import (
    Adjust,
    Cancel,
    Confirm,
    CounterUse,
    Drift,
    Extend,
    LedgerAnswer,
    LedgerCall,
    Pay,
    Release,
    Reserve,
)
from risk_service.limits.adjusting import adjust
from risk_service.limits.book import LimitBook
from risk_service.limits.claims import SEPARATOR
from risk_service.limits.draft import Draft
from risk_service.limits.holding import cancel, extend, reserve
from risk_service.limits.paying import confirm, pay, release
from risk_service.limits.policy import Policy, State
from risk_service.limits.reservation import Reservation, charges
from risk_service.limits.scope_text import scope_text
from risk_service.limits.used import Cells
from risk_service.limits.windows import EVERYTHING, Calendar, Rolling, rolling_since_us


def do(draft: Draft, book: LimitBook, call: LedgerCall, now_us: int) -> LedgerAnswer | RiskError:
    """Do one call; an error of ours is its answer, and has changed nothing."""
    try:
        return _done(draft, book, call, now_us)
    except RiskError as error:
        return error


def _done(draft: Draft, book: LimitBook, call: LedgerCall, now_us: int) -> LedgerAnswer:
    if isinstance(call, Reserve):
        return reserve(draft, book, call, now_us)
    if isinstance(call, Pay):
        return pay(draft, book, call, now_us)
    if isinstance(call, Adjust):
        return adjust(draft, book, call, now_us)
    if isinstance(call, Cancel):
        return cancel(draft, book, call, now_us)
    return _simple(draft, call, now_us)


def _simple(draft: Draft, call: Confirm | Extend | Release, now_us: int) -> LedgerAnswer:
    if isinstance(call, Confirm):
        return confirm(draft, call, now_us)
    if isinstance(call, Extend):
        return extend(draft, call, now_us)
    return release(draft, call, now_us)


def reservation_id_of(call: LedgerCall) -> str:
    """Return the reservation that a call is about; of an adjustment its own id."""
    if isinstance(call, Reserve):
        return call.hold.demand.reservation_id
    if isinstance(call, Pay):
        return call.demand.reservation_id
    if isinstance(call, Adjust):
        return call.adjustment_id
    return call.reservation_id


def usage(
    book: LimitBook, subject: str, counters: dict[str, Cells], now_us: int
) -> list[CounterUse]:
    """Return what the counters of one subject say now, by the policies in force.

    Parameters
    ----------
    counters
        All cells of the counters whose key begins with the subject and its token.
    """
    by_shape = {policy.shape: policy for policy in book.policies if policy.counts}
    found = []
    for counter, cells in counters.items():
        _, shape, scope, bucket = counter.split(SEPARATOR)
        policy = by_shape.get(shape)
        if policy is None:
            continue
        since_us, resets_at_us = _in_window(policy, bucket, cells, now_us)
        if since_us is None:
            continue
        live = [cell for cell_us, cell in cells.items() if cell_us > since_us]
        confirmed, held = sum([cell[0] for cell in live]), sum([cell[1] for cell in live])
        if confirmed or held:
            found.append(
                CounterUse(
                    policy_id=policy.id,
                    subject=subject,
                    scope=scope_text(policy.window, scope, bucket),
                    measure=Measure(policy.measure),
                    window=policy.window.text,
                    cap=policy.bounds.cap,
                    confirmed=confirmed,
                    held=held,
                    shadow=policy.state is State.SHADOW,
                    resets_at_us=resets_at_us,
                    currency_code=policy.currency,
                )
            )
    return sorted(found, key=lambda use: (use.policy_id, use.scope))


def _in_window(policy: Policy, bucket: str, cells: Cells, now_us: int) -> tuple[int | None, int]:
    """Return since when cells count, None for a period that is not now, and when it resets."""
    window = policy.window
    if isinstance(window, Rolling):
        since_us = rolling_since_us(window.span_us, window.tile_us, now_us)
        live = [cell_us for cell_us in cells if cell_us > since_us]
        return since_us, min(live) + window.span_us + window.tile_us - 1 if live else 0
    if isinstance(window, Calendar):
        place = window.at(now_us)
        return (EVERYTHING if place.bucket == bucket else None), place.resets_at_us
    return EVERYTHING, 0


def drifts(
    ledger: Iterable[Reservation],
    cells: Iterable[tuple[str, int, int, int]],
    pinned: Callable[[str], str],
) -> list[Drift]:
    """Return the cells that differ from what all reservations add up to.

    Parameters
    ----------
    cells
        (counter, cell, confirmed, held) of every cell.
    pinned
        The key under which a charge stands since clusters merged.
    """
    summed: dict[tuple[str, int], list[int]] = {}
    for reservation in ledger:
        for counter, cell_us, confirmed, held in charges(reservation):
            one = summed.setdefault((pinned(counter), cell_us), [0, 0])
            one[0] += confirmed
            one[1] += held
    found = []
    for counter, cell_us, confirmed, held in cells:
        right = tuple(summed.pop((counter, cell_us), (0, 0)))
        if right != (confirmed, held):
            found.append(_drift(counter, cell_us, (confirmed, held), right))
    for (counter, cell_us), right_cell in summed.items():
        if any(right_cell):
            found.append(_drift(counter, cell_us, (0, 0), tuple(right_cell)))
    return found


def _drift(counter: str, cell_us: int, counted: tuple[int, int], right: tuple[int, ...]) -> Drift:
    return Drift(
        counter=counter,
        cell_us=cell_us,
        counted=counted,
        ledger=(right[0], right[1]),
    )
