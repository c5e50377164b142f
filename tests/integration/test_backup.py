"""Backups of a running service, as operations are told to make them and to put them back."""

import re
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import grpc
import pytest

from risk_service.pb.risk.v1 import risk_pb2, risk_pb2_grpc
from tests.fixtures.asking import ask
from tests.fixtures.service import RunningServer, ServiceFiles, score_request, start_server
from tests.fixtures.waiting import wait_until

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"
TOLD = re.compile(r"^sqlite3 state/(\w+\.sqlite3) \"(.+)\"$", re.MULTILINE)

Answers = dict[str, risk_pb2.Decision]


def backed_up(state: Path, target: Path) -> None:
    """Run every command that the page shows, on this state and into that directory."""
    told = TOLD.findall(PAGE.read_text("utf-8"))
    assert {name for name, _ in told} == {"decisions.sqlite3", "governance.sqlite3"}
    for name, sql in told:
        with closing(sqlite3.connect(state / name)) as db:
            db.execute(sql.replace("backup/", f"{target}/"))


@contextmanager
def orders_without_pause(server: RunningServer) -> Iterator[Answers]:
    """Let four callers ask one order after the other; gives what was answered so far."""
    answers: Answers = {}
    stopped = threading.Event()

    def ask_on(caller: int) -> None:
        with grpc.insecure_channel(server.address) as channel:
            stub = risk_pb2_grpc.RiskServiceStub(channel)
            number = 0
            while not stopped.is_set():
                number += 1
                request = score_request(f"{caller}-{number}")
                answers[request.request_id] = stub.ScoreOrder(request, timeout=30).decision

    callers = [threading.Thread(target=ask_on, args=(caller,)) for caller in range(4)]
    for caller in callers:
        caller.start()
    try:
        yield answers
    finally:
        stopped.set()
        for caller in callers:
            caller.join()


def put_back(state: Path, backup: Path) -> None:
    """Put the files of a backup back, as the page says: without what SQLite kept beside them."""
    for file in backup.iterdir():
        for ending in ("", "-wal", "-shm"):
            (state / f"{file.name}{ending}").unlink(missing_ok=True)
        file.rename(state / file.name)


def test_a_backup_under_load_ends_and_serves(files: ServiceFiles, tmp_path: Path) -> None:
    """It holds every answer from before it; what came later is decided as if for the first time.

    A copy page by page would begin anew with each commit and never end.
    """
    backup = tmp_path / "backup"
    backup.mkdir()
    with start_server(files) as server:
        with orders_without_pause(server) as answers:
            wait_until(lambda: len(answers) > 500, "there is something to back up")
            before = dict(answers)
            backed_up(files.state, backup)
            wait_until(lambda: len(answers) > len(before) + 200, "orders go on meanwhile")
        assert server.stop() == 0
    put_back(files.state, backup)
    with start_server(files) as server, grpc.insecure_channel(server.address) as channel:
        stub = risk_pb2_grpc.RiskServiceStub(channel)
        for request_id, decision in before.items():
            key = risk_pb2.GetDecisionRequest(request_id=request_id)
            assert stub.GetDecision(key, timeout=30).decision == decision
        lost = next(reversed(answers))
        with pytest.raises(grpc.RpcError, match="NOT_FOUND"):
            stub.GetDecision(risk_pb2.GetDecisionRequest(request_id=lost), timeout=30)
        assert ask(server.address, score_request(lost)).decision_id != answers[lost].decision_id
