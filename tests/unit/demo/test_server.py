"""The server of the demo, as a stand-in process that is slow, or ends."""

import sys
import time
from pathlib import Path

import pytest

from risk_service.domain.errors import ConfigFault
from training.demo import server
from training.demo.server import DemoServer, ServerFiles


def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, program: str) -> DemoServer:
    """Return a server whose process is a program of the test."""
    monkeypatch.setattr(DemoServer, "_command", lambda _: [sys.executable, "-c", program])
    monkeypatch.setattr(server, "READY_WITHIN_S", 0.5)
    nowhere = tmp_path / "x"
    files = ServerFiles(
        bundle=nowhere, trust=nowhere, identity_key=nowhere, features=nowhere, state=nowhere,
        log=tmp_path / "serve.log",
    )  # fmt: skip
    return DemoServer(files, replay_from="2026-06-24T00:00:00+00:00", port=50051)


def test_a_server_that_ends_is_told_with_its_last_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever reads them knows what to do; nobody waits for what has ended."""
    up = started(tmp_path, monkeypatch, "raise SystemExit('error: port 50051 is in use')")
    monkeypatch.setattr(server, "READY_WITHIN_S", 30.0)
    with pytest.raises(ConfigFault, match=r"ended before it was ready; its log, .*\n.* in use"):
        up.__enter__()


def test_a_slow_server_is_told_from_one_that_ended(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A busy machine is no fault of the service; it is stopped all the same."""
    up = started(tmp_path, monkeypatch, "import time; time.sleep(60)")
    began = time.monotonic()
    with pytest.raises(ConfigFault, match=r"127.0.0.1:50051 was not ready within 0 s"):
        up.__enter__()
    assert time.monotonic() - began < 30


def test_a_slow_start_is_waited_for() -> None:
    """The demo has worked for minutes by then: a start of half a minute must not undo them."""
    assert server.READY_WITHIN_S >= 120
