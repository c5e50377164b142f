"""What lists and rules say of the orders of a group."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from risk_service.decisions.cases import Case
from risk_service.decisions.scoring import ScoredGroup
from risk_service.domain.hits import ListHit, RuleHit


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Hits on one order."""

    list_hits: tuple[ListHit, ...] = ()
    rule_hits: tuple[RuleHit, ...] = ()


NOTHING = Found()


@dataclass(frozen=True, slots=True, kw_only=True)
class BookVersions:
    """Versions of what is in force; ``has_rules`` tells whether there is any rule at all."""

    rules: str = ""
    lists: str = ""
    limits: str = ""
    has_rules: bool = False


class Findings(Protocol):
    """Lists, rules and limits as they are in force for one group."""

    def versions(self) -> BookVersions:
        """Return what is in force."""

    def of_group(
        self, cases: Sequence[Case], group: ScoredGroup, clusters: Sequence[str]
    ) -> Sequence[Found]:
        """Return the hits on each order.

        Parameters
        ----------
        clusters
            The identity cluster of each order, empty where it has none.
        """

    def is_limited(self, case: Case) -> bool:
        """Tell whether a purchase limit may concern the order."""


class NoFindings:
    """Nothing in force: decisions rest on scores alone."""

    def versions(self) -> BookVersions:
        """Return that nothing is in force."""
        return BookVersions()

    def of_group(
        self, cases: Sequence[Case], group: ScoredGroup, clusters: Sequence[str]
    ) -> Sequence[Found]:
        """Return no hit on any order."""
        return [NOTHING] * len(cases)

    def is_limited(self, case: Case) -> bool:
        """Return that no limit concerns it."""
        return False
