"""The real service as a process: one for tests that only ask, fresh ones for the rest.

Also what several files of tests on a real Redis or PostgreSQL share.
"""

from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Any

import grpc
import pytest

from risk_service.adapters.shared import windows as shared_windows
from risk_service.pb.risk.v1 import risk_pb2_grpc
from tests.fixtures import offices
from tests.fixtures.actors import ActorFiles, make_actors
from tests.fixtures.ledger_race import Two
from tests.fixtures.live_shop import LiveShop
from tests.fixtures.offices import OpenOffice
from tests.fixtures.postgres_server import PostgresServer, postgres_server
from tests.fixtures.redis_server import RedisServer, redis_server
from tests.fixtures.redis_stores import Opener
from tests.fixtures.service import RunningServer, ServiceFiles, copy_files, make_files, start_server
from tests.fixtures.shared_shop import KEEPING, OpenShop, shop_on
from tests.fixtures.sharing import Join, Member


@pytest.fixture(scope="session")
def master_files(tmp_path_factory: pytest.TempPathFactory) -> ServiceFiles:
    """Return bundle, keys and online store, made once."""
    return make_files(tmp_path_factory.mktemp("service"))


@pytest.fixture
def files(master_files: ServiceFiles, tmp_path: Path) -> ServiceFiles:
    """Return a copy that the test may change."""
    return copy_files(master_files, tmp_path)


@pytest.fixture(scope="module")
def server(
    master_files: ServiceFiles, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """Return a running server that the tests of a module share."""
    files = copy_files(master_files, tmp_path_factory.mktemp("shared"))
    with start_server(files, ["--log-format", "json"]) as running:
        yield running


@pytest.fixture(scope="module")
def actors(tmp_path_factory: pytest.TempPathFactory) -> ActorFiles:
    """Return one actor per role."""
    return make_actors(tmp_path_factory.mktemp("actors") / "actors.toml")


@pytest.fixture(scope="module")
def guarded_server(
    master_files: ServiceFiles, actors: ActorFiles, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """Return a server that knows actors."""
    files = copy_files(master_files, tmp_path_factory.mktemp("guarded"))
    with start_server(files, actors.options()) as server:
        yield server


@pytest.fixture(scope="module")
def channel(server: RunningServer) -> Iterator[grpc.Channel]:
    """Return a channel to the shared server."""
    options = [("grpc.max_send_message_length", -1)]
    with grpc.insecure_channel(server.address, options=options) as opened:
        yield opened


@pytest.fixture(scope="module")
def stub(channel: grpc.Channel) -> risk_pb2_grpc.RiskServiceStub:
    """Return the client of the shared server."""
    return risk_pb2_grpc.RiskServiceStub(channel)


@pytest.fixture
def shop_at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[OpenShop]:
    """Return what opens shops on a Redis, in directories by name; all are closed at the end.

    They look at their marks in every step.
    """
    monkeypatch.setattr(shared_windows, "BEAT_S", 0.0)
    with ExitStack() as opened:

        def shop_at(name: str, servers: Sequence[RedisServer], number: int = 1) -> LiveShop:
            shop = shop_on(servers, tmp_path / name, number)
            opened.callback(lambda: shop.state.close())
            return shop

        yield shop_at


@pytest.fixture
def redis() -> Iterator[RedisServer]:
    """Run a server that forgets everything when it is killed."""
    with redis_server() as one:
        yield one


@pytest.fixture(params=["with its data", "without its data"])
def either(request: pytest.FixtureRequest) -> Iterator[RedisServer]:
    """Run a server that keeps everything when it is killed, or nothing."""
    with redis_server(*(KEEPING if request.param == "with its data" else ())) as one:
        yield one


@pytest.fixture
def join() -> Iterator[Join]:
    """Return what starts a service on the Redis of an address; all end with the test."""
    members = []

    def start(address: str, origin: str, **options: Any) -> Member:
        members.append(Member(address=address, origin=origin, **options))
        return members[-1]

    yield start
    for member in members:
        member.kill()


@pytest.fixture
def pair(redis: RedisServer, join: Join) -> tuple[Member, Member]:
    """Return two services on one Redis."""
    return join(redis.address, "one"), join(redis.address, "other")


@pytest.fixture
def open_office(redis: RedisServer) -> Iterator[OpenOffice]:
    """Return what opens the verifications of a directory; all close with the test."""
    with ExitStack() as ends:
        yield partial(offices.open_office, ends, redis)


@pytest.fixture
def stores() -> Iterator[Opener]:
    """Return an opener."""
    opener = Opener()
    yield opener
    opener.close()


@pytest.fixture(scope="module")
def postgres() -> Iterator[PostgresServer]:
    """Run a PostgreSQL that the tests of the module share."""
    with postgres_server() as one:
        yield one


@pytest.fixture
def two(postgres: PostgresServer) -> Iterator[Two]:
    """Return two processes at an empty ledger."""
    both = Two(postgres)
    yield both
    both.close()
