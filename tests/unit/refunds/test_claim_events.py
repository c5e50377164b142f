"""A claim counts once, by whichever way it came first."""

from hypothesis import given
from hypothesis import strategies as st

from risk_service.domain.claim_events import counted_as
from risk_service.domain.reported import EventRecord, LifeEvent
from risk_service.domain.vocabulary import EventType


def life(
    event_id: str, claim_id: str = "", kind: EventType = EventType.REFUND_REQUESTED
) -> LifeEvent:
    """Return an event of one order."""
    return LifeEvent(event_id=event_id, event_type=kind, at_us=1, order_id="o-1", claim_id=claim_id)


def kept(one: LifeEvent, known: list[EventRecord]) -> EventRecord:
    """Keep an event as the log does, and return what became of it."""
    record = EventRecord(
        event_id=one.event_id,
        fingerprint=b"",
        stamp_us=len(known) + 1,
        life=one,
        same_as=counted_as(one, known),
    )
    known.append(record)
    return record


def test_a_reported_claim_of_the_same_id_counts_no_second_time() -> None:
    """Scored first, then reported with its claim id: the decision counts, the report does not."""
    known: list[EventRecord] = []
    assert kept(life("dec_1", "c-1"), known).same_as == ""
    assert kept(life("e-1", "c-1"), known).same_as == "dec_1"
    assert kept(life("e-2", "c-2"), known).same_as == ""


def test_a_report_without_an_id_is_the_oldest_scored_claim() -> None:
    """Two scored claims take two nameless reports; a third report is a claim of its own."""
    known: list[EventRecord] = []
    for number in (1, 2):
        assert kept(life(f"dec_{number}", f"c-{number}"), known).same_as == ""
    assert kept(life("e-1"), known).same_as == "dec_1"
    assert kept(life("e-2"), known).same_as == "dec_2"
    assert kept(life("e-3"), known).same_as == ""


def test_a_report_that_came_first_is_the_one_that_counts() -> None:
    """Reported first: the decision on the claim does not count, named or nameless."""
    named: list[EventRecord] = []
    kept(life("e-1", "c-1"), named)
    assert kept(life("dec_1", "c-1"), named).same_as == "e-1"
    nameless: list[EventRecord] = []
    kept(life("e-1"), nameless)
    assert kept(life("dec_1", "c-1"), nameless).same_as == "e-1"
    # The nameless report is taken: a second claim counts by itself.
    assert kept(life("dec_2", "c-2"), nameless).same_as == ""


def test_other_events_of_the_order_are_no_claims() -> None:
    """What was paid, shipped or refunded takes no claim's place."""
    known: list[EventRecord] = []
    kept(life("e-1", kind=EventType.PAID), known)
    kept(life("e-2", "c-1", kind=EventType.REFUNDED), known)
    assert kept(life("dec_1", "c-1"), known).same_as == ""


@given(
    claims=st.integers(1, 5),
    named=st.booleans(),
    order=st.randoms(use_true_random=False),
)
def test_each_claim_counts_once_in_any_order(claims: int, named: bool, order: object) -> None:
    """However scored and reported claims mix, as many events count as there are claims."""
    coming = [life(f"dec_{n}", f"c-{n}") for n in range(claims)]
    coming += [life(f"e-{n}", f"c-{n}" if named else "") for n in range(claims)]
    order.shuffle(coming)  # type: ignore[attr-defined]  # a random.Random
    known: list[EventRecord] = []
    for one in coming:
        kept(one, known)
    assert sum(not record.same_as for record in known) == claims
