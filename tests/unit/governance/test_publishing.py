"""Publishing: checked, approved by another person, in force at once, taken back by one command."""

import json
import sqlite3
from pathlib import Path

import pytest

from risk_service.domain.audit import AuditFilter, AuditRow
from risk_service.domain.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
)
from risk_service.domain.governed import PublicationState
from tests.fixtures.governing import ANN, BOB, LIMITS, RULES, Desk, open_desk


def published(desk: Desk, text: str) -> int:
    """Publish rules and return their number."""
    return desk.governance.publishing.publish(RULES, {"f.toml": text}, "ann", "why").number


def versions(desk: Desk) -> tuple[str, str]:
    """Return the versions of rules that are in force and about to be."""
    now = desk.governance.governing.now.rules.version
    desk.governance.settle()
    return now, desk.governance.governing.now.rules.version


def test_what_ships_is_in_force_at_the_first_start(desk: Desk) -> None:
    """Nobody needs to publish before the first order; the trail says who put it there."""
    assert desk.governance.governing.now.rules.version == "rules-1"
    rows = desk.file.rows(AuditFilter())
    assert [(one.row.actor_id, one.row.action) for one in rows] == [
        ("operator", "rules.start"),
        ("operator", "limits.start"),
    ]


def test_approved_version_is_in_force_and_the_old_one_retired(desk: Desk) -> None:
    """Publishing changes nothing; approving does, at the next turn of the deciding thread."""
    number = published(desk, "rules-2")
    assert versions(desk) == ("rules-1", "rules-1")
    done = desk.governance.approve(RULES, number, "rules-2", BOB)
    assert (done.state, done.author, done.approver) == (PublicationState.ACTIVE, "ann", "bob")
    assert versions(desk) == ("rules-1", "rules-2")
    states = {one.number: one.state for one in desk.publications.publications(RULES, 10)}
    assert states == {1: "retired", number: "active"}
    assert desk.governance.governing.now.limits.version == "limits-1"


def test_author_cannot_approve(desk: Desk) -> None:
    """The database itself refuses; nothing of the attempt stays, not even in the trail."""
    number = published(desk, "rules-2")
    before = len(desk.file.rows(AuditFilter()))
    with pytest.raises(Forbidden, match="the author of a change cannot approve it"):
        desk.governance.approve(RULES, number, "rules-2", ANN)
    assert versions(desk) == ("rules-1", "rules-1")
    assert len(desk.file.rows(AuditFilter())) == before
    with pytest.raises(sqlite3.IntegrityError, match="four_eyes"):
        desk.file.db.execute(
            "UPDATE publications SET approver = ' ANN' WHERE number = ?", (number,)
        )


def test_broken_sources_are_never_kept(desk: Desk) -> None:
    """The fault names file and line; neither proposal nor trail has anything of it."""
    before = len(desk.file.rows(AuditFilter()))
    with pytest.raises(InvalidInput, match=r"f.toml:3: does not load"):
        published(desk, "broken")
    assert len(desk.publications.publications(RULES, 10)) == 1
    assert len(desk.file.rows(AuditFilter())) == before


@pytest.mark.parametrize(
    ("note", "fault"),
    [
        ("", "must be 1 to 500 printable"),
        ("  ", "must be 1 to 500 printable"),
        ("x" * 501, "must be 1 to 500 printable"),
        ("fine\x1b[2K\rhides itself", r".*U\+001B"),
        ("two\nlines", r".*U\+000A"),
        ("\n# number 8, approved", r".*U\+000A"),
        ("he is 13800138000", "holds what looks like a phone"),
        ("he is 138\u30000013\u30008000", "holds what looks like a phone"),
    ],
    ids=["none", "blank", "long", "escapes", "lines", "line before", "phone", "blanks"],
)
def test_reason_must_be_given(desk: Desk, note: str, fault: str) -> None:
    """Whoever looks later wants to know why, in a terminal that shows all, and not who."""
    with pytest.raises(InvalidInput, match=f"note: {fault}"):
        desk.governance.publishing.publish(RULES, {"f.toml": "rules-2"}, "ann", note)


@pytest.mark.parametrize("blank", ["\u3000", "\u00a0"], ids=["full width", "no break"])
def test_reason_may_hold_other_blanks(desk: Desk, blank: str) -> None:
    """Chinese and tables are written with them, and they are shown like any other."""
    note = f"{blank}团伙{blank}刷单{blank}"
    desk.governance.publishing.publish(RULES, {"f.toml": "rules-2"}, "ann", note)
    assert desk.publications.publications(RULES, 1)[0].note == note


def test_approval_names_what_was_looked_at(desk: Desk) -> None:
    """Another version under the number, or another state, is no longer what was approved."""
    number = published(desk, "rules-2")
    with pytest.raises(Conflict, match="is rules-2, not rules-9"):
        desk.governance.approve(RULES, number, "rules-9", BOB)
    with pytest.raises(NotFound, match="no limits have the number"):
        desk.governance.approve(LIMITS, number, "rules-2", BOB)
    desk.governance.approve(RULES, number, "rules-2", BOB)
    with pytest.raises(Conflict, match="is active, not proposed"):
        desk.governance.approve(RULES, number, "rules-2", BOB)


def test_proposal_falls_behind_when_another_comes_into_force(desk: Desk) -> None:
    """Two people who start from the same version cannot undo each other without noticing."""
    first, second = published(desk, "rules-2"), published(desk, "rules-3")
    desk.governance.approve(RULES, second, "rules-3", BOB)
    with pytest.raises(Conflict, match=r"number 1 was in force; now it is 4: publish it again"):
        desk.governance.approve(RULES, first, "rules-2", BOB)


def test_same_version_is_proposed_once(desk: Desk) -> None:
    """What is in force or waits already need not be published again."""
    published(desk, "rules-2")
    with pytest.raises(Conflict, match="proposed already"):
        published(desk, "rules-2")
    with pytest.raises(Conflict, match="in force"):
        published(desk, "rules-1")


def test_rollback_goes_back_by_itself_and_further(desk: Desk) -> None:
    """One command takes the last version back; the next one goes further, never forth."""
    for text in ("rules-2", "rules-3"):
        desk.governance.approve(RULES, published(desk, text), text, BOB)
    assert desk.governance.rollback(RULES, 0, ANN, "bad").version == "rules-2"
    assert versions(desk)[1] == "rules-2"
    assert desk.governance.rollback(RULES, 0, ANN, "bad").version == "rules-1"
    with pytest.raises(NotFound, match="no rules were in force before"):
        desk.governance.rollback(RULES, 0, ANN, "bad")
    newest = max(one.number for one in desk.publications.publications(RULES, 10))
    assert desk.governance.rollback(RULES, newest, ANN, "good after all").version == "rules-3"
    assert versions(desk)[1] == "rules-3"


def test_rollback_brings_back_nothing_that_was_taken_back(desk: Desk) -> None:
    """What hurt once is skipped: it goes to what the version in force took the place of."""
    desk.governance.approve(RULES, published(desk, "rules-bad"), "rules-bad", BOB)
    desk.governance.rollback(RULES, 0, ANN, "denies everybody")
    desk.governance.approve(RULES, published(desk, "rules-3"), "rules-3", BOB)
    assert desk.governance.rollback(RULES, 0, ANN, "denies too many").version == "rules-1"
    with pytest.raises(NotFound, match="no rules were in force before number 1"):
        desk.governance.rollback(RULES, 0, ANN, "further")


def test_rollback_goes_only_to_what_was_approved(desk: Desk) -> None:
    """A proposal or a rejected version is no way around the second person."""
    number = published(desk, "rules-2")
    with pytest.raises(Conflict, match="is proposed; a rollback goes to"):
        desk.governance.rollback(RULES, number, ANN, "try")
    rejected = desk.publications.reject(RULES, number, "ann", "changed my mind")
    assert (rejected.state, rejected.closed_by, rejected.approver) == ("rejected", "ann", "")
    with pytest.raises(Conflict, match="is rejected"):
        desk.governance.rollback(RULES, number, ANN, "try")


def test_trail_has_before_and_after(desk: Desk) -> None:
    """Every change left a row: who, what, from what, to what, and why."""
    number = published(desk, "rules-2")
    desk.governance.approve(RULES, number, "rules-2", BOB)
    desk.governance.rollback(RULES, 0, ANN, "hurts honest orders")
    third = published(desk, "rules-3")
    desk.publications.reject(RULES, third, "eve", "too harsh")
    rows = [one.row for one in desk.file.rows(AuditFilter(after_number=2))]
    assert [(row.actor_id, row.action, row.subject) for row in rows] == [
        ("ann", "rules.publish", f"rules/{number}"),
        ("bob", "rules.approve", f"rules/{number}"),
        ("ann", "rules.rollback", "rules/1"),
        ("ann", "rules.publish", f"rules/{third}"),
        ("eve", "rules.reject", f"rules/{third}"),
    ]
    assert json.loads(rows[0].after)["note"]
    assert json.loads(rows[1].before) == {"in_force": "rules-1"}
    assert json.loads(rows[1].after) == {"version": "rules-2"}
    assert json.loads(rows[2].after) == {"note": "hurts honest orders", "version": "rules-1"}
    closed = {"state": "rejected", "version": "rules-3", "note": "too harsh"}
    assert json.loads(rows[4].after) == closed


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit SET actor_id = 'x'",
        "DELETE FROM audit",
        "REPLACE INTO audit SELECT number, 1, 'x', 'x', 'x', 'x', 'x' FROM audit",
        "UPDATE publications SET sources = x'00'",
        "UPDATE publications SET author = 'x'",
        "UPDATE publications SET approver = 'x'",
        "DELETE FROM publications",
        "UPDATE publications SET state = 'active', approver = NULL WHERE number = 3",
        "UPDATE publications SET state = 'active', approver = 'bob' WHERE number = 3",
    ],
)
def test_what_was_written_stays(desk: Desk, statement: str) -> None:
    """Neither the trail nor a version can be changed, deleted or put in force by the way."""
    published(desk, "rules-2")
    before = desk.file.rows(AuditFilter())
    with pytest.raises(sqlite3.IntegrityError):
        desk.file.db.execute(statement)
    assert desk.file.rows(AuditFilter()) == before


def test_trail_can_be_asked(desk: Desk) -> None:
    """By actor, action, subject, and page by page."""
    number = published(desk, "rules-2")
    assert len(desk.file.rows(AuditFilter(actor_id="operator"))) == 2
    assert len(desk.file.rows(AuditFilter(action="rules.publish"))) == 1
    assert len(desk.file.rows(AuditFilter(subject=f"rules/{number}"))) == 1
    assert [one.number for one in desk.file.rows(AuditFilter(limit=1))] == [1]
    assert [one.number for one in desk.file.rows(AuditFilter(after_number=1))] == [2, 3]


def test_row_of_its_own_is_appended(desk: Desk) -> None:
    """What happens outside this file can leave its row as well."""
    row = AuditRow(
        at_us=1, actor_id="ann", action="limit.adjust", subject="limits/x", before="{}", after="{}"
    )
    number = desk.file.append(row)
    assert desk.file.rows(AuditFilter(action="limit.adjust"))[0].number == number


def test_operators_file_counts_until_somebody_publishes(tmp_path: Path) -> None:
    """A new file at the start replaces what the operator gave, never what people approved."""
    path = tmp_path / "governance.sqlite3"
    for text in ("rules-1", "rules-1b"):
        desk = open_desk(path, {RULES: text})
        assert desk.governance.governing.now.rules.version == text
        desk.file.close()
    desk = open_desk(path, {RULES: "rules-1b"})
    number = published(desk, "rules-2")
    desk.governance.approve(RULES, number, "rules-2", BOB)
    desk.file.close()
    desk = open_desk(path, {RULES: "rules-3"})
    assert desk.governance.governing.now.rules.version == "rules-2"
    desk.file.close()
