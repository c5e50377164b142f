"""Starts the real ``risk serve`` as a process of its own and stops it cleanly."""

import re
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from risk_service.domain.errors import ConfigFault
from training.words import fault

# Two seconds on an idle machine. The minutes of work before it are not given up for a slow start.
READY_WITHIN_S = 180.0
STOP_WITHIN_S = 20.0
LOOK_EVERY_S = 0.02
# What `risk serve` prints when it can be called.
READY_LINE = re.compile(r"^ready in \S+ s on (\S+)$", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ServerFiles:
    """Everything ``risk serve`` is pointed at."""

    bundle: Path
    trust: Path
    identity_key: Path
    features: Path
    state: Path
    log: Path


class DemoServer:
    """Context manager around one server process.

    Parameters
    ----------
    files
        What the server reads and where it writes.
    replay_from
        RFC 3339 time of the first streamed order: the server's clock follows the orders.
    port
        Loopback port; 0 lets the server choose a free one.

    Attributes
    ----------
    address
        Where the server listens, once it has started.
    """

    def __init__(self, files: ServerFiles, *, replay_from: str, port: int = 0) -> None:
        self.address = ""
        self._listen = f"127.0.0.1:{port}"
        self.ready_s = 0.0
        self._files = files
        self._replay_from = replay_from
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> "DemoServer":
        """Start the process and return when it serves."""
        started = time.monotonic()
        with self._files.log.open("wb") as log:
            self._process = subprocess.Popen(  # noqa: S603 - our own command, no shell
                self._command(), stdout=log, stderr=subprocess.STDOUT
            )
        try:
            self._wait_ready(started)
        except BaseException:
            self._process.kill()
            self._process.wait()
            raise
        self.ready_s = time.monotonic() - started
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Ask the process to drain, and wait for it."""
        if self._process is None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(timeout=STOP_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def wait(self) -> None:
        """Block until the process ends by itself or the user interrupts."""
        if self._process is not None:
            self._process.wait()

    def _command(self) -> list[str]:
        files = self._files
        command = [sys.executable, "-m", "risk_service.cli", "serve"]
        command += ["--bundle", str(files.bundle), "--trust", str(files.trust)]
        command += ["--identity-key", str(files.identity_key), "--features", str(files.features)]
        command += ["--state", str(files.state), "--listen", self._listen]
        return [*command, "--replay-from", self._replay_from]

    def _wait_ready(self, started: float) -> None:
        assert self._process is not None  # noqa: S101 - set by __enter__ just before
        while time.monotonic() - started < READY_WITHIN_S and self._process.poll() is None:
            said = self._files.log.read_text(errors="replace")
            ready = READY_LINE.search(said)
            if ready is not None:
                self.address = ready[1]
                return
            time.sleep(LOOK_EVERY_S)
        said = self._files.log.read_text(errors="replace")
        kind = "server_slow" if self._process.poll() is None else "server_ended"
        log = self._files.log
        told = fault(
            kind, address=self._listen, within_s=READY_WITHIN_S, log=log, said=said[-2000:]
        )
        raise ConfigFault(told)
