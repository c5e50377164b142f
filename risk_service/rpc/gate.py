"""The door of the service: counts the calls inside, and closes before the server stops.

gRPC cancels calls that reach a stopping server before a handler does; behind a closed gate
they are told UNAVAILABLE instead, which callers know to retry elsewhere.
"""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager

from risk_service.domain.errors import Overloaded
from risk_service.domain.refusals import refusal
from risk_service.rpc.calls import Call
from risk_service.rpc.errors import DeadlinePassed, Stopping


class Gate:
    """Open until ``close``; used on the event loop only.

    Parameters
    ----------
    streams_max
        Streams that may be open at once; orders always find room beside them.
    idle_s
        How long a stream may keep its place without a message.
    """

    def __init__(self, *, streams_max: int, idle_s: float) -> None:
        self._streams_max = streams_max
        self._idle_s = idle_s
        self._streams = 0
        self._open = True
        self._inside = 0
        self._closing = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()

    def enter(self) -> None:
        """Let a call in.

        Raises
        ------
        Stopping
            The gate is closed.
        """
        self.check()
        self._inside += 1
        if self._inside == 1:
            self._empty.clear()

    @contextmanager
    def stream(self) -> Iterator[None]:
        """Let a call with a stream in, and out again.

        Raises
        ------
        Stopping
            The gate is closed.
        Overloaded
            As many streams are open as may be.
        """
        # First: who is told to try again in a moment would find a stopped server.
        self.check()
        if self._streams >= self._streams_max:
            raise Overloaded("too many streams are open; send it again in a moment")
        self.enter()
        self._streams += 1
        try:
            yield
        finally:
            self._streams -= 1
            self.leave()

    def check(self) -> None:
        """Go on with a call that is inside already, or not.

        Raises
        ------
        Stopping
            The gate has been closed meanwhile.
        """
        if not self._open:
            raise Stopping(refusal("stopping"))

    async def messages(self, call: Call) -> AsyncIterator[bytes]:
        """Yield the messages of a stream until its caller ends it.

        Raises
        ------
        Stopping
            The gate was closed while the next message was waited for.
        DeadlinePassed
            No message came for too long.
        """
        closing = asyncio.ensure_future(self._closing.wait())
        try:
            while True:
                reading = call.read()
                await asyncio.wait(
                    (reading, closing),
                    timeout=self._idle_s,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not reading.done():
                    reading.cancel()
                    self.check()
                    raise DeadlinePassed(
                        f"no message came for {self._idle_s:g} s; send the whole stream again"
                    )
                message = await reading
                if message is None:  # the end of the stream
                    return
                yield message
        finally:
            closing.cancel()

    def leave(self) -> None:
        """Let a call out that was let in."""
        self._inside -= 1
        if self._inside == 0:
            self._empty.set()

    async def close(self, within_s: float) -> bool:
        """Let nobody in any more and wait; tell whether everybody was out in time."""
        self._open = False
        self._closing.set()
        try:
            await asyncio.wait_for(self._empty.wait(), within_s)
        except TimeoutError:
            return False
        return True
