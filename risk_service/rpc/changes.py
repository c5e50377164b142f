"""The thread on which governance changes run, so that no order waits for one.

One thread: changes come one after the other, and the store has one user. What a change puts in
force is taken over on the event loop, between two groups of orders.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from risk_service.governance.governance import Governance

Result = TypeVar("Result")


class Changes:
    """Runs what people ask of governance.

    Attributes
    ----------
    thread
        For whoever uses the store outside a call.
    """

    def __init__(self, governance: Governance) -> None:
        self.governance = governance
        self.thread = ThreadPoolExecutor(max_workers=1, thread_name_prefix="governance")

    async def run(self, work: Callable[[], Result]) -> Result:
        """Do it on the thread, then put in force what came of it."""
        try:
            return await asyncio.get_running_loop().run_in_executor(self.thread, work)
        finally:
            self.governance.settle()

    def close(self) -> None:
        """Wait for what is running; nothing more is begun."""
        self.thread.shutdown(wait=True, cancel_futures=True)
