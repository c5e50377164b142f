"""The use case that claims and promotion actions share: a group in, durable decisions out.

As for orders: repeated requests get their stored answer, one commit for the group, nothing in
memory changes before it has returned, and a fault hits the item that triggers it only.
"""

import logging
from collections.abc import Callable, Sequence
from typing import Generic, Protocol, TypeVar

from risk_service.decisions.assessing.counting import Counting
from risk_service.decisions.assessing.pending import Drafted, Pending
from risk_service.decisions.live import DecisionIds
from risk_service.decisions.repeats import Asked, repeats
from risk_service.domain.assessment import AssessmentRecord
from risk_service.domain.errors import RiskError, StoreUnavailable
from risk_service.ports import AssessmentStore, Clock, DecisionStore, EventLog

log = logging.getLogger(__name__)

Answer = AssessmentRecord | Exception


class Request(Asked, Protocol):
    """What every item has."""

    @property
    def at_us(self) -> int:
        """When it happened by the caller's clock; 0 when it names no time."""


Item = TypeVar("Item", bound=Request)
# Returns the decision on one item; raises an error of ours to refuse it.
Draft = Callable[[Item, str, Pending, int], Drafted]


class Assessor(Generic[Item]):
    """Decides groups of claims or actions and makes the decisions durable.

    Parameters
    ----------
    draft
        Decides one item; gets its decision id, what the group has drafted before, and the time.
    orders
        Requests that were answered for orders: an id is used once.
    """

    def __init__(
        self,
        draft: Draft[Item],
        stores: tuple[AssessmentStore, EventLog, DecisionStore],
        counting: Counting,
        clock: Clock,
        decision_ids: DecisionIds,
    ) -> None:
        self._draft = draft
        self._store, self._log, self._orders = stores
        self._counting = counting
        self._clock = clock
        self._ids = decision_ids

    def assess(self, items: Sequence[Item]) -> list[Answer]:
        """Return one answer per item: a durable record, or the error to report."""
        try:
            return self._assess(items)
        except StoreUnavailable as error:
            return [error] * len(items)
        except Exception as error:  # noqa: BLE001 - one item's fault must not fail its neighbours
            if len(items) == 1:
                return [error]
        log.warning("group_run_again", extra={"orders": len(items)})
        return [self.assess([item])[0] for item in items]

    def _assess(self, items: Sequence[Item]) -> list[Answer]:
        for item in items:
            self._clock.order_seen(item.at_us)
        now_us = self._clock.now_us()
        answers, first_of = self._known(items)
        pending = Pending(store=self._store, log=self._log)
        for place, item in enumerate(items):
            if place in answers or place in first_of:
                continue
            try:
                drafted = self._draft(item, self._ids.of(item.request_id), pending, now_us)
            except StoreUnavailable:
                raise
            except RiskError as error:
                answers[place] = error
                continue
            pending.drafted.append(drafted)
            answers[place] = drafted.record
        self._commit(pending, now_us)
        return [answers[first_of.get(place, place)] for place in range(len(items))]

    def _known(self, items: Sequence[Item]) -> tuple[dict[int, Answer], dict[int, int]]:
        """Answer repeated request ids; return also which item repeats which."""
        request_ids = [item.request_id for item in items]
        stored = self._store.by_request_ids(request_ids)
        of_orders = self._orders.by_request_ids(request_ids)
        answered, first_of = repeats(items, stored, of_orders)
        return dict(answered), first_of

    def _commit(self, pending: Pending, now_us: int) -> None:
        drafted = pending.drafted
        if not drafted:
            return
        events = self._counting.stamped(drafted, now_us)
        entries = [entry for one in drafted for entry in one.entries]
        records = [one.record for one in drafted]
        self._store.commit(records, events, entries)
        self._ids.durable([record.decision.request_id for record in records])
