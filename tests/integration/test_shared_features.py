"""Services that read stored features from one Redis in Feast's layout, and its death."""

import time
from itertools import count
from pathlib import Path

import pytest
from google.protobuf.timestamp_pb2 import Timestamp
from msgspec.structs import replace

from risk_service.adapters.feast_layout.encoding import (
    DOUBLE,
    key_prefix,
    shared_field,
    shared_key,
    shared_stamp,
)
from risk_service.adapters.feast_layout.manifest import load_manifest, save_manifest
from risk_service.adapters.feast_layout.marks import write_marks
from risk_service.adapters.feast_layout.redis_reader import FeastRedisReader
from risk_service.adapters.redis.addresses import Login, parse_addresses
from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.node import PAUSE_MAX_S, pack
from risk_service.domain.errors import StoreUnavailable
from risk_service.features.schema import load_schema
from risk_service.identity.tokenise import Tokeniser
from risk_service.pb.risk.v1 import risk_pb2
from tests.fixtures.asking import ask
from tests.fixtures.keys import KEY
from tests.fixtures.records import TOKENISER, raw_order
from tests.fixtures.redis_server import RedisServer, redis_cluster, redis_server
from tests.fixtures.service import (
    PROJECT,
    ServiceFiles,
    copy_files,
    make_online_store,
    score_request,
    start_server,
)
from tests.fixtures.waiting import wait_until
from tests.integration.test_shared_windows import last_vector

PASSWORD = "only-for-tests"  # noqa: S105 - of a server that lives as long as a test
# A busy machine answers late, which is an outage to an order.
PATIENT = {"RISK_FEATURES_TIMEOUT_MS": "2000", "RISK_FEATURES_PASSWORD": PASSWORD}
FEATURE, VALUE = "account__orders_30d", 17.0


def give_history(redis: RedisServer) -> None:
    """Write history, and ask for a password from then on."""
    write_history(redis)
    redis.call("CONFIG", "SET", "requirepass", PASSWORD)


def write_history(redis: RedisServer) -> None:
    """Write what Feast would of the account that orders."""
    cluster = Cluster(parse_addresses(redis.address), scripts=(), login=Login(), timeout_s=10.0)
    write_marks(cluster, PROJECT, time.time_ns() // 1000)
    cluster.close()
    view = load_schema().views["account"]
    token = Tokeniser(KEY).account("acc-1")
    stamp = Timestamp(seconds=int(time.time()) - 60)
    redis.call(
        "HSET", shared_key(key_prefix(view.join_key), token, PROJECT),
        shared_field(view.name, FEATURE), b"\x29" + DOUBLE.pack(VALUE),
        shared_stamp(view.name), stamp.SerializeToString(),
    )  # fmt: skip


@pytest.fixture
def two(master_files: ServiceFiles, tmp_path: Path) -> tuple[ServiceFiles, ServiceFiles]:
    """Return the files of two services."""
    return copy_files(master_files, tmp_path / "one"), copy_files(master_files, tmp_path / "two")


def stranger(request_id: str) -> risk_pb2.ScoreOrderRequest:
    """Return an order of an account that no service has met."""
    request = score_request(request_id)
    request.order.account.account_id = f"acc-{request_id}"
    return request


def point_at(files: ServiceFiles, redis: RedisServer) -> None:
    """Let the service's ``serving.json`` name the Redis."""
    manifest = load_manifest(files.features)
    shared = manifest.model_copy(update={"online_store": f"redis://{redis.address}"})
    save_manifest(shared, files.features)


def test_services_read_one_store_and_outlive_it(two: tuple[ServiceFiles, ServiceFiles]) -> None:
    """Both see the history that is there; without Redis decisions go on and say so."""
    one, other = two
    with redis_server() as redis:
        give_history(redis)
        for files in two:
            point_at(files, redis)
        with (
            start_server(one, environment=PATIENT) as first,
            start_server(other, environment=PATIENT) as second,
        ):
            for files, server in ((one, first), (other, second)):
                assert ask(server.address, score_request("a")).mode == risk_pb2.MODE_FULL
                assert last_vector(files)[FEATURE] == VALUE
            redis.kill()
            # Whom a service has in memory is read from there.
            assert ask(first.address, score_request("b")).mode == risk_pb2.MODE_FULL
            assert ask(first.address, stranger("c")).mode == risk_pb2.MODE_NO_FEATURES
            assert ask(first.address, score_request("d")).mode == risk_pb2.MODE_FULL
            redis.start()
            redis.call("CONFIG", "SET", "requirepass", PASSWORD)
            time.sleep(2 * PAUSE_MAX_S)
            # What has lost its memory does not look like one in which nobody has a history.
            assert ask(first.address, stranger("e")).mode == risk_pb2.MODE_NO_FEATURES
            redis.kill()
            redis.start()
            give_history(redis)
            numbers = count()

            def is_full() -> bool:
                order = stranger(f"f-{next(numbers)}")
                return ask(first.address, order).mode == risk_pb2.MODE_FULL

            wait_until(is_full, "the history is read again")
            assert ask(first.address, score_request("g")).mode == risk_pb2.MODE_FULL
            assert last_vector(one)[FEATURE] == VALUE


def test_a_store_of_one_host_can_take_its_place(two: tuple[ServiceFiles, ServiceFiles]) -> None:
    """A manifest that names the other kind of store is followed without a restart."""
    files, _ = two
    with redis_server() as redis:
        give_history(redis)
        point_at(files, redis)
        with start_server(files, environment=PATIENT) as server:
            assert ask(server.address, score_request("a")).mode == risk_pb2.MODE_FULL
            assert last_vector(files)[FEATURE] == VALUE
            (files.features.parent / "online.db").unlink()
            make_online_store(files.features.parent)
            assert ask(server.address, score_request("b")).mode == risk_pb2.MODE_FULL
            assert last_vector(files)[FEATURE] != VALUE


def test_a_cluster_is_read_whole_or_not_at_all(master_files: ServiceFiles) -> None:
    """Rows lie on all nodes; one that lost its memory is missed by the marks."""
    manifest = load_manifest(master_files.features)
    raws = [replace(raw_order(f"o-{n}"), account_id=f"acc-{n}") for n in range(60)]
    orders = [TOKENISER.order(raw) for raw in raws]
    view = load_schema().views["account"]
    stamp = Timestamp(seconds=manifest.materialized_until_us // 10**6 - 60)
    with redis_cluster() as nodes:
        address = ",".join(node.address for node in nodes)
        cluster = Cluster(parse_addresses(address), scripts=(), login=Login(), timeout_s=10.0)
        keys = [
            shared_key(key_prefix(view.join_key), order.tokens.account, PROJECT) for order in orders
        ]
        fields = (shared_stamp(view.name), stamp.SerializeToString())
        name = shared_field(view.name, FEATURE)
        commands = [
            pack("HSET", key, name, b"\x29" + DOUBLE.pack(number), *fields)
            for number, key in enumerate(keys)
        ]
        assert [reply for _, reply in cluster.run(keys, commands)] == [2] * len(keys)
        write_marks(cluster, PROJECT, manifest.materialized_until_us)
        cluster.close()
        shared = manifest.model_copy(update={"online_store": f"redis://{address}"})
        reader = FeastRedisReader(shared, timeout_s=10.0)
        values = reader.read(orders, manifest.materialized_until_us).values
        at = [feature.name for feature in load_schema().stored].index(FEATURE)
        assert values[:, at].tolist() == list(range(60))
        reader.close()
        nodes[1].call("FLUSHALL")
        reader = FeastRedisReader(shared, timeout_s=10.0)
        with pytest.raises(StoreUnavailable, match="has lost history"):
            reader.read(orders, manifest.materialized_until_us)
        reader.close()
