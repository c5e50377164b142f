"""The door of the service: counts the calls inside, and closes before the server stops.

gRPC cancels calls that reach a stopping server before a handler does; behind a closed gate
they are told UNAVAILABLE instead, which callers know to retry elsewhere.
"""

import asyncio

from risk_service.rpc.errors import Stopping


class Gate:
    """Open until ``close``; used on the event loop only."""

    def __init__(self) -> None:
        self._open = True
        self._inside = 0
        self._empty = asyncio.Event()
        self._empty.set()

    def enter(self) -> None:
        """Let a call in.

        Raises
        ------
        Stopping
            The gate is closed.
        """
        if not self._open:
            raise Stopping("the server is stopping; another one will answer")
        self._inside += 1
        if self._inside == 1:
            self._empty.clear()

    def leave(self) -> None:
        """Let a call out that was let in."""
        self._inside -= 1
        if self._inside == 0:
            self._empty.set()

    async def close(self, within_s: float) -> bool:
        """Let nobody in any more and wait; tell whether everybody was out in time."""
        self._open = False
        try:
            await asyncio.wait_for(self._empty.wait(), within_s)
        except TimeoutError:
            return False
        return True
