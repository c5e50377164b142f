"""What lists and rules in force say of the orders of a group, and whom limits may concern.

One group sees one state of everything that is governed: it is looked up once, and a change
meets the next group.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Protocol

from msgspec import Struct

from risk_service.decisions.cases import Case
from risk_service.decisions.scoring import ScoredGroup
from risk_service.domain.hits import ListHit, RuleHit
from risk_service.domain.vocabulary import ChallengeResult, Mode, PromotionType
from risk_service.features.schema import FeatureSchema
from risk_service.limits.book import LimitBook
from risk_service.rules.group_match import GroupFacts, GroupMatch
from risk_service.rules.lists.book import ListBook
from risk_service.rules.order_values import OrderFacts
from risk_service.rules.rule_set import RuleSet
from risk_service.rules.variables import Subject

CLUSTER = "identity_cluster"
GREY = "grey"
KEPT_SETS = 4096


class Books(Protocol):
    """What is in force at one moment."""

    @property
    def rules(self) -> RuleSet:
        """Return the rules."""

    @property
    def limits(self) -> LimitBook:
        """Return the purchase limits."""

    @property
    def lists(self) -> ListBook:
        """Return the lists."""


class Governing(Protocol):
    """Holds what is in force; ``now`` is replaced by one assignment between two groups."""

    @property
    def now(self) -> Books:
        """Return it."""


@dataclass(slots=True, kw_only=True)
class Ungoverned:
    """Books that nobody publishes to; empty unless given. Is its own ``Governing``."""

    rules: RuleSet = field(default_factory=lambda: RuleSet((), {}, {}))
    limits: LimitBook = field(default_factory=lambda: LimitBook(()))
    lists: ListBook = field(default_factory=ListBook)

    @property
    def now(self) -> "Ungoverned":
        """Return the books."""
        return self


class Found(Struct, frozen=True, gc=False):
    """Hits on one order."""

    list_hits: tuple[ListHit, ...] = ()
    rule_hits: tuple[RuleHit, ...] = ()


NOTHING = Found()


class Findings:
    """What is in force, as decisions ask it. Made anew for each state of the books."""

    def __init__(self, schema: FeatureSchema, books: Books) -> None:
        self.books = books
        self.rules, self.lists, self.limits = books.rules, books.lists, books.limits
        self.has_rules = any(rule.subject is Subject.ORDER for rule in self.rules.rules.values())
        self._match = GroupMatch(schema, self.rules)
        self._has_limits = self.limits.concerns_any(frozenset(PromotionType))
        self._are_limited = lru_cache(KEPT_SETS)(self.limits.concerns_any)

    def of_group(
        self, cases: Sequence[Case], group: ScoredGroup, clusters: Sequence[str]
    ) -> list[Found]:
        """Return the hits on each order.

        Parameters
        ----------
        clusters
            The identity cluster of each order, empty where it has none.
        """
        now_us = group.now_us
        listed = self._listed(cases, clusters, now_us)
        if not self.has_rules:
            return [Found(list_hits=hits) if hits else NOTHING for hits in listed]

        def facts(place: int) -> OrderFacts:
            case = cases[place]
            return OrderFacts(
                grey_lists=grey_lists(listed[place]),
                scores=group.score[place],
                attempt_number=case.number,
                challenge_passed=case.result is ChallengeResult.PASSED,
            )

        ruled = self._match.hits(
            GroupFacts(
                orders=[case.order for case in cases],
                promotions=[case.promotions for case in cases],
                matrix=group.matrix,
                mode=Mode.FULL if group.has_history else Mode.NO_FEATURES,
                scores=group.score,
                facts=facts,
                at_us=now_us,
            )
        )
        return [
            Found(list_hits=hits, rule_hits=matched) if hits or matched else NOTHING
            for hits, matched in zip(listed, ruled, strict=True)
        ]

    def asks_limits(self, case: Case) -> bool:
        """Tell whether a purchase limit may concern the order, or an earlier form of it; cheap.

        What the order held before it changed would else stay held beside the new decision.
        """
        return self._are_limited(_counted_kinds(case)) or (case.number > 1 and self._has_limits)

    def reads_cluster(self, case: Case) -> bool:
        """Tell whether such a limit counts on identity clusters."""
        return self.limits.reads_cluster_any(_counted_kinds(case))

    def _listed(
        self, cases: Sequence[Case], clusters: Sequence[str], now_us: int
    ) -> list[tuple[ListHit, ...]]:
        lists = self.lists
        if not lists.kinds:
            return [()] * len(cases)
        return lists.hits_of_group([case.order for case in cases], {CLUSTER: clusters}, now_us)


class InForce:
    """Gives the findings of what is in force right now.

    Parameters
    ----------
    governing
        Looked at once per group.
    """

    def __init__(self, schema: FeatureSchema, governing: Governing) -> None:
        self._schema = schema
        self._governing = governing
        self._last = Findings(schema, governing.now)

    def now(self) -> Findings:
        """Return the findings for the next group."""
        books = self._governing.now
        if books is not self._last.books:
            self._last = Findings(self._schema, books)
        return self._last


def _counted_kinds(case: Case) -> frozenset[PromotionType]:
    """Return the promotion types as limits see them: a coupon is one, whatever the shop says."""
    if PromotionType.UNSPECIFIED in case.promotions and case.order.discounts:
        return case.promotions | {PromotionType.COUPON}
    return case.promotions


def grey_lists(hits: Sequence[ListHit]) -> tuple[str, ...]:
    """Return the grey lists among hits, each once: rules may ask for them."""
    return tuple(dict.fromkeys(hit.list_id for hit in hits if hit.kind == GREY))
