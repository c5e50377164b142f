"""Two services that share their windows in Redis, and what happens when it dies."""

import re
import urllib.request
from itertools import count
from pathlib import Path

import grpc
import pytest

from risk_service.adapters.sqlite.decisions import FILE_NAME
from risk_service.decisions.kept_inputs import inputs_of
from risk_service.features.schema import load_schema
from risk_service.pb.risk.v1 import event_pb2, risk_pb2, risk_pb2_grpc
from tests.fixtures.asking import ask
from tests.fixtures.events import action, life, report
from tests.fixtures.ports import free_ports
from tests.fixtures.redis_server import RedisServer, redis_server
from tests.fixtures.service import ServiceFiles, copy_files, score_request, start_server
from tests.fixtures.stored import stored_records
from tests.fixtures.waiting import wait_until

NAMES = load_schema().names
# A busy machine answers late, which is an outage to an order.
PATIENT = {"RISK_WINDOWS_TIMEOUT_MS": "5000"}


def last_vector(files: ServiceFiles) -> dict[str, float]:
    """Return the model inputs of the service's last decision."""
    record = stored_records(files.state / FILE_NAME)[-1]
    return dict(zip(NAMES, inputs_of(record).tolist(), strict=True))


@pytest.fixture
def two(master_files: ServiceFiles, tmp_path: Path) -> tuple[ServiceFiles, ServiceFiles]:
    """Return the files of two services."""
    return copy_files(master_files, tmp_path / "one"), copy_files(master_files, tmp_path / "two")


def test_services_share_windows_and_outlive_redis(two: tuple[ServiceFiles, ServiceFiles]) -> None:
    """What one service took in the other sees; without Redis decisions go on and say so."""
    one, other = two
    with redis_server() as redis:
        options = ["--windows", f"redis://{redis.address}"]
        with (
            start_server(one, options, environment=PATIENT) as first,
            start_server(other, options, environment=PATIENT) as second,
        ):
            for number in range(3):
                mode = ask(first.address, score_request(f"first-{number}")).mode
                assert mode == risk_pb2.MODE_FULL
            assert last_vector(one)["account__attempts_1h"] == 2
            assert ask(second.address, score_request("second")).mode == risk_pb2.MODE_FULL
            assert last_vector(other)["account__attempts_1h"] == 3
            redis.kill()
            answer = ask(second.address, score_request("without"))
            assert answer.mode == risk_pb2.MODE_NO_FEATURES
            redis.start()
            numbers = count()

            def is_full() -> bool:
                request = score_request(f"again-{next(numbers)}")
                return ask(second.address, request).mode == risk_pb2.MODE_FULL

            # The store waits a moment before it knocks again.
            wait_until(is_full, "an order has its windows again")


def ring_request(request_id: str, account: str) -> risk_pb2.ScoreOrderRequest:
    """Return an order of an account that shares its device with a ring and nothing else."""
    request = score_request(request_id)
    order = request.order
    order.account.account_id = account
    order.device_id = "ring-device"
    order.payment_instrument.payment_instrument_id = f"pay-{account}"
    order.recipient.phone = f"1380013{int(account[1:]):04d}"
    order.address.detail = f"世纪大道{int(account[1:])}号1201室"
    return request


def cluster_sizes(files: ServiceFiles) -> list[float]:
    """Return the size of the cluster that each order of a service saw."""
    place = NAMES.index("cluster__size")
    records = stored_records(files.state / FILE_NAME)
    return [float(inputs_of(record)[place]) for record in records]


def wait_published(redis: RedisServer, links: int) -> None:
    """Wait until so many orders' links are shared; each was a group of its own."""

    def are_there() -> bool:
        streams = redis.call("SCAN", 0, "MATCH", "{links:*}", "COUNT", 1000)[1]
        return bool(streams) and redis.call("XLEN", streams[0]) == links

    wait_until(are_there, f"{links} links are shared")


def test_a_ring_that_alternates_between_services_is_one_cluster(
    two: tuple[ServiceFiles, ServiceFiles],
) -> None:
    """Both services see it grow, also after one was killed; nothing is counted twice."""
    one, other = two
    with redis_server() as redis:
        options = ["--windows", f"redis://{redis.address}"]
        with start_server(other, options, environment=PATIENT) as second:
            with start_server(one, options, environment=PATIENT) as first:
                for number in range(4):
                    address = (first, second)[number % 2].address
                    ask(address, ring_request(f"r-{number}", f"a{number}"))
                    # The task between orders publishes what no further order brings along.
                    wait_published(redis, number + 1)
                assert cluster_sizes(one) == [1, 3]
                assert cluster_sizes(other) == [2, 4]
                ask(first.address, ring_request("last", "a4"))
                first.process.kill()
                first.process.wait()
            ask(second.address, ring_request("meanwhile", "a5"))
            with start_server(one, options, environment=PATIENT) as again:
                assert "links_ready" in again.wait_for_log("links_ready")
                wait_published(redis, 6)
                ask(again.address, ring_request("back", "a6"))
                wait_published(redis, 7)
                ask(second.address, ring_request("other", "a7"))
                wait_published(redis, 8)
            assert cluster_sizes(one)[-1] == 7
            assert cluster_sizes(other)[-1] == 8
            assert "links_missed" not in second.log.read_text()


def test_what_was_decided_without_redis_counts_afterwards(
    two: tuple[ServiceFiles, ServiceFiles],
) -> None:
    """Redis comes back empty: both services count their logs again, and each sees all orders."""
    one, other = two
    (port,) = free_ports(1)
    with redis_server() as redis:
        options = ["--windows", f"redis://{redis.address}"]
        more = [*options, "--metrics-port", str(port)]
        with (
            start_server(one, options, environment=PATIENT) as first,
            start_server(other, more, environment=PATIENT) as second,
        ):
            asked = 0
            for number in range(3):
                ask(first.address, score_request(f"first-{number}"))
                asked += 1
            redis.kill()
            for number in range(5):
                answer = ask(second.address, score_request(f"without-{number}"))
                assert answer.mode == risk_pb2.MODE_NO_FEATURES
                asked += 1
            redis.start()
            numbers = count(asked)

            def sees_all_before() -> bool:
                number = next(numbers)
                mode = ask(second.address, score_request(f"again-{number}")).mode
                if mode != risk_pb2.MODE_FULL:
                    return False
                return bool(last_vector(other)["account__attempts_1h"] == number)

            wait_until(sees_all_before, "an order sees all before it", pause_s=0.1)
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics") as page:  # loopback
                told = page.read().decode()
            healed = re.search(r"^risk_windows_healed_total (\S+)", told, re.MULTILINE)
            assert healed is not None
            assert float(healed[1]) >= 5
            assert "risk_windows_behind_seconds 0.0" in told


def test_the_life_of_an_order_is_known_where_it_was_scored(
    two: tuple[ServiceFiles, ServiceFiles],
) -> None:
    """Elsewhere its events are refused and say why; a repeated action still counts once."""
    one, other = two
    with redis_server() as redis:
        options = ["--windows", f"redis://{redis.address}"]
        with (
            start_server(one, options, environment=PATIENT) as first,
            start_server(other, options, environment=PATIENT) as second,
        ):
            ask(first.address, score_request("known"))
            events = [life("paid", "o-known"), action("claimed", "acc-1")]
            told = []
            for server in (second, first):
                with grpc.insecure_channel(server.address) as channel:
                    result = report(risk_pb2_grpc.RiskServiceStub(channel), events)
                told.append((result.accepted, [refused.reason for refused in result.refused]))
            assert told == [(1, [event_pb2.REFUSAL_REASON_UNKNOWN_ORDER]), (2, [])]
            ask(second.address, score_request("after"))
            seen = last_vector(other)
            assert (seen["account__paid_30d"], seen["account__coupon_claims_7d"]) == (1, 1)


def test_a_wrong_address_is_refused_at_start(two: tuple[ServiceFiles, ServiceFiles]) -> None:
    """The setting is named, not a traceback."""
    with (
        pytest.raises(RuntimeError, match=r"windows|address"),
        start_server(two[0], ["--windows", "redis://nowhere"]),
    ):
        pass
