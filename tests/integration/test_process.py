"""The service as a process: start, stop, restart, reload, one owner per port and state."""

import json
import resource
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import grpc
import pytest
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from risk_service.pb.risk.v1 import risk_pb2, risk_pb2_grpc
from tests.fixtures.asking import ask, refused
from tests.fixtures.ports import free_ports
from tests.fixtures.service import (
    RunningServer,
    ServiceFiles,
    make_online_store,
    score_request,
    start_server,
)
from tests.fixtures.small_models import make_bundle
from tests.fixtures.waiting import wait_until

Stub = risk_pb2_grpc.RiskServiceStub


def test_health_and_reflection_are_served(channel: grpc.Channel) -> None:
    """Balancers and tools find what they look for, each service once."""
    health = health_pb2_grpc.HealthStub(channel)
    request = health_pb2.HealthCheckRequest(service="risk.v1.RiskService")
    assert health.Check(request, timeout=10).status == health_pb2.HealthCheckResponse.SERVING
    listing = reflection_pb2_grpc.ServerReflectionStub(channel).ServerReflectionInfo(
        iter([reflection_pb2.ServerReflectionRequest(list_services="")]), timeout=10
    )
    names = [service.name for service in next(listing).list_services_response.service]
    assert names.count("risk.v1.RiskService") == 1


def test_streams_of_reflection_leave_health_its_threads(channel: grpc.Channel) -> None:
    """However many stay open: a balancer that is not answered takes the service away."""
    forever = threading.Event()

    def nothing() -> Iterator[reflection_pb2.ServerReflectionRequest]:
        forever.wait()
        yield from ()

    stub = reflection_pb2_grpc.ServerReflectionStub(channel)
    streams = [stub.ServerReflectionInfo(nothing()) for _ in range(40)]
    try:
        told = health_pb2_grpc.HealthStub(channel).Check(
            health_pb2.HealthCheckRequest(), timeout=10
        )
        assert told.status == health_pb2.HealthCheckResponse.SERVING
    finally:
        forever.set()
        for stream in streams:
            stream.cancel()


def test_log_holds_no_identifier(server: RunningServer, stub: Stub) -> None:
    """JSON lines of allowed fields; neither phone nor name nor device is in them."""
    stub.ScoreOrder(score_request("logged", units=60), timeout=10)
    with pytest.raises(grpc.RpcError):
        stub.ScoreOrder(risk_pb2.ScoreOrderRequest(request_id="13800138000"), timeout=10)
    text = server.log.read_text()
    assert all(json.loads(line)["event"] for line in text.splitlines())
    for identifier in ("13800138000", "王小明", "dev-1", "203.0.113.7"):
        assert identifier not in text


def test_no_raw_identifier_reaches_the_disk(files: ServiceFiles) -> None:
    """The state directory holds tokens: no phone, name, address, device or IP address."""
    with start_server(files) as server:
        ask(server.address, score_request("secret", units=60))
        server.stop()
    kept = b"".join(path.read_bytes() for path in files.state.rglob("*") if path.is_file())
    assert b"o-secret" in kept
    for identifier in ("13800138000", "王小明", "世纪大道", "dev-1", "acc-1", "203.0.113.7"):
        assert identifier.encode() not in kept


def test_restart_finds_the_decisions(files: ServiceFiles) -> None:
    """A decision outlives the process; the request id still gets the same answer."""
    request = score_request("kept", units=25)
    with start_server(files) as server:
        first = ask(server.address, request)
        assert server.stop() == 0
    with start_server(files) as server:
        assert ask(server.address, request) == first


def test_start_needs_neither_feast_nor_training(files: ServiceFiles) -> None:
    """Everything that serving imports is free of Feast, pandas and the training stack."""
    code = (
        "import sys, risk_service.cli.serve as _; "
        "heavy = {'feast', 'pandas', 'pyarrow', 'duckdb', 'sklearn', 'lightgbm', 'training'}; "
        "print(sorted(heavy & {name.partition('.')[0] for name in sys.modules}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_sigterm_under_load_loses_no_answer(files: ServiceFiles) -> None:
    """Every call taken is answered and found again; later ones are told UNAVAILABLE."""
    answered: dict[str, risk_pb2.Decision] = {}
    begun = threading.Event()

    def work(worker: int) -> set[grpc.StatusCode]:
        refusals = set()
        for i in range(100_000):
            request_id = f"w{worker}-{i}"
            try:
                reply = stub.ScoreOrder(score_request(request_id), timeout=10)
            except grpc.RpcError as error:
                refusals.add(error.code())
                break
            answered[request_id] = reply.decision
            if len(answered) > 50:
                begun.set()
        return refusals

    with start_server(files) as server, grpc.insecure_channel(server.address) as channel:
        stub = Stub(channel)
        with ThreadPoolExecutor(8) as pool:
            workers = [pool.submit(work, worker) for worker in range(8)]
            assert begun.wait(30)
            assert server.stop() == 0
            refusals = set().union(*(worker.result() for worker in workers))
    assert refusals == {grpc.StatusCode.UNAVAILABLE}
    with start_server(files) as server, grpc.insecure_channel(server.address) as channel:
        stub = Stub(channel)
        for request_id, decision in answered.items():
            key = risk_pb2.GetDecisionRequest(request_id=request_id)
            assert stub.GetDecision(key, timeout=10).decision == decision


def large_request(number: int) -> risk_pb2.ScoreOrderRequest:
    """Return an order whose record fills many pages."""
    request = score_request(f"full-{number}")
    for place in range(199):
        request.order.lines.add(sku=f"gift-{number}-{place}", quantity=1, seller_id="seller-1")
    return request


def test_a_full_disk_answers_nothing_that_is_not_kept(files: ServiceFiles) -> None:
    """What cannot be written is told UNAVAILABLE; with room again the same request is decided."""
    answered: dict[str, risk_pb2.Decision] = {}
    refused = None
    with start_server(files) as server, grpc.insecure_channel(server.address) as channel:
        stub = Stub(channel)
        room = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (1 << 20, -1))
        # A record fills many pages of the megabyte that is left.
        for number in range(1000):
            request = large_request(number)
            try:
                answer = stub.ScoreOrder(request, timeout=30)
            except grpc.RpcError as error:
                refused = error.code()
                break
            answered[request.request_id] = answer.decision
        assert answered
        assert refused is grpc.StatusCode.UNAVAILABLE
        resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, room)
        answered[request.request_id] = stub.ScoreOrder(request, timeout=30).decision
        assert server.stop() == 0
    with start_server(files) as server, grpc.insecure_channel(server.address) as channel:
        stub = Stub(channel)
        for request_id, decision in answered.items():
            key = risk_pb2.GetDecisionRequest(request_id=request_id)
            assert stub.GetDecision(key, timeout=30).decision == decision


def bundle_of(address: str, request_id: str) -> str:
    """Return the digest of the bundle that decides now."""
    return ask(address, score_request(request_id)).versions.bundle_sha256


def test_reload_serves_the_new_bundle_and_refuses_a_bad_one(files: ServiceFiles) -> None:
    """SIGHUP swaps a good bundle in; a tampered one changes nothing and is told."""
    with start_server(files, ["--metrics-port", "0"]) as server:
        first = bundle_of(server.address, "before")
        make_bundle(files.bundle.with_name("next"), files.signing_key, trees=20)
        files.bundle.rename(files.bundle.with_name("old"))
        files.bundle.with_name("next").rename(files.bundle)
        server.log.write_text("")
        server.signal(signal.SIGHUP)
        server.wait_for_log("bundle_served")
        second = bundle_of(server.address, "after")
        assert second != first
        model = files.bundle / "scalping.full.txt"
        model.write_text(model.read_text().replace("leaf_value=", "leaf_value=9", 1))
        server.signal(signal.SIGHUP)
        assert "check=" in server.wait_for_log("bundle_refused")
        assert bundle_of(server.address, "unchanged") == second
    with start_server(files) as server:
        # The bundle on disk is still the bad one: the kept copy of the last good serves.
        assert bundle_of(server.address, "restarted") == second


def test_missing_store_is_said_in_the_answer_and_found_later(files: ServiceFiles) -> None:
    """Without history decisions say NO_FEATURES; a new materialisation is picked up."""
    store = files.features.parent / "online.db"
    store.unlink()
    with start_server(files) as server:
        assert ask(server.address, score_request("bare")).mode == risk_pb2.MODE_NO_FEATURES
        files.features.unlink()
        make_online_store(files.features.parent)
        numbers = count()

        def is_full() -> bool:
            request = score_request(f"again{next(numbers)}")
            return ask(server.address, request).mode == risk_pb2.MODE_FULL

        wait_until(is_full, "the new history is read", pause_s=0.05)


def test_metrics_tell_what_happened(files: ServiceFiles) -> None:
    """Decisions, latency, groups, commits, errors and the bundle are on the metrics port."""
    (port,) = free_ports(1)
    with start_server(files, ["--metrics-port", str(port)]) as server:
        ask(server.address, score_request("one", units=60))
        with pytest.raises(grpc.RpcError):
            ask(server.address, risk_pb2.ScoreOrderRequest())
        url = f"http://127.0.0.1:{port}/metrics"
        with urllib.request.urlopen(url, timeout=10) as reply:
            text = reply.read().decode()
    assert 'risk_decisions_total{mode="FULL",outcome="DENY"} 1.0' in text
    assert 'risk_errors_total{code="INVALID_ARGUMENT"} 1.0' in text
    assert "risk_group_orders_count 2.0" in text
    assert "risk_commit_seconds_count 1.0" in text
    assert 'risk_call_seconds_count{method="ScoreOrder"} 2.0' in text
    assert 'risk_bundle_info{feature_schema="fs1-' in text
    assert "risk_calls_in_flight 0.0" in text


def test_replay_clock_follows_the_orders(files: ServiceFiles) -> None:
    """A recorded world is decided at its own time, however long ago."""
    with start_server(files, ["--replay-from", "2020-01-01T00:00:00Z"]) as server:
        request = score_request("old")
        request.order.ordered_at.FromJsonString("2020-01-02T03:04:05Z")
        decision = ask(server.address, request)
        request = score_request("later than any clock")
        request.order.ordered_at.FromJsonString("2200-01-01T00:00:00Z")
        with grpc.insecure_channel(server.address) as channel:
            error = refused(Stub(channel).ScoreOrder, request)
    assert decision.decided_at.ToJsonString() == "2020-01-02T03:04:05Z"
    assert "order.ordered_at: must not lie in the future" in error.details()
