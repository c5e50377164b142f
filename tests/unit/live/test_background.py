"""Housekeeping threads give way to the thread that answers."""

import os
import sys
import threading

import pytest

from risk_service.adapters.background import NICENESS, NICEST, give_way


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux knows priorities of threads")
def test_only_the_thread_that_asks_gives_way() -> None:
    """Its priority falls, that of the others stays."""
    before = os.getpriority(os.PRIO_PROCESS, 0)
    seen: list[int] = []

    def work() -> None:
        give_way()
        seen.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [min(before + NICENESS, NICEST)]
    assert os.getpriority(os.PRIO_PROCESS, 0) == before
