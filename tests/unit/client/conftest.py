"""A scripted server and clients of both kinds, closed after each test."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.unit.client.faults import FaultProxy
from tests.unit.client.scripted import Asyncio, Blocking, Scripted, serving


@pytest.fixture
def service() -> Iterator[Scripted]:
    """Return a served script that answers ALLOW."""
    with serving(Scripted()) as scripted:
        yield scripted


@pytest.fixture(params=[Blocking, Asyncio])
def connect(request: pytest.FixtureRequest) -> Iterator[Callable[..., Any]]:
    """Return a maker of clients; the tests run once with each kind."""
    opened: list[Any] = []

    def make(*args: Any, **kwargs: Any) -> Any:
        opened.append(request.param(*args, **kwargs))
        return opened[-1]

    yield make
    for client in opened:
        client.close()


@pytest.fixture
def proxy(service: Scripted) -> Iterator[FaultProxy]:
    """Return a proxy in front of the scripted server that passes everything on."""
    with FaultProxy(service.target) as running:
        yield running
