"""The real service while others do what no client of gRPC would do."""

import time
from contextlib import ExitStack, suppress

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc

from risk_service.pb.risk.v1 import risk_pb2_grpc
from tests.bench.http2 import PING, frame
from tests.fixtures.bare_http2 import begun_calls, connected
from tests.fixtures.service import ServiceFiles, score_request, start_server

CALLS_MAX = 8


@pytest.mark.parametrize(
    "path", ["/grpc.health.v1.Health/Check", "/risk.v1.RiskService/ScoreOrder"]
)
def test_calls_without_a_message_keep_nobody_waiting(files: ServiceFiles, path: str) -> None:
    """Orders and health are answered beside them, and a stop takes no longer than its grace."""
    settings = {"RISK_CONCURRENT_CALLS_MAX": str(CALLS_MAX), "RISK_DRAIN_GRACE_S": "1"}
    with (
        start_server(files, environment=settings) as server,
        ExitStack() as strangers,
        grpc.insecure_channel(server.address) as channel,
    ):
        for _ in range(3):
            line = strangers.enter_context(connected(server.address))
            line.sendall(begun_calls(path, CALLS_MAX))
        orders = risk_pb2_grpc.RiskServiceStub(channel)
        health = health_pb2_grpc.HealthStub(channel)
        for number in range(5):
            request = score_request(f"order-{number}")
            assert orders.ScoreOrder(request, timeout=10).decision.request_id == f"order-{number}"
            told = health.Check(health_pb2.HealthCheckRequest(), timeout=10)
            assert told.status == health_pb2.HealthCheckResponse.SERVING
        assert server.stop() == 0


def test_a_burst_of_pings_keeps_nobody_waiting(files: ServiceFiles) -> None:
    """Though nobody takes the answers: the core keeps some of them, and reads no more."""
    with (
        start_server(files) as server,
        connected(server.address) as line,
        grpc.insecure_channel(server.address) as channel,
    ):
        orders = risk_pb2_grpc.RiskServiceStub(channel)
        orders.ScoreOrder(score_request("before"), timeout=10)
        line.settimeout(0.1)
        ends_at = time.monotonic() + 3.0
        with suppress(ConnectionError):
            while time.monotonic() < ends_at:
                with suppress(TimeoutError):  # nobody reads it for now
                    line.send(frame(PING, 0, 0, bytes(8)) * 500)
        assert orders.ScoreOrder(score_request("beside"), timeout=10).decision.decision_id
