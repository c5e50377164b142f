"""``governance.sqlite3`` under several processes, and under processes that are killed."""

import json
import random
import subprocess
import sys
import time
from hashlib import sha256
from pathlib import Path

import pytest

from risk_service.domain.audit import AuditFilter
from risk_service.domain.listed import ListKind
from risk_service.governance.listing import ListChange
from tests.fixtures.governance_worker import ENTRIES
from tests.fixtures.governing import NOW_US, RULES, Desk, account, open_desk, order

ROUNDS = 12


def start(path: Path, name: str, rounds: int) -> "subprocess.Popen[str]":
    """Start a process that changes what is governed."""
    command = [sys.executable, "-m", "tests.fixtures.governance_worker"]
    return subprocess.Popen(
        [*command, str(path), name, str(rounds)], stdout=subprocess.PIPE, text=True
    )


def told(process: "subprocess.Popen[str]") -> list[dict[str, int]]:
    """Wait for a process and return what it was told is durable."""
    output, _ = process.communicate(timeout=120)
    # A killed process may have printed half a line.
    return [json.loads(line) for line in output.split("\n")[:-1]]


def check_whole(desk: Desk) -> None:
    """Hold the store to what must be true whatever happened to its processes."""
    db = desk.file.db
    assert db.execute("PRAGMA integrity_check").fetchone()[0] == "ok"
    assert db.execute("SELECT count(*) FROM publications WHERE state = 'active'").fetchone()[0] == 2
    changes = db.execute(
        "SELECT number, kind, subject, state, entries, digest, author, approver, "
        "(SELECT count(*) FROM list_entries WHERE added_by = changes.number) FROM changes"
    ).fetchall()
    for number, _, _, _, entries, _, author, approver, there in changes:
        assert there == entries, f"change {number} is half written"
        assert author != approver
    applied = db.execute(
        "SELECT json_extract(after, '$.change') FROM audit WHERE action LIKE '%.add' "
        "AND json_extract(after, '$.state') = 'applied' OR action = 'change.approve' "
        "ORDER BY number"
    ).fetchall()
    digest, kinds = b"", dict(db.execute("SELECT list_id, kind FROM lists").fetchall())
    by_number = {row[0]: row for row in changes}
    for (number,) in applied:
        _, kind, subject, _, _, content, *_ = by_number[number]
        words = json.dumps([number, kind, subject, kinds[subject]]).encode()
        digest = sha256(digest + words + content).digest()
    sequence = desk.lists.sequence()
    assert sequence[0] == len(applied) == sum(row[3] == "applied" for row in changes)
    assert not applied or digest.hex()[:12] in sequence[1]
    numbers = [one.number for one in desk.file.rows(AuditFilter(limit=100_000))]
    assert numbers == list(range(1, len(numbers) + 1))


def test_processes_change_one_store_together(tmp_path: Path) -> None:
    """Nothing is lost, the versions form one chain, and a version that fell behind is refused."""
    path = tmp_path / "governance.sqlite3"
    watcher = open_desk(path)
    processes = [start(path, name, ROUNDS) for name in ("a", "b", "c")]
    lines = [line for process in processes for line in told(process)]
    assert [process.returncode for process in processes] == [0, 0, 0]
    check_whole(watcher)
    done = [line["change"] for line in lines if "change" in line]
    assert len(done) == len(set(done)) == watcher.lists.sequence()[0] == 3 * ROUNDS * 2
    assert sum("active" in line or "behind" in line for line in lines) == 3 * ROUNDS
    watcher.governance.refresh()
    watcher.governance.settle()
    now = watcher.governance.governing.now
    active = watcher.publications.active(RULES)
    assert active is not None
    assert (now.rules.version, now.lists.version) == (active.version, watcher.lists.sequence()[1])
    for name in "abc":
        last = order(f"{name}-{ROUNDS}-{ENTRIES - 1}")
        assert len(now.lists.hits(last, {}, NOW_US)) == 1
    watcher.file.close()


@pytest.mark.parametrize("seed", range(3))
def test_kill_9_leaves_changes_whole(tmp_path: Path, seed: int) -> None:
    """Killed at any moment, a process leaves each change done or not begun, and none lost."""
    path = tmp_path / "governance.sqlite3"
    chance = random.Random(seed)
    acknowledged: list[dict[str, int]] = []
    for life in range(2):
        process = start(path, f"life-{life}", 0)
        assert process.stdout is not None
        first = process.stdout.readline()  # it is at work
        time.sleep(chance.uniform(0.0, 0.25))
        process.kill()
        acknowledged += [json.loads(first), *told(process)]
        desk = open_desk(path)
        check_whole(desk)
        numbers = {row[0] for row in desk.file.db.execute("SELECT number FROM changes "
                   "WHERE state = 'applied'")}  # fmt: skip
        assert {line["change"] for line in acknowledged if "change" in line} <= numbers
        active = [line["active"] for line in acknowledged if "active" in line]
        in_force = desk.publications.active(RULES)
        assert in_force is not None
        assert not active or in_force.number >= active[-1]
        assert desk.governance.governing.now.rules.version == in_force.version
        desk.file.close()


def test_half_an_import_is_nothing(tmp_path: Path) -> None:
    """Entries that wait in a process that ends leave no trace in the store."""
    path = tmp_path / "governance.sqlite3"
    desk = open_desk(path)
    change = ListChange(list_id="ring", kind=ListKind.DENY, author="ann", reason="")
    intake = desk.governance.listing.begin(change)
    intake.put(account(row, f"a-{row}") for row in range(1000))
    desk.file.close()
    again = open_desk(path)
    check_whole(again)
    assert again.reader.summaries() == []
    assert again.file.db.execute("SELECT count(*) FROM list_entries").fetchone()[0] == 0
    again.file.close()
