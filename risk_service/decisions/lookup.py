"""Finds a stored decision as it was answered."""

from dataclasses import dataclass

from risk_service.domain.decision import Decision, DecisionRecord
from risk_service.domain.errors import DecisionNotFound
from risk_service.ports import DecisionStore


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Looks decisions up by any of their keys; each raises ``DecisionNotFound``."""

    store: DecisionStore

    def by_decision_id(self, decision_id: str) -> Decision:
        """Return the decision of that id."""
        return _found(self.store.by_decision_id(decision_id))

    def by_request_id(self, request_id: str) -> Decision:
        """Return the decision answered to that request."""
        return _found(self.store.by_request_ids([request_id]).get(request_id))

    def by_order_id(self, order_id: str) -> Decision:
        """Return the latest decision of that order."""
        return _found(self.store.latest_of_order(order_id))


def _found(record: DecisionRecord | None) -> Decision:
    if record is None:
        raise DecisionNotFound("there is no decision under that key")
    return record.decision
