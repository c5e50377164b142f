"""The port of Prometheus metrics, on threads of its own beside the service.

Whoever connects and says nothing takes neither threads nor descriptors from orders: beyond
``CONNECTIONS_MAX`` the oldest connection gives way, and one that is silent is closed.
"""

import logging
import socket
import threading
import time
from collections.abc import Callable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

CONNECTIONS_MAX = 32
# Of one read or write; a scrape is done in milliseconds.
SILENT_S = 10.0
# Without a descriptor the next try fails as well, and the port would take a whole core for it.
NO_DESCRIPTOR_S = 0.2

log = logging.getLogger(__name__)


class _Handler(WSGIRequestHandler):
    """Answers one scrape, without a line in the log."""

    timeout = SILENT_S

    def log_message(self, format: str, *args: Any) -> None:
        """Log nothing."""


class _Server(ThreadingWSGIServer):
    """Serves a bounded number of connections, each on a thread."""

    request_queue_size = 128

    def __init__(self, *arguments: Any) -> None:
        self._open: dict[socket.socket, None] = {}
        self._lock = threading.Lock()
        super().__init__(*arguments)

    def get_request(self) -> tuple[socket.socket, Any]:
        """Return the next connection."""
        try:
            return super().get_request()
        except OSError:
            time.sleep(NO_DESCRIPTOR_S)
            raise

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer on a thread; the oldest of too many gives way."""
        with self._lock:
            oldest = next(iter(self._open)) if len(self._open) >= CONNECTIONS_MAX else None
            if oldest is not None:
                del self._open[oldest]
                _end(oldest)
            self._open[request] = None
        super().process_request(request, client_address)

    def shutdown_request(self, request: Any) -> None:
        """Close a connection whose answer has left, or that gave way."""
        with self._lock:
            self._open.pop(request, None)
        super().shutdown_request(request)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say what went wrong, and not who asked: most often he did not wait for the answer."""
        log.warning("metrics_not_answered", exc_info=True)


def serve_metrics(host: str, port: int, registry: CollectorRegistry) -> Callable[[], None]:
    """Serve metrics from now on, and return what stops that.

    Raises
    ------
    OSError
        The address is taken or cannot be bound.
    """
    ((family, *_), *_) = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    kind: type[_Server] = type("_Server", (_Server,), {"address_family": family})
    server: _Server = make_server(host, port, make_wsgi_app(registry), kind, _Handler)
    thread = threading.Thread(target=server.serve_forever, name="metrics", daemon=True)
    thread.start()

    def stop() -> None:
        server.shutdown()
        server.server_close()
        thread.join()

    return stop


def _end(connection: socket.socket) -> None:
    """Wake the thread that reads or writes it, which then closes it."""
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        log.debug("metrics_connection_gone")
