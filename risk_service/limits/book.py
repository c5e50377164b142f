"""The policies in force, and what an order asks of them. Pure: knows no counter's value."""

import hashlib
from collections.abc import Mapping, Sequence
from importlib.resources import files

from risk_service.domain.errors import InvalidInput, Violation
from risk_service.domain.grant import Demand
from risk_service.domain.vocabulary import PromotionType
from risk_service.limits.claims import Claims, InScope, Plan, Timed
from risk_service.limits.gathering import Gathered
from risk_service.limits.overlap import Overlap, overlaps
from risk_service.limits.parse import read_policies, too_many, unmet
from risk_service.limits.plan import plan_of, timed
from risk_service.limits.policy import CLUSTER, Policy

SHIPPED = "limits.toml"
VERSION_DIGITS = 12

Kinds = frozenset[PromotionType]


class LimitBook:
    """Policies in force, by the promotion types that they are about.

    Parameters
    ----------
    policies
        In the order of their priority, the first ones first.
    too_many
        Where they count one line in more counters than a file may; nothing of the kind is put
        in force anew, but what was before the bound stays.
    """

    def __init__(self, policies: Sequence[Policy], too_many: Sequence[Violation] = ()) -> None:
        self.policies = tuple(policies)
        self.too_many = tuple(too_many)
        digest = hashlib.sha256("\n".join(policy.ref for policy in policies).encode("utf-8"))
        self.version = f"limits-{digest.hexdigest()[:VERSION_DIGITS]}"
        plans = self._plans = [plan_of(one, policies) for one in policies if one.counts]
        # Filled as orders come by: there are few promotion types.
        self._by_kinds: dict[Kinds, Sequence[int]] = {}
        self._at = _AtTime(-1)
        self._by_type: Mapping[PromotionType, tuple[Plan, ...]] = {
            kind: tuple([plan for plan in plans if kind in plan.kinds]) for kind in PromotionType
        }
        self._about = frozenset(kind for kind, about in self._by_type.items() if about)
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
        return not self._about.isdisjoint([line.promotion_type for line in demand.lines])

    def concerns_any(self, kinds: Kinds) -> bool:
        """Tell whether a policy is about orders of one of these promotion types."""
        return any(self._by_type[kind] for kind in kinds)

    def reads_cluster(self, demand: Demand) -> bool:
        """Tell whether such a policy counts on identity clusters."""
        return not self._on_cluster.isdisjoint([line.promotion_type for line in demand.lines])

    def reads_cluster_any(self, kinds: Kinds) -> bool:
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
        kinds = frozenset([line.promotion_type for line in demand.lines])
        gathered = Gathered(demand, {**subjects, CLUSTER: cluster}, now_us)
        gathered.add(self._in_scope(kinds, now_us))
        return gathered.claims(self.version)

    def _in_scope(self, kinds: Kinds, now_us: int) -> Sequence[InScope]:
        """Return the plans that hold at a time and are about some of these promotion types."""
        if self._at.now_us != now_us:
            self._at = _AtTime(now_us)
        at = self._at
        found = at.by_kinds.get(kinds)
        if found is None:
            places = self._by_kinds.get(kinds)
            if places is None:
                places = self._by_kinds[kinds] = self._about_any(kinds)
            known = [at.timed(place, self._plans[place]) for place in places]
            found = at.by_kinds[kinds] = [
                (one, one.plan.any_line and kinds <= one.plan.kinds)
                for one in known
                if one is not None
            ]
        return found

    def _about_any(self, kinds: Kinds) -> Sequence[int]:
        return [n for n, plan in enumerate(self._plans) if not plan.kinds.isdisjoint(kinds)]


class _AtTime:
    """Plans at one time, worked out as the orders of that time come by."""

    def __init__(self, now_us: int) -> None:
        self.now_us = now_us
        self.by_kinds: dict[Kinds, Sequence[InScope]] = {}
        self._timed: dict[int, Timed | None] = {}

    def timed(self, place: int, plan: Plan) -> Timed | None:
        """Return a plan, of which the place is known, at this time."""
        if place not in self._timed:
            self._timed[place] = timed(plan, self.now_us)
        return self._timed[place]


def parse_limits(text: str, file: str) -> LimitBook:
    """Return the policies of a text that may be put in force.

    Parameters
    ----------
    file
        What faults call the text.

    Raises
    ------
    risk_service.domain.errors.InvalidInput
        One violation per fault; its ``field`` is ``file:line``.
    """
    book = read_limits(text, file)
    faults = (*book.too_many, *unmet(text, file))
    if faults:
        raise InvalidInput(faults)
    return book


def read_limits(text: str, file: str) -> LimitBook:
    """Return the policies of a text, also of one that may no longer be put in force.

    Versions of the service before the bound took files that break it: limits that were in force
    must not be gone because of an upgrade. ``LimitBook.too_many`` tells.

    Raises
    ------
    risk_service.domain.errors.InvalidInput
        As ``parse_limits``, but for the bound.
    """
    policies = read_policies(text, file)
    return LimitBook(policies, too_many(policies, file))


def shipped_text() -> str:
    """Return the file that comes with the service."""
    return files(__package__).joinpath(SHIPPED).read_text("utf-8")
