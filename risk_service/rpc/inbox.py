"""How the thread that polls gRPC's core leaves calls for whoever handles them."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable

log = logging.getLogger(__name__)


class Inbox:
    """What other threads leave for the event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._left: deque[Callable[[], None]] = deque()
        self._is_told = False

    def put(self, one: Callable[[], None]) -> None:
        """Leave something that the loop shall call; any thread may."""
        self._left.append(one)
        if not self._is_told:
            self._is_told = True
            self._loop.call_soon_threadsafe(self._take)

    def _take(self) -> None:
        # Before the first look: what is left behind the last one tells the loop again.
        self._is_told = False
        while self._left:
            try:
                self._left.popleft()()
            except Exception:
                log.exception("call_not_handled")


class AtOnce:
    """An inbox of those who need no loop: what is left is called there and then."""

    def put(self, one: Callable[[], None]) -> None:
        """Call it, on the polling thread."""
        one()
