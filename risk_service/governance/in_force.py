"""What is in force: one object that is replaced as a whole."""

from dataclasses import dataclass

from risk_service.limits.book import LimitBook
from risk_service.rules.lists.book import ListBook
from risk_service.rules.rule_set import RuleSet


@dataclass(frozen=True, slots=True, kw_only=True)
class InForce:
    """Rules, limit policies and lists at one moment; each knows its version."""

    rules: RuleSet
    limits: LimitBook
    lists: ListBook


class Governing:
    """Holds what is in force.

    Attributes
    ----------
    now
        Replaced by one assignment between two groups of orders; a group reads it once.
    """

    def __init__(self, now: InForce) -> None:
        self.now = now
