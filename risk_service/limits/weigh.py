"""Weighs a demand against what its counters say: how much of it, and by which limit no more.

First every counter is read, then quantities are cut where a policy takes a part, then the
policies that do not are asked about what is left. Changes nothing.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from risk_service.domain.grant import Demand, DemandLine, Grant, GrantedLine, LimitUse
from risk_service.domain.vocabulary import Outcome
from risk_service.limits.claims import Claim, Claims
from risk_service.limits.cutting import Room, is_too_little, less, with_units
from risk_service.limits.reservation import Entry, HeldLine, charge_of

Cells = dict[int, tuple[int, int]]
_NOTHING: Cells = {}
ReadCells = Callable[[str, int], Cells]


class Weighed(Struct, frozen=True, gc=False):
    """The answer, and what to write down when it is held; ``lines`` is empty when nothing is."""

    grant: Grant
    lines: tuple[HeldLine, ...] = ()
    entries: tuple[Entry, ...] = ()


def weigh(
    claims: Claims, demand: Demand, read: ReadCells, *, partial: bool, expires_at_us: int = 0
) -> Weighed:
    """Return what is granted of a demand.

    Parameters
    ----------
    read
        Returns (confirmed, held) by cell of a counter, of the cells after a time.
    partial
        Whether the order may go on with fewer units.
    expires_at_us
        Until when it is held, if anything is.
    """
    asked = _asked(demand.lines)
    rooms = [_room(claim, asked, read) for claim in claims.claims]
    lines, outcome, codes = asked, claims.outcome, claims.codes
    full = [room for room in rooms if room.too_much and not room.claim.plan.shadow]
    if full:
        active = [room for room in rooms if not room.claim.plan.shadow]
        lines, outcome, codes = less(claims, active, asked, partial=partial)
    if outcome > Outcome.LIMIT_QUANTITY:
        lines = tuple([with_units(line, 0) for line in asked])
    charged = _charged(claims, rooms, lines, asked)
    grants = bool(rooms) and outcome <= Outcome.LIMIT_QUANTITY
    entries = entries_of(claims, charged) if grants else ()
    uses: list[LimitUse] = []
    for room, granted in zip(rooms, charged, strict=True):
        _add_uses(uses, room, granted)
    grant = Grant(
        outcome,
        tuple(uses),
        _granted(lines) if rooms else (),
        codes,
        claims.level,
        claims.missing,
        expires_at_us if entries else 0,
        claims.version,
    )
    return Weighed(grant, lines, entries) if grants else Weighed(grant)


def charged_whole(claims: Claims, demand: Demand) -> tuple[tuple[HeldLine, ...], tuple[Entry, ...]]:
    """Return what all of a demand is charged with, whatever the limits say: it is paid."""
    lines = _asked(demand.lines)
    charged = [charge_of(claim.plan.measure, claim.lines, lines) for claim in claims.claims]
    return lines, entries_of(claims, charged)


def entries_of(claims: Claims, charged: Sequence[int]) -> tuple[Entry, ...]:
    """Return what every counter is charged with, given what each claim comes to."""
    entries = []
    for number, (claim, units) in enumerate(zip(claims.claims, charged, strict=True)):
        plan, place = claim.plan, claim.place
        if not units or not plan.counts:
            continue
        for _, counter in claim.counters:
            entries.append(
                Entry(
                    counter,
                    place.cell_us,
                    plan.ref,
                    plan.measure,
                    claim.lines,
                    units,
                    plan.releases,
                    number,
                    0 if plan.shadow else claim.needed,
                    claim.bounds.cap,
                    place.span_us,
                    place.tile_us,
                )
            )
    return tuple(entries)


def _asked(lines: Sequence[DemandLine]) -> tuple[HeldLine, ...]:
    return tuple(
        [
            HeldLine(
                line.sku,
                line.quantity,
                line.quantity,
                line.quantity,
                line.amount_minor,
                line.discount_minor,
            )
            for line in lines
        ]
    )


def _room(claim: Claim, asked: tuple[HeldLine, ...], read: ReadCells) -> Room:
    place, plan = claim.place, claim.plan
    since_us, span_us = place.since_us, place.span_us
    used: list[int] = []
    resets: list[int] = []
    for _, counter in claim.counters:
        cells = read(counter, since_us) if plan.counts else _NOTHING
        total, resets_us = 0, place.resets_at_us
        if cells:
            for confirmed, held in cells.values():
                total += confirmed + held
            if span_us:
                resets_us = min(cells) + span_us + place.tile_us - 1
        used.append(total)
        resets.append(resets_us)
    # With all_of a counter may be used up while another is not: the k-th fullest decides.
    if len(used) > 1:
        total = sorted(used, reverse=True)[claim.needed - 1]
    room = claim.bounds.cap - (total if used else 0)
    cost = charge_of(plan.measure, claim.lines, asked)
    too_much = cost > room or (claim.bounds.has_floor and is_too_little(claim, asked))
    return Room(claim, used, resets, max(room, 0), cost, too_much)


def _charged(
    claims: Claims,
    rooms: Sequence[Room],
    lines: tuple[HeldLine, ...],
    asked: tuple[HeldLine, ...],
) -> list[int]:
    """Return what each claim comes to for the units that are left."""
    if lines is asked:
        return [room.asked for room in rooms]
    return [charge_of(claim.plan.measure, claim.lines, lines) for claim in claims.claims]


def _add_uses(uses: list[LimitUse], room: Room, granted: int) -> None:
    claim, asked = room.claim, room.asked
    plan, cap = claim.plan, claim.bounds.cap
    policy = plan.policy
    scope = plan.scope_label + claim.scope if plan.scope_label else claim.scope
    for place, (subject, _) in enumerate(claim.counters):
        used = room.used[place]
        left = cap - used
        uses.append(
            LimitUse(
                policy.id,
                policy.version,
                subject,
                scope,
                policy.measure,
                policy.window.text,
                cap,
                used,
                asked,
                granted,
                left - granted if left > granted else 0,
                room.too_much and left < max(asked, 1),
                plan.shadow,
                room.resets_us[place],
            )
        )


def _granted(lines: tuple[HeldLine, ...]) -> tuple[GrantedLine, ...]:
    return tuple([GrantedLine(line.sku, line.requested, line.left) for line in lines])
