"""Counters that something else has changed are found and set right, on every ledger."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from risk_service.adapters.sqlite.counters import FILE_NAME
from risk_service.domain.reservation import Confirm
from risk_service.domain.vocabulary import Outcome
from tests.fixtures.ledger_calls import done, granted, in_use, reserve
from tests.fixtures.ledgers import START_US, LedgerHouse, SqliteHouse, demand
from tests.fixtures.postgres_ledgers import PostgresHouse


def damaged(house: LedgerHouse, directory: Path, sql: str) -> None:
    """Change the cells of counters behind the ledger's back."""
    if isinstance(house, SqliteHouse):
        house.ledger.reconcile(repair=False, now_us=START_US)
        with closing(sqlite3.connect(directory / FILE_NAME)) as db:
            db.execute(sql.format(cells="limit_cells"))
            db.commit()
        house.restart()
        return
    assert isinstance(house, PostgresHouse)
    house.ledger._session.rows(sql.format(cells="ledger_cells"), ())


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE {cells} SET confirmed = confirmed + 1, held = held + 2",
        "UPDATE {cells} SET held = 0",
        "DELETE FROM {cells}",
    ],
)
def test_counters_are_set_right(house: LedgerHouse, tmp_path: Path, change: str) -> None:
    """Told with both figures, left alone until a repair is asked for, and then right."""
    for name in ("o1", "o2"):
        reserve(house, demand(name))
    done(house, Confirm(reservation_id="o1"))
    damaged(house, tmp_path, change)
    for repair in (False, True):
        found = house.ledger.reconcile(repair=repair, now_us=START_US)
        assert {one.ledger for one in found} == {(1, 1)}
        assert all(one.counted != one.ledger for one in found)
    assert in_use(house) == (1, 1)
    house.restart()
    assert in_use(house) == (1, 1)
    assert granted(reserve(house, demand("o3")))[0] is Outcome.DENY
