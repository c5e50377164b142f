"""What is read about a person out of the governance file of services of now and of before."""

import sqlite3
from pathlib import Path

import pytest

from risk_service.adapters.sqlite.adjustments import SqliteAdjustments
from risk_service.adapters.sqlite.governance import GovernanceFile
from risk_service.adapters.sqlite.governance_read import ReadGovernance, SqliteReadingTrail
from risk_service.adapters.sqlite.governance_schema import FILE_NAME, GOVERNANCE
from risk_service.adapters.sqlite.person_governed import SqliteGovernedRows
from risk_service.domain.errors import ConfigFault
from risk_service.domain.listed import EntityKind, ListKind
from risk_service.domain.person import Identifier
from risk_service.domain.reservation import Adjust
from tests.fixtures.governing import NOW_US, open_desk

ANN, BOB = (f"k1:{digit * 32}" for digit in "ab")
OF_ANN = Identifier(kind=EntityKind.ACCOUNT, token=ANN)


@pytest.mark.parametrize("version", range(1, GOVERNANCE.version + 1))
def test_a_file_of_any_version_is_read_as_it_is(tmp_path: Path, version: int) -> None:
    """Nothing is migrated: an older service may have it open; the trace is written all the same."""
    path = tmp_path / FILE_NAME
    db = sqlite3.connect(path)
    for step in GOVERNANCE.steps[:version]:
        db.executescript(step)
    db.execute(f"PRAGMA application_id = {GOVERNANCE.application_id}")
    db.execute(f"PRAGMA user_version = {version}")
    if version >= 2:
        db.execute(
            "INSERT INTO adjustments (adjustment_id, policy_id, subject, token, scope, delta, "
            "reason, author, state, created_us) VALUES ('a', 'p', 'account', ?, '', 1, 'why', "
            "'ann', 'proposed', 1)",
            (ANN,),
        )
    db.commit()
    db.close()
    SqliteReadingTrail(path, lambda: 7).note("os:ann", ["person/account/x"], {"why": "appeal"})
    file = ReadGovernance(path)
    rows = SqliteGovernedRows(file, lambda: NOW_US)
    assert list(rows.entries(OF_ANN)) == []
    assert [one.token for one in rows.adjustments([ANN])] == [ANN] * (version >= 2)
    assert list(rows.adjustments([BOB])) == list(rows.adjustments([])) == []
    assert file.db.execute("PRAGMA user_version").fetchone() == (version,)
    trail = file.db.execute("SELECT number, at_us, actor_id, subject, after FROM audit").fetchall()
    assert trail == [(1, 7, "os:ann", "person/account/x", '{"why":"appeal"}')]
    file.close()


def test_entries_and_adjustments_are_read_beside_who_writes_them(tmp_path: Path) -> None:
    """Those that were taken out too; the file cannot be changed through this."""
    desk = open_desk(tmp_path / FILE_NAME)
    change = desk.add("ring", ListKind.DENY, "acc-1")
    (entry,) = desk.reader.of_change(change.number, 9)
    adjust = Adjust(
        adjustment_id="adj-1", actor_id="ann", policy_id="two-each", subject="account",
        token=entry.text, scope="", delta=-1, reason="a mistake",
    )  # fmt: skip
    SqliteAdjustments(desk.file).propose(adjust, 2, "units", "")
    file = ReadGovernance(tmp_path / FILE_NAME)
    rows = SqliteGovernedRows(file, lambda: NOW_US)
    listed = Identifier(kind=EntityKind.ACCOUNT, token=entry.text)
    assert [one.terms.list_id for one in rows.entries(listed)] == ["ring"]
    other_kind = Identifier(kind=EntityKind.DEVICE, token=entry.text)
    other_key = Identifier(kind=EntityKind.ACCOUNT, token=f"k9{entry.text[2:]}")
    assert [*rows.entries(other_kind), *rows.entries(other_key)] == []
    assert [one.delta for one in rows.adjustments([entry.text])] == [-1]
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        file.db.execute("DELETE FROM list_removals")
    file.close()


def test_a_trace_waits_for_another_writer_and_leaves_nothing_by_half(tmp_path: Path) -> None:
    """A row for each subject, or none."""
    path = tmp_path / FILE_NAME
    GovernanceFile(path, lambda: 1).close()
    trail = SqliteReadingTrail(path, lambda: 7)
    with pytest.raises(Exception, match="NOT NULL"):
        trail.note("os:ann", ["person/a", None], {})  # type: ignore[list-item]  # the fault
    trail.note("os:ann", ["person/a", "person/b"], {})
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT count(*) FROM audit").fetchone() == (2,)
    with pytest.raises(ConfigFault, match="cannot be written"):
        SqliteReadingTrail(tmp_path / "none", lambda: 7).note("os:ann", ["person/a"], {})
