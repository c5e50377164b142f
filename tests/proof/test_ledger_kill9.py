"""Twenty clients reserve while the server is killed again and again: 0 over, 0 lost, 0 leaked."""

import json
import os
import random
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import grpc
import pytest

from risk_service.limits.claims import SEPARATOR
from risk_service.pb.risk.v1 import limits_pb2, limits_pb2_grpc
from tests.fixtures.limit_texts import policy
from tests.fixtures.ports import free_ports
from tests.fixtures.service import make_files, serve_command
from tests.fixtures.waiting import wait_until

pytestmark = pytest.mark.proof

CLIENTS = 20
ITEMS = 50
ORDERS = int(os.environ.get("RESERVATIONS", "100000"))
# About half of what is asked for: the end of every item is fought over.
ITEM_CAP = max(ORDERS // ITEMS, 2)
TTL_S = 30
LIFE_S = (0.5, 6.0)
POLICIES = (
    "format = 1\n"
    + policy("item", subject='"GLOBAL"', cap=ITEM_CAP, on_exceed="cap_quantity")
    + policy("account", per="everything", cap=1_000)
)


class Server:
    """The server's command on one port, started again after every kill."""

    def __init__(self, command: Sequence[str], directory: Path) -> None:
        (self.port,) = free_ports(1)
        self.target = f"127.0.0.1:{self.port}"
        self.kills = 0
        self._command = [*command, "--listen", self.target]
        self._log = directory / "server.log"
        limits = directory / "limits.toml"
        limits.write_text(POLICIES, "utf-8")
        self._environment = dict(os.environ) | {"RISK_LIMITS": str(limits)}
        self.process = self._start()

    def kill(self) -> None:
        """Kill without warning, and start again."""
        self.process.kill()
        self.process.wait()
        self.kills += 1
        self.process = self._start()

    def stop(self) -> None:
        """End it."""
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def _start(self) -> "subprocess.Popen[bytes]":
        with self._log.open("ab") as out:
            process = subprocess.Popen(
                self._command, stdout=out, stderr=subprocess.STDOUT, env=self._environment
            )
        with grpc.insecure_channel(self.target) as channel:
            try:
                grpc.channel_ready_future(channel).result(90)
            except grpc.FutureTimeoutError:
                process.kill()
                process.wait()
                raise AssertionError(self._log.read_text()[-3000:]) from None
        return process


def clients(target: str, directory: Path) -> list["subprocess.Popen[bytes]"]:
    """Start the clients."""
    base = [sys.executable, "-m", "tests.proof.reserve_worker", "--target", target]
    base += ["--orders", str(ORDERS // CLIENTS), "--items", str(ITEMS), "--ttl-s", str(TTL_S)]
    return [
        subprocess.Popen([*base, "--seed", str(seed), "--out", str(directory / f"{seed}.jsonl")])
        for seed in range(CLIENTS)
    ]


def told(directory: Path) -> list[dict[str, Any]]:
    """Return what the clients were told, order by order."""
    return [
        json.loads(line)
        for seed in range(CLIENTS)
        for line in (directory / f"{seed}.jsonl").read_text().splitlines()
    ]


def counted(stub: limits_pb2_grpc.LimitServiceStub, database: Path) -> dict[str, tuple[int, int]]:
    """Return what is confirmed and held of every item."""
    # Which writes what the service has in memory.
    assert stub.Reconcile(limits_pb2.ReconcileRequest(), timeout=120).count == 0
    sql = "SELECT counter, confirmed, held FROM limit_cells WHERE counter LIKE 'GLOBAL=%'"
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        rows = connection.execute(sql).fetchall()
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    return {counter.split(SEPARATOR)[2]: (confirmed, held) for counter, confirmed, held in rows}


def after_rest_is_let_go(
    stub: limits_pb2_grpc.LimitServiceStub, database: Path
) -> dict[str, tuple[int, int]]:
    """Return what every item has come to when every hold has had its time."""
    seen: list[dict[str, tuple[int, int]]] = []

    def is_let_go() -> bool:
        seen.append(counted(stub, database))
        return not any(held for _, held in seen[-1].values())

    wait_until(is_let_go, "no hold outlives its time", within_s=TTL_S + 120, pause_s=1)
    return seen[-1]


def test_kills_lose_nothing_and_sell_nothing_twice(
    tmp_path: Path,
) -> None:
    """Every answer stands after every kill; no item is sold over; nothing stays held."""
    draw = random.Random(5)
    with ExitStack() as stack:
        files = make_files(tmp_path / "service")
        server = Server(serve_command(files), tmp_path)
        stack.callback(lambda: server.stop())
        workers = clients(server.target, tmp_path)
        stack.callback(lambda: [worker.kill() for worker in workers])
        while any(worker.poll() is None for worker in workers):
            time.sleep(draw.uniform(*LIFE_S))
            server.kill()
        assert [worker.wait() for worker in workers] == [0] * CLIENTS
        lines = told(tmp_path)
        ends = Counter(line["end"] for line in lines)
        assert len(lines) == ORDERS // CLIENTS * CLIENTS
        print(f"{len(lines)} orders, {server.kills} kills: {dict(ends)}")  # noqa: T201 - the proof's figures
        assert ends["over"] == 0
        assert ends["lost"] == 0
        assert server.kills > 0
        database = files.state / "limit_counters.sqlite3"
        with grpc.insecure_channel(server.target) as channel:
            items = after_rest_is_let_go(limits_pb2_grpc.LimitServiceStub(channel), database)
        sold: Counter[str] = Counter()
        for line in lines:
            sold[line["sku"]] += line["units"]
        assert {sku: units for sku, (units, _) in items.items()} == dict(sold)
        assert max(units for units, _ in items.values()) <= ITEM_CAP
