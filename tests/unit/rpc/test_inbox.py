"""What other threads leave for the event loop."""

import asyncio
import threading
from collections import defaultdict
from functools import partial

from risk_service.rpc.inbox import Inbox


async def test_an_inbox_loses_nothing_that_several_threads_leave() -> None:
    """Each thread's own are called in their order, all on the loop's thread."""
    inbox, each = Inbox(asyncio.get_running_loop()), 5000
    came: dict[int, list[int]] = defaultdict(list)
    threads: set[int] = set()
    all_came = asyncio.Event()

    def note(thread: int, number: int) -> None:
        came[thread].append(number)
        threads.add(threading.get_ident())
        if sum(map(len, came.values())) == 4 * each:
            all_came.set()

    def leave(thread: int) -> None:
        for number in range(each):
            inbox.put(partial(note, thread, number))

    await asyncio.gather(*[asyncio.to_thread(leave, i) for i in range(4)])
    async with asyncio.timeout(30.0):
        await all_came.wait()
    assert all(came[i] == list(range(each)) for i in range(4))
    assert threads == {threading.get_ident()}
