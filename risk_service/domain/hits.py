"""What rules and lists found about one order, refund or promotion action."""

from risk_service.domain.positional import Positional
from risk_service.domain.text import LocalizedText
from risk_service.domain.vocabulary import Outcome


class MatchedValue(Positional, frozen=True, kw_only=True, gc=False):
    """A variable of a rule and what it was; ``number`` is None for texts and lists."""

    name: str
    number: float | None
    text: str


class RuleHit(Positional, frozen=True, kw_only=True, gc=False):
    """A rule that matched, or that could not be evaluated.

    ``fault`` is empty for a match. Else it is a stable code, such as ``MISSING_VALUE`` or
    ``EVALUATION_FAILED``: the rule did not match, and the answer says so.
    ``shadow`` rules are recorded and change nothing.
    """

    rule_id: str
    outcome: Outcome
    shadow: bool
    values: tuple[MatchedValue, ...]
    customer_text: LocalizedText
    analyst_text: LocalizedText
    fault: str = ""


class ListHit(Positional, frozen=True, kw_only=True, gc=False):
    """An entry of a list that the order matched. ``kind`` is allow, deny or grey."""

    list_id: str
    kind: str
    entity: str
    entry_id: str
    reason: str
