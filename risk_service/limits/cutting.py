"""Cuts what a demand asks for down to what the limits leave, and says what that comes to."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from risk_service.domain.grant import Measure
from risk_service.domain.vocabulary import Outcome
from risk_service.limits.claims import Claim, Claims
from risk_service.limits.policy import OnExceed
from risk_service.limits.reservation import HeldLine, charge_of

LIMIT_REACHED = "LIMIT_REACHED"
QUANTITY_REDUCED = "LIMIT_QUANTITY_REDUCED"
FULL_PRICE = "LIMIT_EXCESS_AT_FULL_PRICE"
QUANTITY_STEP = "LIMIT_QUANTITY_STEP"


class Room(Struct, gc=False):
    """One claim with its counters read."""

    claim: Claim
    used: list[int]
    resets_us: list[int]
    room: int
    asked: int
    too_much: bool


def less(
    claims: Claims, active: Sequence[Room], asked: tuple[HeldLine, ...], *, partial: bool
) -> tuple[tuple[HeldLine, ...], Outcome, tuple[str, ...]]:
    """Return what is left of a demand that asks for too much, and what it comes to."""
    lines, stepped = _cut(active, asked)
    outcome, codes = _outcome(active, lines, asked, partial=partial)
    codes = [*claims.codes, *codes, *([QUANTITY_STEP] if stepped else [])]
    return lines, max(outcome, claims.outcome), tuple(dict.fromkeys(codes))


def is_too_little(claim: Claim, lines: tuple[HeldLine, ...]) -> bool:
    """Tell whether a claim's lines are below its minimum, or no whole steps."""
    bounds = claim.bounds
    units = sum([lines[index].left for index in claim.lines])
    return bool(units) and (
        units < bounds.minimum or any(lines[i].left % bounds.step for i in claim.lines)
    )


def exceeds(room: Room, lines: tuple[HeldLine, ...]) -> bool:
    """Tell whether the units left of some lines are more than a claim has room for, or too few."""
    return is_over(room, lines) or is_too_little(room.claim, lines)


def is_over(room: Room, lines: tuple[HeldLine, ...]) -> bool:
    """Tell whether the units left of some lines are more than a claim has room for."""
    return charge_of(room.claim.plan.measure, room.claim.lines, lines) > room.room


def _cut(rooms: Sequence[Room], asked: tuple[HeldLine, ...]) -> tuple[tuple[HeldLine, ...], bool]:
    """Return the lines with what the policies that take a part leave of them.

    Cutting for one policy never makes room for more at another, so one pass over the caps
    is enough; a minimum may fall short by it, so the minima are asked until nothing changes.
    """
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


def _cut_to_cap(room: Room, lines: list[HeldLine]) -> None:
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
        lines[index] = with_units(line, max(min(units, line.left), 0))


def _cut_to_step(claim: Claim, lines: list[HeldLine]) -> bool:
    """Round down to whole steps, and to nothing below the minimum; tell whether it did."""
    bounds = claim.bounds
    before = [lines[index].left for index in claim.lines]
    for index in claim.lines:
        lines[index] = with_units(lines[index], lines[index].left - lines[index].left % bounds.step)
    if sum([lines[index].left for index in claim.lines]) < bounds.minimum:
        for index in claim.lines:
            lines[index] = with_units(lines[index], 0)
    return before != [lines[index].left for index in claim.lines]


def with_units(line: HeldLine, units: int) -> HeldLine:
    """Return a line of which so many units are granted."""
    return line if units == line.left else replace(line, granted=units, left=units)


def _outcome(
    rooms: Sequence[Room],
    lines: tuple[HeldLine, ...],
    asked: tuple[HeldLine, ...],
    *,
    partial: bool,
) -> tuple[Outcome, list[str]]:
    outcome = Outcome.ALLOW
    codes: list[str] = []
    for room in rooms:
        policy = room.claim.policy
        if policy.on_exceed.takes_a_part:
            continue
        if exceeds(room, lines):
            outcome = max(outcome, policy.on_exceed.outcome)
            codes.append(LIMIT_REACHED if is_over(room, lines) else QUANTITY_STEP)
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
    # An order of which no goods are left takes no coupon off either.
    goods = [line for line in lines if line.sku]
    if not partial or not any(line.left for line in goods or lines):
        return max(outcome, Outcome.DENY), [*codes, LIMIT_REACHED]
    return max(outcome, Outcome.LIMIT_QUANTITY), [*codes, QUANTITY_REDUCED]
