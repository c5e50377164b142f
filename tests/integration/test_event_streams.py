"""Streams of events: their messages, their ends, and the room they leave for orders."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from risk_service.pb.risk.v1 import event_pb2, risk_pb2_grpc
from tests.fixtures.events import action, life, messages, of_account, report
from tests.fixtures.service import RunningServer, ServiceFiles, copy_files, start_server
from tests.fixtures.waiting import wait_until

Stub = risk_pb2_grpc.RiskServiceStub
Code = grpc.StatusCode
# Messages after which a stream is under way.
SOME = 10


def test_message_has_a_size(stub: Stub) -> None:
    """No event and more than 500 in a message end the stream with the field."""
    for events, code in (
        ([], Code.INVALID_ARGUMENT),
        ([action("x")] * 501, Code.RESOURCE_EXHAUSTED),
    ):
        with pytest.raises(grpc.RpcError) as caught:
            stub.ReportEvents(iter([event_pb2.ReportEventsRequest(events=events)]), timeout=10)
        assert caught.value.code() is code
        assert "events" in (caught.value.details() or "")


def test_bytes_that_are_no_message_name_the_field(channel: grpc.Channel) -> None:
    """A stream of anything else is the caller's fault."""
    call = channel.stream_unary("/risk.v1.RiskService/ReportEvents")
    payload = event_pb2.ReportEventsRequest(events=[action("x")]).SerializeToString()
    for broken in (b"\x0a\xff", payload.replace(b"acc-1", b"\xff\xfe\xfd\xfc\xfb")):
        with pytest.raises(grpc.RpcError) as caught:
            call(iter([broken]), timeout=10)
        assert caught.value.code() is Code.INVALID_ARGUMENT


def test_empty_stream_is_answered(stub: Stub) -> None:
    """A caller with nothing to say gets an empty answer."""
    assert not stub.ReportEvents(iter([]), timeout=10).results


def test_each_message_has_its_own_counts(stub: Stub) -> None:
    """Results stand in the order of the messages, whatever became of their events."""
    stub.ScoreOrder(of_account("per-1", "per"), timeout=10)
    events = [life(f"per-{n}", "o-per-1" if n % 3 else "o-none") for n in range(90)]
    answer = stub.ReportEvents(messages(events, 9), timeout=20)
    assert [(one.accepted, len(one.refused)) for one in answer.results] == [(6, 3)] * 10


def test_stop_ends_an_open_stream(master_files: ServiceFiles, tmp_path: Path) -> None:
    """A stream that is kept open is told UNAVAILABLE when the server stops, and not waited for."""
    patient, begun = {"RISK_DRAIN_GRACE_S": "3600"}, threading.Event()
    started = start_server(copy_files(master_files, tmp_path), environment=patient)
    with started as server, grpc.insecure_channel(server.address) as channel:
        stub = Stub(channel)

        def endless() -> Iterator[event_pb2.ReportEventsRequest]:
            number = 0
            while True:
                yield event_pb2.ReportEventsRequest(events=[action(f"open-{number}")])
                number += 1
                if number == SOME:
                    begun.set()
                time.sleep(0.02)

        call = stub.ReportEvents.future(endless(), timeout=60)
        assert begun.wait(30)
        assert server.stop() == 0
        assert call.code() is Code.UNAVAILABLE


def test_idle_streams_leave_room_for_orders(master_files: ServiceFiles, tmp_path: Path) -> None:
    """Streams take a quarter of the calls at most, and one that sends nothing loses its place."""
    # On a busy machine all of them are here before the first one has lost its place.
    few = {"RISK_CONCURRENT_CALLS_MAX": "8", "RISK_STREAM_IDLE_S": "10"}
    held = threading.Event()

    def silent() -> Iterator[event_pb2.ReportEventsRequest]:
        held.wait(60)
        yield event_pb2.ReportEventsRequest()

    started = start_server(copy_files(master_files, tmp_path), environment=few)
    with started as server, grpc.insecure_channel(server.address) as channel:
        stub = Stub(channel)
        calls = [stub.ReportEvents.future(silent()) for _ in range(8)]
        wait_until(lambda: sum(call.done() for call in calls) >= 6, "six streams were refused")
        order = stub.ScoreOrder(of_account("room", "room"), timeout=10)
        assert order.decision.number == 1
        codes = Counter(call.code() for call in calls)
        held.set()
        assert codes == {Code.RESOURCE_EXHAUSTED: 6, Code.DEADLINE_EXCEEDED: 2}
        assert report(stub, [life("room-1", "o-room")]).accepted == 1


def test_streams_do_not_send_far_ahead_of_their_reader(
    master_files: ServiceFiles, tmp_path: Path
) -> None:
    """Whoever sends faster than events are read is held back; memory does not take up the rest."""
    none_fits = life("e" * 1200, "o-none")
    wide = event_pb2.ReportEventsRequest(events=[none_fits] * 400)
    streams, each = 15, 80
    sent_kib = streams * each * wide.ByteSize() / 1024
    with (
        start_server(copy_files(master_files, tmp_path)) as server,
        grpc.insecure_channel(server.address) as channel,
    ):
        before_kib = _most_kib(server)
        calls = [Stub(channel).ReportEvents.future(iter([wide] * each)) for _ in range(streams)]
        assert [len(call.result(600).results) for call in calls] == [each] * streams
        grown_kib = _most_kib(server) - before_kib
    assert grown_kib < sent_kib / 2, f"{grown_kib / 1024:.0f} MiB"


def _most_kib(server: RunningServer) -> int:
    """Return the most memory that the server has had."""
    status = Path(f"/proc/{server.process.pid}/status").read_text("ascii").splitlines()
    return next(int(line.split()[1]) for line in status if line.startswith("VmHWM"))
