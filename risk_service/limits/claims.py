"""What the policies in force ask of one order, before any counter is read."""

from collections.abc import Callable

from msgspec import Struct

from risk_service.domain.grant import DemandLine, Measure
from risk_service.domain.vocabulary import Outcome, PromotionType, VerificationLevel
from risk_service.limits.policy import Bounds, KeySet, Policy
from risk_service.limits.windows import Place

# Between the parts of a counter's key; no id may hold it.
SEPARATOR = "\x1f"


class Plan(Struct, frozen=True, gc=False):
    """A policy with what does not depend on the order, worked out once per book.

    ``policy_id``, ``version``, ``window`` and ``unit`` are what an answer calls it. ``ref`` and
    ``releases`` are pinned by what is held: the policy's version, and a bit per reason that
    gives quota back. ``kinds`` are the promotion types it is about. ``any_line``
    tells that every line of these counts that its measure reads: nothing else is filtered;
    ``line_fields`` are what lines must say beyond what every line does; ``as_one`` tells that
    all of them count under one key, ``asks`` that it has a level, a currency or tiers.
    ``simple`` tells that none of this leaves a question: one counter, of one subject.
    ``owners`` names the key sets; ``dimension`` is the only one where it is a single subject.
    In a counter's key the owner comes first and then ``tail``, scope and period. ``elsewhere``
    are the currencies of active policies that are the same but for it and their caps.
    """

    policy: Policy
    policy_id: str
    version: str
    window: str
    unit: Measure
    ref: str
    releases: int
    shadow: bool
    counts: bool
    kinds: frozenset[PromotionType]
    measure: int
    reads: int
    any_line: bool
    line_fields: tuple[str, ...]
    as_one: bool
    asks: bool
    simple: bool
    scope_of: Callable[[DemandLine], str]
    scope_label: str
    owners: tuple[tuple[str, KeySet], ...]
    dimension: str
    tail: str
    bounds: Bounds
    elsewhere: frozenset[str]


class Timed(Struct, frozen=True, gc=False):
    """A plan at a time: where an order is noted then, and how counters' keys go on.

    ``place`` is None where it depends on the line. ``tail`` is what stands behind the owner in
    the keys where neither scope nor period depends on it either.
    """

    plan: Plan
    place: Place | None
    tail: str


# A plan in the scope of an order, and whether each line counts that its measure reads.
InScope = tuple[Timed, bool]


class Claim(Struct, frozen=True, gc=False):
    """What one policy counts of one order, for one value of its scope.

    ``counters`` are (key set, counter key); ``lines`` are places in the demand. ``needed`` of
    the counters must be used up for the limit to be.
    """

    plan: Plan
    scope: str
    lines: tuple[int, ...]
    counters: tuple[tuple[str, str], ...]
    place: Place
    bounds: Bounds
    needed: int

    @property
    def policy(self) -> Policy:
        """Return whose claim it is."""
        return self.plan.policy


class Claims(Struct, frozen=True, gc=False):
    """All that the policies in force say to a demand before any counter is read.

    ``outcome`` is ALLOW unless a level or a dimension is missing.
    """

    claims: tuple[Claim, ...]
    version: str
    outcome: Outcome = Outcome.ALLOW
    level: VerificationLevel = VerificationLevel.UNSPECIFIED
    missing: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()

    @property
    def counters(self) -> int:
        """Return how many counters would be read."""
        return sum([len(claim.counters) for claim in self.claims])
