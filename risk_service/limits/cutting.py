"""Cuts what a demand asks for down to what the limits leave, and says what that comes to."""

from collections.abc import Sequence

from msgspec import Struct
from msgspec.structs import replace

from risk_service.domain.vocabulary import Outcome
from risk_service.limits.claims import Claim, Claims
from risk_service.limits.policy import OnExceed
from risk_service.limits.reservation import AMOUNT, DISCOUNT, ORDERS, HeldLine, charge_of

LIMIT_REACHED = "LIMIT_REACHED"
QUANTITY_REDUCED = "LIMIT_QUANTITY_REDUCED"
FULL_PRICE = "LIMIT_EXCESS_AT_FULL_PRICE"
REDUCTION_LEFT_OUT = "LIMIT_REDUCTION_LEFT_OUT"
QUANTITY_STEP = "LIMIT_QUANTITY_STEP"
# How often lines are filled, with what steps took off others; the order waits meanwhile.
FILLINGS_MAX = 3


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
    """Return the lines with what the policies that take a part leave of them, and if steps did.

    What steps and minima take off a line is room for others, so these are filled anew.
    """
    soft = [room for room in rooms if room.claim.policy.on_exceed.takes_a_part]
    most = list(asked)
    stepped = False
    for _ in range(FILLINGS_MAX):
        filled = _filled(soft, most)
        lines = list(filled)
        while True in [_cut_to_step(room.claim, lines) for room in soft]:
            stepped = True
        if lines == filled:
            break
        most = [
            bound if line is fits else line
            for line, fits, bound in zip(lines, filled, most, strict=True)
        ]
    return tuple(lines), stepped


def _filled(soft: Sequence[Room], most: Sequence[HeldLine]) -> list[HeldLine]:
    """Return as much of every line, the first ones first, as all claims have room for.

    Line by line, and not claim by claim: what is left does not depend on the order of policies.
    """
    left = [room.room for room in soft]
    of_line: dict[int, list[int]] = {}
    for number, room in enumerate(soft):
        for index in room.claim.lines:
            of_line.setdefault(index, []).append(number)
    lines = list(most)
    for index in sorted(of_line):
        numbers = of_line[index]
        fits = [_fitting(soft[n].claim.plan.measure, most[index], left[n]) for n in numbers]
        line = lines[index] = with_units(most[index], min(fits))
        for number in numbers:
            measure = soft[number].claim.plan.measure
            if measure != ORDERS:  # another line of an order that counts costs nothing more
                left[number] -= charge_of(measure, (0,), (line,))
    return lines


def _fitting(measure: int, line: HeldLine, room: int) -> int:
    """Return how many units of a line a claim has room for."""
    if measure == ORDERS:
        return line.left if room > 0 else 0
    if measure in (AMOUNT, DISCOUNT):
        whole_minor = line.amount_minor if measure == AMOUNT else line.discount_minor
        units = room * line.requested // whole_minor if whole_minor else line.left
    else:
        units = room
    if units >= line.left:
        return line.left
    return units if line.sku else 0  # a coupon or a draw cannot be had in part


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
    less = [line for line, one in zip(lines, asked, strict=True) if line.left < one.left]
    fewer = any(line.sku for line in less)
    # What comes off the price has no SKU: all goods may be sold without it, so it is told apart.
    told = [] if all(line.sku for line in less) else [REDUCTION_LEFT_OUT]
    if at_full_price:
        # The rest is sold without the promotion: even when nothing is left, the order goes on.
        codes += [FULL_PRICE] if fewer else []
        return max(outcome, Outcome.LIMIT_QUANTITY), [*codes, *told]
    # An order of which no goods are left takes no coupon off either.
    goods = [line for line in lines if line.sku]
    if not partial or not any(line.left for line in goods or lines):
        return max(outcome, Outcome.DENY), [*codes, LIMIT_REACHED]
    codes += [QUANTITY_REDUCED] if fewer else []
    return max(outcome, Outcome.LIMIT_QUANTITY), [*codes, *told]
