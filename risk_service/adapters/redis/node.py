"""One server: a socket, the replies still owed on it, and a pause after a failure.

A connection on which anything went wrong is closed with all replies still owed, so that
no reply can ever be taken for the answer to a later command. After a failure the node is
left alone for a while; until then it fails at once instead of making every order wait.

Servers and what lies before them end connections that nobody uses. That is no failure: it is
looked for before a connection is used again, and seen to that it stays in use.
"""

import select
import socket
import time
from collections.abc import Callable, Sequence

try:
    import hiredis
except ModuleNotFoundError:  # the extra is not installed; reported when a store is made
    hiredis = None  # type: ignore[assignment]  # absence is what `require_hiredis` looks for

from risk_service.adapters.redis.addresses import Address, Login
from risk_service.adapters.redis.dialling import Dialling
from risk_service.domain.errors import ConfigFault, StoreUnavailable

RECEIVE_BYTES = 1 << 18
PAUSE_S = 0.05
PAUSE_MAX_S = 1.0
# A reply that has arrived is taken even when the time has been used up elsewhere.
LAST_LOOK_S = 0.001
# Used so long ago, a connection may have been ended meanwhile.
IDLE_S = 0.5
# Seconds until an idle connection is probed, between probes, and how many may go unanswered.
PROBES = (("TCP_KEEPIDLE", 30), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))

Reply = bytes | int | list[object] | None | Exception


def require_hiredis() -> None:
    """Raise ConfigFault when the extra ``redis`` is not installed."""
    if hiredis is None:
        raise ConfigFault(
            "Redis needs hiredis, which is not installed: in the clone run "
            "pip install -c constraints.txt '.[redis]'"
        )


def pack(*command: str | int | bytes) -> bytes:
    """Return a command in the wire protocol."""
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # its stub forgets "..."
    return packed


class RefusedCommand(Exception):
    """The cause of an error that a server answered; ``kind`` is the first word of it."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


class Patience:
    """How long a call may still wait for the network; what we do ourselves is not counted.

    Parameters
    ----------
    seconds
        All the waiting of one call, however many trips it takes.
    """

    def __init__(self, seconds: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._left_s = seconds
        self._clock = clock
        self._since = 0.0

    def __enter__(self) -> float:
        """Start to wait; return for how long at most."""
        self._since = self._clock()
        return max(self._left_s, LAST_LOOK_S)

    def __exit__(self, *_: object) -> None:
        """Stop waiting."""
        self._left_s -= self._clock() - self._since


class Node:
    """A connection to one server, opened when first needed.

    Parameters
    ----------
    greeting
        Commands sent on each new connection; all must succeed.
    clock
        Seconds, monotonic.
    """

    def __init__(
        self,
        address: Address,
        login: Login,
        greeting: Sequence[bytes] = (),
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.address = address
        self._login = login
        self._dialling = Dialling(address)
        self._greeting = tuple(greeting)
        self._clock = clock
        self._line: socket.socket | None = None
        self._reader = hiredis.Reader()
        self._received = bytearray(RECEIVE_BYTES)
        self._pause_s = PAUSE_S
        self._closed_until = 0.0
        self._used_s = 0.0
        self._reason = ""

    @property
    def is_open(self) -> bool:
        """Return whether there is a connection."""
        return self._line is not None

    def send(self, data: bytes, patience: Patience) -> None:
        """Send packed commands; the caller then takes every reply, or closes."""
        try:
            line = self._in_use() or self._connect(patience)
            with patience as seconds:
                line.settimeout(seconds)
                line.sendall(data)
        except OSError as error:
            raise self._failed(error) from error

    def reply(self, patience: Patience) -> Reply:
        """Return the next reply.

        Raises
        ------
        StoreUnavailable
            It did not come in time; the connection is closed.
        """
        try:
            while (reply := self._reader.gets()) is False:
                self._feed(patience)
        except (OSError, hiredis.ProtocolError) as error:
            raise self._failed(error) from error
        self._pause_s = PAUSE_S
        answered: Reply = reply
        return answered

    def call(self, data: bytes, count: int, patience: Patience) -> list[Reply]:
        """Send packed commands and return their replies."""
        self.send(data, patience)
        return [self.reply(patience) for _ in range(count)]

    def close(self) -> None:
        """Close the connection and forget what is still owed on it."""
        if self._line is not None:
            self._line.close()
            self._line = None
        self._reader = hiredis.Reader()

    def was_ended(self) -> bool:
        """Return whether the connection was ended while nobody used it."""
        line = self._line
        return line is not None and self._clock() - self._used_s > IDLE_S and _has_news(line)

    def _in_use(self) -> socket.socket | None:
        if self.was_ended():
            self.close()
        self._used_s = self._clock()
        return self._line

    def _connect(self, patience: Patience) -> socket.socket:
        if self._clock() < self._closed_until:
            raise ConnectionRefusedError(f"left alone for a moment after: {self._reason}")
        with patience as seconds:
            self._line = line = self._dialling.connect(seconds)
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        _keep_probing(line)
        if self._login.tls is not None:
            context = self._login.tls()
            with patience as seconds:
                line.settimeout(seconds)
                self._line = line = context.wrap_socket(line, server_hostname=self.address[0])
        self._greet(line, patience)
        return line

    def _greet(self, line: socket.socket, patience: Patience) -> None:
        login = self._login.command()
        commands = ([] if login is None else [pack(*login)]) + list(self._greeting)
        with patience as seconds:
            line.settimeout(seconds)
            line.sendall(b"".join(commands))
        for _ in commands:
            reply = self.reply(patience)
            if isinstance(reply, Exception):
                raise ConnectionRefusedError(str(reply))

    def _feed(self, patience: Patience) -> None:
        if self._line is None:
            raise ConnectionResetError("the connection is closed")
        with patience as seconds:
            self._line.settimeout(seconds)
            count = self._line.recv_into(self._received)
        if not count:
            raise ConnectionResetError("the server closed the connection")
        self._reader.feed(self._received, 0, count)  # type: ignore[arg-type]  # any buffer will do

    def _failed(self, error: Exception) -> StoreUnavailable:
        self.close()
        now = self._clock()
        host, port = self.address
        reason = "no answer in time" if isinstance(error, TimeoutError) else str(error)
        reason += self._login.remedy(error)
        if now >= self._closed_until:
            self._closed_until, self._reason = now + self._pause_s, reason
            self._pause_s = min(2 * self._pause_s, PAUSE_MAX_S)
        return StoreUnavailable(f"Redis at {host}:{port}: {reason}")


def _has_news(line: socket.socket) -> bool:
    """Tell whether something came that nobody asked for: the end, as a rule."""
    looked = select.poll()
    looked.register(line, select.POLLIN)
    return bool(looked.poll(0))


def _keep_probing(line: socket.socket) -> None:
    """Let the system probe an idle connection: what lies between forgets those that are silent."""
    line.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for name, value in PROBES:
        if hasattr(socket, name):  # not every system has them
            line.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
