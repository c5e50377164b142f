"""The policies in force, and what an order asks of them. Pure: knows no counter's value."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from importlib.resources import files

from msgspec import Struct

from risk_service.domain.grant import Demand, DemandLine
from risk_service.domain.vocabulary import PromotionType, VerificationLevel
from risk_service.limits.claims import ORDER, SEPARATOR, Claim, Claims, Gathered
from risk_service.limits.overlap import Overlap, overlaps
from risk_service.limits.parse import parse_policies
from risk_service.limits.policy import CLUSTER, KeySet, Policy, State
from risk_service.limits.reservation import mask_of
from risk_service.limits.windows import Place

SHIPPED = "limits.toml"
VERSION_DIGITS = 12


class _Plan(Struct, frozen=True, gc=False):
    """A policy with what does not depend on the order.

    ``any_line`` tells that every line of the policy's promotion types counts that its measure
    reads: nothing else is filtered. ``owners`` names the key sets.
    """

    policy: Policy
    shape: str
    ref: str
    releases: int
    shadow: bool
    any_line: bool
    scope_of: Callable[[DemandLine], str]
    owners: tuple[tuple[str, KeySet], ...]


class LimitBook:
    """Policies in force, by the promotion types that they are about.

    Parameters
    ----------
    policies
        In the order of their priority, the first ones first.
    """

    def __init__(self, policies: Sequence[Policy]) -> None:
        self.policies = tuple(policies)
        digest = hashlib.sha256("\n".join(policy.ref for policy in policies).encode("utf-8"))
        self.version = f"limits-{digest.hexdigest()[:VERSION_DIGITS]}"
        plans = [_plan(policy) for policy in policies if policy.counts]
        self._by_type: Mapping[PromotionType, tuple[_Plan, ...]] = {
            kind: tuple([plan for plan in plans if _is_about(plan.policy, kind)])
            for kind in PromotionType
        }
        self._on_cluster = frozenset(
            kind
            for kind, about in self._by_type.items()
            if any((CLUSTER,) in plan.policy.key_sets for plan in about)
        )
        self._rank = {policy.id: rank for rank, policy in enumerate(policies)}

    def policy(self, policy_id: str) -> Policy | None:
        """Return a policy, whatever its state, or None."""
        rank = self._rank.get(policy_id)
        return None if rank is None else self.policies[rank]

    def concerns(self, demand: Demand) -> bool:
        """Tell whether a policy is about the promotions of a demand; cheap."""
        by_type = self._by_type
        return any(by_type[line.promotion_type] for line in demand.lines)

    def concerns_any(self, kinds: frozenset[PromotionType]) -> bool:
        """Tell whether a policy is about orders of one of these promotion types."""
        return any(self._by_type[kind] for kind in kinds)

    def reads_cluster(self, demand: Demand) -> bool:
        """Tell whether such a policy counts on identity clusters."""
        on_cluster = self._on_cluster
        return any(line.promotion_type in on_cluster for line in demand.lines)

    def reads_cluster_any(self, kinds: frozenset[PromotionType]) -> bool:
        """Tell whether one of these promotion types is counted on identity clusters."""
        return not self._on_cluster.isdisjoint(kinds)

    def overlaps(self) -> list[Overlap]:
        """Return the first pairs of policies that count the same thing for the same orders."""
        return overlaps(self.policies)

    def claims(self, demand: Demand, now_us: int, cluster: str = "") -> Claims:
        """Return what the policies in force count of a demand.

        Parameters
        ----------
        cluster
            The account that stands for the identity cluster; empty takes the demand's own.
        """
        subjects = demand.subjects
        if not cluster:
            cluster = subjects.get(CLUSTER) or next(iter(demand.cluster), "")
            cluster = cluster or subjects.get("account", "")
        gathered = Gathered(demand, {**subjects, CLUSTER: cluster}, now_us)
        kinds = {line.promotion_type for line in demand.lines}
        for plan in self._in_scope(kinds):
            policy = plan.policy
            if policy.valid_from_us <= now_us < policy.valid_to_us:
                self._gather(plan, gathered, one_kind=len(kinds) == 1)
        return gathered.claims(self.version)

    def _in_scope(self, kinds: set[PromotionType]) -> Sequence[_Plan]:
        if len(kinds) == 1:
            return self._by_type[next(iter(kinds))]
        plans = {plan.policy.id: plan for kind in kinds for plan in self._by_type[kind]}
        return sorted(plans.values(), key=lambda plan: self._rank[plan.policy.id])

    def _gather(self, plan: _Plan, gathered: Gathered, *, one_kind: bool) -> None:
        policy, demand, now_us = plan.policy, gathered.demand, gathered.now_us
        covers = policy.measures if plan.any_line and one_kind else policy.covers
        groups: dict[tuple[str, Place], list[int]] = {}
        for index, line in enumerate(demand.lines):
            if covers(line):
                place = policy.window.place(demand, line, now_us)
                groups.setdefault((plan.scope_of(line), place), []).append(index)
        if not groups:
            return
        if policy.level > VerificationLevel.L0:
            gathered.require(policy)
        if policy.currency and demand.traits.get("currency") != policy.currency:
            gathered.miss(policy, "currency", policy.missing["*"])
            return
        bounds = policy.bounds_for(demand) if policy.tiers else policy.bounds
        owners = gathered.owners(policy, plan.owners) if policy.window.counts else [(ORDER, "")]
        for (scope, place), lines in groups.items():
            tail = f"{SEPARATOR}{plan.shape}{SEPARATOR}{scope}{SEPARATOR}{place.bucket}"
            counters = tuple([(subject, owner + tail) for subject, owner in owners])
            claim = Claim(
                policy,
                scope,
                tuple(lines),
                counters,
                place,
                bounds,
                min(policy.needed, len(counters)),
                plan.shadow,
                plan.ref,
                plan.releases,
            )
            gathered.found.append(claim)


def parse_limits(text: str, file: str) -> LimitBook:
    """Return the policies of a text.

    Parameters
    ----------
    file
        What faults call the text.

    Raises
    ------
    risk_service.domain.errors.InvalidInput
        One violation per fault; its ``field`` is ``file:line``.
    """
    return LimitBook(parse_policies(text, file))


@cache
def shipped_limits() -> LimitBook:
    """Return the policies that come with the service."""
    return parse_limits(shipped_text(), SHIPPED)


def shipped_text() -> str:
    """Return the file that comes with the service."""
    return files(__package__).joinpath(SHIPPED).read_text("utf-8")


def _plan(policy: Policy) -> _Plan:
    include = policy.include
    filtered = include.campaigns or include.skus or include.sellers
    return _Plan(
        policy=policy,
        shape=policy.shape,
        ref=policy.ref,
        releases=mask_of(policy.release_on),
        shadow=policy.state is State.SHADOW,
        any_line=not filtered and policy.exclude.is_empty(),
        scope_of=policy.scope_reader,
        owners=tuple([("+".join(key_set), key_set) for key_set in policy.key_sets]),
    )


def _is_about(policy: Policy, kind: PromotionType) -> bool:
    included, excluded = policy.include.promotion_types, policy.exclude.promotion_types
    return (not included or kind in included) and kind not in excluded
