"""What the policies in force ask of one order, before any counter is read."""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from risk_service.domain.grant import Demand
from risk_service.domain.vocabulary import Outcome, VerificationLevel
from risk_service.limits.policy import GLOBAL, Bounds, KeySet, Policy, State
from risk_service.limits.windows import Place

# Between the parts of a counter's key; no id may hold it.
SEPARATOR = "\x1f"
# Whose counter it is where nothing is counted.
ORDER = "order"

MISSING_DIMENSION = "LIMIT_DIMENSION_MISSING"
VERIFICATION_REQUIRED = "LIMIT_VERIFICATION_REQUIRED"


class Claim(Struct, frozen=True, gc=False):
    """What one policy counts of one order, for one value of its scope.

    ``counters`` are (key set, counter key); ``lines`` are places in the demand. ``needed`` of
    the counters must be used up for the limit to be. ``ref`` and ``releases`` are pinned by
    what is held: the policy's version, and a bit per reason that gives quota back.
    """

    policy: Policy
    scope: str
    lines: tuple[int, ...]
    counters: tuple[tuple[str, str], ...]
    place: Place
    bounds: Bounds
    needed: int
    shadow: bool
    ref: str
    releases: int


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


class Gathered:
    """Collects the claims of one demand."""

    def __init__(self, demand: Demand, subjects: Mapping[str, str], now_us: int) -> None:
        self.demand = demand
        self.now_us = now_us
        self.found: list[Claim] = []
        self._subjects = subjects
        self._level = VerificationLevel.UNSPECIFIED
        self._missing: dict[str, None] = {}
        self._outcome = Outcome.ALLOW

    def require(self, policy: Policy) -> None:
        """Take note of the verification level that an active policy asks for."""
        wanted = policy.level
        unmet = wanted > max(self.demand.verification_level, VerificationLevel.L0)
        if unmet and policy.state is State.ACTIVE:
            self._level = max(self._level, wanted)

    def owners(
        self, policy: Policy, key_sets: Sequence[tuple[str, KeySet]]
    ) -> list[tuple[str, str]]:
        """Return key set and owner part of every counter; none twice."""
        subjects = self._subjects
        owners: dict[str, str] = {}
        for label, key_set in key_sets:
            token = subjects.get(label)
            owner = f"{label}={token}" if token else self._owner(policy, key_set)
            if owner and owner not in owners:
                owners[owner] = label
        return [(subject, owner) for owner, subject in owners.items()]

    def claims(self, version: str) -> Claims:
        """Return what was found."""
        codes = []
        outcome = self._outcome
        if self._level:
            codes.append(VERIFICATION_REQUIRED)
            outcome = max(outcome, Outcome.CHALLENGE)
        if self._outcome is not Outcome.ALLOW:
            codes.append(MISSING_DIMENSION)
        return Claims(
            claims=tuple(self.found),
            version=version,
            outcome=outcome,
            level=self._level,
            missing=tuple(self._missing),
            codes=tuple(codes),
        )

    def _owner(self, policy: Policy, key_set: KeySet) -> str:
        """Return whose counter it is, empty when that cannot be told."""
        if key_set == (GLOBAL,):
            return f"{GLOBAL}="
        names: list[str] = []
        tokens: list[str] = []
        for name in key_set:
            found = name if self._subjects.get(name) else self._instead(policy, name)
            if not found:
                return ""
            if found not in names:
                names.append(found)
                tokens.append(self._subjects[found])
        return f"{'+'.join(names)}={'+'.join(tokens)}"

    def _instead(self, policy: Policy, name: str) -> str:
        """Return the dimension that is counted on in place of a missing one, if any."""
        rule = policy.missing.get(name) or policy.missing["*"]
        if self._subjects.get(rule):
            if policy.state is State.ACTIVE:
                self._missing[name] = None
            return rule
        self.miss(policy, name, rule)
        return ""

    def miss(self, policy: Policy, name: str, rule: str) -> None:
        """Take note of what an active policy cannot do without."""
        if policy.state is State.ACTIVE:
            self._missing[name] = None
            refused = Outcome.DENY if rule == "reject" else Outcome.CHALLENGE
            self._outcome = max(self._outcome, refused)
