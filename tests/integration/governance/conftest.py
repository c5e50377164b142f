"""A server that knows actors, once per file."""

from collections.abc import Iterator

import pytest

from tests.fixtures.actors import ActorFiles
from tests.fixtures.governed import People
from tests.fixtures.service import RunningServer


@pytest.fixture(scope="module")
def server(guarded_server: RunningServer) -> RunningServer:
    """Return the server that knows actors; the tests of a file use lists of their own."""
    return guarded_server


@pytest.fixture(scope="module")
def people(server: RunningServer, actors: ActorFiles) -> Iterator[People]:
    """Return clients by actor."""
    found = People(server, actors)
    yield found
    found.close()
