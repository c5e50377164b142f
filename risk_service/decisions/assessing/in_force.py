"""Lists and rules as claims and actions ask them; what is in force may change between two."""

from collections.abc import Mapping, Sequence
from typing import Literal

from risk_service.decisions.findings import CLUSTER, Books, Governing
from risk_service.decisions.scoring import ScoredGroup
from risk_service.domain.assessment import Value
from risk_service.domain.evidence import Evidence
from risk_service.domain.hits import ListHit, RuleHit
from risk_service.domain.order import Order
from risk_service.domain.vocabulary import Mode, PromotionType
from risk_service.features.schema import FeatureSchema
from risk_service.rules.order_values import OrderFacts, OrderReader
from risk_service.rules.values import Values
from risk_service.rules.variables import Subject

SubjectName = Literal["refund", "action"]


class Searches:
    """Looks up what is in force right now for one claim or action.

    Parameters
    ----------
    governing
        Holds what is in force.
    """

    def __init__(self, schema: FeatureSchema, governing: Governing) -> None:
        self._schema = schema
        self._governing = governing
        self._read_of: tuple[Books, OrderReader] | None = None

    @property
    def versions(self) -> tuple[str, str]:
        """Return the versions of the rules and of the lists."""
        books = self._governing.now
        return books.rules.version, books.lists.version

    def lists(self, order: Order, cluster: str, at_us: int) -> tuple[ListHit, ...]:
        """Return the entries of lists that an order's tokens meet."""
        return self._governing.now.lists.hits(order, {CLUSTER: cluster}, at_us)

    def rules(
        self,
        subject: SubjectName,
        promotions: frozenset[PromotionType],
        at_us: int,
        values: Mapping[str, Value],
    ) -> tuple[RuleHit, ...]:
        """Return the rules that match, that would in shadow, or that cannot be evaluated."""
        known = Values(
            {
                name: list(value) if isinstance(value, tuple) else value
                for name, value in values.items()
            }
        )
        return self._governing.now.rules.match(promotions, at_us, known, Subject(subject))

    def features(self, order: Order, group: ScoredGroup) -> dict[str, Value]:
        """Return the features that rules on claims read, those that are not known left out."""
        mode = Mode.FULL if group.has_history else Mode.NO_FEATURES
        (values,) = self._reader().group([order], group.matrix, mode, [OrderFacts()])
        # Missing is NaN, which differs from itself.
        return {name: value for name, value in values.items() if value == value}

    def required(self, hits: Sequence[RuleHit]) -> tuple[Evidence, ...]:
        """Return what the rules that matched ask to be handed in."""
        rules = self._governing.now.rules.rules
        counting = [rules[hit.rule_id] for hit in hits if not hit.shadow and not hit.fault]
        return tuple(dict.fromkeys(one for rule in counting for one in rule.requires))

    def _reader(self) -> OrderReader:
        books = self._governing.now
        if self._read_of is None or self._read_of[0] is not books:
            self._read_of = (books, OrderReader(self._schema, books.rules, Subject.REFUND))
        return self._read_of[1]
