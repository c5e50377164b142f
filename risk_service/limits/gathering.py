"""Gathers what the policies in scope count of one demand."""

from collections.abc import Iterable, Mapping, Sequence

from risk_service.domain.grant import Demand, DemandLine
from risk_service.domain.vocabulary import Outcome, VerificationLevel
from risk_service.limits.claims import SEPARATOR, Claim, Claims, InScope, Plan, Timed
from risk_service.limits.plan import BENEFITS, DISCOUNTS, GOODS
from risk_service.limits.policy import GLOBAL, Bounds, KeySet, Policy, State
from risk_service.limits.windows import Place

# Whose counter it is where nothing is counted.
ORDER = "order"

# A module's name is found faster than an enum's member.
ALLOW, UNSPECIFIED = Outcome.ALLOW, VerificationLevel.UNSPECIFIED

MISSING_DIMENSION = "LIMIT_DIMENSION_MISSING"
VERIFICATION_REQUIRED = "LIMIT_VERIFICATION_REQUIRED"


class Gathered:
    """Collects the claims of one demand."""

    def __init__(
        self,
        demand: Demand,
        subjects: Mapping[str, str],
        now_us: int,
    ) -> None:
        self._demand = demand
        self._now_us = now_us
        self._found: list[Claim] = []
        self._subjects = subjects
        self._read: dict[int, tuple[int, ...]] = {}
        self._level = UNSPECIFIED
        self._missing: dict[str, None] = {}
        self._outcome = ALLOW

    def add(self, plans: Iterable[InScope]) -> None:
        """Take note of what policies count."""
        subjects, read, found = self._subjects, self._read, self._found
        for one, of_all in plans:
            plan = one.plan
            token = subjects.get(plan.dimension) if plan.simple and of_all else ""
            if not token or one.place is None:
                self._add(one, of_all=of_all)
                continue
            # The usual one: a single subject, and nothing that depends on the lines.
            lines = read.get(plan.reads)
            if lines is None:
                lines = self._read_by(plan.reads)
            if lines:
                counters = ((plan.dimension, f"{plan.dimension}={token}{one.tail}"),)
                found.append(Claim(plan, "", lines, counters, one.place, plan.bounds, 1))

    def _add(self, one: Timed, *, of_all: bool) -> None:
        """Take note of what a policy counts."""
        plan = one.plan
        if plan.line_fields and self._lacks(plan.policy):
            return
        lines = self._read_by(plan.reads) if of_all else self._covered(plan.policy)
        if not lines:
            return
        bounds = self._bounds(plan) if plan.asks else plan.bounds
        if bounds is None:
            return
        if plan.as_one or len(lines) == 1:
            self._claim(one, lines, bounds)
            return
        groups: dict[tuple[str, Place], list[int]] = {}
        for index in lines:
            line = self._demand.lines[index]
            key = plan.scope_of(line), one.place or self._place(plan, line)
            groups.setdefault(key, []).append(index)
        for some in groups.values():
            self._claim(one, tuple(some), bounds)

    def claims(self, version: str) -> Claims:
        """Return what was found."""
        found = tuple(self._found)
        if not (self._level or self._missing):
            return Claims(found, version)
        codes = []
        outcome = self._outcome
        if self._level:
            codes.append(VERIFICATION_REQUIRED)
            outcome = max(outcome, Outcome.CHALLENGE)
        if self._outcome is not ALLOW:
            codes.append(MISSING_DIMENSION)
        return Claims(found, version, outcome, self._level, tuple(self._missing), tuple(codes))

    def _claim(self, one: Timed, lines: tuple[int, ...], bounds: Bounds) -> None:
        """Take note of a claim on lines that count under the same key."""
        plan, line = one.plan, self._demand.lines[lines[0]]
        scope = plan.scope_of(line)
        place, tail = one.place, one.tail
        if place is None:
            place = self._place(plan, line)
        if scope or one.place is None:
            tail = f"{plan.tail}{scope}{SEPARATOR}{place.bucket}"
        owners = self._owners(plan.policy, plan.owners) if plan.counts else [(ORDER, "")]
        counters = tuple([(subject, owner + tail) for subject, owner in owners])
        needed = min(plan.policy.needed, len(counters))
        self._found.append(Claim(plan, scope, lines, counters, place, bounds, needed))

    def _place(self, plan: Plan, line: DemandLine) -> Place:
        return plan.policy.window.place(self._demand, line, self._now_us)

    def _covered(self, policy: Policy) -> tuple[int, ...]:
        """Return the lines that a policy counts."""
        return tuple([n for n, line in enumerate(self._demand.lines) if policy.covers(line)])

    def _read_by(self, reads: int) -> tuple[int, ...]:
        """Return the lines that a kind of measure reads."""
        known = self._read.get(reads)
        if known is None:
            lines = self._demand.lines
            if reads == DISCOUNTS:
                found = [n for n, line in enumerate(lines) if line.discount_minor > 0]
            elif reads == GOODS:
                found = [n for n, line in enumerate(lines) if line.sku]
            else:
                benefits = reads == BENEFITS
                found = [
                    n
                    for n, line in enumerate(lines)
                    if not line.sku and line.is_benefit is benefits
                ]
            known = self._read[reads] = tuple(found)
        return known

    def _bounds(self, plan: Plan) -> Bounds | None:
        """Return the bounds that hold for the demand; None where it cannot be counted."""
        policy, demand = plan.policy, self._demand
        wanted = policy.level
        unmet = wanted > max(demand.verification_level, VerificationLevel.L0)
        if unmet and policy.state is State.ACTIVE:
            self._level = max(self._level, wanted)
        currency = demand.traits.get("currency", "")
        if policy.currency and currency != policy.currency:
            if currency not in plan.elsewhere:
                self._miss(policy, "currency", policy.missing["*"])
            return None
        return policy.bounds_for(demand)

    def _lacks(self, policy: Policy) -> bool:
        """Tell whether a line that may count does not say what the policy goes by."""
        lacking = dict.fromkeys(
            [name for line in self._demand.lines for name in policy.lacks(line)]
        )
        for name in lacking:
            self._miss(policy, name, policy.missing.get(name) or policy.missing["*"])
        return bool(lacking)

    def _owners(
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
        self._miss(policy, name, rule)
        return ""

    def _miss(self, policy: Policy, name: str, rule: str) -> None:
        """Take note of what an active policy cannot do without."""
        if policy.state is State.ACTIVE:
            self._missing[name] = None
            refused = Outcome.DENY if rule == "reject" else Outcome.CHALLENGE
            self._outcome = max(self._outcome, refused)
