"""The door of the service: who is let in, and what those are told who are not."""

import pytest

from risk_service.domain.errors import Overloaded
from risk_service.rpc.errors import Stopping
from risk_service.rpc.gate import Gate


async def test_a_full_gate_takes_no_more_streams() -> None:
    """As many as may be open; one that ends makes room."""
    gate = Gate(streams_max=1, idle_s=1.0)
    with gate.stream(), pytest.raises(Overloaded), gate.stream():
        pass
    with gate.stream():
        assert not await gate.close(0.0)


async def test_a_closed_gate_says_so_though_it_is_full() -> None:
    """Who is told to try again in a moment would find a stopped server: another one answers."""
    gate = Gate(streams_max=1, idle_s=1.0)
    with gate.stream():
        await gate.close(0.0)
        with pytest.raises(Stopping), gate.stream():
            pass
    assert await gate.close(1.0)
