"""A server that knows actors, once per file."""

from collections.abc import Iterator

import pytest

from tests.fixtures.actors import ActorFiles
from tests.fixtures.governed import People
from tests.fixtures.service import (
    RunningServer,
    ServiceFiles,
    copy_files,
    start_server,
)


@pytest.fixture(scope="module")
def server(
    master_files: ServiceFiles, actors: ActorFiles, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[RunningServer]:
    """Return a server that knows actors; its tests use lists of their own."""
    files = copy_files(master_files, tmp_path_factory.mktemp("governed"))
    with start_server(files, actors.options()) as running:
        yield running


@pytest.fixture(scope="module")
def people(server: RunningServer, actors: ActorFiles) -> Iterator[People]:
    """Return clients by actor."""
    found = People(server, actors)
    yield found
    found.close()
