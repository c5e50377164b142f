"""Changes of counters by hand: who proposed, decided and applied each, once, in the trail."""

import json

import pytest
from msgspec.structs import replace

from risk_service.adapters.sqlite.adjustments import SqliteAdjustments
from risk_service.domain.audit import AuditFilter
from risk_service.domain.errors import Conflict, Forbidden, NotFound, RequestIdReused
from risk_service.domain.reservation import Adjust
from tests.fixtures.governing import Desk

CALL = Adjust(
    adjustment_id="adj-1", actor_id="ann", policy_id="two-each", subject="account",
    token="k1:a", scope="", delta=-1, reason="counted twice",  # noqa: S106 - of an account
)  # fmt: skip


@pytest.fixture
def store(desk: Desk) -> SqliteAdjustments:
    """Return the changes by hand of an empty store."""
    return SqliteAdjustments(desk.file)


def trail(desk: Desk) -> list[tuple[str, str, str]]:
    """Return who did what to what, behind the two rows of what ships."""
    rows = [one.row for one in desk.file.rows(AuditFilter(after_number=2))]
    return [(row.actor_id, row.action, row.subject) for row in rows]


def test_every_step_is_in_the_trail_with_who_took_it(desk: Desk, store: SqliteAdjustments) -> None:
    """Proposed, approved and applied, with what was confirmed before and after."""
    number = store.propose(CALL, 2, "units", "").number
    store.approve(number, "bob")
    done = store.applied(number, "bob", (2, 1))
    assert (done.state.value, done.approver, done.author) == ("applied", "bob", "ann")
    steps = ("ann", "limits.adjust"), ("bob", "adjustment.approve"), ("bob", "adjustment.apply")
    assert trail(desk) == [(*step, "limits/two-each") for step in steps]
    first, _, last = [one.row for one in desk.file.rows(AuditFilter(after_number=2))]
    assert json.loads(first.before) == {"confirmed": 2}
    assert (json.loads(last.before), json.loads(last.after)["confirmed"]) == ({"confirmed": 2}, 1)
    assert json.loads(last.after)["reason"] == "counted twice"


def test_the_first_outcome_of_two_approvers_stands(desk: Desk, store: SqliteAdjustments) -> None:
    """A step taken again changes nothing and leaves no row."""
    number = store.propose(CALL, 2, "units", "").number
    assert store.propose(CALL, 2, "units", "").number == number
    approved = store.approve(number, "bob")
    assert store.approve(number, "eve") == approved
    failed = store.failed(number, "bob", "takes too much")
    assert (failed.state.value, failed.note) == ("failed", "takes too much")
    assert store.applied(number, "eve", (2, 1)) == failed
    assert [action for _, action, _ in trail(desk)] == [
        "limits.adjust", "adjustment.approve", "adjustment.fail",
    ]  # fmt: skip


def test_nobody_approves_a_change_of_their_own_or_one_that_is_closed(
    desk: Desk, store: SqliteAdjustments
) -> None:
    """Its author may take it back; then it is over, and who closed it is told."""
    number = store.propose(CALL, 2, "units", "").number
    with pytest.raises(Forbidden):
        store.approve(number, "ann")
    closed = store.reject(number, "ann", "was right after all")
    assert (closed.state.value, closed.closed_by) == ("rejected", "ann")
    assert closed.note == "was right after all"
    for step in (lambda: store.approve(number, "bob"), lambda: store.reject(number, "bob", "no")):
        with pytest.raises(Conflict, match="rejected"):
            step()
    assert store.applied(number, "bob", (2, 1)) == closed
    assert trail(desk)[1:] == [("ann", "adjustment.reject", "limits/two-each")]
    with pytest.raises(NotFound):
        store.approve(number + 1, "bob")


def test_an_id_stands_for_one_change(store: SqliteAdjustments) -> None:
    """The same id for more units is an error, not a second change."""
    store.propose(CALL, 2, "units", "")
    with pytest.raises(RequestIdReused):
        store.propose(replace(CALL, delta=-2), 2, "units", "")
    assert [one.delta for one in store.adjustments(None, 9)] == [-1]
