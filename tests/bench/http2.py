"""A minimal HTTP/2 connection that carries unary gRPC calls of prebuilt bytes.

Written for load generation: h2load can send one body only, and the service answers a
repeated request id from its store; grpc.aio as generator costs as much as the server
under test. Speaks what gRPC servers need and no more: prior knowledge, static header
blocks, flow control, PING. Header blocks that come back are not decoded. Whether a call
succeeded is told without them: an answer carries a DATA frame, an error never does.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from struct import Struct

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, RST_STREAM, SETTINGS, PING, GOAWAY, WINDOW_UPDATE = 0, 1, 3, 4, 6, 7, 8
END_STREAM = ACK = 0x1
END_HEADERS = 0x4
FRAME = Struct("!BHBBI")  # length as 8 + 16 bits, type, flags, stream
FRAME_BYTES = 9
LARGEST_WINDOW = 2**31 - 1
DEFAULT_WINDOW = 65_535
LARGEST_FRAME = 16_384
MESSAGE_PREFIX = Struct("!BI")  # not compressed, length

OnAnswer = Callable[[object, bytes | None], None]


class Connection(asyncio.Protocol):
    """One connection; ``on_answer`` gets the caller's token and the message, None on error.

    Parameters
    ----------
    authority
        Host and port, for the header.
    path
        Method, such as ``/risk.v1.RiskService/ScoreOrder``.
    on_answer
        Called once per call, from within the event loop.
    """

    def __init__(self, authority: str, path: str, on_answer: OnAnswer) -> None:
        self._on_answer = on_answer
        self._first_block, self._block = header_blocks(authority, path)
        self._buffer = bytearray()
        self._out: list[bytes] = []
        self._waiting: deque[tuple[bytes, object]] = deque()
        self._open: dict[int, tuple[object, list[bytes]]] = {}
        self._next_stream = 1
        self._send_window = DEFAULT_WINDOW
        self._received = 0
        self._transport: asyncio.WriteTransport | None = None
        self.failed: str | None = None

    @property
    def in_flight(self) -> int:
        """Return the number of calls without an answer."""
        return len(self._open) + len(self._waiting)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Open the connection with the widest windows: the reader is never the brake."""
        assert isinstance(transport, asyncio.WriteTransport)
        self._transport = transport
        initial_window = b"\x00\x04" + LARGEST_WINDOW.to_bytes(4, "big")
        self._out += [PREFACE, frame(SETTINGS, 0, 0, initial_window)]
        self._grant(LARGEST_WINDOW - DEFAULT_WINDOW)
        self.flush()

    def connection_lost(self, error: Exception | None) -> None:
        """Fail every call that has no answer."""
        self.failed = self.failed or str(error or "closed by the server")
        for token, _ in list(self._open.values()) + [(t, []) for _, t in self._waiting]:
            self._on_answer(token, None)
        self._open.clear()
        self._waiting.clear()

    def call(self, message: bytes, token: object) -> None:
        """Queue one call; ``flush`` sends what was queued in one write."""
        if self.failed is not None:
            self._on_answer(token, None)
        elif len(message) + 5 > self._send_window:
            self._waiting.append((message, token))
        else:
            self._start(message, token)

    def flush(self) -> None:
        """Write everything queued."""
        if self._out and self._transport is not None:
            self._transport.write(b"".join(self._out))
            self._out.clear()

    def close(self) -> None:
        """Close the connection."""
        if self._transport is not None:
            self._transport.close()

    def data_received(self, data: bytes) -> None:
        """Handle the frames that are complete, then send what they led to."""
        buffer = self._buffer
        buffer += data
        start = 0
        while len(buffer) - start >= FRAME_BYTES:
            high, low, kind, flags, stream = FRAME.unpack_from(buffer, start)
            end = start + FRAME_BYTES + (high << 16 | low)
            if len(buffer) < end:
                break
            self._handle(kind, flags, stream, bytes(buffer[start + FRAME_BYTES : end]))
            start = end
        del buffer[:start]
        self.flush()

    def _start(self, message: bytes, token: object) -> None:
        stream, self._next_stream = self._next_stream, self._next_stream + 2
        body = MESSAGE_PREFIX.pack(0, len(message)) + message
        self._send_window -= len(body)
        self._open[stream] = (token, [])
        block, self._first_block = self._first_block or self._block, b""
        self._out.append(frame(HEADERS, END_HEADERS, stream, block))
        for start in range(0, len(body), LARGEST_FRAME):
            last = END_STREAM if start + LARGEST_FRAME >= len(body) else 0
            self._out.append(frame(DATA, last, stream, body[start : start + LARGEST_FRAME]))

    def _handle(self, kind: int, flags: int, stream: int, payload: bytes) -> None:
        if kind == DATA:
            self._open[stream][1].append(payload)
            self._grant_again(len(payload))
        elif kind == WINDOW_UPDATE and stream == 0:
            self._send_window += int.from_bytes(payload, "big")
            self._resume()
        elif kind in (SETTINGS, PING) and not flags & ACK:
            # The peer's settings bind nothing here: streams are few and bodies small.
            self._out.append(frame(kind, ACK, 0, payload if kind == PING else b""))
        elif kind == GOAWAY:
            self.failed = f"GOAWAY {payload[8:]!r}"
        elif kind == RST_STREAM:
            self._end(stream, succeeded=False)
        if kind in (DATA, HEADERS) and flags & END_STREAM:
            self._end(stream, succeeded=True)

    def _end(self, stream: int, *, succeeded: bool) -> None:
        token, parts = self._open.pop(stream, (None, []))
        if token is not None:
            body = b"".join(parts)
            self._on_answer(token, body[5:] if succeeded and body else None)

    def _resume(self) -> None:
        while self._waiting and len(self._waiting[0][0]) + 5 <= self._send_window:
            self._start(*self._waiting.popleft())

    def _grant_again(self, octets: int) -> None:
        self._received += octets
        if self._received > LARGEST_WINDOW // 2:
            self._grant(self._received)
            self._received = 0

    def _grant(self, octets: int) -> None:
        self._out.append(frame(WINDOW_UPDATE, 0, 0, octets.to_bytes(4, "big")))


def frame(kind: int, flags: int, stream: int, payload: bytes) -> bytes:
    """Return one frame."""
    size = len(payload)
    return FRAME.pack(size >> 16, size & 0xFFFF, kind, flags, stream) + payload


def header_blocks(authority: str, path: str) -> tuple[bytes, bytes]:
    """Return the header block of a connection's first request, and of all later ones.

    The first puts its fields into the peer's dynamic table, the later ones name them by
    index, as gRPC's own clients and h2load do.
    """
    fields = [
        (b"\x44", path),  # name: 4 of the static table
        (b"\x41", authority),
        (b"\x5f", "application/grpc"),
        (b"\x40" + _text("te"), "trailers"),
        (b"\x40" + _text("grpc-timeout"), "30S"),
    ]
    post_http = b"\x83\x86"
    first = post_http + b"".join(name + _text(value) for name, value in fields)
    newest = 62
    indexed = bytes(0x80 | newest + len(fields) - 1 - number for number in range(len(fields)))
    return first, post_http + indexed


def _text(text: str) -> bytes:
    """Return a string literal without Huffman coding; short ones only."""
    assert len(text) < 127
    return bytes([len(text)]) + text.encode("ascii")
