"""Servers and generators as processes of their own, each on its own core."""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.fixtures.ports import free_ports

READY_WITHIN_S = 90.0
STOP_WITHIN_S = 20.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Cores:
    """Where the server and the generator run."""

    server: int
    generator: int


def cores() -> Cores:
    """Return the first and the last core that this process may use.

    Raises
    ------
    SystemExit
        There is only one: server and generator would measure each other.
    """
    usable = sorted(os.sched_getaffinity(0))
    if len(usable) < 2:
        raise SystemExit("the bench needs two cores: one for the server, one for the generator")
    return Cores(server=usable[0], generator=usable[-1])


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A running server."""

    target: str
    ready_s: float
    process: subprocess.Popen[bytes]


@contextmanager
def serving(command: Sequence[str], log: Path, core: int) -> Iterator[Server]:
    """Run ``command --listen <address>`` on one core for as long as the block lasts."""
    target = f"127.0.0.1:{free_ports(1)[0]}"
    pinned = ["taskset", "-c", str(core), *command, "--listen", target]
    started = time.perf_counter()
    with log.open("wb") as out:
        process = subprocess.Popen(
            pinned, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
        )
    try:
        _wait_ready(process, target, log)
        ready_s = time.perf_counter() - started
        yield Server(target=target, ready_s=ready_s, process=process)
    finally:
        _stop(process)


def _wait_ready(process: subprocess.Popen[bytes], target: str, log: Path) -> None:
    host, _, port = target.rpartition(":")
    end = time.perf_counter() + READY_WITHIN_S
    while time.perf_counter() < end and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex((host, int(port))) == 0:
                return
        time.sleep(0.01)
    raise SystemExit(f"a server did not start; it said:\n{log.read_text()[-3000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Stop the server and what runs it: a tracer that is told to end leaves its child alone."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGTERM)
    try:
        process.wait(STOP_WITHIN_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


@contextmanager
def alone(servers: Mapping[str, Server], name: str) -> Iterator[Server]:
    """Stop all servers but one, housekeeping included, for as long as the block lasts."""
    others = [server for key, server in servers.items() if key != name]
    try:
        for server in others:
            os.killpg(server.process.pid, signal.SIGSTOP)
        yield servers[name]
    finally:
        for server in others:
            os.killpg(server.process.pid, signal.SIGCONT)


def generate(target: str, orders: Path, core: int, **options: Any) -> dict[str, Any]:
    """Run the load generator on its core and return its figures.

    Raises
    ------
    SystemExit
        A call failed: a figure that hides errors is no figure.
    """
    command = ["taskset", "-c", str(core), sys.executable, "-m", "tests.bench.load"]
    command += ["--target", target, "--orders", str(orders)]
    for name, value in options.items():
        command += [f"--{name.replace('_', '-')}", str(value)]
    run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode:
        raise SystemExit(f"the generator failed:\n{run.stderr[-3000:]}")
    figures: dict[str, Any] = json.loads(run.stdout)
    if figures["errors"]:
        raise SystemExit(f"{figures['errors']} calls failed at {target}: {figures}")
    return figures


def h2load(target: str, body: Path, core: int, seconds: float) -> float:
    """Return the answers per second that h2load counts, 32 in flight over 4 connections."""
    command = ["taskset", "-c", str(core), "h2load", "-t1", "-c4", "-m8"]
    command += [f"--duration={seconds:g}", "--warm-up-time=1", f"--data={body}"]
    command += ["--header=content-type: application/grpc", "--header=te: trailers"]
    command += [f"http://{target}/risk.v1.RiskService/ScoreOrder"]
    run = subprocess.run(command, capture_output=True, text=True, check=True)
    line = next(line for line in run.stdout.splitlines() if line.startswith("finished in"))
    return float(line.split(",")[1].split()[0])
