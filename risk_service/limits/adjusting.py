"""Changes of a counter by hand: a row of the ledger like any other, once per adjustment id."""

from collections.abc import Mapping, Sequence

from msgspec.structs import replace

from risk_service.domain.errors import InvalidInput, NotFound, RequestIdReused
from risk_service.domain.names import counted
from risk_service.domain.refusals import refusal
from risk_service.domain.reservation import Adjust, LedgerAnswer
from risk_service.domain.reservation import ReservationState as State
from risk_service.limits.book import LimitBook
from risk_service.limits.claims import SEPARATOR
from risk_service.limits.draft import Draft
from risk_service.limits.policy import CLUSTER, Policy
from risk_service.limits.reservation import Entry, Reservation
from risk_service.limits.scope_text import named
from risk_service.limits.steps import blank
from risk_service.limits.windows import Place

ADJUSTMENT = f"adjustment{SEPARATOR}"


def adjust(draft: Draft, book: LimitBook, call: Adjust, now_us: int) -> LedgerAnswer:
    """Change a counter in its period of now.

    Taking off goes back over the cells of a rolling window, the newest first.

    Raises
    ------
    NotFound
        No policy in force has that id.
    InvalidInput
        The policy does not count that subject, or less is used than is to be taken off.
    RequestIdReused
        The adjustment id was used for another change.
    """
    row_id = f"{ADJUSTMENT}{call.adjustment_id}"
    fingerprint = _fingerprint(call)
    before = draft.reservation(row_id)
    # First of all: the repetition may come when the policy or its period is another.
    if before is not None:
        if before.fingerprint != fingerprint:
            raise RequestIdReused(refusal("adjustment_reused"))
        return LedgerAnswer(reservation_id=call.adjustment_id, state=before.state)
    policy = adjustable(book, call)
    counter, place = counter_of(draft, policy, call, now_us)
    cells = draft.cells_of(counter, place.since_us)
    kept = tuple(
        [
            Entry(counter, cell_us, policy.ref, int(policy.measure), (), delta, *_PINS)
            for cell_us, delta in _spread(call, policy, place, cells)
        ]
    )
    row: Reservation = replace(
        blank(row_id, now_us),
        state=State.CONFIRMED,
        generation=1,
        fingerprint=fingerprint,
        kept=kept,
        note=f"{call.actor_id}: {call.reason}",
    )
    draft.put(row)
    confirmed = sum([cell[0] for cell in cells.values()]) + call.delta
    return LedgerAnswer(
        reservation_id=call.adjustment_id, state=State.CONFIRMED, confirmed=confirmed
    )


# An adjustment gives nothing back, refuses nothing and moves to no other time.
_PINS = (0, 0, 0, 0, 0, 0)


def adjustable(book: LimitBook, call: Adjust) -> Policy:
    """Return the policy that a change is about.

    Raises
    ------
    NotFound
        No policy in force has that id.
    InvalidInput
        The policy does not count that subject.
    """
    policy = book.policy(call.policy_id)
    if policy is None or not (policy.counts and policy.window.counts):
        raise NotFound(refusal("no_policy", policy=call.policy_id))
    subjects = {"+".join(key_set) for key_set in policy.key_sets}
    if call.subject not in subjects:
        known = ", ".join(sorted(subjects))
        raise InvalidInput.at("subject", refusal("policy_subject", subjects=known))
    return policy


def _fingerprint(call: Adjust) -> bytes:
    """Return what tells one change from another under the same id."""
    parts = (
        call.actor_id, call.reason, call.policy_id, call.subject, call.token, call.scope,
        str(call.delta),
    )  # fmt: skip
    return SEPARATOR.join(parts).encode("utf-8", "surrogatepass")


def counter_of(draft: Draft, policy: Policy, call: Adjust, now_us: int) -> tuple[str, Place]:
    """Return the counter that a change is about, and where it counts now.

    Raises
    ------
    InvalidInput
        What the call says of the scope names no counter of the policy.
    """
    token = draft.root(call.token) if call.subject == CLUSTER else call.token
    owner = f"{call.subject}={token}"
    scope, bucket = named(policy, call.scope, lambda: draft.known_counters(owner))
    place = Place(bucket) if bucket is not None else policy.window.at(now_us) or Place("")
    return SEPARATOR.join((owner, policy.shape, scope, place.bucket)), place


def _spread(
    call: Adjust, policy: Policy, place: Place, cells: Mapping[int, Sequence[int]]
) -> list[tuple[int, int]]:
    confirmed = {at: one[0] for at, one in cells.items()}
    if call.delta >= 0:
        return [(place.cell_us, call.delta)]
    todo, spread = -call.delta, []
    for cell_us in sorted(confirmed, reverse=True):
        taken = min(todo, confirmed[cell_us])
        if taken > 0:
            spread.append((cell_us, -taken))
            todo -= taken
    if todo:
        found = counted(policy.measure, -call.delta - todo, policy.currency)
        raise InvalidInput.at("delta", refusal("takes_too_much", found=found))
    return spread
