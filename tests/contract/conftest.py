"""Adds the shared ledgers to the kinds that the suites run over; ends their servers."""

from collections.abc import Iterator

import pytest

from tests.fixtures import postgres_ledgers


@pytest.fixture(scope="session", autouse=True)
def _servers() -> Iterator[None]:
    yield
    postgres_ledgers.stop()
