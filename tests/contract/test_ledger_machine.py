"""Random histories of every ledger against an oracle that adds everything up the naive way.

The same machine over a ledger whose check and write are not one step must fail: a suite that
lets that pass proves nothing.
"""

from pathlib import Path

import pytest
from hypothesis import Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from risk_service.adapters.sqlite.ledger import SqliteLedger
from risk_service.domain.reservation import ReservationState
from risk_service.limits.book import parse_limits
from tests.fixtures.ledger_machine import LedgerMachine, PublishingMachine
from tests.fixtures.ledgers import HOUSES, LedgerHouse, SqliteHouse
from tests.fixtures.limit_oracle import CONFIRMED, POLICIES, UNITS_CAP

EXAMPLES, STEPS = 50, 30
EFFORT = settings(max_examples=EXAMPLES, stateful_step_count=STEPS)
# The first failure is enough: nobody needs the smallest history that shows it.
UNTIL_IT_FAILS = settings(EFFORT, phases=[Phase.generate], report_multiple_bugs=False)


def machine(kind: str) -> type[LedgerMachine]:
    """Return the machine over one kind of ledger."""
    return type(f"{kind}Machine", (PublishingMachine,), {"kind": kind, "granted": 0})


@pytest.mark.parametrize("kind", sorted(HOUSES))
def test_ledger_does_as_the_oracle_says(kind: str) -> None:
    """Never over a limit, counters = ledger, one end, same answers, nothing held for ever."""
    few = settings(EFFORT, max_examples=EXAMPLES if kind == "sqlite" else EXAMPLES // 6)
    played = machine(kind)
    run_state_machine_as_test(played, settings=few)
    assert played.granted


class UnlockedLedger(SqliteLedger):
    """Writes holds that were granted from what is not there any more."""

    def _require(self, ticket: int) -> None:
        assert ticket


class UnlockedMachine(LedgerMachine):
    """The machine over the broken ledger."""

    def open(self) -> LedgerHouse:
        """Return the broken ledger."""
        book = parse_limits(POLICIES, "oracle.toml")
        return SqliteHouse(Path(self.scratch.name), book, UnlockedLedger)


def test_machine_notices_a_missing_lock() -> None:
    """Without the check that nothing was written in between, the last units are sold twice."""
    with pytest.raises((AssertionError, ValueError, ExceptionGroup)):
        run_state_machine_as_test(UnlockedMachine, settings=UNTIL_IT_FAILS)


def test_oracle_and_policies_have_one_cap() -> None:
    """The oracle's cap is the policy's."""
    assert f"cap = {UNITS_CAP}" in POLICIES
    assert ReservationState.CONFIRMED.name == CONFIRMED
