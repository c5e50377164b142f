"""A TCP proxy that breaks connections in the ways that networks do.

Runs an event loop in a thread of its own, so that blocking and asyncio code can both be
tested through it. A fault belongs to a connection: the next of ``script`` when it is
accepted, the last one for all that follow.
"""

import asyncio
import socket
import struct
import threading
from collections import deque
from contextlib import suppress
from dataclasses import dataclass
from enum import Enum, auto
from types import TracebackType


class Kind(Enum):
    """What happens to a connection.

    DROP closes it as soon as it is accepted, RESET does so with a reset, HALF_OPEN
    swallows what the client sends and never answers.
    """

    PASS = auto()
    DROP = auto()
    RESET = auto()
    HALF_OPEN = auto()


@dataclass(frozen=True, kw_only=True)
class Fault:
    """A fault; answers may also come late, or byte by byte with ``drip_s`` between them."""

    kind: Kind = Kind.PASS
    delay_s: float = 0.0
    drip_s: float | None = None


PASS = Fault()


class FaultProxy:
    """Proxy on a free port of loopback, to one target."""

    def __init__(self, target: str) -> None:
        host, _, port = target.rpartition(":")
        self._upstream = (host, int(port))
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.script: deque[Fault] = deque([PASS])
        self.accepted = 0
        self.target = ""

    def plays(self, *faults: Fault) -> None:
        """Replace the script."""
        self.script = deque(faults)

    def reset(self) -> None:
        """Reset every open connection; returns when it is done. For other threads."""
        asyncio.run_coroutine_threadsafe(self._reset(), self._loop).result()

    def __enter__(self) -> "FaultProxy":
        """Start to listen."""
        self._thread.start()
        asyncio.run_coroutine_threadsafe(self._listen(), self._loop).result()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Close everything."""
        asyncio.run_coroutine_threadsafe(self._close(), self._loop).result()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.target = f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def _close(self) -> None:
        assert self._server is not None
        own = asyncio.current_task()
        # A closed server forgets connections that it is just accepting, and leaves them open.
        while asyncio.all_tasks() - self._tasks - {own}:  # noqa: ASYNC110  # nothing tells of them
            await asyncio.sleep(0)
        self._server.close()
        while others := asyncio.all_tasks() - {own}:
            await self._reset()
            for task in self._tasks:
                task.cancel()
            await asyncio.wait(others, timeout=0.01)

    async def _reset(self) -> None:
        for writer in list(self._writers):
            linger_off_at_once = struct.pack("ii", 1, 0)
            handle = writer.get_extra_info("socket")
            handle.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger_off_at_once)
            writer.transport.abort()
        self._writers.clear()

    async def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.accepted += 1
        fault = self.script.popleft() if len(self.script) > 1 else self.script[0]
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            # What the proxy is for; and its end.
            with suppress(ConnectionError, asyncio.CancelledError):
                await self._serve(fault, reader, writer)
        finally:
            self._writers.discard(writer)
            writer.close()

    async def _serve(
        self, fault: Fault, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        if fault.kind is Kind.DROP:
            return
        if fault.kind is Kind.RESET:
            await self._reset()
            return
        if fault.kind is Kind.HALF_OPEN:
            await reader.read(-1)
            return
        up_reader, up_writer = await asyncio.open_connection(*self._upstream)
        try:
            pumps = [
                asyncio.create_task(pump(reader, up_writer, PASS)),
                asyncio.create_task(pump(up_reader, writer, fault)),
            ]
            self._tasks.update(pumps)
            await asyncio.gather(*pumps)
        finally:
            up_writer.close()


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, fault: Fault) -> None:
    """Copy until the end of the stream, as slowly as the fault says."""
    while data := await reader.read(65_536):
        await asyncio.sleep(fault.delay_s)
        step = len(data) if fault.drip_s is None else 1
        for start in range(0, len(data), step):
            writer.write(data[start : start + step])
            await writer.drain()
            await asyncio.sleep(fault.drip_s or 0.0)
    writer.close()
