"""A state directory that is moved, deleted, replaced or cut under a running service."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import grpc
import pytest

from risk_service.adapters.sqlite.decisions import FILE_NAME, SqliteDecisionStore
from risk_service.domain.errors import StoreUnavailable
from risk_service.pb.risk.v1 import risk_pb2_grpc
from tests.fixtures.asking import ask
from tests.fixtures.events import action, messages
from tests.fixtures.records import record
from tests.fixtures.service import ServiceFiles, score_request, start_server


def _replace(file: Path) -> None:
    shutil.copyfile(file, file.with_suffix(".copy"))
    file.with_suffix(".copy").rename(file)


# What somebody does to the log of decisions.
DONE: dict[str, Callable[[Path], None]] = {
    "deleted": Path.unlink,
    "replaced by its copy": _replace,
    "cut": lambda file: os.truncate(file, 0),
    "without its last commits": lambda file: file.with_name(f"{file.name}-wal").unlink(),
}


@pytest.mark.parametrize("done", DONE)
def test_nothing_is_committed_to_a_file_that_is_lost(tmp_path: Path, done: str) -> None:
    """SQLite goes on in it, and what it has committed there ends with the process."""
    store = SqliteDecisionStore(tmp_path)
    store.commit([record("r-1", order_id="o-1")])
    DONE[done](tmp_path / FILE_NAME)
    with pytest.raises(StoreUnavailable, match=f"{FILE_NAME}.*put it back"):
        store.commit([record("r-2", order_id="o-2")])


def test_a_directory_that_was_moved_is_used_again_once_it_is_back(files: ServiceFiles) -> None:
    """No order and no event is answered meanwhile, and the log says why."""
    before, during = score_request("before"), score_request("during")
    with start_server(files) as server, grpc.insecure_channel(server.address) as channel:
        stub = risk_pb2_grpc.RiskServiceStub(channel)
        first = ask(server.address, before)
        away = files.state.rename(files.state.with_name("away"))
        for call in (
            lambda: stub.ScoreOrder(during, timeout=30),
            lambda: stub.ReportEvents(messages([action("meanwhile")]), timeout=30),
        ):
            with pytest.raises(grpc.RpcError) as told:
                call()
            assert told.value.code() is grpc.StatusCode.UNAVAILABLE
        assert "cannot be found" in server.wait_for_log("store_unavailable")
        away.rename(files.state)
        again = ask(server.address, during)
        assert server.stop() == 0
    with start_server(files) as server:
        assert ask(server.address, before) == first
        assert ask(server.address, during) == again
