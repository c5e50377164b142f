"""A small world and the real ``risk serve`` on it."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.bench.processes import Server, cores, serving
from tests.bench.world import World, bench_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return a world of two thousand orders with its bundle and online store."""
    return bench_world(tmp_path_factory.mktemp("world"), "quick")


@pytest.fixture
def server(world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Return a running server with an empty state directory."""
    # No balancer must be given the time to take note that the server stops.
    monkeypatch.setenv("RISK_DRAIN_NOTICE_S", "0")
    command = [sys.executable, "-m", "risk_service.cli", "serve", *world.serve_arguments()]
    command += ["--state", str(tmp_path / "state")]
    with serving(command, tmp_path / "server.log", cores().server) as running:
        yield running
