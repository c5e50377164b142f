"""Groups of reported events: every batch has its answer, and a fault hits its own."""

from collections.abc import Iterator, Sequence

import pytest
from msgspec.structs import replace

from risk_service.domain.errors import StoreUnavailable
from risk_service.domain.reported import EventRecord, LifeEvent, PastOrder, Report
from risk_service.domain.vocabulary import EventType
from risk_service.features.windows.tiles import DAY_US
from risk_service.intake.intake import AGE_MARGIN_US, Intake, Taken
from tests.fixtures.claim_desk import ClaimDesk, claim_desk
from tests.fixtures.desk import attempt
from tests.fixtures.records import NOW_US, TOKENISER

BROKEN = "o-broken"


class NothingBefore:
    """No order was placed before the service began; one of them is a bug."""

    def find(self, order_ids: Sequence[str]) -> dict[str, PastOrder]:
        """Return nothing."""
        if BROKEN in order_ids:
            raise ZeroDivisionError("a bug")
        return {}


@pytest.fixture
def desk() -> Iterator[ClaimDesk]:
    """Return a desk that has scored the order o-1."""
    with claim_desk() as made:
        made.desk.pipeline().decide([attempt("r-1", order_id="o-1")])
        yield made


@pytest.fixture
def intake(desk: ClaimDesk) -> Intake:
    """Return what takes events into the desk's log."""
    parts = desk.desk
    return Intake(
        tokenise=TOKENISER.action,
        orders=parts.store,
        past=NothingBefore(),
        log=desk.log,
        windows=parts.windows,
        count_links=parts.linked().count,
        stamps=parts.stamps,
        clock=parts.clock,
    )


def event(event_id: str, order_id: str = "o-1", at_us: int = NOW_US) -> Report:
    """Return an event of an order; its fingerprint follows from its contents."""
    life = LifeEvent(
        event_id=event_id, event_type=EventType.SHIPPED, at_us=at_us, order_id=order_id
    )
    return Report(fingerprint=repr(life).encode(), subject=life)


def logged(desk: ClaimDesk) -> list[str]:
    """Return the events of the order that the log has."""
    return [one.event_id for one in desk.log.of_orders(["o-1"]).get("o-1", ())]


def test_a_store_that_is_down_fails_every_batch_and_the_retry_counts_once(
    desk: ClaimDesk, intake: Intake, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each caller of the group has an answer, none of them that anything counted."""
    batches = [[event("a")], [event("b"), event("c")]]

    def full(records: Sequence[EventRecord]) -> None:
        raise StoreUnavailable(f"no room for {len(records)}")

    with monkeypatch.context() as patched:
        patched.setattr(desk.log, "append", full)
        assert [str(one) for one in intake.take(batches)] == ["no room for 3"] * 2
    assert logged(desk) == []
    assert intake.take(batches) == [[Taken.ACCEPTED], [Taken.ACCEPTED] * 2]
    assert intake.take(batches) == [[Taken.REPEATED], [Taken.REPEATED] * 2]
    assert logged(desk) == ["a", "b", "c"]


def test_a_bug_in_one_batch_fails_no_other(desk: ClaimDesk, intake: Intake) -> None:
    """Its neighbours are taken one by one, in their order."""
    found = intake.take([[event("a")], [event("x", BROKEN)], [event("b")]])
    assert (found[0], found[2]) == ([Taken.ACCEPTED], [Taken.ACCEPTED])
    assert isinstance(found[1], ZeroDivisionError)
    assert logged(desk) == ["a", "b"]


def test_the_same_id_twice_in_a_group_is_one_event(desk: ClaimDesk, intake: Intake) -> None:
    """The second is a repetition, or refused when it says something else."""
    other = replace(event("a"), fingerprint=b"other")
    answers = intake.take([[event("a"), event("a")], [other]])
    assert answers[0] == [Taken.ACCEPTED, Taken.REPEATED]
    (refused,) = answers[1]  # type: ignore[misc]  # a list, as the batch is taken
    assert (refused.reason.name, refused.field) == ("REUSED_ID", "event_id")
    assert logged(desk) == ["a"]


def test_what_happened_too_long_ago_is_refused_by_itself(desk: ClaimDesk, intake: Intake) -> None:
    """As is an event of an order that nobody scored; the others of the batch count."""
    oldest_us = NOW_US + AGE_MARGIN_US - 90 * DAY_US
    batch = [event("old", at_us=oldest_us - DAY_US), event("a"), event("b", "o-unknown")]
    (answer,) = intake.take([batch])
    old, taken, unknown = answer  # type: ignore[misc]  # a list, as the batch is taken
    assert taken is Taken.ACCEPTED
    assert (old.reason.name, old.field) == ("TOO_OLD", "occurred_at")
    assert (unknown.reason.name, unknown.field) == ("UNKNOWN_ORDER", "order_id")
    assert logged(desk) == ["a"]
