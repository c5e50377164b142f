"""Finds a stored decision as it was answered."""

from dataclasses import dataclass
from typing import Literal

from risk_service.domain.assessment import AssessmentRecord
from risk_service.domain.decision import Decision, DecisionRecord
from risk_service.domain.errors import DecisionNotFound
from risk_service.domain.refusals import refusal
from risk_service.ports import AssessmentStore, DecisionStore

Key = Literal["decision_id", "request_id", "order_id"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lookup:
    """Looks decisions up by any of their keys; each raises ``DecisionNotFound``.

    Parameters
    ----------
    assessments
        Decisions on claims and promotion actions, asked where no order's decision is found.
    """

    store: DecisionStore
    assessments: AssessmentStore | None = None

    def by_decision_id(self, decision_id: str) -> Decision:
        """Return the decision of that id."""
        return self.record("decision_id", decision_id).decision

    def by_request_id(self, request_id: str) -> Decision:
        """Return the decision answered to that request."""
        return self.record("request_id", request_id).decision

    def by_order_id(self, order_id: str) -> Decision:
        """Return the latest decision of that order."""
        return self.record("order_id", order_id).decision

    def record(self, key: Key, value: str) -> DecisionRecord | AssessmentRecord:
        """Return the stored record under one of its keys: what the decision rested on."""
        found: DecisionRecord | AssessmentRecord | None
        if key == "decision_id":
            found = self.store.by_decision_id(value)
        elif key == "request_id":
            found = self.store.by_request_ids([value]).get(value)
        else:
            found = self.store.latest_of_order(value)
        found = found or self._assessed(key, value)
        if found is None:
            raise DecisionNotFound(refusal("no_decision", key=key))
        return found

    def is_of_action(self, challenge_id: str) -> bool:
        """Tell whether a challenge was asked of a promotion action."""
        known = self.assessments
        return known is not None and known.by_challenge_id(challenge_id) is not None

    def _assessed(self, key: Key, value: str) -> AssessmentRecord | None:
        if self.assessments is None or key == "order_id":
            return None
        if key == "decision_id":
            return self.assessments.by_decision_id(value)
        return self.assessments.by_request_ids([value]).get(value)
