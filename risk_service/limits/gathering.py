"""Gathers what the policies in scope count of one demand."""

from collections.abc import Mapping, Sequence

from risk_service.domain.grant import Demand
from risk_service.domain.vocabulary import Outcome, PromotionType, VerificationLevel
from risk_service.limits.claims import SEPARATOR, Claim, Claims, Plan
from risk_service.limits.plan import DISCOUNTS, GOODS
from risk_service.limits.policy import GLOBAL, Bounds, KeySet, Policy, State
from risk_service.limits.windows import Place

# Whose counter it is where nothing is counted.
ORDER = "order"

MISSING_DIMENSION = "LIMIT_DIMENSION_MISSING"
VERIFICATION_REQUIRED = "LIMIT_VERIFICATION_REQUIRED"


class Gathered:
    """Collects the claims of one demand.

    Parameters
    ----------
    kinds
        The promotion types of its lines.
    """

    def __init__(
        self,
        demand: Demand,
        subjects: Mapping[str, str],
        kinds: frozenset[PromotionType],
        now_us: int,
    ) -> None:
        self._demand = demand
        self._now_us = now_us
        self._kinds = kinds
        self._found: list[Claim] = []
        self._subjects = subjects
        self._read: dict[int, tuple[int, ...]] = {}
        self._level = VerificationLevel.UNSPECIFIED
        self._missing: dict[str, None] = {}
        self._outcome = Outcome.ALLOW

    def add(self, plan: Plan) -> None:
        """Take note of what a policy counts."""
        policy, demand = plan.policy, self._demand
        if plan.line_fields and self._lacks(policy):
            return
        lines = self._lines(plan)
        if not lines:
            return
        token = self._subjects.get(plan.dimension) if plan.simple else ""
        if token:
            place = policy.window.place(demand, demand.lines[0], self._now_us)
            tail = f"{plan.tail}{SEPARATOR}{place.bucket}" if place.bucket else plan.bare_tail
            counters = ((plan.dimension, f"{plan.dimension}={token}{tail}"),)
            self._found.append(Claim(plan, "", lines, counters, place, policy.bounds, 1))
            return
        bounds = self._bounds(plan) if plan.asks else policy.bounds
        if bounds is None:
            return
        if plan.as_one or len(lines) == 1:
            self._claim(plan, lines, bounds)
            return
        groups: dict[tuple[str, Place], list[int]] = {}
        for index in lines:
            line = demand.lines[index]
            place = policy.window.place(demand, line, self._now_us)
            groups.setdefault((plan.scope_of(line), place), []).append(index)
        for some in groups.values():
            self._claim(plan, tuple(some), bounds)

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
        if self._outcome is not Outcome.ALLOW:
            codes.append(MISSING_DIMENSION)
        return Claims(found, version, outcome, self._level, tuple(self._missing), tuple(codes))

    def _claim(self, plan: Plan, lines: tuple[int, ...], bounds: Bounds) -> None:
        """Take note of a claim on lines that count under the same key."""
        policy, line = plan.policy, self._demand.lines[lines[0]]
        scope = plan.scope_of(line)
        place = policy.window.place(self._demand, line, self._now_us)
        tail = plan.bare_tail
        if scope or place.bucket:
            tail = f"{plan.tail}{scope}{SEPARATOR}{place.bucket}"
        owners = self._owners(policy, plan.owners) if plan.counts else [(ORDER, "")]
        counters = tuple([(subject, owner + tail) for subject, owner in owners])
        needed = min(policy.needed, len(counters))
        self._found.append(Claim(plan, scope, lines, counters, place, bounds, needed))

    def _lines(self, plan: Plan) -> tuple[int, ...]:
        """Return the lines that a policy counts."""
        if not (plan.any_line and self._kinds <= plan.kinds):
            covers = plan.policy.covers
            return tuple([n for n, line in enumerate(self._demand.lines) if covers(line)])
        lines = self._read.get(plan.reads)
        if lines is None:
            lines = self._read[plan.reads] = self._read_by(plan.reads)
        return lines

    def _read_by(self, reads: int) -> tuple[int, ...]:
        """Return the lines that a kind of measure reads."""
        lines = self._demand.lines
        if reads == DISCOUNTS:
            return tuple([n for n, line in enumerate(lines) if line.discount_minor > 0])
        goods = reads == GOODS
        return tuple([n for n, line in enumerate(lines) if bool(line.sku) is goods])

    def _bounds(self, plan: Plan) -> Bounds | None:
        """Return the bounds that hold for the demand; None where it cannot be counted."""
        policy, demand = plan.policy, self._demand
        wanted = policy.level
        unmet = wanted > max(demand.verification_level, VerificationLevel.L0)
        if unmet and policy.state is State.ACTIVE:
            self._level = max(self._level, wanted)
        if policy.currency and demand.traits.get("currency") != policy.currency:
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
