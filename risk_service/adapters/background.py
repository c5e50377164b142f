"""Threads that keep house: they take the processor when nobody who answers wants it."""

import os
import sys
import threading

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
