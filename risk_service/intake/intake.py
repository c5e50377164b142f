"""The use case of reported events: a group in, for each whether it counts from now on.

The group is the unit of work, as for decisions: one look-up of ids, one of orders, one
commit. An event counts once, by its id, for ever; what is refused is told with its reason.
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import NamedTuple, Protocol

from msgspec.structs import replace

from risk_service.domain.action import Action, RawAction
from risk_service.domain.claim_events import counted_as
from risk_service.domain.errors import InvalidInput, StoreUnavailable
from risk_service.domain.event import Event
from risk_service.domain.order import Order
from risk_service.domain.reported import EventRecord, LifeEvent, PastOrder, Refusal, Report
from risk_service.domain.stamps import Stamps
from risk_service.domain.vocabulary import EventType, RefusalReason
from risk_service.feature_ports import WindowStore
from risk_service.features.windows.applying import applied_stamps
from risk_service.features.windows.order_event import action_event, life_event, past_life_event
from risk_service.features.windows.tiles import MAX_AGE_US
from risk_service.intake.reservations import Happened, Reservations
from risk_service.ports import Clock, DecisionStore, EventLog

log = logging.getLogger(__name__)

# Stamps of a group may run on by so much: an event just within 90 days when it comes must not
# be past them under its stamp.
AGE_MARGIN_US = 1_000_000


class Taken(Enum):
    """An event that counts: from now on, or already."""

    ACCEPTED = "accepted"
    REPEATED = "repeated"


Result = Taken | Refusal
# Lets the links of stamped events count once the log has them.
CountLinks = Callable[[Sequence[tuple[int, Event]]], None]
Answer = list[Result] | Exception


class PastOrders(Protocol):
    """Orders placed before the service began, of which only the history tells."""

    def find(self, order_ids: Sequence[str]) -> dict[str, PastOrder]:
        """Return what is known of these orders, absent ones left out."""


class _Orders(NamedTuple):
    """The orders of a group: those decided here, with the decision's id, and those of before."""

    decided: dict[str, tuple[str, Order]]
    past: dict[str, PastOrder]


@dataclass(frozen=True, slots=True, kw_only=True)
class Intake:
    """Takes groups of reported events and makes them durable.

    Parameters
    ----------
    tokenise
        Turns a raw action into one without raw identifiers.
    orders
        Where scored orders are found.
    past
        Where those are found that were placed before the service began.
    reservations
        Follows the orders' life in the ledger; None where nothing is ever reserved.
    """

    tokenise: Callable[[RawAction], Action]
    orders: DecisionStore
    past: PastOrders
    log: EventLog
    windows: WindowStore
    count_links: CountLinks
    stamps: Stamps
    clock: Clock
    reservations: Reservations | None = None

    def take(self, batches: Sequence[Sequence[Report]]) -> list[Answer]:
        """Return one answer per batch: a result per event, all durable, or the error.

        A store that is down is the group's fault; any other error hits the batch that
        triggers it and no other.
        """
        try:
            results = iter(self._take([report for batch in batches for report in batch]))
            return [[next(results) for _ in batch] for batch in batches]
        except StoreUnavailable as error:
            return [error] * len(batches)
        except Exception as error:  # noqa: BLE001 - one batch's fault must not fail its neighbours
            if len(batches) == 1:
                return [error]
        log.warning("event_group_run_again")
        return [self.take([batch])[0] for batch in batches]

    def _take(self, reports: Sequence[Report]) -> list[Result]:
        now_us = self._now_us(reports)
        known = self.log.fingerprints([report.event_id for report in reports])
        orders = self._orders(reports)
        claims = self._claims(reports)
        # By the stamps to come, which are ahead of a clock that went back.
        oldest_us = max(now_us, self.stamps.last_us) + AGE_MARGIN_US - MAX_AGE_US
        results: list[Result] = []
        events: list[Event] = []
        records: list[EventRecord] = []
        for report in reports:
            fingerprint = known.get(report.event_id)
            if fingerprint is not None:
                results.append(_repeated(fingerprint, report))
                continue
            formed = self._formed(report, orders, oldest_us)
            if isinstance(formed, Refusal):
                results.append(formed)
                continue
            event, record = formed
            record = _paired(record, claims)
            if not record.same_as:
                events.append(event)
            records.append(record)
            known[report.event_id] = report.fingerprint
            results.append(Taken.REPEATED if record.same_as else Taken.ACCEPTED)
        if records:
            self._follow(records, orders, now_us)
            self._commit(events, records, now_us)
        return results

    def _now_us(self, reports: Sequence[Report]) -> int:
        for report in reports:
            self.clock.order_seen(report.subject.at_us)
        return self.clock.now_us()

    def _orders(self, reports: Sequence[Report]) -> _Orders:
        subjects = [report.subject for report in reports]
        order_ids = {one.order_id for one in subjects if isinstance(one, LifeEvent)}
        if not order_ids:
            return _Orders({}, {})
        decided = self.orders.orders_of(list(order_ids))
        return _Orders(decided, self.past.find([one for one in order_ids if one not in decided]))

    def _claims(self, reports: Sequence[Report]) -> dict[str, list[EventRecord]]:
        """Return what is known of the orders for which a refund is reported to be asked."""
        subjects = [report.subject for report in reports]
        order_ids = {
            one.order_id
            for one in subjects
            if isinstance(one, LifeEvent) and one.event_type is EventType.REFUND_REQUESTED
        }
        known = self.log.of_orders(list(order_ids)) if order_ids else {}
        return {order_id: list(known.get(order_id, ())) for order_id in order_ids}

    def _formed(
        self, report: Report, orders: _Orders, oldest_us: int
    ) -> tuple[Event, EventRecord] | Refusal:
        """Return the event and its record still without a stamp, or what speaks against it."""
        subject = report.subject
        if subject.at_us < oldest_us:
            words = "it happened more than 90 days ago"
            return Refusal(reason=RefusalReason.TOO_OLD, field="occurred_at", description=words)
        if isinstance(subject, LifeEvent):
            return _of_order(report, subject, orders)
        try:
            action = self.tokenise(subject)
        except InvalidInput as error:
            field, words = error.violations[0].field, error.violations[0].description
            return Refusal(reason=RefusalReason.MALFORMED, field=field, description=words)
        return action_event(action), EventRecord(
            event_id=report.event_id, fingerprint=report.fingerprint, stamp_us=0, action=action
        )

    def _follow(self, records: Sequence[EventRecord], orders: _Orders, now_us: int) -> None:
        """Tell the ledger what became of the orders, before the log says that it is known.

        An order from before the service holds nothing of a limit.
        """
        if self.reservations is not None:
            lives = [record.life for record in records if record.life and record.past is None]
            happened: list[Happened] = [
                (life, orders.decided[life.order_id][1]) for life in self._refunded_in_all(lives)
            ]
            self.reservations.follow(happened, now_us)

    def _refunded_in_all(self, lives: Sequence[LifeEvent]) -> list[LifeEvent]:
        """Return the events, a refund with all money that went back on its order until then.

        An order that is refunded in parts is refunded as a whole with the last of them.
        """
        order_ids = {life.order_id for life in lives if _money_back(life)}
        known = self.log.of_orders(list(order_ids)) if order_ids else {}
        so_far = {
            order_id: sum([_money_back(one.life) for one in known.get(order_id, ()) if one.life])
            for order_id in order_ids
        }
        told = []
        for life in lives:
            back = _money_back(life)
            if back:
                so_far[life.order_id] += back
                life = replace(life, amount_minor=so_far[life.order_id])
            told.append(life)
        return told

    def _commit(self, events: list[Event], records: list[EventRecord], now_us: int) -> None:
        """Let the events count and make them durable.

        The windows' store that is shared counts at once and knows an event again; the one
        in this process waits for the log. So after a failure the group may come again.
        """
        counted = [record for record in records if not record.same_as]
        applied = applied_stamps(self.windows, events, now_us)
        stamped = [
            self.stamps.stamped(record, of_groups, now_us)
            for record, of_groups in zip(counted, applied, strict=True)
        ]
        self.count_links(
            [(record.stamp_us, event) for record, event in zip(stamped, events, strict=True)]
        )
        # Behind the others: their stamps are given by the windows and must rise.
        stamped += [self.stamps.stamped(record, [], now_us) for record in records if record.same_as]
        self.log.append(stamped)


def _money_back(life: LifeEvent) -> int:
    """Return what a refund gave back, 0 where that is not told or it is no refund."""
    return (life.amount_minor or 0) if life.event_type is EventType.REFUNDED else 0


def _of_order(
    report: Report, life: LifeEvent, orders: _Orders
) -> tuple[Event, EventRecord] | Refusal:
    """Return an event of an order's life and its record, or that the order is not known."""
    record = EventRecord(
        event_id=report.event_id, fingerprint=report.fingerprint, stamp_us=0, life=life
    )
    decided = orders.decided.get(life.order_id)
    if decided is not None:
        decision_id, order = decided
        return life_event(order, life), replace(record, decision_id=decision_id)
    past = orders.past.get(life.order_id)
    if past is not None:
        return past_life_event(past, life), replace(record, past=past)
    words = "no order of that id was scored"
    return Refusal(reason=RefusalReason.UNKNOWN_ORDER, field="order_id", description=words)


def _paired(record: EventRecord, claims: dict[str, list[EventRecord]]) -> EventRecord:
    """Return the record, marked when a decision on the same claim counts already."""
    life = record.life
    if life is None or life.event_type is not EventType.REFUND_REQUESTED:
        return record
    known = claims[life.order_id]
    record = replace(record, same_as=counted_as(life, known))
    known.append(record)
    return record


def _repeated(fingerprint: bytes, report: Report) -> Result:
    if fingerprint == report.fingerprint:
        return Taken.REPEATED
    words = "the event id was used before with another content; take a new one"
    return Refusal(reason=RefusalReason.REUSED_ID, field="event_id", description=words)
