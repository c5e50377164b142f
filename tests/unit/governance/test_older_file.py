"""A store that an older version of the service wrote."""

from pathlib import Path

import msgspec
import pytest

from risk_service.adapters.sqlite.connection import connect
from risk_service.adapters.sqlite.governance_schema import GOVERNANCE
from risk_service.adapters.sqlite.schema import FileKind, migrate
from risk_service.domain.audit import AuditFilter
from tests.fixtures.governing import RULES, open_desk


@pytest.mark.parametrize("version", range(1, GOVERNANCE.version))
def test_older_file_goes_on(tmp_path: Path, version: int) -> None:
    """What was in force and the trail are there; the new tables are too."""
    path = tmp_path / "governance.sqlite3"
    older = FileKind(
        name=GOVERNANCE.name,
        application_id=GOVERNANCE.application_id,
        steps=GOVERNANCE.steps[:version],
    )
    db = connect(path, "FULL")
    migrate(db, str(path), older)
    db.execute(
        "INSERT INTO publications (kind, version, state, author, note, created_us, based_on, "
        "sources, approver) VALUES ('rules', 'old', 'active', 'ann', 'n', 1, 0, ?, 'bob')",
        (msgspec.msgpack.encode({"f.toml": "old"}),),
    )
    db.execute("INSERT INTO audit VALUES (1, 1, 'ann', 'rules.publish', 'rules/1', '{}', '{}')")
    db.close()
    desk = open_desk(path)
    active = desk.publications.active(RULES)
    assert active is not None
    assert (active.version, active.approver) == ("old", "bob")
    assert [one.row.actor_id for one in desk.file.rows(AuditFilter(limit=1))] == ["ann"]
    assert desk.file.db.execute("PRAGMA user_version").fetchone()[0] == GOVERNANCE.version
    desk.file.close()
