"""A rule as it is in force: what it says, when, where, to whom."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from risk_service.domain.evidence import Evidence
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import Outcome, PromotionType
from risk_service.rules.expression import Expression
from risk_service.rules.schedule import ALWAYS, Schedule
from risk_service.rules.variables import Subject


class State(StrEnum):
    """Whether a rule decides, or only says what it would have said."""

    SHADOW = "shadow"
    ACTIVE = "active"


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Where a rule looks; an empty set does not narrow it.

    A narrowed scope does not cover what names no such thing: a rule for regions leaves
    orders without a region alone.
    """

    promotions: frozenset[PromotionType] = frozenset()
    campaigns: frozenset[str] = frozenset()
    sellers: frozenset[str] = frozenset()
    regions: frozenset[str] = frozenset()

    @property
    def named(self) -> tuple[tuple[str, frozenset[str]], ...]:
        """Return the variables that narrow it beside the promotion types."""
        pairs = (
            ("campaign_ids", self.campaigns),
            ("seller_ids", self.sellers),
            ("address_region", self.regions),
        )
        return tuple((name, wanted) for name, wanted in pairs if wanted)


@dataclass(frozen=True, slots=True, kw_only=True)
class Example:
    """Values, and whether the rule matches them. ``about`` says who has such values.

    ``fault`` is the code of the fault that is expected, else empty.
    """

    about: str
    matches: bool
    fault: str
    values: dict[str, Any]
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. ``analyst`` may quote values as ``{name}``; ``customer`` tells no threshold.

    ``honest`` says which honest customer looks like that. ``requires`` is what the customer
    or the seller must hand in.
    """

    id: str
    owner: str
    subject: Subject
    outcome: Outcome
    state: State
    reason: str
    description: LocalizedText
    customer: LocalizedText
    analyst: LocalizedText
    honest: LocalizedText
    expression: Expression
    examples: tuple[Example, ...]
    scope: Scope = Scope()
    schedule: Schedule = ALWAYS
    requires: tuple[Evidence, ...] = ()
    file: str = ""
    line: int = 0

    @property
    def is_shadow(self) -> bool:
        """Tell whether the rule is only watched."""
        return self.state is State.SHADOW
