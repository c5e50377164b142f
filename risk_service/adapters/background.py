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
# SQLite takes some half a millisecond for so many steps of a statement that writes rows.
STEPS_PER_TURN = 2_000
REST_S = 0.001

_here = threading.local()


def give_way(stop: threading.Event | None = None) -> None:
    """Lower the priority of the calling thread for good, and let ``in_turns`` rest on it.

    On one core a thread that copies pages would else get half of the time while orders wait.
    Only Linux knows priorities of threads.

    Parameters
    ----------
    stop
        Set when the thread is to end: then it rests no more. Without it the thread never rests:
        somebody waits for what it does.
    """
    _here.stop = stop
    if sys.platform == "linux":
        thread = threading.get_native_id()
        nice = os.getpriority(os.PRIO_PROCESS, thread) + NICENESS
        os.setpriority(os.PRIO_PROCESS, thread, min(nice, NICEST))


def in_turns(db: sqlite3.Connection) -> sqlite3.Connection:
    """Let statements of a connection rest every so many steps, on threads that give way.

    The priority alone does not do: a thread that had to wait for its tenth of the processor gets
    it in one piece, of five milliseconds and more, while the loop's thread is due.
    """
    db.set_progress_handler(_rest, STEPS_PER_TURN)
    return db


def _rest() -> int:
    stop: threading.Event | None = getattr(_here, "stop", None)
    if stop is not None:
        stop.wait(REST_S)
    return 0  # anything else would break the statement off


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
        # SQLITE_FULL tells more than OperationalError; only what SQLite itself says has it.
        kind = getattr(error, "sqlite_errorname", type(error).__name__)
        log.warning(failed, extra={"error_type": kind})
    except Exception:
        log.exception(failed)
