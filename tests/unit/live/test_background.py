"""Housekeeping threads give way to the thread that answers."""

import os
import sqlite3
import sys
import threading
from collections.abc import Callable

import pytest

from risk_service.adapters import background
from risk_service.adapters.background import NICENESS, NICEST, give_way, in_turns

LONG = (
    "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n WHERE x < 20000) "
    "SELECT sum(x) FROM n"
)
SUM = 20000 * 20001 // 2


class Stop(threading.Event):
    """Counts how often somebody rested."""

    def __init__(self) -> None:
        super().__init__()
        self.rests = 0

    def wait(self, timeout: float | None = None) -> bool:
        """Count, and rest no longer than a moment."""
        assert timeout == background.REST_S
        self.rests += 1
        return super().wait(0)


def on_a_thread(work: Callable[[], None]) -> None:
    """Do something on a thread of its own, whose priority may fall."""
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows priorities of threads")
def test_only_the_thread_that_asks_gives_way() -> None:
    """Its priority falls, that of the others stays."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    seen: list[int] = []

    def work() -> None:
        give_way(threading.Event())
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    on_a_thread(work)
    assert seen == [min(before + NICENESS, NICEST)]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before


def test_a_long_statement_rests_where_a_thread_gives_way() -> None:
    """And only there: who opens or closes a file, or has somebody waiting, does not rest."""
    db = in_turns(sqlite3.connect(":memory:", check_same_thread=False))
    stop, found = Stop(), []

    def ask() -> None:
        found.append(db.execute(LONG).fetchone()[0])

    def rest_and_ask() -> None:
        give_way(stop)
        ask()

    def give_way_and_ask() -> None:
        give_way()
        ask()

    on_a_thread(rest_and_ask)
    assert stop.rests > 10
    rests = stop.rests
    for work in (ask, give_way_and_ask):
        on_a_thread(work)
    assert found == [SUM, SUM, SUM]
    assert stop.rests == rests


def test_a_statement_is_finished_though_its_thread_is_to_end() -> None:
    """What is being written when the service stops is written."""
    db = in_turns(sqlite3.connect(":memory:", check_same_thread=False))
    stop, found = threading.Event(), []
    stop.set()

    def work() -> None:
        give_way(stop)
        found.append(db.execute(LONG).fetchone()[0])

    on_a_thread(work)
    assert found == [SUM]
