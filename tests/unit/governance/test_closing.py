"""Closing a proposal: who may, and for what reasons."""

import pytest

from risk_service.domain.actor import Actor, Scope
from risk_service.domain.errors import Forbidden, InvalidInput
from risk_service.governance.closing import check_closing

ANN = Actor(actor_id="ann", scopes=frozenset({Scope.GOVERNANCE_READ}))
BOB = Actor(actor_id="bob", scopes=frozenset({Scope.APPROVE}))


def test_its_author_may_and_whoever_may_approve() -> None:
    """Nobody else, whatever the reason."""
    check_closing(ANN, "ann", "changed my mind")
    check_closing(BOB, "ann", "who is that?")
    with pytest.raises(Forbidden, match="ann is not its author and lacks the scope"):
        check_closing(ANN, "carl", "who is that?")


@pytest.mark.parametrize("note", ["", "call 13812345678", "no\x1b[2K"])
def test_a_reason_must_be_one_to_keep(note: str) -> None:
    """It is shown and stored: none, one that names a person or acts on a terminal is refused."""
    with pytest.raises(InvalidInput, match="note: "):
        check_closing(BOB, "ann", note)
