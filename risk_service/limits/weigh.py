"""Weighs a demand against what its counters say: how much of it, and by which limit no more.

First every counter is read, then quantities are cut where a policy takes a part, then the
policies that do not are asked about what is left. Changes nothing.
"""

from collections.abc import Callable, Sequence

from msgspec import Struct
from msgspec.structs import replace

from risk_service.domain.grant import Demand, DemandLine, Grant, GrantedLine, LimitUse, Measure
from risk_service.domain.vocabulary import Outcome
from risk_service.limits.claims import Claim, Claims
from risk_service.limits.policy import CountPer, OnExceed
from risk_service.limits.reservation import Entry, HeldLine, charge_of

LIMIT_REACHED = "LIMIT_REACHED"
QUANTITY_REDUCED = "LIMIT_QUANTITY_REDUCED"
FULL_PRICE = "LIMIT_EXCESS_AT_FULL_PRICE"
QUANTITY_STEP = "LIMIT_QUANTITY_STEP"

Cells = dict[int, tuple[int, int]]
_NOTHING: Cells = {}
ReadCells = Callable[[str, int], Cells]


class Weighed(Struct, frozen=True, gc=False):
    """The answer, and what to write down when it is held; ``lines`` is empty when nothing is."""

    grant: Grant
    lines: tuple[HeldLine, ...] = ()
    entries: tuple[Entry, ...] = ()


class _Room(Struct, gc=False):
    """One claim with its counters read."""

    claim: Claim
    used: tuple[int, ...]
    resets_us: tuple[int, ...]
    room: int
    asked: int
    too_much: bool


def weigh(claims: Claims, demand: Demand, read: ReadCells, *, partial: bool) -> Weighed:
    """Return what is granted of a demand.

    Parameters
    ----------
    read
        Returns (confirmed, held) by cell of a counter, of the cells after a time.
    partial
        Whether the order may go on with fewer units.
    """
    asked = _lines(demand.lines, [line.quantity for line in demand.lines])
    rooms = [_room(claim, asked, read) for claim in claims.claims]
    active = [room for room in rooms if not room.claim.shadow]
    lines, stepped = _cut(active, asked)
    outcome, codes = _outcome(active, lines, asked, partial=partial)
    outcome = max(outcome, claims.outcome)
    codes = [*claims.codes, *codes, *([QUANTITY_STEP] if stepped else [])]
    if outcome > Outcome.LIMIT_QUANTITY:
        lines = _lines(demand.lines, [0] * len(asked))
    grant = Grant(
        outcome=outcome,
        uses=tuple([use for room in rooms for use in _uses(room, lines, asked)]),
        lines=_granted(lines) if rooms else (),
        codes=tuple(dict.fromkeys(codes)),
        required_level=claims.level,
        missing=claims.missing,
        versions=claims.version,
    )
    if outcome > Outcome.LIMIT_QUANTITY or not rooms:
        return Weighed(grant)
    return Weighed(grant, lines, entries_of(claims, lines))


def charged_whole(claims: Claims, demand: Demand) -> tuple[tuple[HeldLine, ...], tuple[Entry, ...]]:
    """Return what all of a demand is charged with, whatever the limits say: it is paid."""
    lines = _lines(demand.lines, [line.quantity for line in demand.lines])
    return lines, entries_of(claims, lines)


def entries_of(claims: Claims, lines: tuple[HeldLine, ...]) -> tuple[Entry, ...]:
    """Return what every counter is charged with for the units left of some lines."""
    entries = []
    for number, claim in enumerate(claims.claims):
        policy, place = claim.policy, claim.place
        if not policy.window.counts:
            continue
        measure = int(policy.measure)
        charged = charge_of(measure, claim.lines, lines)
        if not charged:
            continue
        pinned = (
            claim.ref,
            measure,
            claim.lines,
            charged,
            claim.releases,
            number,
            0 if claim.shadow else claim.needed,
            claim.bounds.cap,
            place.span_us,
            place.tile_us,
        )
        for _, counter in claim.counters:
            entries.append(Entry(counter, place.cell_us, *pinned))
    return tuple(entries)


def _lines(lines: Sequence[DemandLine], units: Sequence[int]) -> tuple[HeldLine, ...]:
    return tuple(
        [
            HeldLine(line.sku, line.quantity, left, left, line.amount_minor, line.discount_minor)
            for line, left in zip(lines, units, strict=True)
        ]
    )


def _room(claim: Claim, asked: tuple[HeldLine, ...], read: ReadCells) -> _Room:
    place, cap, policy = claim.place, claim.bounds.cap, claim.policy
    counts, since_us = policy.window.counts, place.since_us
    used: list[int] = []
    resets = [place.resets_at_us] * len(claim.counters)
    for number, (_, counter) in enumerate(claim.counters):
        cells = read(counter, since_us) if counts else _NOTHING
        if not cells:
            used.append(0)
            continue
        used.append(sum([confirmed + held for confirmed, held in cells.values()]))
        if place.span_us:
            resets[number] = min(cells) + place.span_us + place.tile_us - 1
    # With all_of a counter may be used up while another is not: the k-th fullest decides.
    room = cap
    if len(used) == 1:
        room -= used[0]
    elif used:
        room -= sorted(used, reverse=True)[claim.needed - 1]
    cost = charge_of(int(policy.measure), claim.lines, asked)
    too_much = cost > room or _is_too_little(claim, asked)
    return _Room(claim, tuple(used), tuple(resets), max(room, 0), cost, too_much)


def _is_too_little(claim: Claim, lines: tuple[HeldLine, ...]) -> bool:
    bounds = claim.bounds
    if bounds.minimum == 0 and bounds.step == 1:
        return False
    units = sum([lines[index].left for index in claim.lines])
    return bool(units) and (
        units < bounds.minimum or any(lines[i].left % bounds.step for i in claim.lines)
    )


def _cut(rooms: Sequence[_Room], asked: tuple[HeldLine, ...]) -> tuple[tuple[HeldLine, ...], bool]:
    """Return the lines with what the policies that take a part leave of them.

    Cutting for one policy never makes room for more at another, so one pass over the caps
    is enough; a minimum may fall short by it, so the minima are asked until nothing changes.
    """
    if not any(room.too_much for room in rooms):
        return asked, False
    lines = list(asked)
    soft = [room for room in rooms if room.claim.policy.on_exceed.takes_a_part]
    for room in soft:
        _cut_to_cap(room, lines)
    stepped = False
    changing = True
    while changing:
        changing = any(_cut_to_step(room.claim, lines) for room in soft)
        stepped = stepped or changing
    return tuple(lines), stepped


def _cut_to_cap(room: _Room, lines: list[HeldLine]) -> None:
    """Take units off the last lines first, until the claim fits."""
    claim, measure = room.claim, room.claim.policy.measure
    for index in reversed(claim.lines):
        over = charge_of(measure, claim.lines, tuple(lines)) - room.room
        if over <= 0:
            return
        line = lines[index]
        whole = {Measure.AMOUNT: line.amount_minor, Measure.DISCOUNT: line.discount_minor}
        if measure is Measure.ORDERS or not line.sku:
            units = 0  # an order, a coupon or a draw cannot be had in part
        elif measure in whole:
            may_cost = max(charge_of(measure, (index,), tuple(lines)) - over, 0)
            units = may_cost * line.requested // whole[measure] if whole[measure] else line.left
        else:
            units = line.left - over
        lines[index] = _with(line, max(min(units, line.left), 0))


def _cut_to_step(claim: Claim, lines: list[HeldLine]) -> bool:
    """Round down to whole steps, and to nothing below the minimum; tell whether it did."""
    bounds = claim.bounds
    before = [lines[index].left for index in claim.lines]
    for index in claim.lines:
        lines[index] = _with(lines[index], lines[index].left - lines[index].left % bounds.step)
    if sum([lines[index].left for index in claim.lines]) < bounds.minimum:
        for index in claim.lines:
            lines[index] = _with(lines[index], 0)
    return before != [lines[index].left for index in claim.lines]


def _with(line: HeldLine, units: int) -> HeldLine:
    return line if units == line.left else replace(line, granted=units, left=units)


def _outcome(
    rooms: Sequence[_Room],
    lines: tuple[HeldLine, ...],
    asked: tuple[HeldLine, ...],
    *,
    partial: bool,
) -> tuple[Outcome, list[str]]:
    outcome = Outcome.ALLOW
    codes: list[str] = []
    if lines is asked and not any(room.too_much for room in rooms):
        return outcome, codes
    for room in rooms:
        policy = room.claim.policy
        if policy.on_exceed.takes_a_part:
            continue
        over = charge_of(policy.measure, room.claim.lines, lines) > room.room
        if over or _is_too_little(room.claim, lines):
            outcome = max(outcome, policy.on_exceed.outcome)
            codes.append(LIMIT_REACHED)
    if lines == asked:
        return outcome, codes
    at_full_price = all(
        room.claim.policy.on_exceed is OnExceed.EXCESS_AT_FULL_PRICE
        for room in rooms
        if room.too_much and room.claim.policy.on_exceed.takes_a_part
    )
    if at_full_price:
        # The rest is sold without the promotion: even when nothing is left, the order goes on.
        return max(outcome, Outcome.LIMIT_QUANTITY), [*codes, FULL_PRICE]
    if not partial or not any(line.left for line in lines):
        return max(outcome, Outcome.DENY), [*codes, LIMIT_REACHED]
    return max(outcome, Outcome.LIMIT_QUANTITY), [*codes, QUANTITY_REDUCED]


def _uses(room: _Room, lines: tuple[HeldLine, ...], whole: tuple[HeldLine, ...]) -> list[LimitUse]:
    claim, policy, asked = room.claim, room.claim.policy, room.asked
    cap, window = claim.bounds.cap, policy.window.text
    granted = asked if lines is whole else charge_of(int(policy.measure), claim.lines, lines)
    scope = claim.scope
    if policy.count_per is not CountPer.EVERYTHING:
        scope = f"{policy.count_per.value}:{scope}"
    uses = []
    for (subject, _), used, resets_us in zip(
        claim.counters, room.used, room.resets_us, strict=True
    ):
        left = cap - used
        uses.append(
            LimitUse(
                policy_id=policy.id,
                version=policy.version,
                subject=subject,
                scope=scope,
                measure=policy.measure,
                window=window,
                cap=cap,
                used=used,
                requested=asked,
                granted=granted,
                remaining=max(left - granted, 0),
                blocking=room.too_much and left < max(asked, 1),
                shadow=claim.shadow,
                resets_at_us=resets_us,
            )
        )
    return uses


def _granted(lines: tuple[HeldLine, ...]) -> tuple[GrantedLine, ...]:
    return tuple(
        [GrantedLine(sku=line.sku, requested=line.requested, granted=line.left) for line in lines]
    )
