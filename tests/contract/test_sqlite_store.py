"""What only the SQLite store must hold: foreign files, locks, a WAL that grows."""

import sqlite3
from pathlib import Path

import pytest

from risk_service.adapters.sqlite.decisions import FILE_NAME, SqliteDecisionStore
from risk_service.adapters.sqlite.key_filter import KeyFilter
from risk_service.adapters.sqlite.key_index import BATCH_ROWS, KeyIndex
from risk_service.adapters.sqlite.key_index import FILE_NAME as INDEX_NAME
from risk_service.adapters.sqlite.lock import StateLock
from risk_service.adapters.sqlite.read_only import read_record
from risk_service.adapters.sqlite.schema import DECISION_LOG
from risk_service.domain.errors import ConfigFault, DecisionNotFound, StoreUnavailable
from tests.fixtures.records import record


def test_locked_database_is_unavailable_and_half_of_nothing(tmp_path: Path) -> None:
    """A commit that cannot get the lock writes nothing; a later one is fine."""
    store = SqliteDecisionStore(tmp_path)
    other = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable):
        store.commit([record("a"), record("b", order_id="o-2")])
    other.execute("ROLLBACK")
    other.close()
    assert store.by_request_ids(["a", "b"]) == {}
    store.commit([record("a")])
    assert "a" in store.by_request_ids(["a"])
    store.close()


def test_full_disk_is_unavailable_and_half_of_nothing(tmp_path: Path) -> None:
    """When there is no room for the group, none of it is there."""
    store = SqliteDecisionStore(tmp_path)
    store.commit([record("before", order_id="o-0")])
    pages = store._db.execute("PRAGMA page_count").fetchone()[0]
    store._db.execute(f"PRAGMA max_page_count = {pages + 1}")
    group = [record(f"r{i}", order_id=f"o{i}") for i in range(1, 200)]
    with pytest.raises(StoreUnavailable, match="full"):
        store.commit(group)
    assert store.by_request_ids([one.decision.request_id for one in group]) == {}
    assert "before" in store.by_request_ids(["before"])
    store.close()


def test_foreign_file_is_refused(tmp_path: Path) -> None:
    """A database of another program is left alone."""
    other = sqlite3.connect(tmp_path / FILE_NAME)
    other.execute("CREATE TABLE theirs (x)")
    other.close()
    with pytest.raises(ConfigFault, match="not a decision store"):
        SqliteDecisionStore(tmp_path)


def test_newer_schema_is_refused(tmp_path: Path) -> None:
    """An older service does not touch the file of a newer one."""
    SqliteDecisionStore(tmp_path).close()
    newer = sqlite3.connect(tmp_path / FILE_NAME)
    newer.execute(f"PRAGMA user_version = {DECISION_LOG.version + 1}")
    newer.close()
    with pytest.raises(ConfigFault, match="newer service"):
        SqliteDecisionStore(tmp_path)


def test_wal_stays_bounded(tmp_path: Path) -> None:
    """However much is written, the WAL starts afresh near its limit."""
    limit = 512 * 1024
    store = SqliteDecisionStore(tmp_path, wal_bytes_max=limit)
    for group in range(60):
        store.commit([record(f"{group}-{i}", order_id=f"{group}-{i}") for i in range(16)])
    assert (tmp_path / f"{FILE_NAME}-wal").stat().st_size < 4 * limit
    store.close()
    again = SqliteDecisionStore(tmp_path)
    assert len(again.by_request_ids([f"{group}-0" for group in range(60)])) == 60
    again.close()


class NoRoom:
    """A connection on a disk that is full once something has been committed."""

    def execute(self, _sql: str) -> sqlite3.Cursor:
        """Refuse."""
        raise sqlite3.OperationalError("database or disk is full")


def test_what_is_durable_is_not_said_to_have_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Holds would be taken back for it elsewhere; what is due behind a commit is done later."""
    store = SqliteDecisionStore(tmp_path, wal_bytes_max=1)
    with monkeypatch.context() as patched:
        patched.setattr(store._wal, "_db", NoRoom())
        store.commit([record("a")])
        patched.setattr(store, "_replace_index", lambda: NoRoom().execute(""))
        store._index.damaged = True
        store.commit([record("b", order_id="o-2")])
    assert store.by_request_ids(["a", "b"]).keys() == {"a", "b"}
    assert caplog.messages == ["wal_not_copied", "housekeeping_failed", "wal_not_copied"]
    store.commit([record("c", order_id="o-3")])
    assert not store._index.damaged
    store.close()


def test_directory_has_one_owner_at_a_time(tmp_path: Path) -> None:
    """The lock is refused while it is held and had once it is released; others cannot look in."""
    lock = StateLock(tmp_path / "state")
    assert (tmp_path / "state").stat().st_mode & 0o077 == 0
    with pytest.raises(ConfigFault, match="in use"):
        StateLock(tmp_path / "state")
    lock.release()
    StateLock(tmp_path / "state").release()


def _committed(directory: Path, groups: int) -> list[str]:
    """Commit groups of 16 to a fresh store and return their request ids."""
    store = SqliteDecisionStore(directory)
    ids = [f"r{n}" for n in range(groups * 16)]
    for at in range(0, len(ids), 16):
        store.commit([record(one, order_id=f"o-{one}") for one in ids[at : at + 16]])
    store.close()
    return ids


@pytest.mark.parametrize("damage", ["lost", "overwritten", "behind"])
def test_key_index_is_remade_from_the_log(tmp_path: Path, damage: str) -> None:
    """Whatever becomes of the index, every decision is found by all of its keys."""
    ids = _committed(tmp_path, groups=300)
    index = tmp_path / INDEX_NAME
    if damage == "lost":
        index.unlink()
    elif damage == "overwritten":
        index.write_bytes(b"no database at all" * 1000)
    else:
        _forget_newest(index, 100)
    store = SqliteDecisionStore(tmp_path)
    assert set(store.by_request_ids(ids)) == set(ids)
    assert store.last_numbers([f"o-{one}" for one in ids]) == {f"o-{one}": 1 for one in ids}
    last = store.latest_of_order(f"o-{ids[-1]}")
    assert last is not None
    assert store.by_decision_id(last.decision.decision_id) == last
    store.close()


def _forget_newest(index: Path, rows: int) -> None:
    """Leave the index as a power cut may: without its last transaction."""
    db = sqlite3.connect(index)
    reached = db.execute("SELECT seq FROM reached").fetchone()[0] - rows
    for table in ("requests", "orders", "decision_ids", "challenges"):
        db.execute(f"DELETE FROM {table} WHERE seq > ?", (reached,))  # noqa: S608 - our own tables
    db.execute("UPDATE reached SET seq = ?", (reached,))
    db.commit()
    db.close()


def test_keys_are_found_while_a_batch_of_them_is_written(tmp_path: Path) -> None:
    """At no moment of the hand-over from memory to file is a committed key missing."""
    store = SqliteDecisionStore(tmp_path)
    for group in range(2 * BATCH_ROWS // 64 + 8):
        ids = [f"{group}-{n}" for n in range(64)]
        store.commit([record(one, order_id=one) for one in ids])
        assert set(store.by_request_ids([*ids, "0-0"])) == {*ids, "0-0"}
        assert store.last_numbers(["0-0", ids[-1]]) == {"0-0": 1, ids[-1]: 1}
    store.close()


def test_repeated_key_of_the_newest_rows_is_refused(tmp_path: Path) -> None:
    """A caller that did not look cannot number an order twice."""
    store = SqliteDecisionStore(tmp_path)
    store.commit([record("r-1", order_id="o", number=1)])
    with pytest.raises(ValueError, match="already"):
        store.commit([record("r-2", order_id="o", number=1)])
    assert store.by_request_ids(["r-2"]) == {}
    store.close()


@pytest.mark.parametrize("others", ["xaybz", "x"])
def test_index_of_another_log_is_not_believed(tmp_path: Path, others: str) -> None:
    """A log put back from a backup beside another index: no answer of rows that it has not."""
    kept, later = tmp_path / "kept", tmp_path / "later"
    for directory, ids in ((kept, "ab"), (later, others)):
        directory.mkdir()
        store = SqliteDecisionStore(directory)
        for one in ids:
            store.commit([record(one, order_id=f"o-{one}")])
        store.close()
    (later / FILE_NAME).write_bytes((kept / FILE_NAME).read_bytes())
    for one in "ab":
        assert read_record(later, "request_id", one).decision.request_id == one
    with pytest.raises(DecisionNotFound):
        read_record(later, "request_id", "z")
    store = SqliteDecisionStore(later)
    store.commit([record("c", order_id="o-c")])
    found = store.by_request_ids(["a", "b", "c", "x", "y", "z"])
    assert {key: one.decision.request_id for key, one in found.items()} == {
        one: one for one in "abc"
    }
    assert store.last_numbers(["o-a", "o-x"]) == {"o-a": 1}
    store.close()


@pytest.mark.parametrize("table", ["requests", "orders", "decision_ids"])
def test_index_damaged_while_in_use_is_remade(tmp_path: Path, table: str) -> None:
    """A page of noise in the index costs a pass over the log, no decision and no outage."""
    ids = _committed(tmp_path, groups=300)
    index = tmp_path / INDEX_NAME
    store = SqliteDecisionStore(tmp_path)
    _spoil_root(index, table)
    for at in range(0, 2 * BATCH_ROWS, 64):
        store.commit([record(f"n{n}", order_id=f"o-n{n}") for n in range(at, at + 64)])
        assert store.last_numbers([f"o-{ids[0]}"]) == {f"o-{ids[0]}": 1}
    assert set(store.by_request_ids(ids)) == set(ids)
    decision_id = store.by_request_ids(ids[:1])[ids[0]].decision.decision_id
    assert store.by_decision_id(decision_id) is not None
    store.close()
    again = SqliteDecisionStore(tmp_path)
    assert set(again.by_request_ids([*ids, "n0", "n8191"])) == {*ids, "n0", "n8191"}
    again.close()


@pytest.mark.parametrize("table", ["requests", "orders", "decision_ids"])
def test_index_damaged_before_the_end_is_left_to_the_next_start(tmp_path: Path, table: str) -> None:
    """A stop that meets the damage is a clean stop, and every key is found after it."""
    ids = _committed(tmp_path, groups=300)
    store = SqliteDecisionStore(tmp_path)
    _spoil_root(tmp_path / INDEX_NAME, table)
    store.commit([record("last", order_id="o-last")])
    store.close()
    again = SqliteDecisionStore(tmp_path)
    assert set(again.by_request_ids([*ids, "last"])) == {*ids, "last"}
    assert again.last_numbers(["o-last"]) == {"o-last": 1}
    again.close()


def _spoil_root(index: Path, table: str) -> None:
    """Overwrite the page that a table's look-ups begin with."""
    db = sqlite3.connect(index)
    page = db.execute("SELECT rootpage FROM sqlite_master WHERE name = ?", (table,)).fetchone()[0]
    size = db.execute("PRAGMA page_size").fetchone()[0]
    db.close()
    with index.open("r+b") as file:
        file.seek((page - 1) * size)
        file.write(b"\xa5" * size)


def test_keys_of_a_file_that_was_there_are_learned(tmp_path: Path) -> None:
    """After a start every key is found, before the filters know the file and after."""
    ids = _committed(tmp_path, groups=2 * BATCH_ROWS // 16 + 8)
    index = KeyIndex(tmp_path)
    asked = [*ids, "never", "o-never"]
    while True:
        assert set(index.rows_of_requests(asked)) == set(ids)
        assert set(index.last_of_orders([f"o-{one}" for one in asked])) == {f"o-{i}" for i in ids}
        if index.has_learned:
            break
        index.learn()
    index.close()


def test_a_filter_never_misses_a_key_and_seldom_knows_another() -> None:
    """Whatever was added may be there; of what was not, next to nothing after few keys."""
    known = KeyFilter()
    added = [f"key-{n}" for n in range(10_000)]
    known.add(added)
    assert known.known(added) == added
    assert len(known.known([f"other-{n}" for n in range(10_000)])) < 100
