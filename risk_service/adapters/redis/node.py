"""One server: a socket, the replies still owed on it, and a pause after a failure.

A connection on which anything went wrong is closed with all replies still owed, so that
no reply can ever be taken for the answer to a later command. After a failure the node is
left alone for a while; until then it fails at once instead of making every order wait.
"""

import socket
import time
from collections.abc import Callable, Sequence

try:
    import hiredis
except ModuleNotFoundError:  # the extra is not installed; reported when a store is made
    hiredis = None  # type: ignore[assignment]  # absence is what `require_hiredis` looks for

from risk_service.adapters.redis.addresses import Address, Login
from risk_service.domain.errors import ConfigFault, StoreUnavailable

RECEIVE_BYTES = 1 << 18
PAUSE_S = 0.05
PAUSE_MAX_S = 1.0
# A reply that has arrived is taken even when another node has used up the time.
LAST_LOOK_S = 0.001

Reply = bytes | int | list[object] | None | Exception


def require_hiredis() -> None:
    """Raise ConfigFault when the extra ``redis`` is not installed."""
    if hiredis is None:
        raise ConfigFault("windows in Redis need hiredis: pip install 'promoguard[redis]'")


def pack(*command: str | int | bytes) -> bytes:
    """Return a command in the wire protocol."""
    packed: bytes = hiredis.pack_command(command)  # type: ignore[arg-type]  # its stub forgets "..."
    return packed


def is_error(reply: Reply) -> bool:
    """Return whether the server refused a command."""
    return isinstance(reply, Exception)


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
        self._greeting = tuple(greeting)
        self._clock = clock
        self._line: socket.socket | None = None
        self._reader = hiredis.Reader()
        self._pause_s = PAUSE_S
        self._closed_until = 0.0

    @property
    def is_open(self) -> bool:
        """Return whether there is a connection."""
        return self._line is not None

    def send(self, data: bytes, ends_at: float) -> None:
        """Send packed commands; the caller then receives every reply, or closes."""
        try:
            line = self._line or self._connect(ends_at)
            line.settimeout(self._left_s(ends_at))
            line.sendall(data)
        except OSError as error:
            raise self._failed(error) from error

    def receive(self, count: int, ends_at: float) -> list[Reply]:
        """Return the next replies.

        Raises
        ------
        StoreUnavailable
            They did not all come in time; the connection is closed.
        """
        replies: list[Reply] = []
        try:
            while len(replies) < count:
                reply = self._reader.gets()
                if reply is False:
                    self._feed(ends_at)
                else:
                    replies.append(reply)
        except (OSError, hiredis.ProtocolError) as error:
            raise self._failed(error) from error
        self._pause_s = PAUSE_S
        return replies

    def call(self, data: bytes, count: int, ends_at: float) -> list[Reply]:
        """Send packed commands and return their replies."""
        self.send(data, ends_at)
        return self.receive(count, ends_at)

    def close(self) -> None:
        """Close the connection and forget what is still owed on it."""
        if self._line is not None:
            self._line.close()
            self._line = None
        self._reader = hiredis.Reader()

    def _connect(self, ends_at: float) -> socket.socket:
        if self._clock() < self._closed_until:
            raise ConnectionRefusedError("left alone for a moment after a failure")
        line = socket.create_connection(self.address, timeout=self._left_s(ends_at))
        self._line = line
        line.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self._login.tls is not None:
            self._line = line = self._login.tls.wrap_socket(line, server_hostname=self.address[0])
        self._greet(line, ends_at)
        return line

    def _greet(self, line: socket.socket, ends_at: float) -> None:
        login = self._login.command()
        commands = ([] if login is None else [pack(*login)]) + list(self._greeting)
        if not commands:
            return
        line.sendall(b"".join(commands))
        for reply in self.receive(len(commands), ends_at):
            if isinstance(reply, Exception):
                raise ConnectionRefusedError(str(reply))

    def _feed(self, ends_at: float) -> None:
        if self._line is None:
            raise ConnectionResetError("the connection is closed")
        self._line.settimeout(self._left_s(ends_at))
        data = self._line.recv(RECEIVE_BYTES)
        if not data:
            raise ConnectionResetError("the server closed the connection")
        self._reader.feed(data)

    def _left_s(self, ends_at: float) -> float:
        return max(ends_at - self._clock(), LAST_LOOK_S)

    def _failed(self, error: Exception) -> StoreUnavailable:
        self.close()
        now = self._clock()
        if now >= self._closed_until:
            self._closed_until = now + self._pause_s
            self._pause_s = min(2 * self._pause_s, PAUSE_MAX_S)
        host, port = self.address
        reason = "no answer in time" if isinstance(error, TimeoutError) else str(error)
        return StoreUnavailable(f"Redis at {host}:{port}: {reason}")
