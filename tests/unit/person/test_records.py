"""What is told of a person, from stores in memory."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

import pytest
from msgspec.structs import replace

from risk_service.decisions.person import records as person_records
from risk_service.decisions.person.records import Found, PersonRecords
from risk_service.decisions.person.stores import ReservationRows
from risk_service.domain.action import Action
from risk_service.domain.decision import DecisionRecord
from risk_service.domain.errors import InvalidInput, StoreUnavailable
from risk_service.domain.listed import EntityKind
from risk_service.domain.order import Tokens
from risk_service.domain.person import Asker, Identifier, PersonQuestion
from risk_service.domain.reported import EventRecord, LifeEvent
from risk_service.domain.reservation import ReservationState
from risk_service.domain.vocabulary import EventType
from risk_service.limits.reservation import Entry, Reservation
from tests.fixtures.records import NOW_US, record

ANN, BOB, PHONE = (f"k1:{digit * 32}" for digit in "abc")
ASKER = Asker(actor_id="os:li.wei", why="appeal 17")
OF_ANN = Identifier(kind=EntityKind.ACCOUNT, token=ANN)


class Log:
    """A log that yields all that it has, whoever is asked about."""

    def __init__(self, *decisions: DecisionRecord, events: Sequence[EventRecord] = ()) -> None:
        self._decisions, self._events = decisions, events
        self.read: list[str] = []

    def decisions(self, tokens: Sequence[str], orders: Collection[str]) -> Iterator[DecisionRecord]:
        """Yield decisions."""
        self.read.append("decisions")
        yield from self._decisions

    def past_orders(self, tokens: Sequence[str], orders: Collection[str]) -> Iterator[Any]:
        """Yield nothing."""
        yield from ()

    def assessments(self, tokens: Sequence[str], orders: Collection[str]) -> Iterator[Any]:
        """Yield nothing."""
        yield from ()

    def events(self, tokens: Sequence[str], orders: Collection[str]) -> Iterator[EventRecord]:
        """Yield events."""
        yield from self._events

    def verifications(self, tokens: Sequence[str]) -> Iterator[Any]:
        """Yield nothing."""
        yield from ()


class Ledger:
    """A ledger that yields all rows, or is away."""

    def __init__(self, *rows: Reservation, away: bool = False) -> None:
        self._rows, self._away = rows, away

    def reservations(self, tokens: Sequence[str], ids: Collection[str]) -> Iterator[Reservation]:
        """Yield them."""
        if self._away:
            raise StoreUnavailable("PostgreSQL: away")
        yield from self._rows


class Trail:
    """Remembers who read what, or refuses."""

    def __init__(self, log: Log) -> None:
        self._log = log
        self.rows: list[tuple[str, list[str], dict[str, object], int]] = []

    def note(self, actor_id: str, subjects: Sequence[str], facts: Mapping[str, object]) -> None:
        """Keep a row, and how much was read before."""
        self.rows.append((actor_id, list(subjects), dict(facts), len(self._log.read)))


def decided(name: str, *, at_us: int = NOW_US, **tokens: str) -> DecisionRecord:
    """Return a decision on an order of its own that shows these tokens."""
    kept = record(name, order_id=f"o-{name}")
    shown = Tokens(**{**dict.fromkeys(Tokens.__struct_fields__, ""), **tokens})
    order = replace(kept.order, order_id=f"o-{name}", tokens=shown)
    return replace(kept, order=order, decision=replace(kept.decision, decided_at_us=at_us))


def reserved(name: str, counter: str) -> Reservation:
    """Return a row of the ledger that is charged to a counter."""
    entry = Entry(counter, 0, "two-each", 1, (0,), 1, 0, 0, 1, 2, 0, 0)
    return Reservation(name, ReservationState.HELD, 1, b"", NOW_US, NOW_US + 1, entries=(entry,))


def life(event_id: str, order_id: str) -> EventRecord:
    """Return an event of an order."""
    told = LifeEvent(event_id=event_id, event_type=EventType.PAID, at_us=NOW_US, order_id=order_id)
    return EventRecord(event_id=event_id, fingerprint=b"", stamp_us=NOW_US, life=told)


def read(
    log: Log, *identifiers: Identifier, ledgers: Sequence[ReservationRows] = (), **question: Any
) -> Found:
    """Return what is found without a trail."""
    use_case = PersonRecords(log=log, reservations=ledgers, governed=None, trail=None)
    return use_case.read(PersonQuestion(identifiers=identifiers, **question), ASKER)


def told(found: Found, kind: str, name: str) -> list[tuple[str, tuple[str, ...]]]:
    """Return an id of each record of a kind, and by what it is the person's."""
    return [(getattr(row, name), row.by) for row in found.kinds[kind].rows]  # type: ignore[attr-defined]  # every row of these has it


def test_a_record_is_a_persons_by_any_identifier_and_says_by_which() -> None:
    """Two identifiers are one person's: what shows either is told, what shows both says both."""
    log = Log(
        decided("a", account=ANN),
        decided("b", account=ANN, phone=PHONE),
        decided("c", account=BOB, phone=PHONE),
        decided("d", account=BOB),
        decided("e", account=BOB, device=ANN),  # the same digits as another kind
    )
    found = read(log, OF_ANN, Identifier(kind=EntityKind.PHONE, token=PHONE))
    assert told(found, "decisions", "order_id") == [
        ("o-a", ("account",)),
        ("o-b", ("account", "phone")),
        ("o-c", ("phone",)),
    ]


def test_events_follow_the_orders_of_the_person() -> None:
    """An event holds no identifier; those of other orders are nobody's business."""
    action = Action(
        action_id="a-1", action_type="INVITE", at_us=NOW_US, account=BOB, device="", ip="",
        ip_block="", campaign="", related=ANN,
    )  # fmt: skip
    invited = EventRecord(event_id="a-1", fingerprint=b"", stamp_us=1, action=action)
    log = Log(decided("a", account=ANN), events=[life("e-1", "o-a"), life("e-2", "o-x"), invited])
    found = read(log, OF_ANN)
    assert told(found, "events", "event_id") == [("e-1", ("order",)), ("a-1", ("related",))]


def test_a_cluster_is_no_sign_of_the_account_that_leads_it() -> None:
    """What another account of the cluster has reserved is charged under its leader's token."""
    ledger = Ledger(
        reserved("r-own", f"account={ANN}\x1fp\x1f\x1f"),
        reserved("r-both", f"device+account={BOB}+{ANN}\x1fp\x1f\x1f"),
        reserved("r-cluster", f"identity_cluster={ANN}\x1fp\x1f\x1f"),
        reserved("o-a", f"identity_cluster={BOB}\x1fp\x1f\x1f"),
    )
    found = read(Log(decided("a", account=ANN)), OF_ANN, ledgers=[ledger])
    assert told(found, "reservations", "reservation_id") == [
        ("r-own", ("account",)),
        ("r-both", ("account",)),
        ("o-a", ("order",)),
    ]


def test_a_span_of_time_and_the_newest_of_many() -> None:
    """The first moment counts and the last does not; what is cut off is counted."""
    log = Log(*[decided(str(n), at_us=100 + n, account=ANN) for n in range(10)])
    found = read(log, OF_ANN, since_us=102, until_us=108, rows=2)
    kept = found.kinds["decisions"]
    assert (kept.total, [row.at_us for row in kept.rows]) == (6, [106, 107])  # type: ignore[attr-defined]  # decisions


def test_an_event_outside_the_span_of_its_decision_is_told() -> None:
    """The order stays the person's although its decision is too old to be told."""
    log = Log(decided("a", at_us=5, account=ANN), events=[life("e-1", "o-a")])
    found = read(log, OF_ANN, since_us=NOW_US)
    assert (found.kinds["decisions"].total, found.kinds["events"].total) == (0, 1)


def test_an_order_is_told_whosever_it_is_and_nothing_else_of_the_person() -> None:
    """Who writes in with an order id has shown that of one order."""
    log = Log(decided("a", account=ANN), decided("b", account=ANN), events=[life("e", "o-b")])
    found = read(log, orders=("o-b",))
    assert told(found, "decisions", "order_id") == [("o-b", ("order",))]
    assert found.kinds["events"].total == 1


def test_what_many_have_is_no_person(monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory is bounded, and the device of a shop's counter discloses no crowd."""
    monkeypatch.setattr(person_records, "ORDERS_MAX", 3)
    with pytest.raises(InvalidInput, match="not one person"):
        read(Log(*[decided(str(n), account=ANN) for n in range(4)]), OF_ANN)


def test_a_ledger_that_is_away_is_named_and_the_rest_is_told() -> None:
    """An answer without it would look complete."""
    ledgers = [Ledger(away=True), Ledger(reserved("r", f"account={ANN}\x1fp"))]
    found = read(Log(decided("a", account=ANN)), OF_ANN, ledgers=ledgers)
    assert found.unread == {"reservations": "PostgreSQL: away"}
    assert (found.kinds["decisions"].total, found.kinds["reservations"].total) == (1, 1)


def test_reading_leaves_a_trace_before_anything_is_read() -> None:
    """A row for each token and order that was asked for, with the reason and the span."""
    log = Log()
    trail = Trail(log)
    use_case = PersonRecords(log=log, reservations=(), governed=None, trail=trail)
    use_case.read(PersonQuestion(identifiers=(OF_ANN,), orders=("o-1",), since_us=7), ASKER)
    subjects = [f"person/account/{ANN}", "person/order/o-1"]
    assert trail.rows == [("os:li.wei", subjects, {"why": "appeal 17", "since_us": 7}, 0)]


@pytest.mark.parametrize(
    "question",
    [
        {},
        {"orders": ("",)},
        {"orders": ("o\x1b[2J",)},
        {"orders": ("o\udcff",)},
        {"orders": ("o-1",), "since_us": 5, "until_us": 5},
    ],
)
def test_a_question_about_nobody_is_refused_and_leaves_no_trace(question: dict[str, Any]) -> None:
    """No identifier, an id that cannot be one, or a span without a moment."""
    log = Log()
    trail = Trail(log)
    use_case = PersonRecords(log=log, reservations=(), governed=None, trail=trail)
    with pytest.raises(InvalidInput):
        use_case.read(PersonQuestion(**question), ASKER)
    assert (trail.rows, log.read) == ([], [])
