"""A desk for promotion actions over a ledger that grants everything."""

from collections.abc import Iterator

import pytest

from risk_service.domain.grant import Grant
from risk_service.domain.vocabulary import Outcome
from tests.fixtures.actions import ScriptedLedger
from tests.fixtures.claim_desk import ClaimDesk, claim_desk


@pytest.fixture
def ledger() -> ScriptedLedger:
    """Return a ledger that grants everything."""
    return ScriptedLedger(lambda demand: Grant(outcome=Outcome.ALLOW))


@pytest.fixture
def desk(ledger: ScriptedLedger) -> Iterator[ClaimDesk]:
    """Return a desk over the ledger."""
    with claim_desk(ledger) as made:  # type: ignore[arg-type]  # the calls that actions make
        yield made
