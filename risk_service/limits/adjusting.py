"""Changes of a counter by hand: a row of the ledger like any other, once per adjustment id."""

from msgspec.structs import replace

from risk_service.domain.errors import InvalidInput, NotFound, RequestIdReused, Violation
from risk_service.domain.grant import Demand, DemandLine
from risk_service.domain.reservation import Adjust, LedgerAnswer
from risk_service.domain.reservation import ReservationState as State
from risk_service.domain.vocabulary import PromotionType, VerificationLevel
from risk_service.limits.book import LimitBook
from risk_service.limits.claims import SEPARATOR
from risk_service.limits.count_per import CountPer
from risk_service.limits.draft import Draft
from risk_service.limits.policy import CLUSTER, Policy
from risk_service.limits.reservation import Entry, Reservation
from risk_service.limits.steps import blank
from risk_service.limits.windows import Campaign, Place, Session

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
            raise RequestIdReused("the adjustment id was used for another change")
        return LedgerAnswer(reservation_id=call.adjustment_id, state=before.state)
    policy = adjustable(book, call)
    counter, place = counter_of(draft, policy, call, now_us)
    cells = draft.cells_of(counter, place.since_us)
    kept = tuple(
        [
            Entry(counter, cell_us, policy.ref, int(policy.measure), (), delta, *_PINS)
            for cell_us, delta in _spread(call, place, {at: one[0] for at, one in cells.items()})
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
    return LedgerAnswer(reservation_id=call.adjustment_id, state=State.CONFIRMED)


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
        raise NotFound(f"no policy `{call.policy_id}` counts anything now")
    subjects = {"+".join(key_set) for key_set in policy.key_sets}
    if call.subject not in subjects:
        words = f"the policy counts {', '.join(sorted(subjects))}"
        raise InvalidInput((Violation(field="subject", description=words),))
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

    ``scope`` is the value that the policy counts per; of a campaign or a session the id
    follows behind a blank where the policy counts per something else.
    """
    token = draft.root(call.token) if call.subject == CLUSTER else call.token
    scope, period = _scope_and_period(policy, call.scope)
    line = _line(policy, scope, period or scope)
    place = policy.window.place(_demand(period), line, now_us)
    parts = (f"{call.subject}={token}", policy.shape, scope, place.bucket)
    return SEPARATOR.join(parts), place


def _scope_and_period(policy: Policy, text: str) -> tuple[str, str]:
    """Return the value counted per, and the campaign or session behind it if there is one."""
    if not isinstance(policy.window, Campaign | Session):
        return text.strip(), ""
    scope, _, period = text.strip().partition(" ")
    return scope, period


def _spread(call: Adjust, place: Place, confirmed: dict[int, int]) -> list[tuple[int, int]]:
    if call.delta >= 0:
        return [(place.cell_us, call.delta)]
    todo, spread = -call.delta, []
    for cell_us in sorted(confirmed, reverse=True):
        taken = min(todo, confirmed[cell_us])
        if taken > 0:
            spread.append((cell_us, -taken))
            todo -= taken
    if todo:
        words = f"takes off more than the {-call.delta - todo} that are confirmed"
        raise InvalidInput((Violation(field="delta", description=words),))
    return spread


def _line(policy: Policy, scope: str, campaign: str) -> DemandLine:
    per = policy.count_per
    return DemandLine(
        sku=scope if per is CountPer.SKU else "",
        seller_id=scope if per is CountPer.SELLER else "",
        campaign_id=scope if per is CountPer.CAMPAIGN else campaign,
        promotion_type=PromotionType.UNSPECIFIED,
        quantity=0,
        amount_minor=0,
        spu=scope if per is CountPer.SPU else "",
        category=scope if per is CountPer.CATEGORY else "",
    )


def _demand(drop_id: str) -> Demand:
    return Demand(
        reservation_id="",
        fingerprint=b"",
        at_us=0,
        subjects={},
        lines=(),
        verification_level=VerificationLevel.UNSPECIFIED,
        traits={},
        drop_id=drop_id,
    )
