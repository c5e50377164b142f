"""Threads that keep house: they take the processor when nobody who answers wants it."""

import logging
import os
import sqlite3
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager

log = logging.getLogger(__name__)

# Of the weight that the loop's thread has, a tenth.
NICENESS = 10
NICEST = 19


def give_way() -> None:
    """Lower the priority of the calling thread for good.

    On one core a thread that copies pages would else get half of the time while orders wait.
    Only Linux knows priorities of threads.
    """
    if sys.platform == "linux":
        thread = threading.get_native_id()
        nice = os.getpriority(os.PRIO_PROCESS, thread) + NICENESS
        os.setpriority(os.PRIO_PROCESS, thread, min(nice, NICEST))


@contextmanager
def trying(failed: str) -> Iterator[None]:
    """Log what fails inside, so that the next round tries again.

    Nothing is lost by it: logs have what caches and indexes could not be given. A bug as well
    must not end a thread without a word, or what it keeps small would grow from then on.

    Parameters
    ----------
    failed
        What the log calls it.
    """
    try:
        yield
    except sqlite3.DatabaseError as error:
        log.warning(failed, extra={"error_type": type(error).__name__})
    except Exception:
        log.exception(failed)
