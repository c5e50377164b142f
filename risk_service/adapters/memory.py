"""In-memory twin of the decision store: for tests and for trying things out."""

from collections.abc import Sequence

from risk_service.domain.decision import DecisionRecord
from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.order import Order
from risk_service.ports import Reserved


class MemoryDecisionStore:
    """Keeps records in dictionaries; forgets them with the process.

    Attributes
    ----------
    available
        Set to False to see the callers meet a store that is down.
    """

    def __init__(self) -> None:
        self.available = True
        self._by_request: dict[str, DecisionRecord] = {}
        self._by_decision: dict[str, DecisionRecord] = {}
        self._by_challenge: dict[str, DecisionRecord] = {}
        self._latest: dict[str, DecisionRecord] = {}

    def by_request_ids(self, request_ids: Sequence[str]) -> dict[str, DecisionRecord]:
        """Return the records answered to these requests, absent ones left out."""
        self._check()
        known = self._by_request
        return {key: known[key] for key in request_ids if key in known}

    def last_numbers(self, order_ids: Sequence[str]) -> dict[str, int]:
        """Return the number of the latest decision per order, absent ones left out."""
        self._check()
        latest = self._latest
        return {key: latest[key].decision.number for key in order_ids if key in latest}

    def by_decision_id(self, decision_id: str) -> DecisionRecord | None:
        """Return one record, or None."""
        self._check()
        return self._by_decision.get(decision_id)

    def latest_of_order(self, order_id: str) -> DecisionRecord | None:
        """Return the order's latest record, or None."""
        self._check()
        return self._latest.get(order_id)

    def orders_of(self, order_ids: Sequence[str]) -> dict[str, tuple[str, Order]]:
        """Return decision id and order of each order's latest record, absent ones left out."""
        self._check()
        latest = {key: self._latest[key] for key in order_ids if key in self._latest}
        return {key: (one.decision.decision_id, one.order) for key, one in latest.items()}

    def by_challenge_id(self, challenge_id: str) -> DecisionRecord | None:
        """Return the record that asked for this challenge, or None."""
        self._check()
        return self._by_challenge.get(challenge_id)

    def commit(self, records: Sequence[DecisionRecord], reserved: Reserved | None = None) -> None:
        """Keep all records or, when one of them is a duplicate, none; holds are not kept."""
        self._check()
        self._refuse_duplicates(records)
        for record in records:
            decision = record.decision
            self._by_request[decision.request_id] = record
            self._by_decision[decision.decision_id] = record
            self._latest[decision.order_id] = record
            if decision.challenge is not None:
                self._by_challenge[decision.challenge.challenge_id] = record

    def _check(self) -> None:
        if not self.available:
            raise StoreUnavailable("the store is switched off")

    def _refuse_duplicates(self, records: Sequence[DecisionRecord]) -> None:
        requests, numbers = set(self._by_request), self._numbers()
        for record in records:
            decision = record.decision
            number = (decision.order_id, decision.number)
            if decision.request_id in requests or number in numbers:
                raise ValueError(f"decision {decision.decision_id} is there already")
            requests.add(decision.request_id)
            numbers.add(number)

    def _numbers(self) -> set[tuple[str, int]]:
        return {
            (record.decision.order_id, record.decision.number)
            for record in self._by_request.values()
        }
