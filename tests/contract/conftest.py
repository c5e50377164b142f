"""Adds the shared ledgers to the kinds that the suites run over; ends their servers."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from risk_service.limits.book import parse_limits
from tests.fixtures import postgres_ledgers
from tests.fixtures.ledgers import HOUSES, LedgerHouse, opened
from tests.fixtures.limit_texts import policy


@pytest.fixture(scope="session", autouse=True)
def _servers() -> Iterator[None]:
    yield
    postgres_ledgers.stop()


@pytest.fixture(params=sorted(HOUSES))
def house(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[LedgerHouse]:
    """Return an empty ledger of each kind, two units per account in force."""
    yield from opened(request.param, tmp_path, parse_limits("format = 1\n" + policy(), "test.toml"))
