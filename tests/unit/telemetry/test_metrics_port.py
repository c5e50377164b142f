"""The port of metrics: whoever connects to it takes nothing from the service."""

import errno
import socket
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise

import pytest
from prometheus_client import CollectorRegistry, Counter

from risk_service.adapters import metrics_port
from risk_service.adapters.metrics_port import CONNECTIONS_MAX, serve_metrics
from tests.fixtures.ports import free_ports
from tests.fixtures.waiting import wait_until


@pytest.fixture
def port() -> Iterator[int]:
    """Return the port of a server of one counter."""
    registry = CollectorRegistry()
    Counter("one", "Counts.", registry=registry)
    (free,) = free_ports(1)
    stop = serve_metrics("127.0.0.1", free, registry)
    yield free
    stop()


def scrape(port: int) -> str:
    """Return the metrics."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=10) as reply:
        return str(reply.read().decode())


def answering() -> int:
    """Return how many threads answer connections."""
    return sum("process_request_thread" in thread.name for thread in threading.enumerate())


def test_silent_connections_give_way(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """However many say nothing, threads are few and a scrape is answered."""
    # Else the oldest could have ended by their silence.
    monkeypatch.setattr(metrics_port._Handler, "timeout", 600.0)
    with ExitStack() as opened:
        silent = [
            opened.enter_context(socket.create_connection(("127.0.0.1", port), timeout=10))
            for _ in range(3 * CONNECTIONS_MAX)
        ]
        assert "one_total 0.0" in scrape(port)
        wait_until(lambda: answering() <= CONNECTIONS_MAX, "the oldest have ended")
        assert silent[0].recv(1) == b""
    wait_until(lambda: answering() == 0, "all have ended")


def test_a_silent_connection_is_closed(port: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would keep its descriptor for ever."""
    assert metrics_port._Handler.timeout == metrics_port.SILENT_S
    monkeypatch.setattr(metrics_port._Handler, "timeout", 0.05)
    with socket.create_connection(("127.0.0.1", port), timeout=10) as silent:
        assert silent.recv(1) == b""


def test_without_descriptors_the_port_takes_no_core(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The connection stays in the queue, so that the next try comes at once and fails as well."""
    tries: list[float] = []

    def refused(_: socket.socket) -> None:
        tries.append(time.monotonic())
        raise OSError(errno.EMFILE, "too many open files")

    with monkeypatch.context() as no_descriptors:
        no_descriptors.setattr(socket.socket, "accept", refused)
        with socket.create_connection(("127.0.0.1", port), timeout=10):
            wait_until(lambda: len(tries) >= 3, "it was tried again and again")
    assert all(later - one >= metrics_port.NO_DESCRIPTOR_S for one, later in pairwise(tries))
    assert "one_total 0.0" in scrape(port)


def test_who_could_not_be_answered_is_not_named(
    port: int,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The library would print a traceback with his address, whatever form the log has."""

    def broken(_: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr(metrics_port._Handler, "handle", broken)
    with socket.create_connection(("127.0.0.1", port), timeout=10):
        wait_until(lambda: "metrics_not_answered" in caplog.text, "it was said")
    assert "127.0.0.1" not in capfd.readouterr().err
