"""By which of the identifiers that are asked about a record is a person's."""

from collections.abc import Iterable

from risk_service.domain.action import Action
from risk_service.domain.listed import EntityKind
from risk_service.domain.order import Tokens
from risk_service.domain.person import PersonQuestion
from risk_service.domain.reported import PastOrder
from risk_service.domain.verification import Verification
from risk_service.features.windows.declaration import load_windows
from risk_service.limits.claims import SEPARATOR
from risk_service.limits.reservation import Reservation

# A record that belongs to an order that was asked for, or to one of the person's.
BY_ORDER = "order"
# What an action of the person's has reserved.
BY_ACTION = "action"
# The person is the other account of an action: was invited, helped or joined.
BY_RELATED = "related"
# Fields of windows that are called otherwise than kinds.
_FIELD_OF = {EntityKind.ADDRESS_DOOR: "address"}


class Signs:
    """Looks for identifiers in records; each answer names the kinds that were found.

    A token counts only where its kind stands: the account that leads a cluster is no sign of
    whoever else is in it.
    """

    def __init__(self, question: PersonQuestion) -> None:
        self._asked = question.identifiers
        fields = list(load_windows().fields)
        self._places = [
            (one, fields.index(_FIELD_OF.get(one.kind, one.kind.value))) for one in self._asked
        ]
        self._pairs = {(one.kind.value, one.token) for one in self._asked}

    @property
    def tokens(self) -> tuple[str, ...]:
        """Return all tokens: what shows none of them is no record of the person."""
        return tuple({one.token: None for one in self._asked})

    def of_order(self, tokens: Tokens) -> tuple[str, ...]:
        """Return what an order shows."""
        return _names(
            one.kind.value for one in self._asked if getattr(tokens, one.kind.value) == one.token
        )

    def of_action(self, action: Action) -> tuple[str, ...]:
        """Return what a promotion action shows."""
        shown = {("account", action.account): "account", ("device", action.device): "device"}
        related = {("account", action.related): BY_RELATED}
        found = [shown[pair] for pair in shown if pair in self._pairs]
        return _names([*found, *(related[pair] for pair in related if pair in self._pairs)])

    def of_past(self, order: PastOrder) -> tuple[str, ...]:
        """Return what an order from before the service shows."""
        return _names(
            one.kind.value
            for one, place in self._places
            if place < len(order.fields) and order.fields[place] == one.token
        )

    def of_verification(self, one: Verification) -> tuple[str, ...]:
        """Return what a verification shows, or an attempt at one."""
        names = (one.real_name, one.refused_name)
        shown = {("account", one.account), *(("real_name", token) for token in names)}
        return _names(kind for kind, _ in sorted(shown & self._pairs))

    def of_reservation(self, one: Reservation) -> tuple[str, ...]:
        """Return whose counters a reservation is charged to."""
        counters = [entry.counter for entry in (*one.entries, *one.kept)]
        return _names(name for counter in counters for name in self._of_counter(counter))

    def of_subject(self, subject: str, token: str) -> tuple[str, ...]:
        """Return what the owner of a counter shows, such as ``device+phone`` and its tokens."""
        owners = zip(subject.split("+"), token.split("+"), strict=False)
        return _names(kind for kind, found in owners if (kind, found) in self._pairs)

    def _of_counter(self, counter: str) -> tuple[str, ...]:
        subject, _, token = counter.partition(SEPARATOR)[0].partition("=")
        return self.of_subject(subject, token)


def _names(found: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found))
