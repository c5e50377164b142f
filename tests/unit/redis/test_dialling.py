"""A connection is opened within its time, however long the look-up of the name takes."""

import socket
import threading
from collections.abc import Iterator
from concurrent.futures import Future
from contextlib import suppress
from typing import Any

import pytest

from risk_service.adapters.redis import dialling as room
from risk_service.adapters.redis.addresses import Login, parse_addresses
from risk_service.adapters.redis.cluster import Cluster
from risk_service.adapters.redis.dialling import Dialling
from risk_service.adapters.redis.node import pack
from risk_service.domain.errors import ConfigFault, StoreUnavailable
from tests.fixtures.waiting import wait_until

SOON_S = 0.05
PATIENT_S = 10.0
_look_up = socket.getaddrinfo


class Resolver:
    """Answers by the system's own for ``localhost``, once it is let go."""

    def __init__(self) -> None:
        self.answers = threading.Event()
        self.asked = 0

    def __call__(self, host: str, port: int, **more: Any) -> Any:
        """Look up at once what is asked for without a thread: a number."""
        if threading.current_thread() is not threading.main_thread():
            self.asked += 1
            self.answers.wait(PATIENT_S)
            host = "127.0.0.1"
        return _look_up(host, port, **more)


@pytest.fixture
def dead(monkeypatch: pytest.MonkeyPatch) -> Iterator[Resolver]:
    """Return a resolver that does not answer."""
    resolver = Resolver()
    monkeypatch.setattr(socket, "getaddrinfo", resolver)
    yield resolver
    resolver.answers.set()


@pytest.fixture
def waits_s(monkeypatch: pytest.MonkeyPatch) -> list[float | None]:
    """Return how long each call was ready to wait for the resolver, in their order."""
    found: list[float | None] = []

    class Watched(Future[object]):
        def result(self, timeout: float | None = None) -> object:
            """Note the time, and wait."""
            found.append(timeout)
            return super().result(timeout)

    monkeypatch.setattr(room, "Future", Watched)
    return found


@pytest.fixture
def door() -> Iterator[socket.socket]:
    """Return a listening socket."""
    with socket.create_server(("127.0.0.1", 0)) as one:
        yield one


def test_one_call_waits_for_a_dead_resolver_and_no_other(
    dead: Resolver, door: socket.socket, waits_s: list[float | None]
) -> None:
    """Nor is it asked again as long as it does not answer; its late answer is good."""
    dialling = Dialling(("redis.internal", door.getsockname()[1]))
    for _ in range(20):
        with pytest.raises(ConnectionRefusedError, match="name was not found in time"):
            dialling.connect(SOON_S)
    assert waits_s == [SOON_S, *[0.0] * 19]
    wait_until(lambda: dead.asked > 0, "the resolver is asked")
    assert dead.asked == 1
    dead.answers.set()

    def is_found() -> bool:
        with suppress(ConnectionRefusedError):
            dialling.connect(PATIENT_S).close()
            return True
        return False

    wait_until(is_found, "the late answer is used")
    assert dead.asked == 1
    dialling.connect(PATIENT_S).close()
    assert dead.asked == 2


def test_a_store_says_what_it_waits_for(dead: Resolver, waits_s: list[float | None]) -> None:
    """An order goes on without the store after the store's own time."""
    addresses = parse_addresses("redis.internal:6379")
    servers = Cluster(addresses, scripts=(), login=Login(), timeout_s=SOON_S)
    with pytest.raises(StoreUnavailable, match=r"redis\.internal:6379: its name was not found"):
        servers.ask_each(pack("PING"))
    assert waits_s == [SOON_S]
    wait_until(lambda: dead.asked > 0, "the resolver is asked")
    assert dead.asked == 1


def test_a_number_asks_no_resolver(dead: Resolver, door: socket.socket) -> None:
    """Nor is a thread begun for it."""
    Dialling(("127.0.0.1", door.getsockname()[1])).connect(PATIENT_S).close()
    assert dead.asked == 0


@pytest.mark.parametrize("host", ["no-such-host.invalid", "a" * 70 + ".internal", "..."])
def test_a_name_that_there_is_not_is_an_error_each_time(host: str) -> None:
    """It is looked up anew, for it may be there later."""
    dialling = Dialling((host, 1))
    for _ in range(2):
        with pytest.raises(OSError):  # noqa: PT011  # words of the system
            dialling.connect(PATIENT_S)


def test_each_address_of_a_name_has_its_share(
    monkeypatch: pytest.MonkeyPatch, door: socket.socket
) -> None:
    """One that does not answer leaves time for the next."""
    with socket.socket() as full:
        full.bind(("127.0.0.1", 0))
        full.listen(0)
        first, port = full.getsockname()[1], door.getsockname()[1]
        with socket.create_connection(("127.0.0.1", first)):
            found = [
                (socket.AF_INET, socket.SOCK_STREAM, 0, "", ("127.0.0.1", at))
                for at in (first, port)
            ]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **_more: found)
            with Dialling(("redis.internal", 1)).connect(40 * SOON_S) as line:
                assert line.getpeername()[1] == port


def test_a_user_in_the_address_is_refused_and_not_repeated() -> None:
    """A password there would stand in every line about the server."""
    with pytest.raises(ConfigFault, match=r"keep user and password out .* server a:1:") as told:
        parse_addresses("redis://me:geheim@a:1")
    assert "geheim" not in str(told.value)
