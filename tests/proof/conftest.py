"""A small world for the proofs, and the command that serves it."""

import sys
from pathlib import Path

import pytest

from tests.bench.world import World, bench_world


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    """Return a world of two thousand orders with its bundle and online store."""
    return bench_world(tmp_path_factory.mktemp("world"), "quick")


@pytest.fixture
def serve_options(world: World, tmp_path: Path) -> list[str]:
    """Return the options of ``risk serve``; the state lies in the test's directory."""
    return ["serve", *world.serve_arguments(), "--state", str(tmp_path / "state")]


@pytest.fixture
def serve_command(serve_options: list[str]) -> list[str]:
    """Return the real server's command."""
    return [sys.executable, "-m", "risk_service.cli", *serve_options]
