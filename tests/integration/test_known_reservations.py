"""Reservations that are certainly not there are not looked for; the others are found."""

import threading
from pathlib import Path

import pytest

from risk_service.adapters.sqlite import known_reservations as module
from risk_service.adapters.sqlite.key_filter import KeyFilter
from risk_service.adapters.sqlite.known_reservations import KnownReservations
from risk_service.adapters.sqlite.ledger import SqliteLedger
from risk_service.domain.reservation import HoldRequest, Reserve
from tests.fixtures.counters import opened
from tests.fixtures.ledger_calls import TTL_US
from tests.fixtures.ledgers import START_US, demand

NAMES = ["o1", "订单-2", "carried\x1fo3", "a\x00b", "o 5", "-", 'x"y', "o8", "o9", "o10"]


def take(ledger: SqliteLedger, name: str) -> None:
    """Reserve something under an id."""
    hold = HoldRequest(demand=demand(name), ttl_us=TTL_US)
    ledger.run([Reserve(hold=hold)], START_US)


def learned(ledger: SqliteLedger) -> KnownReservations:
    """Return what a ledger knows of its file, all of it."""
    known = ledger._rows._known
    known._thread.join()
    assert known.has_learned
    return known


def reads(ledger: SqliteLedger, name: str) -> list[str]:
    """Return the statements that looking for a reservation takes."""
    told: list[str] = []
    ledger._rows._db.set_trace_callback(told.append)
    ledger._rows.fetch([name])
    ledger._rows._db.set_trace_callback(None)
    return told


def test_a_new_reservation_is_not_looked_for(tmp_path: Path) -> None:
    """An order that nobody has seen costs no statement; one that holds something is read."""
    ledger = opened(tmp_path)
    learned(ledger)
    assert reads(ledger, "o1") == []
    take(ledger, "o1")
    assert len(reads(ledger, "o1")) == 1
    assert ledger._rows.reservation("o1") is not None
    ledger.close()


def test_what_the_file_had_is_found_after_a_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every id of before is known, whatever it is made of and however many slices it takes."""
    monkeypatch.setattr(module, "LEARNED_AT_ONCE", 3)
    ledger = opened(tmp_path)
    for name in NAMES:
        take(ledger, name)
    ledger.close()
    again = opened(tmp_path)
    assert learned(again).possible(NAMES) == NAMES
    assert all(len(reads(again, name)) == 1 for name in NAMES)
    assert reads(again, "o11") == []
    again.close()


def test_until_all_is_learned_every_reservation_is_looked_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the thread has not come to yet is found too, and a stop does not wait for the rest."""
    ledger = opened(tmp_path)
    for name in NAMES:
        take(ledger, name)
    ledger.close()
    monkeypatch.setattr(module, "LEARNED_AT_ONCE", 1)
    begun, go_on = threading.Event(), threading.Event()

    def held_up(_filter: KeyFilter, _keys: list[str]) -> None:
        begun.set()
        go_on.wait()

    monkeypatch.setattr(KeyFilter, "add", held_up)
    again = opened(tmp_path)
    begun.wait()
    assert not again._rows._known.has_learned
    assert all(len(reads(again, name)) == 1 for name in (*NAMES, "o11"))
    threading.Timer(0.1, go_on.set).start()
    again.close()
    assert not again._rows._known.has_learned
