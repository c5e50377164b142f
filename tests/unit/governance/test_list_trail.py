"""Changes of lists leave a trail that nothing can alter, and can be looked at."""

import sqlite3
from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace

from risk_service.domain.audit import AuditFilter
from risk_service.domain.governed import ChangeKind, ChangeState
from risk_service.domain.listed import EntityKind, ListKind
from risk_service.governance.listing import ListChange
from risk_service.identity.tokenise import Tokeniser
from tests.fixtures.governing import BOB, Desk, open_desk
from tests.fixtures.keys import KEY
from tests.fixtures.records import raw_order

DENY, ALLOW = ListKind.DENY, ListKind.ALLOW


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """Return an empty store."""
    opened = open_desk(tmp_path / "governance.sqlite3")
    yield opened
    opened.file.close()


def test_what_a_change_holds_can_be_looked_at(desk: Desk) -> None:
    """An approver sees the entries, an analyst finds those about one entity."""
    change = desk.add("vip", ALLOW, "a-1", "a-2")
    seen = desk.reader.of_change(change.number, 10)
    assert {(one.state, one.kind, one.author) for one in seen} == {("proposed", ALLOW, "ann")}
    token = Tokeniser(KEY).order(replace(raw_order(), account_id="a-1")).tokens.account
    assert [one.text for one in desk.reader.find(EntityKind.ACCOUNT, token)] == [token]
    assert [(one.list_id, one.live, one.proposed) for one in desk.reader.summaries()] == [
        ("vip", 0, 2)
    ]
    assert [one.kind for one in desk.lists.changes(ChangeState.PROPOSED, 5)] == [
        ChangeKind.LIST_ADD
    ]


def test_trail_follows_the_versions(desk: Desk) -> None:
    """Each row leads from the digest before to the digest after."""
    desk.add("ring", DENY, "a-1")
    change = desk.add("vip", ALLOW, "a-1")
    desk.governance.approve_change(change.number, BOB)
    rows = [one.row for one in desk.file.rows(AuditFilter(after_number=2))]
    assert [(row.actor_id, row.action, row.subject) for row in rows] == [
        ("ann", "list.add", "lists/ring"),
        ("ann", "list.add", "lists/vip"),
        ("bob", "change.approve", "lists/vip"),
    ]
    assert '"sequence":1' in rows[1].before
    assert '"sequence":1' in rows[1].after
    assert '"sequence":2' in rows[2].after


MAY_CHANGE = {
    "publications": {"state", "approver", "decided_us", "closed_by"},
    "changes": {"state", "approver", "decided_us", "closed_by"},
    "list_entries": {"removed_by"},
}


@pytest.mark.parametrize(
    "table", ["audit", "publications", "changes", "lists", "list_terms", "list_entries"]
)
def test_every_other_column_stays_as_written(desk: Desk, table: str) -> None:
    """No column is left out of the triggers, and no row can be deleted."""
    change = desk.add("ring", DENY, "a-1")
    desk.governance.took(
        desk.governance.listing.remove(
            ListChange(list_id="ring", kind=None, author="ann", reason="slip"), [1]
        )
    )
    assert change.number == 1
    columns = {row[1] for row in desk.file.db.execute(f"PRAGMA table_info({table})")}
    for column in columns - MAY_CHANGE.get(table, set()):
        with pytest.raises(sqlite3.IntegrityError, match="stays"):
            desk.file.db.execute(f"UPDATE {table} SET {column} = {column}")  # noqa: S608 - own names
    with pytest.raises(sqlite3.IntegrityError, match="never deleted"):
        desk.file.db.execute(f"DELETE FROM {table}")  # noqa: S608 - own names
    again = {"changes": "state = 'rejected'", "list_entries": "removed_by = 9"}.get(table)
    if again:
        with pytest.raises(sqlite3.IntegrityError, match="stays"):
            desk.file.db.execute(f"UPDATE {table} SET {again}")  # noqa: S608 - own names
