"""Lists and rules as claims and actions ask them; what is in force may change between two."""

from collections.abc import Mapping
from typing import Literal, Protocol

from risk_service.domain.assessment import Value
from risk_service.domain.hits import ListHit, RuleHit
from risk_service.domain.order import Order
from risk_service.domain.vocabulary import PromotionType

Subject = Literal["refund", "action"]


class Searches(Protocol):
    """What is looked up for one claim or action."""

    @property
    def versions(self) -> tuple[str, str]:
        """Versions of the rules and of the lists in force."""

    def lists(self, order: Order, at_us: int) -> tuple[ListHit, ...]:
        """Return the entries of lists that an order's tokens match."""

    def rules(
        self,
        subject: Subject,
        promotions: frozenset[PromotionType],
        at_us: int,
        values: Mapping[str, Value],
    ) -> tuple[RuleHit, ...]:
        """Return the rules that match, that would in shadow, or that cannot be evaluated."""


class NothingInForce:
    """No list and no rule: for trying things out."""

    versions = ("", "")

    def lists(self, order: Order, at_us: int) -> tuple[ListHit, ...]:
        """Return nothing."""
        del order, at_us
        return ()

    def rules(
        self,
        subject: Subject,
        promotions: frozenset[PromotionType],
        at_us: int,
        values: Mapping[str, Value],
    ) -> tuple[RuleHit, ...]:
        """Return nothing."""
        del subject, promotions, at_us, values
        return ()
