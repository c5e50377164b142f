"""Everything that is kept of one person, for appeals and requests of access.

Reading leaves a trace first. Each source is read once, from its beginning, and only what is told
is kept in memory: the newest rows of each kind, and the ids of the person's orders and actions.
"""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from msgspec import Struct

from risk_service.decisions.benefits.limits import reservation_of
from risk_service.decisions.person.rows import ClaimRow, PastOrderRow
from risk_service.decisions.person.signs import BY_ACTION, BY_ORDER, BY_RELATED, Signs
from risk_service.decisions.person.stores import (
    GovernedRows,
    PersonLog,
    ReadingTrail,
    ReservationRows,
)
from risk_service.decisions.person.telling import (
    Dated,
    action_row,
    claim_row,
    decision_row,
    event_row,
    reservation_row,
    verification_row,
)
from risk_service.domain.errors import InvalidInput, StoreUnavailable
from risk_service.domain.person import Asker, PersonQuestion
from risk_service.domain.refusals import refusal

# Of one person; what has more is no person's, as the device of a shop's counter.
ORDERS_MAX = 100_000


class Kept(Struct, kw_only=True):
    """The newest records of a kind, in the order of the log, and how many there are."""

    rows: Sequence[Struct]
    total: int


class Found(Struct, kw_only=True):
    """What is kept of a person, by kind of record, and what could not be read."""

    kinds: dict[str, Kept]
    unread: dict[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonRecords:
    """Reads what is kept of a person.

    Parameters
    ----------
    reservations
        Every ledger that may hold some.
    governed
        None where there is no file of lists.
    trail
        None where reading leaves no trace, as in a copy that cannot be written.
    """

    log: PersonLog
    reservations: Sequence[ReservationRows]
    governed: GovernedRows | None
    trail: ReadingTrail | None

    def read(self, question: PersonQuestion, asker: Asker) -> Found:
        """Return what is kept.

        Raises
        ------
        InvalidInput
            Nobody is asked about, or by something that more than a person has.
        ConfigFault
            A file cannot be read, or the trail not be written; then nothing was read.
        """
        _check(question)
        if self.trail is not None:
            self.trail.note(asker.actor_id, _subjects(question), _facts(question, asker))
        return _Reading(self, question).found()


def _check(question: PersonQuestion) -> None:
    if not question.identifiers and not question.orders:
        raise InvalidInput.at("person", refusal("nobody_asked"))
    if question.since_us >= question.until_us:
        raise InvalidInput.at("until", refusal("until_before_since"))
    for order_id in question.orders:
        if not order_id or not order_id.isprintable():
            raise InvalidInput.at("order", refusal("no_order_id"))


def _subjects(question: PersonQuestion) -> list[str]:
    return [
        *[f"person/{one.name}" for one in question.identifiers],
        *[f"person/order/{order_id}" for order_id in question.orders],
    ]


def _facts(question: PersonQuestion, asker: Asker) -> dict[str, object]:
    facts: dict[str, object] = {"why": asker.why}
    if question.since_us:
        facts["since_us"] = question.since_us
    if question.until_us != PersonQuestion().until_us:
        facts["until_us"] = question.until_us
    return facts


@dataclass(slots=True)
class _Reading:
    """One question on its way through the sources, in the order in which they name each other."""

    use_case: PersonRecords
    question: PersonQuestion
    signs: Signs = field(init=False)
    orders: set[str] = field(init=False)
    reserved: set[str] = field(init=False)

    def __post_init__(self) -> None:
        self.signs = Signs(self.question)
        self.orders = set(self.question.orders)
        self.reserved = set()

    def found(self) -> Found:
        kinds = {
            "decisions": self._kept(self._decisions()),
            "past_orders": self._kept(self._past_orders()),
        }
        claims, actions = self._new(), self._new()
        for row in self._assessments():
            (claims if isinstance(row.row, ClaimRow) else actions).take(row)
        kinds |= {"claims": claims.kept(), "actions": actions.kept()}
        kinds["events"] = self._kept(self._events())
        kinds["reservations"], unread = self._reservations()
        kinds["verifications"] = self._kept(self._verifications())
        kinds["list_entries"] = self._kept(self._entries())
        kinds["adjustments"] = self._kept(self._adjustments())
        return Found(kinds=kinds, unread=unread)

    def _new(self) -> "_Newest":
        return _Newest(self.question)

    def _kept(self, rows: Iterable[Dated]) -> Kept:
        newest = self._new()
        for row in rows:
            newest.take(row)
        return newest.kept()

    def _by(self, found: tuple[str, ...], order_id: str) -> tuple[str, ...]:
        return (*found, BY_ORDER) if order_id in self.orders else found

    def _own(self, order_id: str) -> None:
        """Let what else is known of an order be the person's."""
        self.orders.add(order_id)
        self.reserved.add(order_id)
        if len(self.orders) > ORDERS_MAX:
            raise InvalidInput.at("person", refusal("no_person", most=f"{ORDERS_MAX:,}"))

    def _decisions(self) -> Iterator[Dated]:
        asked = frozenset(self.question.orders)
        for record in self.use_case.log.decisions(self.signs.tokens, asked):
            found, order_id = self.signs.of_order(record.order.tokens), record.order.order_id
            by = (*found, BY_ORDER) if order_id in asked else found
            if by:
                self._own(order_id)
                yield decision_row(record, by)

    def _past_orders(self) -> Iterator[Dated]:
        asked = frozenset(self.question.orders)
        for order_id, past in self.use_case.log.past_orders(self.signs.tokens, asked):
            found = self.signs.of_past(past)
            by = (*found, BY_ORDER) if order_id in asked else found
            if by:
                self._own(order_id)
                yield Dated(0, PastOrderRow(order_id=order_id, by=by))

    def _assessments(self) -> Iterator[Dated]:
        for record in self.use_case.log.assessments(self.signs.tokens, self.orders):
            refund, benefit = record.refund, record.benefit
            if refund is not None and refund.claim.order_id in self.orders:
                yield claim_row(record, refund.claim, (BY_ORDER,))
            elif benefit is not None and benefit.action is not None:
                by = self.signs.of_action(benefit.action)
                if by and by != (BY_RELATED,):
                    # Else it is the other account that has asked for something.
                    self.reserved.add(reservation_of(benefit.action_id))
                if by:
                    yield action_row(record, benefit, by)

    def _events(self) -> Iterator[Dated]:
        for record in self.use_case.log.events(self.signs.tokens, self.orders):
            found = self.signs.of_action(record.action) if record.action else ()
            found += self.signs.of_past(record.past) if record.past else ()
            by = self._by(found, record.life.order_id if record.life else "")
            if by:
                if record.life is not None:
                    self._own(record.life.order_id)
                yield event_row(record, by)

    def _reservations(self) -> tuple[Kept, dict[str, str]]:
        newest, unread = self._new(), {}
        self.reserved |= set(self.question.orders)
        for ledger in self.use_case.reservations:
            try:
                for row in ledger.reservations(self.signs.tokens, self.reserved):
                    found = self.signs.of_reservation(row)
                    if row.reservation_id in self.reserved:
                        of_order = row.reservation_id in self.orders
                        found = (*found, BY_ORDER if of_order else BY_ACTION)
                    if found:
                        newest.take(reservation_row(row, found))
            except StoreUnavailable as error:
                unread["reservations"] = str(error)
        return newest.kept(), unread

    def _verifications(self) -> Iterator[Dated]:
        for one in self.use_case.log.verifications(self.signs.tokens):
            if by := self.signs.of_verification(one):
                yield verification_row(one, by)

    def _entries(self) -> Iterator[Dated]:
        governed = self.use_case.governed
        for one in self.question.identifiers if governed else ():
            for entry in governed.entries(one) if governed else ():
                yield Dated(entry.added_us, entry)

    def _adjustments(self) -> Iterator[Dated]:
        governed = self.use_case.governed
        for one in governed.adjustments(self.signs.tokens) if governed else ():
            if self.signs.of_subject(one.subject, one.token):
                yield Dated(one.created_us, one)


class _Newest:
    """Keeps the newest rows of the time that is asked for, and counts all of them."""

    def __init__(self, question: PersonQuestion) -> None:
        self._question = question
        self._rows: deque[Struct] = deque(maxlen=question.rows)
        self._total = 0

    def take(self, dated: Dated) -> None:
        """Take a row in, if its time is asked for; 0 is no time."""
        if dated.at_us == 0 or self._question.within(dated.at_us):
            self._rows.append(dated.row)
            self._total += 1

    def kept(self) -> Kept:
        """Return what is left."""
        return Kept(rows=list(self._rows), total=self._total)
