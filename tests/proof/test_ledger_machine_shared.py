"""The ledger's random histories on PostgreSQL, with and without Redis: more than each run has."""

from collections.abc import Iterator

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contract.test_ledger_machine import EFFORT, machine
from tests.fixtures import postgres_ledgers

pytestmark = pytest.mark.proof

EXAMPLES = 100


@pytest.fixture(scope="module", autouse=True)
def _servers() -> Iterator[None]:
    yield
    postgres_ledgers.stop()


@pytest.mark.parametrize("kind", ["postgres", "postgres+redis"])
def test_shared_ledger_does_as_the_oracle_says(kind: str) -> None:
    """A hundred histories: never over, counters = ledger, one end, nothing held for ever."""
    played = machine(kind)
    run_state_machine_as_test(played, settings=settings(EFFORT, max_examples=EXAMPLES))
    assert played.granted
