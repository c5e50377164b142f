"""Reservations of a service that is started again, and those that are long over."""

from pathlib import Path

import grpc

from risk_service.pb.risk.v1 import limits_pb2
from tests.fixtures.asking import refused
from tests.fixtures.limit_calls import POLICIES, Stub, reserve, used
from tests.fixtures.service import ServiceFiles, copy_files, start_server


def test_holds_outlive_a_restart(master_files: ServiceFiles, tmp_path: Path) -> None:
    """What was answered is there after the process has ended."""
    (tmp_path / "limits.toml").write_text(POLICIES, "utf-8")
    files = copy_files(master_files, tmp_path)
    where = {"RISK_LIMITS": str(tmp_path / "limits.toml")}
    for life in range(2):
        with (
            start_server(files, environment=where) as server,
            grpc.insecure_channel(server.address) as opened,
        ):
            answer = reserve(Stub(opened), f"life-{life}", "ida", 2)
            granted = sum(line.granted for line in answer.reservation.lines)
            assert granted == (2 if life == 0 else 0)


def test_service_forgets_what_is_long_over(master_files: ServiceFiles, tmp_path: Path) -> None:
    """A paid order of last year is unknown after a while, and its units still count for ever."""
    (tmp_path / "limits.toml").write_text(POLICIES, "utf-8")
    files = copy_files(master_files, tmp_path)
    where = {"RISK_LIMITS": str(tmp_path / "limits.toml")}
    with (
        start_server(files, ["--replay-from", "2024-01-01T00:00:00Z"], environment=where) as server,
        grpc.insecure_channel(server.address) as opened,
    ):
        reserve(Stub(opened), "old", "una", 1)
        Stub(opened).Confirm(limits_pb2.ConfirmRequest(reservation_id="old"), timeout=10)
    with (
        start_server(files, ["--replay-from", "2025-06-01T00:00:00Z"], environment=where) as server,
        grpc.insecure_channel(server.address) as opened,
    ):
        server.wait_for_log("reservations_forgotten")
        confirm = limits_pb2.ConfirmRequest(reservation_id="old")
        assert refused(Stub(opened).Confirm, confirm).code() is grpc.StatusCode.NOT_FOUND
        assert used(Stub(opened), "una") == [("account", 1, 0), ("identity_cluster", 1, 0)]
        assert Stub(opened).Reconcile(limits_pb2.ReconcileRequest(), timeout=10).count == 0
