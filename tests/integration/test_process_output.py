"""Where the service writes to may be full, closed, or read by nobody: it serves all the same."""

import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO

import grpc
import pytest

from risk_service.pb.risk.v1 import risk_pb2, risk_pb2_grpc
from tests.fixtures.ports import free_ports
from tests.fixtures.service import STOP_WITHIN_S, ServiceFiles, score_request, serve_command
from tests.fixtures.waiting import wait_until

ENVIRONMENT = {"PATH": "/usr/bin:/bin", "TZ": "UTC", "RISK_DRAIN_NOTICE_S": "0"}


@contextmanager
def serving(
    files: ServiceFiles, port: int, redirected: str, stderr: IO[bytes] | int | None = None
) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a service on a port, with what a shell does to its output; it ends with the block."""
    command = [*serve_command(files), "--listen", f"127.0.0.1:{port}"]
    process = subprocess.Popen(
        ["/bin/sh", "-c", f'exec "$@" {redirected}', "sh", *command],
        env=ENVIRONMENT,
        stdout=subprocess.DEVNULL,
        stderr=stderr,
    )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def outcome(port: int, request_id: str) -> "risk_pb2.Outcome":
    """Return what is decided on an order, once the service is there."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        call = risk_pb2_grpc.RiskServiceStub(channel).ScoreOrder
        reply = call(score_request(request_id), timeout=300, wait_for_ready=True)
    return reply.decision.outcome


def stop(process: "subprocess.Popen[bytes]") -> int:
    """Send SIGTERM and return the exit code."""
    process.send_signal(signal.SIGTERM)
    return process.wait(STOP_WITHIN_S)


def fill(pipe: int) -> None:
    """Fill a pipe to the last byte."""
    os.set_blocking(pipe, False)
    with suppress(BlockingIOError):
        while True:
            os.write(pipe, b"x" * 4096)
    os.set_blocking(pipe, True)


@pytest.mark.parametrize("redirected", [">/dev/full 2>/dev/full", "<&- >&- 2>&-"])
def test_output_that_cannot_be_written_ends_no_service(
    files: ServiceFiles, redirected: str
) -> None:
    """A full disk under the logs, or nobody who listens: it starts, answers, and ends cleanly."""
    (port,) = free_ports(1)
    with serving(files, port, redirected) as process:
        assert outcome(port, "one") == risk_pb2.OUTCOME_ALLOW
        opened = {os.readlink(f"/proc/{process.pid}/fd/{number}") for number in range(3)}
        # What libraries print there would be written into a file of the state directory.
        assert not any(str(files.state) in name for name in opened)
        assert stop(process) == 0


def test_a_reader_of_the_log_who_stops_reading_holds_up_no_order(
    files: ServiceFiles,
) -> None:
    """Lines that find no room are left out; metrics say how many, for the log cannot."""
    files_port, metrics_port = free_ports(2)
    reading, writing = os.pipe()
    redirected = f"--metrics-port {metrics_port}"
    with serving(files, files_port, redirected, writing) as process:
        assert outcome(files_port, "before") == risk_pb2.OUTCOME_ALLOW
        fill(writing)
        process.send_signal(signal.SIGHUP)  # which has something to say

        def left_out() -> bool:
            with urllib.request.urlopen(f"http://127.0.0.1:{metrics_port}", timeout=10) as reply:
                return "risk_log_lines_left_out_total 1.0" in reply.read().decode()

        wait_until(left_out, "the line was left out")
        assert outcome(files_port, "after") == risk_pb2.OUTCOME_ALLOW
        assert stop(process) == 0
    os.close(writing)
    os.close(reading)
