"""Weighs a demand against what its counters say: how much of it, and by which limit no more.

Most orders ask for no more than every counter has room for: ``_whole`` grants them in one
pass. For any other one, first every counter is read, then quantities are cut where a policy
takes a part, then the policies that do not are asked about what is left: ``weigh_in_part``,
which says the same of the first kind. Changes nothing.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct

from risk_service.domain.grant import Demand, DemandLine, Grant, GrantedLine, LimitUse
from risk_service.domain.vocabulary import Outcome
from risk_service.limits.claims import Claim, Claims
from risk_service.limits.cutting import Room, exceeds, is_too_little, less, with_units
from risk_service.limits.reservation import Entry, HeldLine, charge_of
from risk_service.limits.used import Used

ReadUsed = Callable[[str, int], Used]
# A module's name is found faster than an enum's member.
ALLOW, LIMIT_QUANTITY = Outcome.ALLOW, Outcome.LIMIT_QUANTITY


class Weighed(Struct, frozen=True, gc=False):
    """The answer, and what to write down when it is held; ``lines`` is empty when nothing is."""

    grant: Grant
    lines: tuple[HeldLine, ...] = ()
    entries: tuple[Entry, ...] = ()


def weigh(
    claims: Claims, demand: Demand, read: ReadUsed, *, partial: bool, expires_at_us: int = 0
) -> Weighed:
    """Return what is granted of a demand.

    Parameters
    ----------
    read
        Returns what the cells of a counter after a time come to.
    partial
        Whether the order may go on with fewer units.
    expires_at_us
        Until when it is held, if anything is.
    """
    asked = _asked(demand.lines)
    whole = _whole(claims, asked, read)
    if whole is None:
        return weigh_in_part(claims, asked, read, partial=partial, expires_at_us=expires_at_us)
    uses, entries = whole
    grant = Grant(
        claims.outcome,
        uses,
        _granted(asked),
        claims.codes,
        claims.level,
        claims.missing,
        expires_at_us if entries else 0,
        claims.version,
    )
    return Weighed(grant, asked, entries)


def weigh_in_part(
    claims: Claims,
    asked: tuple[HeldLine, ...],
    read: ReadUsed,
    *,
    partial: bool,
    expires_at_us: int,
) -> Weighed:
    """Return what is granted of lines, for which there may be too little room."""
    rooms = [_room(claim, asked, read) for claim in claims.claims]
    lines, outcome, codes = asked, claims.outcome, claims.codes
    full = [room for room in rooms if room.too_much and not room.claim.plan.shadow]
    if full:
        active = [room for room in rooms if not room.claim.plan.shadow]
        lines, outcome, codes = less(claims, active, asked, partial=partial)
    blocks = [_blocks(room, lines) for room in rooms]
    if outcome > LIMIT_QUANTITY:
        lines = tuple([with_units(line, 0) for line in asked])
    charged = _charged(claims, rooms, lines, asked)
    grants = bool(rooms) and outcome <= LIMIT_QUANTITY
    entries = entries_of(claims, charged) if grants else ()
    uses: list[LimitUse] = []
    for room, granted, blocking in zip(rooms, charged, blocks, strict=True):
        _add_uses(uses, room, granted, blocking)
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


def _whole(
    claims: Claims, asked: tuple[HeldLine, ...], read: ReadUsed
) -> tuple[tuple[LimitUse, ...], tuple[Entry, ...]] | None:
    """Return uses and entries when every counter has room for all; None when that is not so."""
    if claims.outcome is not ALLOW or not claims.claims:
        return None
    uses: list[LimitUse] = []
    entries: list[Entry] = []
    for number, claim in enumerate(claims.claims):
        plan, bounds = claim.plan, claim.bounds
        units = charge_of(plan.measure, claim.lines, asked)
        room = bounds.cap - units
        if bounds.has_floor and is_too_little(claim, asked):
            return None
        for subject, counter in claim.counters:
            used, resets_us = _used(claim, counter, read)
            if used > room:
                return None
            amounts = used, units, units, room - used
            uses.append(_use(claim, subject, amounts, False, resets_us))
            if units and plan.counts:
                entries.append(_entry(claim, number, counter, units))
    return tuple(uses), tuple(entries)


def _used(claim: Claim, counter: str, read: ReadUsed) -> tuple[int, int]:
    """Return what a counter was used for, and when it gets something back."""
    place = claim.place
    if not claim.plan.counts:
        return 0, place.resets_at_us
    found = read(counter, place.since_us)
    if found.total and place.span_us:
        return found.total, found.oldest_us + place.span_us + place.tile_us - 1
    return found.total, place.resets_at_us


def charged_whole(claims: Claims, demand: Demand) -> tuple[tuple[HeldLine, ...], tuple[Entry, ...]]:
    """Return what all of a demand is charged with, whatever the limits say: it is paid."""
    lines = _asked(demand.lines)
    charged = [charge_of(claim.plan.measure, claim.lines, lines) for claim in claims.claims]
    return lines, entries_of(claims, charged)


def entries_of(claims: Claims, charged: Sequence[int]) -> tuple[Entry, ...]:
    """Return what every counter is charged with, given what each claim comes to."""
    return tuple(
        [
            _entry(claim, number, counter, units)
            for number, (claim, units) in enumerate(zip(claims.claims, charged, strict=True))
            if units and claim.plan.counts
            for _, counter in claim.counters
        ]
    )


def _entry(claim: Claim, number: int, counter: str, units: int) -> Entry:
    plan, place = claim.plan, claim.place
    return Entry(
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


def _room(claim: Claim, asked: tuple[HeldLine, ...], read: ReadUsed) -> Room:
    found = [_used(claim, counter, read) for _, counter in claim.counters]
    used, resets = [used for used, _ in found], [resets_us for _, resets_us in found]
    # With all_of a counter may be used up while another is not: the k-th fullest decides.
    decides = sorted(used, reverse=True)[claim.needed - 1] if used else 0
    room = claim.bounds.cap - decides
    cost = charge_of(claim.plan.measure, claim.lines, asked)
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


def _blocks(room: Room, left: tuple[HeldLine, ...]) -> bool:
    """Tell whether a limit speaks against the order.

    One that takes no part is asked about what those that do have left of it: where they cut the
    quantity to what it allows, it has nothing to say.
    """
    claim = room.claim
    if not room.too_much or claim.plan.shadow or claim.policy.on_exceed.takes_a_part:
        return room.too_much
    return exceeds(room, left)


def _add_uses(uses: list[LimitUse], room: Room, granted: int, blocks: bool) -> None:
    """Append the counters of a claim; where it blocks the fullest first, as it is named as why."""
    claim, asked, cap = room.claim, room.asked, room.claim.bounds.cap
    counters = [*zip(claim.counters, room.used, room.resets_us, strict=True)]
    if blocks:
        counters.sort(key=lambda counter: -counter[1])
    for (subject, _), used, resets_us in counters:
        blocking = blocks and cap - used < max(asked, 1)
        amounts = used, asked, granted, max(cap - used - granted, 0)
        uses.append(_use(claim, subject, amounts, blocking, resets_us))


def _use(
    claim: Claim,
    subject: str,
    amounts: tuple[int, int, int, int],
    blocking: bool,  # by position: it is called for every counter of an order
    resets_us: int,
) -> LimitUse:
    """Return a limit as the order met it; amounts are used, requested, granted, remaining."""
    plan = claim.plan
    used, requested, granted, remaining = amounts
    return LimitUse(
        plan.policy_id,
        plan.version,
        subject,
        plan.scope_label + claim.scope,
        plan.unit,
        plan.window,
        claim.bounds.cap,
        used,
        requested,
        granted,
        remaining,
        blocking,
        plan.shadow,
        resets_us,
    )


def _granted(lines: tuple[HeldLine, ...]) -> tuple[GrantedLine, ...]:
    return tuple([GrantedLine(line.sku, line.requested, line.left) for line in lines])
