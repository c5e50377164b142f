"""Keys of decisions on their way from memory to the index's file."""

import sqlite3
from pathlib import Path

import pytest

from risk_service.adapters.sqlite.key_index import FILE_NAME, KeyIndex, Keys

ROWS = [
    Keys(8, "dec-1", "req-1", "order-1", 1, "challenge-1"),
    Keys(9, "dec-2", "req-2", "order-2", 1, None),
]


def are_found(index: KeyIndex) -> bool:
    """Tell whether both rows are found by each of their keys."""
    return (
        index.rows_of_requests(["req-1", "req-2", "req-3"]) == {"req-1": 8, "req-2": 9}
        and index.last_of_orders(["order-1", "order-3"]) == {"order-1": (1, 8)}
        and index.rows_of_decisions(["dec-1", "dec-2", "dec-3"]) == {"dec-1": 8, "dec-2": 9}
        and [index.row_of_decision(one) for one in ("dec-2", "dec-3")] == [9, None]
        and [index.row_of_challenge(one) for one in ("challenge-1", "none")] == [8, None]
    )


def test_every_key_is_found_wherever_it_is(tmp_path: Path) -> None:
    """New, being written, and written: a retry or a passed challenge finds its decision."""
    index = KeyIndex(tmp_path)
    index.add(ROWS)
    assert are_found(index)
    index.begin_batch()
    assert are_found(index)
    index.write_batch()
    assert are_found(index)
    index.close()


def test_keys_that_could_not_be_written_are_written_later(tmp_path: Path) -> None:
    """A disk that is full for a while loses no key: a retry would be decided a second time."""
    index = KeyIndex(tmp_path)
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        full = "CREATE TRIGGER full BEFORE INSERT ON requests BEGIN SELECT RAISE(ABORT, 'x'); END"
        db.execute(full)
    index.add(ROWS)
    index.begin_batch()
    with pytest.raises(sqlite3.DatabaseError):
        index.write_batch()
    assert are_found(index)
    assert not index.damaged
    with sqlite3.connect(tmp_path / FILE_NAME) as db:
        db.execute("DROP TRIGGER full")
    index.write_batch()
    index.close()
    again = KeyIndex(tmp_path)
    assert again.reached() == 9
    assert are_found(again)
    again.close()
